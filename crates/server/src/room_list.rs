//! The list of rooms as HTTP shows it, and how often it is made anew: with many rooms it is costly, and everyone may
//! ask for it.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};

use gamev1_actors::{room::RoomInfo, vault::Vault};
use gamev1_protocol::RoomId;
use parking_lot::Mutex;
use serde::Serialize;
use serde_json::{Map, Value};
use tokio::time::Instant;

use crate::{paging::Place, problem::Problem};

/// A list is shown again for so many times as long as it took to make, so that making it is a small part of all work.
const KEPT_TIMES: u32 = 20;
const KEPT_MAX: Duration = Duration::from_secs(1);

/// The last list that was made.
#[derive(Default)]
pub struct RoomList(Mutex<Option<Listed>>);

struct Listed {
    rooms: Arc<Vec<RoomInfo>>,
    until: Instant,
}

impl RoomList {
    /// All public rooms, the newest first.
    pub fn rooms(&self, vault: &Vault) -> Arc<Vec<RoomInfo>> {
        let mut listed = self.0.lock();
        let now = Instant::now();
        if let Some(Listed { rooms, until }) = &*listed
            && *until > now
        {
            return rooms.clone();
        }
        let rooms = Arc::new(vault.room_infos());
        let until = Instant::now() + (now.elapsed() * KEPT_TIMES).min(KEPT_MAX);
        *listed = Some(Listed { rooms: rooms.clone(), until });
        rooms
    }

    /// A room was made: whoever made it expects to find it.
    pub fn forget(&self) {
        *self.0.lock() = None;
    }
}

/// A room as clients see it.
#[derive(Debug, Serialize)]
pub struct RoomDocument<'a> {
    room: RoomId,
    game: &'a str,
    players: u16,
    players_max: u16,
    private: bool,
    locked: bool,
    state: &'a str,
    metadata: &'a Map<String, Value>,
    created_at: String,
}

impl<'a> From<&'a RoomInfo> for RoomDocument<'a> {
    fn from(info: &'a RoomInfo) -> RoomDocument<'a> {
        RoomDocument {
            room: info.room,
            game: info.game,
            players: info.players,
            players_max: info.players_max,
            private: info.private,
            locked: info.locked,
            state: info.state,
            metadata: &info.metadata,
            created_at: crate::time::rfc3339(info.created_at),
        }
    }
}

/// Where a room stands in the list: by age, then by number.
pub fn place(info: &RoomInfo) -> Place {
    let ms = info.created_at.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    (u64::try_from(ms).unwrap_or(u64::MAX), u64::from(info.n))
}

/// What a client asks for.
#[derive(Debug, Default, PartialEq)]
pub struct Wanted {
    pub game: Option<String>,
    pub metadata: Map<String, Value>,
}

impl Wanted {
    /// `filter` is a JSON object: each of its members must stand in the room's metadata.
    ///
    /// # Errors
    /// `bad_request` when it is none.
    pub fn new(query: &HashMap<String, String>) -> Result<Wanted, Problem> {
        let metadata = match query.get("where").map(|filter| serde_json::from_str(filter)) {
            None => Map::new(),
            Some(Ok(Value::Object(metadata))) => metadata,
            Some(_) => {
                return Err(Problem::bad_request("/where", "a JSON object", "something else"));
            }
        };
        Ok(Wanted { game: query.get("game").cloned(), metadata })
    }

    pub fn fits(&self, info: &RoomInfo) -> bool {
        self.game.as_deref().is_none_or(|game| game == info.game)
            && self.metadata.iter().all(|(name, value)| info.metadata.get(name) == Some(value))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn info(game: &'static str, metadata: Value) -> RoomInfo {
        RoomInfo {
            room: RoomId::from_bits(1),
            n: 3,
            game,
            players: 1,
            players_max: 8,
            private: false,
            locked: false,
            state: "open",
            metadata: serde_json::from_value(metadata).unwrap(),
            created_at: UNIX_EPOCH + Duration::from_millis(1_500),
        }
    }

    fn wanted(query: &[(&str, &str)]) -> Result<Wanted, Problem> {
        Wanted::new(&query.iter().map(|&(k, v)| (k.to_owned(), v.to_owned())).collect())
    }

    #[test]
    fn a_room_is_found_by_game_and_metadata() {
        let room = info("arena", json!({ "map": "keep", "ranked": true }));
        for (query, fits) in [
            (&[][..], true),
            (&[("game", "arena")], true),
            (&[("game", "relay")], false),
            (&[("where", r#"{"map":"keep"}"#)], true),
            (&[("where", r#"{"map":"keep","ranked":true}"#), ("game", "arena")], true),
            (&[("where", r#"{"map":"keep","ranked":false}"#)], false),
            (&[("where", r#"{"mode":null}"#)], false),
            (&[("where", "{}")], true),
        ] {
            assert_eq!(wanted(query).unwrap().fits(&room), fits, "{query:?}");
        }
        for wrong in ["", "[]", "keep", "{"] {
            assert!(wanted(&[("where", wrong)]).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_room_is_shown_as_the_protocol_says() {
        let info = info("arena", json!({}));
        assert_eq!(
            serde_json::to_value(RoomDocument::from(&info)).unwrap(),
            json!({
                "room": "0000000001", "game": "arena", "players": 1, "players_max": 8,
                "private": false, "locked": false, "state": "open", "metadata": {},
                "created_at": "1970-01-01T00:00:01.500Z",
            })
        );
        assert_eq!(place(&info), (1_500_000_000, 3));
    }
}
