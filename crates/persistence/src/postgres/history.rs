//! The records of rooms and game sessions, read back from PostgreSQL.

use gamev1_actors::ports::{Answer, StoreError};
use gamev1_protocol::{PlayerId, RoomId, Seat, SessionId};
use tokio_postgres::{Row, types::Type};

use super::{Postgres, fault::Fault, row, sql};
use crate::history::{History, RoomEnd, Stay, StayEnd, StoredRoom};

impl History for Postgres {
    fn room(&self, room: RoomId) -> Answer<'_, Result<Option<StoredRoom>, StoreError>> {
        Box::pin(self.pool.read(move |client| {
            Box::pin(async move {
                let values = [(&room.to_string() as _, Type::TEXT)];
                let found = client.query_typed_opt(sql::ROOM, &values).await?;
                found.as_ref().map(read_room).transpose()
            })
        }))
    }

    fn rooms_of_game<'a>(
        &'a self,
        game: &'a str,
        limit: u32,
    ) -> Answer<'a, Result<Vec<StoredRoom>, StoreError>> {
        let game = game.to_owned();
        Box::pin(self.pool.read(move |client| {
            Box::pin(async move {
                let values = [(&game as _, Type::TEXT), (&i64::from(limit) as _, Type::INT8)];
                let found = client.query_typed(sql::ROOMS_OF_GAME, &values).await?;
                found.iter().map(read_room).collect()
            })
        }))
    }

    fn stays_in_room(&self, room: RoomId, limit: u32) -> Answer<'_, Result<Vec<Stay>, StoreError>> {
        Box::pin(self.pool.read(move |client| {
            Box::pin(async move {
                let room = room.to_string();
                let values = [(&room as _, Type::TEXT), (&i64::from(limit) as _, Type::INT8)];
                let found = client.query_typed(sql::STAYS_IN_ROOM, &values).await?;
                found.iter().map(read_stay).collect()
            })
        }))
    }

    fn stays_of_player(
        &self,
        player: PlayerId,
        limit: u32,
    ) -> Answer<'_, Result<Vec<Stay>, StoreError>> {
        Box::pin(self.pool.read(move |client| {
            Box::pin(async move {
                let values =
                    [(player.as_uuid() as _, Type::UUID), (&i64::from(limit) as _, Type::INT8)];
                let found = client.query_typed(sql::STAYS_OF_PLAYER, &values).await?;
                found.iter().map(read_stay).collect()
            })
        }))
    }
}

fn read_room(found: &Row) -> Result<StoredRoom, Fault> {
    let closed = match row::get(found, "closed_at_ms")? {
        None => None,
        Some(at) => Some(RoomEnd {
            at: row::from_millis(at),
            reason: row::get(found, "close_reason")?,
            result: row::maybe_json(found, "result")?,
        }),
    };
    Ok(StoredRoom {
        room: row::parsed(found, "id")?,
        game: row::get(found, "game_id")?,
        options: row::json(found, "options")?,
        metadata: row::json(found, "metadata")?,
        private: row::get(found, "private")?,
        seats_max: row::small(found, "seats_max")?,
        owner_epoch: row::number(found, "owner_epoch")?,
        opened_at: row::time(found, "opened_at_ms")?,
        closed,
    })
}

pub(super) fn read_stay(found: &Row) -> Result<Stay, Fault> {
    let ended = match row::get(found, "ended_at_ms")? {
        None => None,
        Some(at) => {
            Some(StayEnd { at: row::from_millis(at), result: row::maybe_json(found, "result")? })
        }
    };
    let player: Option<uuid::Uuid> = row::get(found, "player_id")?;
    Ok(Stay {
        game_session: row::get(found, "id")?,
        room: row::parsed(found, "room_id")?,
        player: player.map(PlayerId::from_uuid),
        seat: Seat(row::small(found, "seat")?),
        session: SessionId::from_uuid(row::get(found, "session_id")?),
        started_at: row::time(found, "started_at_ms")?,
        ended,
    })
}
