//! Records of rooms and stays, many in a statement. Each function is the inside of a transaction.

use std::collections::HashSet;

use gamev1_actors::ports::RoomRecord;
use tokio_postgres::{Client, types::Type};
use uuid::Uuid;

use super::{fault::Fault, row::millis, sql};

/// A statement takes all records of one kind, in this order of kinds.
const KINDS: [Kind; 4] = [Kind::Opened, Kind::SeatTaken, Kind::SeatLeft, Kind::Closed];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Opened,
    SeatTaken,
    SeatLeft,
    Closed,
}

impl Kind {
    fn of(record: &RoomRecord) -> Kind {
        match record {
            RoomRecord::Opened { .. } => Kind::Opened,
            RoomRecord::Closed { .. } => Kind::Closed,
            RoomRecord::SeatTaken { .. } => Kind::SeatTaken,
            RoomRecord::SeatLeft { .. } => Kind::SeatLeft,
        }
    }
}

/// Writes the records as if one after the other. One that the database can never take is left out and logged: whoever
/// writes the batch tries it again until it is taken, and the others must not wait behind that one for ever.
pub(super) async fn write(client: &Client, records: &[RoomRecord]) -> Result<(), Fault> {
    if records.is_empty() {
        return Ok(());
    }
    client.batch_execute("SAVEPOINT records").await?;
    match write_runs(client, records).await {
        Err(fault) if fault.is_of_the_data() => {
            client.batch_execute("ROLLBACK TO SAVEPOINT records").await?;
            for run in runs(records) {
                for kind in KINDS {
                    write_or_leave_out(client, kind, &of_kind(run, kind)).await?;
                }
            }
            Ok(())
        }
        done => done,
    }
}

async fn write_runs(client: &Client, records: &[RoomRecord]) -> Result<(), Fault> {
    for run in runs(records) {
        for kind in KINDS {
            write_kind(client, kind, &of_kind(run, kind)).await?;
        }
    }
    Ok(())
}

/// Cuts the records where writing them kind by kind would not be the same as one after the other: a run ends before a
/// room or a stay that ended in it begins, or ends, again.
fn runs(records: &[RoomRecord]) -> Vec<&[RoomRecord]> {
    let (mut runs, mut from) = (Vec::new(), 0);
    let (mut closed, mut left) = (HashSet::new(), HashSet::new());
    for (at, record) in records.iter().enumerate() {
        let ended = match record {
            RoomRecord::Opened { room, .. } | RoomRecord::Closed { room, .. } => {
                closed.contains(room)
            }
            RoomRecord::SeatTaken { game_session, .. }
            | RoomRecord::SeatLeft { game_session, .. } => left.contains(game_session),
        };
        if ended {
            runs.push(&records[from..at]);
            from = at;
            (closed, left) = (HashSet::new(), HashSet::new());
        }
        match record {
            RoomRecord::Closed { room, .. } => drop(closed.insert(*room)),
            RoomRecord::SeatLeft { game_session, .. } => drop(left.insert(*game_session)),
            RoomRecord::Opened { .. } | RoomRecord::SeatTaken { .. } => {}
        }
    }
    runs.push(&records[from..]);
    runs
}

fn of_kind(run: &[RoomRecord], kind: Kind) -> Vec<&RoomRecord> {
    run.iter().filter(|record| Kind::of(record) == kind).collect()
}

/// Halves what is not taken until what is left is one record that is to blame.
async fn write_or_leave_out(
    client: &Client,
    kind: Kind,
    records: &[&RoomRecord],
) -> Result<(), Fault> {
    let mut parts = vec![records];
    while let Some(part) = parts.pop() {
        client.batch_execute("SAVEPOINT part").await?;
        let fault = match write_kind(client, kind, part).await {
            Ok(()) => {
                client.batch_execute("RELEASE SAVEPOINT part").await?;
                continue;
            }
            Err(fault) if fault.is_of_the_data() => fault,
            Err(fault) => return Err(fault),
        };
        client.batch_execute("ROLLBACK TO SAVEPOINT part; RELEASE SAVEPOINT part").await?;
        if let [record] = part {
            tracing::error!(error = %fault, record = ?kind, id = id(record), "a record was not stored");
        } else {
            let (first, second) = part.split_at(part.len() / 2);
            parts.extend([second, first]);
        }
    }
    Ok(())
}

async fn write_kind(client: &Client, kind: Kind, records: &[&RoomRecord]) -> Result<(), Fault> {
    if records.is_empty() {
        return Ok(());
    }
    match kind {
        Kind::Opened => opened(client, records).await,
        Kind::SeatTaken => seats_taken(client, records).await,
        Kind::SeatLeft => seats_left(client, records).await,
        Kind::Closed => closed(client, records).await,
    }
}

async fn opened(client: &Client, records: &[&RoomRecord]) -> Result<(), Fault> {
    let (mut rooms, mut games, mut all_options) = (Vec::new(), Vec::new(), Vec::new());
    let (mut all_metadata, mut privates) = (Vec::new(), Vec::new());
    let (mut seats, mut ats) = (Vec::new(), Vec::new());
    for record in records {
        let RoomRecord::Opened { room, game, options, metadata, private, seats_max, at } = record
        else {
            continue;
        };
        rooms.push(room.to_string());
        games.push(&**game);
        all_options.push(options.to_string());
        all_metadata.push(metadata.to_string());
        privates.push(*private);
        seats.push(i32::from(*seats_max));
        ats.push(millis(*at));
    }
    let values = [
        (&rooms as _, Type::TEXT_ARRAY),
        (&games as _, Type::TEXT_ARRAY),
        (&all_options as _, Type::TEXT_ARRAY),
        (&all_metadata as _, Type::TEXT_ARRAY),
        (&privates as _, Type::BOOL_ARRAY),
        (&seats as _, Type::INT4_ARRAY),
        (&ats as _, Type::INT8_ARRAY),
    ];
    client.execute_typed(sql::ROOMS_OPENED, &values).await?;
    Ok(())
}

async fn closed(client: &Client, records: &[&RoomRecord]) -> Result<(), Fault> {
    let (mut rooms, mut reasons, mut results, mut ats) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for record in records {
        let RoomRecord::Closed { room, reason, result, at } = record else { continue };
        rooms.push(room.to_string());
        reasons.push(&**reason);
        results.push(result.as_ref().map(ToString::to_string));
        ats.push(millis(*at));
    }
    let values = [
        (&rooms as _, Type::TEXT_ARRAY),
        (&reasons as _, Type::TEXT_ARRAY),
        (&results as _, Type::TEXT_ARRAY),
        (&ats as _, Type::INT8_ARRAY),
    ];
    client.execute_typed(sql::ROOMS_CLOSED, &values).await?;
    super::saves::forget_rooms(client, &rooms).await
}

async fn seats_taken(client: &Client, records: &[&RoomRecord]) -> Result<(), Fault> {
    let (mut stays, mut rooms, mut players) = (Vec::new(), Vec::new(), Vec::new());
    let (mut seats, mut sessions, mut ats) = (Vec::new(), Vec::new(), Vec::new());
    for record in records {
        let RoomRecord::SeatTaken { game_session, room, seat, player, session, at } = record else {
            continue;
        };
        stays.push(*game_session);
        rooms.push(room.to_string());
        players.push(*player.as_uuid());
        seats.push(i32::from(seat.0));
        sessions.push(*session.as_uuid());
        ats.push(millis(*at));
    }
    let values = [
        (&stays as _, Type::UUID_ARRAY),
        (&rooms as _, Type::TEXT_ARRAY),
        (&players as _, Type::UUID_ARRAY),
        (&seats as _, Type::INT4_ARRAY),
        (&sessions as _, Type::UUID_ARRAY),
        (&ats as _, Type::INT8_ARRAY),
    ];
    client.execute_typed(sql::SEATS_TAKEN, &values).await?;
    Ok(())
}

async fn seats_left(client: &Client, records: &[&RoomRecord]) -> Result<(), Fault> {
    let (mut stays, mut results, mut ats) = (Vec::<Uuid>::new(), Vec::new(), Vec::new());
    for record in records {
        let RoomRecord::SeatLeft { game_session, result, at } = record else { continue };
        stays.push(*game_session);
        results.push(result.as_ref().map(ToString::to_string));
        ats.push(millis(*at));
    }
    let values = [
        (&stays as _, Type::UUID_ARRAY),
        (&results as _, Type::TEXT_ARRAY),
        (&ats as _, Type::INT8_ARRAY),
    ];
    client.execute_typed(sql::SEATS_LEFT, &values).await?;
    Ok(())
}

fn id(record: &RoomRecord) -> String {
    match record {
        RoomRecord::Opened { room, .. } | RoomRecord::Closed { room, .. } => room.to_string(),
        RoomRecord::SeatTaken { game_session, .. } | RoomRecord::SeatLeft { game_session, .. } => {
            game_session.to_string()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use gamev1_protocol::{PlayerId, RoomId, Seat, SessionId};

    use super::*;

    const AT: SystemTime = SystemTime::UNIX_EPOCH;

    fn close(room: u64) -> RoomRecord {
        RoomRecord::Closed {
            room: RoomId::from_bits(room),
            reason: "ended".into(),
            result: None,
            at: AT,
        }
    }

    fn open(room: u64) -> RoomRecord {
        RoomRecord::Opened {
            room: RoomId::from_bits(room),
            game: "relay".into(),
            options: serde_json::Value::Null,
            metadata: serde_json::Value::Null,
            private: false,
            seats_max: 2,
            at: AT,
        }
    }

    fn take(stay: u128) -> RoomRecord {
        RoomRecord::SeatTaken {
            game_session: Uuid::from_u128(stay),
            room: RoomId::from_bits(1),
            seat: Seat(0),
            player: PlayerId::new(),
            session: SessionId::new(),
            at: AT,
        }
    }

    fn leave(stay: u128) -> RoomRecord {
        RoomRecord::SeatLeft { game_session: Uuid::from_u128(stay), result: None, at: AT }
    }

    #[test]
    fn what_may_be_written_kind_by_kind_is_one_run() {
        let records = [open(1), take(1), leave(1), close(1), open(2), take(2), close(2)];
        assert_eq!(runs(&records).iter().map(|run| run.len()).collect::<Vec<_>>(), [7]);
    }

    #[test]
    fn what_ended_and_begins_or_ends_again_is_written_after_it() {
        for (records, lengths) in [
            (vec![close(1), open(1)], [1, 1]),
            (vec![close(1), close(2), close(1)], [2, 1]),
            (vec![take(1), leave(1), take(2), leave(1)], [3, 1]),
            (vec![leave(1), take(1)], [1, 1]),
        ] {
            assert_eq!(runs(&records).iter().map(|run| run.len()).collect::<Vec<_>>(), lengths);
        }
    }
}
