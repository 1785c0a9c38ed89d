//! Pushes of the reliable lane.

use gamev1_protocol::{
    ErrorCode, MemberInfo, Push, SessionId, WireError,
    push::{ClosedReason, InputRejected, PlayerInfo, Resumed, ResumedRoom, Welcome, WelcomeLimits},
};
use serde_json::json;

use super::{joined, player, room};

type Sample = (&'static str, Push);

pub(crate) fn pushes() -> Vec<Sample> {
    [of_the_session(), of_inputs(), of_a_room(), of_its_end()].into_iter().flatten().collect()
}

fn of_the_session() -> Vec<Sample> {
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
        (
            "error",
            Push::Error { request: None, error: WireError::new(ErrorCode::Internal, "it failed") },
        ),
    ]
}

fn of_inputs() -> Vec<Sample> {
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
    vec![
        ("room.input_rejected", Push::RoomInputRejected(rejected)),
        ("room.input_rejected-unread", Push::RoomInputRejected(unread)),
    ]
}

fn of_a_room() -> Vec<Sample> {
    let MemberInfo { seat, player, username } = joined().players.remove(1);
    vec![
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
    ]
}

fn of_its_end() -> Vec<Sample> {
    let closed = |reason, message: &str, result| Push::RoomClosed {
        room: room(),
        reason,
        message: message.into(),
        result,
    };
    let scores = json!({ "scores": { "0": 3, "1": 5 }, "winner": 1 });
    vec![
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
    ]
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
