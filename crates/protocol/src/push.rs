//! What the server says unasked. State frames and `room.message` have writers of their own (`encode`).

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{ErrorCode, Joined, MemberInfo, PlayerId, RoomId, Seat, SessionId, WireError};

/// A push of the reliable lane.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data")]
pub enum Push {
    #[serde(rename = "session.welcome")]
    SessionWelcome(Box<Welcome>),
    #[serde(rename = "session.going_away")]
    SessionGoingAway { reason: String, resume_token: String, after_ms: u64, jitter_ms: u64 },
    #[serde(rename = "room.input_rejected")]
    RoomInputRejected(InputRejected),
    #[serde(rename = "room.joined")]
    RoomJoined { room: RoomId, seat: Seat, player: PlayerId, username: String },
    #[serde(rename = "room.left")]
    RoomLeft { room: RoomId, seat: Seat },
    #[serde(rename = "room.recovered")]
    RoomRecovered { room: RoomId, epoch: u64, tick: u64, ticks_lost: u64, inputs_lost: u64 },
    #[serde(rename = "room.event")]
    RoomEvent { room: RoomId, tick: u64, event: Value },
    #[serde(rename = "room.ended")]
    RoomEnded {
        room: RoomId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        result: Option<Value>,
    },
    #[serde(rename = "room.closed")]
    RoomClosed {
        room: RoomId,
        reason: ClosedReason,
        message: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        result: Option<Value>,
    },
    /// A request without an `id` was refused.
    #[serde(rename = "error")]
    Error {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        request: Option<String>,
        #[serde(flatten)]
        error: WireError,
    },
}

/// The first push of a socket.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Welcome {
    pub protocol: u32,
    /// Name and version of the server's software.
    pub server: String,
    pub session: SessionId,
    pub resumed: bool,
    pub resume_token: String,
    pub resume_window_ms: u64,
    pub player: PlayerInfo,
    pub heartbeat_ms: u64,
    pub server_ms: u64,
    pub limits: WelcomeLimits,
    /// Only of a resumed session: what the server has counted, what is missing, where it still sits.
    #[serde(flatten, default, skip_serializing_if = "Option::is_none")]
    pub resume: Option<Resumed>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlayerInfo {
    pub id: PlayerId,
    pub username: String,
    pub role: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WelcomeLimits {
    pub frame_bytes: u64,
    /// Inputs and sends a second that are let through in the long run.
    pub input_hz: u64,
    pub rooms: u64,
    pub channels: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Resumed {
    /// Counted requests that the server has done; the client sends again what is beyond.
    pub received: u64,
    /// Whether every counted frame that was missed is kept and follows.
    pub complete: bool,
    pub rooms: Vec<ResumedRoom>,
    pub channels: Vec<Value>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ResumedRoom {
    #[serde(flatten)]
    pub joined: Joined,
    /// Whether `room.message`s that the room does not keep were missed.
    pub messages_lost: bool,
}

/// An input that was not applied: refused by the game, dropped by a limit, or set aside as poison.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InputRejected {
    pub room: RoomId,
    pub seq: u32,
    pub code: ErrorCode,
    pub message: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<Value>,
    /// How many more were rejected since the last push, beyond the five a second that are told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub more: Option<u64>,
}

/// Why a room is no longer there for this session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClosedReason {
    Empty,
    Ended,
    Crashed,
    Stuck,
    Upgraded,
    Kicked,
    Moved,
    Operator,
}

impl ClosedReason {
    /// As it stands on the wire and in the rows.
    pub const fn word(self) -> &'static str {
        match self {
            ClosedReason::Empty => "empty",
            ClosedReason::Ended => "ended",
            ClosedReason::Crashed => "crashed",
            ClosedReason::Stuck => "stuck",
            ClosedReason::Upgraded => "upgraded",
            ClosedReason::Kicked => "kicked",
            ClosedReason::Moved => "moved",
            ClosedReason::Operator => "operator",
        }
    }
}

impl Push {
    /// The `type` of every push of this kind, in the order of the variants.
    pub const TYPES: &[&'static str] = &[
        "session.welcome",
        "session.going_away",
        "room.input_rejected",
        "room.joined",
        "room.left",
        "room.recovered",
        "room.event",
        "room.ended",
        "room.closed",
        "error",
    ];

    /// The `type` of the envelope.
    pub const fn name(&self) -> &'static str {
        match self {
            Push::SessionWelcome(_) => "session.welcome",
            Push::SessionGoingAway { .. } => "session.going_away",
            Push::RoomInputRejected(_) => "room.input_rejected",
            Push::RoomJoined { .. } => "room.joined",
            Push::RoomLeft { .. } => "room.left",
            Push::RoomRecovered { .. } => "room.recovered",
            Push::RoomEvent { .. } => "room.event",
            Push::RoomEnded { .. } => "room.ended",
            Push::RoomClosed { .. } => "room.closed",
            Push::Error { .. } => "error",
        }
    }

    pub fn joined(room: RoomId, member: &MemberInfo) -> Push {
        let MemberInfo { seat, player, username } = member.clone();
        Push::RoomJoined { room, seat, player, username }
    }
}
