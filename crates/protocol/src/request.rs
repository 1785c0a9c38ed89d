//! What a client may ask. One closed enum; `decode` makes it from a frame.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{Raw, RoomId, Seat};

/// A request, decoded and within range.
#[derive(Debug, Clone, PartialEq)]
pub enum Request {
    /// Heartbeat, clock and confirmation in one: `received` counts the frames that have come so far.
    Ping {
        received: Option<u64>,
    },
    AuthRefresh {
        access_token: String,
    },
    RoomCreate(RoomCreate),
    RoomJoin {
        room: RoomId,
    },
    RoomMatch(RoomMatch),
    RoomLeave {
        room: RoomId,
    },
    RoomInput(RoomInput),
    RoomSend(RoomSend),
    RoomSync {
        room: RoomId,
    },
}

impl Request {
    /// Every request type with the members that its `data` may have.
    pub const TYPES: &[(&'static str, &'static [&'static str])] = &[
        ("ping", &["received"]),
        ("auth.refresh", &["access_token"]),
        ("room.create", &["game", "options", "private", "players_max", "metadata", "client_id"]),
        ("room.join", &["room"]),
        ("room.match", &["game", "options", "where", "client_id"]),
        ("room.leave", &["room"]),
        ("room.input", &["room", "seq", "input"]),
        ("room.send", &["room", "payload", "to"]),
        ("room.sync", &["room"]),
    ];

    /// The `type` of the envelope.
    pub const fn name(&self) -> &'static str {
        match self {
            Request::Ping { .. } => "ping",
            Request::AuthRefresh { .. } => "auth.refresh",
            Request::RoomCreate(_) => "room.create",
            Request::RoomJoin { .. } => "room.join",
            Request::RoomMatch(_) => "room.match",
            Request::RoomLeave { .. } => "room.leave",
            Request::RoomInput(_) => "room.input",
            Request::RoomSend(_) => "room.send",
            Request::RoomSync { .. } => "room.sync",
        }
    }

    /// Whether both sides count it, so that a resume neither loses it nor does it twice.
    pub fn counted(&self) -> bool {
        Request::counts(self.name())
    }

    /// The same by the `type` of an envelope, known to this server or not: the client counts by it alone.
    pub fn counts(kind: &str) -> bool {
        !matches!(kind, "ping" | "room.input" | "rtc.relay")
    }
}

/// Makes a room; its maker is in it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct RoomCreate {
    pub game: String,
    #[serde(default)]
    pub options: Map<String, Value>,
    /// Joined by code only: not listed, not matched.
    #[serde(default)]
    pub private: bool,
    /// At most what the game allows.
    #[serde(default)]
    pub players_max: Option<u16>,
    #[serde(default)]
    pub metadata: Map<String, Value>,
    #[serde(default)]
    pub client_id: Option<String>,
}

/// Joins an open room of `game` with equal `options` and every member of `where` in its metadata, or makes one.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct RoomMatch {
    pub game: String,
    #[serde(default)]
    pub options: Map<String, Value>,
    #[serde(default, rename = "where")]
    pub filter: Map<String, Value>,
    #[serde(default)]
    pub client_id: Option<String>,
}

/// What a player does. `seq` starts at 1 for a seat and grows by 1.
#[derive(Debug, Clone, PartialEq)]
pub struct RoomInput {
    pub room: RoomId,
    pub seq: u32,
    pub input: Raw,
}

/// A payload to the other members, or to the seats in `to`.
#[derive(Debug, Clone, PartialEq)]
pub struct RoomSend {
    pub room: RoomId,
    pub payload: Raw,
    pub to: Option<Vec<Seat>>,
}
