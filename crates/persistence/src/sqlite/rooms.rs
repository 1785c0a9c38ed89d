//! The records of rooms and game sessions, written in batches, in SQLite.

use std::time::SystemTime;

use gamev1_actors::ports::{
    Answer, ClaimedRoom, RoomRecord, RoomSave, RoomStore, SessionSave, StoreError,
};
use gamev1_protocol::{RoomId, SessionId};
use rusqlite::{Connection, ErrorCode};
use serde_json::Value;

use super::{Sqlite, row::millis, saves, sql};

impl RoomStore for Sqlite {
    fn write<'a>(
        &'a self,
        records: &'a [RoomRecord],
        saves: &'a [RoomSave],
    ) -> Answer<'a, Result<Vec<RoomId>, StoreError>> {
        Box::pin(async move {
            if records.is_empty() && saves.is_empty() {
                return Ok(Vec::new());
            }
            let (records, saves) = (records.to_vec(), saves.to_vec());
            self.writer
                .transaction(move |sqlite| {
                    records.iter().try_for_each(|record| write_or_leave_out(sqlite, record))?;
                    saves::save_rooms(sqlite, &saves)
                })
                .await
        })
    }

    fn claim(
        &self,
        room: RoomId,
        now: SystemTime,
    ) -> Answer<'_, Result<Option<ClaimedRoom>, StoreError>> {
        Box::pin(async move {
            // Codes that nobody has are asked for too: they must not cost a turn at the only writer.
            if !self.readers.call(move |sqlite| saves::is_saved(sqlite, room)).await? {
                return Ok(None);
            }
            self.writer.transaction(move |sqlite| saves::claim(sqlite, room, now)).await
        })
    }

    fn rooms_of_session(&self, session: SessionId) -> Answer<'_, Result<Vec<RoomId>, StoreError>> {
        Box::pin(self.readers.call(move |sqlite| saves::rooms_of(sqlite, session)))
    }

    fn save_sessions<'a>(&'a self, saves: &'a [SessionSave]) -> Answer<'a, Result<(), StoreError>> {
        let saves = saves.to_vec();
        Box::pin(self.writer.transaction(move |sqlite| saves::save_sessions(sqlite, &saves)))
    }

    fn take_sessions<'a>(
        &'a self,
        sessions: &'a [SessionId],
    ) -> Answer<'a, Result<Vec<SessionSave>, StoreError>> {
        let sessions = sessions.to_vec();
        Box::pin(self.writer.transaction(move |sqlite| saves::take_sessions(sqlite, &sessions)))
    }

    fn end_unclaimed(
        &self,
        before: SystemTime,
        now: SystemTime,
        limit: u32,
    ) -> Answer<'_, Result<usize, StoreError>> {
        Box::pin(
            self.writer.transaction(move |sqlite| saves::end_unclaimed(sqlite, before, now, limit)),
        )
    }
}

/// A record that the database can never take is left out and logged: whoever writes the batch tries it again until it
/// is taken, and the others must not wait behind that one for ever. A statement that fails has changed nothing, and
/// the transaction goes on.
fn write_or_leave_out(sqlite: &Connection, record: &RoomRecord) -> rusqlite::Result<()> {
    match write(sqlite, record) {
        Err(error) if is_of_the_data(&error) => {
            tracing::error!(%error, record = name(record), id = id(record), "a record was not stored");
            Ok(())
        }
        done => done,
    }
}

fn is_of_the_data(error: &rusqlite::Error) -> bool {
    use ErrorCode::{ConstraintViolation, TooBig, TypeMismatch};
    let code = error.sqlite_error_code();
    matches!(code, Some(ConstraintViolation | TooBig | TypeMismatch))
}

fn write(sqlite: &Connection, record: &RoomRecord) -> rusqlite::Result<()> {
    match record {
        RoomRecord::Opened { room, game, options, metadata, private, seats_max, at } => {
            let (options, metadata) = (options.to_string(), metadata.to_string());
            let room = room.to_string();
            let values = (room, game, options, metadata, private, seats_max, millis(*at));
            sqlite.prepare_cached(sql::ROOM_OPENED)?.execute(values)?;
        }
        RoomRecord::Closed { room, reason, result, at } => {
            let values = (room.to_string(), reason, text(result), millis(*at));
            sqlite.prepare_cached(sql::ROOM_CLOSED)?.execute(values)?;
            saves::forget_room(sqlite, &room.to_string())?;
        }
        RoomRecord::SeatTaken { game_session, room, seat, player, session, at } => {
            let values = (
                game_session.as_bytes(),
                room.to_string(),
                player.as_uuid().as_bytes(),
                seat.0,
                session.as_uuid().as_bytes(),
                millis(*at),
            );
            sqlite.prepare_cached(sql::SEAT_TAKEN)?.execute(values)?;
        }
        RoomRecord::SeatLeft { game_session, result, at } => {
            let values = (game_session.as_bytes(), text(result), millis(*at));
            sqlite.prepare_cached(sql::SEAT_LEFT)?.execute(values)?;
        }
    }
    Ok(())
}

fn text(result: &Option<Value>) -> Option<String> {
    result.as_ref().map(Value::to_string)
}

fn name(record: &RoomRecord) -> &'static str {
    match record {
        RoomRecord::Opened { .. } => "opened",
        RoomRecord::Closed { .. } => "closed",
        RoomRecord::SeatTaken { .. } => "seat_taken",
        RoomRecord::SeatLeft { .. } => "seat_left",
    }
}

fn id(record: &RoomRecord) -> String {
    match record {
        RoomRecord::Opened { room, .. } | RoomRecord::Closed { room, .. } => room.to_string(),
        RoomRecord::SeatTaken { game_session, .. } | RoomRecord::SeatLeft { game_session, .. } => {
            game_session.to_string()
        }
    }
}
