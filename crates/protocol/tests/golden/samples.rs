//! One message of every kind, and more where members may be left out.

use bytes::Bytes;
use gamev1_protocol::{
    ErrorCode, Format, Joined, MemberInfo, PlayerId, Push, Raw, Reply, Request, RoomCreate, RoomId,
    RoomInput, RoomMatch, RoomSend, Seat, SessionId, StateOf, StateTail, WireError,
    decode::{Rules, decode},
    push::{ClosedReason, InputRejected, PlayerInfo, Resumed, ResumedRoom, Welcome, WelcomeLimits},
    view::View,
};
use serde::Serialize;
use serde_json::{Map, Value, json};

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

pub(super) fn requests() -> Vec<(&'static str, Envelope, Request)> {
    let create = RoomCreate {
        game: "arena".into(),
        options: object(json!({ "map": "cross", "bots": 2 })),
        private: true,
        players_max: Some(4),
        metadata: object(json!({ "title": "Friday", "ranked": false })),
        client_id: Some("c-1".into()),
    };
    let bare = RoomCreate {
        game: "relay".into(),
        options: Map::new(),
        private: false,
        players_max: None,
        metadata: Map::new(),
        client_id: None,
    };
    let matched = RoomMatch {
        game: "arena".into(),
        options: object(json!({ "map": "cross" })),
        filter: object(json!({ "ranked": false })),
        client_id: Some("c-2".into()),
    };
    let anything = RoomMatch {
        game: "arena".into(),
        options: Map::new(),
        filter: Map::new(),
        client_id: None,
    };
    let move_left = json!({ "move": [-1, 0.5], "aim": 1.25, "fire": true });
    let input = RoomInput { room: room(), seq: 41, input: raw(Format::Json, &move_left) };
    let hello = json!({ "hello": ["w\u{f6}rld", null, 1.5, -70_000] });
    let send = RoomSend { room: room(), payload: raw(Format::Json, &hello), to: None };
    let to_some = RoomSend { to: Some(vec![Seat(2), Seat(300)]), ..send.clone() };
    vec![
        request("ping", None, json!({ "received": 12 }), Request::Ping { received: Some(12) }),
        request("ping-bare", Some(1), Value::Null, Request::Ping { received: None }),
        request(
            "auth.refresh",
            Some(2),
            json!({ "access_token": "eyJ0eXAi.e30.c2ln" }),
            Request::AuthRefresh { access_token: "eyJ0eXAi.e30.c2ln".into() },
        ),
        request(
            "room.create",
            Some(3),
            json!({
                "game": "arena", "options": { "map": "cross", "bots": 2 }, "private": true, "players_max": 4,
                "metadata": { "title": "Friday", "ranked": false }, "client_id": "c-1"
            }),
            Request::RoomCreate(create),
        ),
        request("room.create-bare", Some(4), json!({ "game": "relay" }), Request::RoomCreate(bare)),
        request("room.join", Some(5), in_room(), Request::RoomJoin { room: room() }),
        request(
            "room.match",
            Some(6),
            json!({
                "game": "arena", "options": { "map": "cross" }, "where": { "ranked": false }, "client_id": "c-2"
            }),
            Request::RoomMatch(matched),
        ),
        request(
            "room.match-bare",
            Some(7),
            json!({ "game": "arena" }),
            Request::RoomMatch(anything),
        ),
        request("room.leave", Some(8), in_room(), Request::RoomLeave { room: room() }),
        request(
            "room.input",
            None,
            json!({ "room": room(), "seq": 41, "input": move_left }),
            Request::RoomInput(input),
        ),
        request(
            "room.send",
            None,
            json!({ "room": room(), "payload": hello }),
            Request::RoomSend(send),
        ),
        request(
            "room.send-to",
            Some(9_007_199_254_740_991),
            json!({ "room": room(), "payload": hello, "to": [2, 300] }),
            Request::RoomSend(to_some),
        ),
        request("room.sync", Some(10), in_room(), Request::RoomSync { room: room() }),
    ]
}

/// `name` is the type, with what sets this one apart after a hyphen.
fn request(
    name: &'static str,
    id: Option<u64>,
    data: Value,
    request: Request,
) -> (&'static str, Envelope, Request) {
    (name, Envelope { id, r#type: request.name(), data }, request)
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

pub(super) fn pushes() -> Vec<(&'static str, Push)> {
    let MemberInfo { seat, player, username } = joined().players.remove(1);
    let rejected = InputRejected {
        room: room(),
        seq: 41,
        code: ErrorCode::InputRefused,
        message: "expected a move within -1 and 1, got 3".into(),
        details: None,
        more: None,
    };
    let unread = InputRejected {
        code: ErrorCode::BadRequest,
        message: "/data/input/aim: expected a number, got \"x\"".into(),
        details: Some(
            json!({ "pointer": "/data/input/aim", "expected": "a number", "got": "\"x\"" }),
        ),
        more: Some(17),
        ..rejected.clone()
    };
    let closed = |reason, message: &str, result| Push::RoomClosed {
        room: room(),
        reason,
        message: message.into(),
        result,
    };
    let scores = json!({ "scores": { "0": 3, "1": 5 }, "winner": 1 });
    vec![
        ("session.welcome", Push::SessionWelcome(Box::new(welcome(None)))),
        ("session.welcome-resumed", Push::SessionWelcome(Box::new(welcome(Some(resumed()))))),
        (
            "session.going_away",
            Push::SessionGoingAway {
                reason: "restart".into(),
                resume_token: "cmVzdW1l".into(),
                after_ms: 500,
                jitter_ms: 2_000,
            },
        ),
        ("room.input_rejected", Push::RoomInputRejected(rejected)),
        ("room.input_rejected-unread", Push::RoomInputRejected(unread)),
        ("room.joined", Push::RoomJoined { room: room(), seat, player, username }),
        ("room.left", Push::RoomLeft { room: room(), seat }),
        (
            "room.recovered",
            Push::RoomRecovered {
                room: room(),
                epoch: 2,
                tick: 1_180,
                ticks_lost: 0,
                inputs_lost: 3,
            },
        ),
        (
            "room.event",
            Push::RoomEvent {
                room: room(),
                tick: 1_200,
                event: json!({ "hit": { "by": 0, "at": [12.5, 40] } }),
            },
        ),
        ("room.ended", Push::RoomEnded { room: room(), result: Some(scores.clone()) }),
        ("room.ended-bare", Push::RoomEnded { room: room(), result: None }),
        ("room.closed", closed(ClosedReason::Ended, "the game is over", Some(scores))),
        ("room.closed-empty", closed(ClosedReason::Empty, "nobody is left", None)),
        ("room.closed-crashed", closed(ClosedReason::Crashed, "it crashed too often", None)),
        ("room.closed-stuck", closed(ClosedReason::Stuck, "a tick took over 2 s", None)),
        ("room.closed-upgraded", closed(ClosedReason::Upgraded, "its version is gone", None)),
        ("room.closed-kicked", closed(ClosedReason::Kicked, "a moderator said so", None)),
        ("room.closed-moved", closed(ClosedReason::Moved, "you joined from elsewhere", None)),
        ("room.closed-operator", closed(ClosedReason::Operator, "closed by an operator", None)),
        (
            "error",
            Push::Error { request: None, error: WireError::new(ErrorCode::Internal, "it failed") },
        ),
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

fn welcome(resume: Option<Resumed>) -> Welcome {
    Welcome {
        protocol: 1,
        server: "gamev1/0.1.0".into(),
        session: "01890a5d-ac96-774b-bcce-b302099a8057".parse::<SessionId>().unwrap(),
        resumed: resume.is_some(),
        resume_token: "cmVzdW1l".into(),
        resume_window_ms: 30_000,
        player: PlayerInfo { id: player(1), username: "ada".into(), role: "player".into() },
        heartbeat_ms: 20_000,
        server_ms: 1_767_225_600_123,
        limits: WelcomeLimits { frame_bytes: 16_384, input_hz: 30, rooms: 8, channels: 32 },
        resume,
    }
}

fn resumed() -> Resumed {
    Resumed {
        received: 9,
        complete: true,
        rooms: vec![ResumedRoom { joined: joined(), messages_lost: true }],
        channels: vec![json!({ "channel": "lobby", "last_seq": 77 })],
    }
}

fn player(n: u8) -> PlayerId {
    format!("01890a5d-ac96-774b-bcce-b302099a80{n:02x}").parse().unwrap()
}

fn in_room() -> Value {
    json!({ "room": room() })
}

fn object(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}
