//! What a request is answered with.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{PlayerId, RoomId, Seat};

/// The `data` of a reply.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Reply {
    Pong { received: u64, server_ms: u64 },
    Refreshed { expires_in: u64 },
    Joined(Box<Joined>),
    Done {},
}

/// The reply to `room.create`, `room.join` and `room.match`, and a room of a resumed welcome.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Joined {
    pub room: RoomId,
    /// The room's number in this process: what names it in MessagePack state frames.
    pub n: u32,
    pub game: String,
    pub epoch: u64,
    pub tick_hz: u32,
    pub patch_hz: u32,
    /// One's own seat.
    pub seat: Seat,
    /// Everyone who is in the room, oneself included.
    pub players: Vec<MemberInfo>,
    pub metadata: Map<String, Value>,
    pub keep_messages: bool,
    /// The highest `seq` that the room has seen from this seat; the next input is one above it.
    pub input_seq: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberInfo {
    pub seat: Seat,
    pub player: PlayerId,
    pub username: String,
}
