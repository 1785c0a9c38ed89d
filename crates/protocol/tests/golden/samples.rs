//! One message of every kind, and more where members may be left out.

mod pushes;
mod requests;

use bytes::Bytes;
use gamev1_protocol::{
    ErrorCode, Format, Joined, MemberInfo, PlayerId, Raw, Reply, Request, RoomId, Seat, StateOf,
    StateTail, WireError,
    decode::{Rules, decode},
    view::View,
};
use serde::Serialize;
use serde_json::{Map, Value, json};

pub(super) use self::{pushes::pushes, requests::requests};

#[derive(Serialize)]
pub(super) struct Envelope {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<u64>,
    r#type: &'static str,
    #[serde(skip_serializing_if = "Value::is_null")]
    data: Value,
}

pub(super) fn room() -> RoomId {
    "7ZK3M9QW2X".parse().unwrap()
}

pub(super) fn replies() -> Vec<(&'static str, Reply)> {
    vec![
        ("ping", Reply::Pong { received: 12, server_ms: 1_767_225_600_123 }),
        ("auth.refresh", Reply::Refreshed { expires_in: 600 }),
        ("room.join", Reply::Joined(Box::new(joined()))),
        ("room.leave", Reply::Done {}),
    ]
}

/// Name, the type of the request that is refused, and why.
pub(super) fn refusals() -> Vec<(&'static str, &'static str, WireError)> {
    let pointed = WireError::bad_request("/data/seq", "an integer from 1 to 4294967295", "0");
    let limited = WireError::new(ErrorCode::RateLimited, "at most 30 a second").retry_after_ms(250);
    let full = WireError::new(ErrorCode::RoomFull, "the room has 4 of 4 players");
    vec![
        ("error-bad_request", "room.input", pointed),
        ("error-rate_limited", "room.send", limited),
        ("error-room_full", "room.join", full),
    ]
}

pub(super) fn room_message() -> (RoomId, Seat, Raw) {
    (room(), Seat(3), raw(Format::Json, &json!({ "hello": ["w\u{f6}rld", null, 1.5, -70_000] })))
}

pub(super) fn states(format: Format) -> Vec<(&'static str, u32, StateTail)> {
    let of = StateOf { room: room(), n: 5, epoch: 1 };
    let view = |value: Value| View::of(&value).unwrap().view;
    let old = view(json!({
        "ships": { "0": [100, 200, 314], "1": [15_900, 8_000, 0], "10": [1, 2, 3] },
        "scores": { "0": 0, "1": 2 }, "phase": "warm-up", "wind": -0.5, "open": true
    }));
    let new = view(json!({
        "ships": { "0": [104, 200, 320], "1": [15_900, 8_000, 0], "7": [9, 70_000, -9] },
        "scores": { "0": 1, "1": 2 }, "phase": "play \u{2694}", "wind": 0.1, "open": true
    }));
    let patch = View::diff(&old, &new);
    vec![
        ("room.snapshot", 0, StateTail::snapshot(format, of, 1_200, &old)),
        ("room.delta", 41, StateTail::delta(format, of, 1_201, 1_200, patch.as_ref())),
        ("room.delta-ack", u32::MAX, StateTail::delta(format, of, 1_204, 1_200, None)),
    ]
}

/// A client's own value, as it is once a frame in `format` has been read.
pub(super) fn raw(format: Format, value: &Value) -> Raw {
    let send = Envelope {
        id: None,
        r#type: "room.send",
        data: json!({ "room": room(), "payload": value }),
    };
    let frame = super::encoded(format, &send);
    match decode(format, &Bytes::from(frame), Rules::default()).unwrap().request {
        Request::RoomSend(send) => send.payload,
        other => panic!("{other:?}"),
    }
}

fn joined() -> Joined {
    let member = |seat, n: u8, username: &str| MemberInfo {
        seat: Seat(seat),
        player: player(n),
        username: username.into(),
    };
    Joined {
        room: room(),
        n: 5,
        game: "arena".into(),
        epoch: 1,
        tick_hz: 20,
        patch_hz: 20,
        seat: Seat(0),
        players: vec![member(0, 1, "ada"), member(1, 2, "Zo\u{eb}")],
        metadata: object(json!({ "title": "Friday", "ranked": false })),
        keep_messages: false,
        input_seq: 40,
    }
}

fn player(n: u8) -> PlayerId {
    format!("01890a5d-ac96-774b-bcce-b302099a80{n:02x}").parse().unwrap()
}

fn object(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}
