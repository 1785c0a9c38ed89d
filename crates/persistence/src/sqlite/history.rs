//! The records of rooms and game sessions, read back from SQLite.

use gamev1_actors::ports::{Answer, StoreError};
use gamev1_protocol::{PlayerId, RoomId, Seat, SessionId};
use rusqlite::{Connection, OptionalExtension, Params, Row};

use super::{Sqlite, row, sql};
use crate::history::{History, RoomEnd, Stay, StayEnd, StoredRoom};

impl History for Sqlite {
    fn room(&self, room: RoomId) -> Answer<'_, Result<Option<StoredRoom>, StoreError>> {
        Box::pin(self.readers.call(move |sqlite| {
            let mut found = sqlite.prepare_cached(sql::ROOM)?;
            found.query_row((room.to_string(),), read_room).optional()
        }))
    }

    fn rooms_of_game<'a>(
        &'a self,
        game: &'a str,
        limit: u32,
    ) -> Answer<'a, Result<Vec<StoredRoom>, StoreError>> {
        let game = game.to_owned();
        Box::pin(
            self.readers
                .call(move |sqlite| all(sqlite, sql::ROOMS_OF_GAME, (game, limit), read_room)),
        )
    }

    fn stays_in_room(&self, room: RoomId, limit: u32) -> Answer<'_, Result<Vec<Stay>, StoreError>> {
        Box::pin(self.readers.call(move |sqlite| {
            all(sqlite, sql::STAYS_IN_ROOM, (room.to_string(), limit), read_stay)
        }))
    }

    fn stays_of_player(
        &self,
        player: PlayerId,
        limit: u32,
    ) -> Answer<'_, Result<Vec<Stay>, StoreError>> {
        Box::pin(self.readers.call(move |sqlite| {
            all(sqlite, sql::STAYS_OF_PLAYER, (player.as_uuid().as_bytes(), limit), read_stay)
        }))
    }
}

pub(super) fn all<T>(
    sqlite: &Connection,
    query: &str,
    values: impl Params,
    read: fn(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<T>> {
    sqlite.prepare_cached(query)?.query_map(values, read)?.collect()
}

fn read_room(found: &Row<'_>) -> rusqlite::Result<StoredRoom> {
    let closed = match found.get("closed_at_ms")? {
        None => None,
        Some(at) => Some(RoomEnd {
            at: row::from_millis(at),
            reason: found.get("close_reason")?,
            result: row::maybe_json(found, "result")?,
        }),
    };
    Ok(StoredRoom {
        room: row::parsed(found, "id")?,
        game: found.get("game_id")?,
        options: row::json(found, "options")?,
        metadata: row::json(found, "metadata")?,
        private: found.get("private")?,
        seats_max: found.get("seats_max")?,
        owner_epoch: found.get("owner_epoch")?,
        opened_at: row::time(found, "opened_at_ms")?,
        closed,
    })
}

pub(super) fn read_stay(found: &Row<'_>) -> rusqlite::Result<Stay> {
    let ended = match found.get("ended_at_ms")? {
        None => None,
        Some(at) => {
            Some(StayEnd { at: row::from_millis(at), result: row::maybe_json(found, "result")? })
        }
    };
    let player: Option<[u8; 16]> = found.get("player_id")?;
    Ok(Stay {
        game_session: row::uuid(found, "id")?,
        room: row::parsed(found, "room_id")?,
        player: player.map(|id| PlayerId::from_uuid(uuid::Uuid::from_bytes(id))),
        seat: Seat(found.get("seat")?),
        session: SessionId::from_uuid(row::uuid(found, "session_id")?),
        started_at: row::time(found, "started_at_ms")?,
        ended,
    })
}
