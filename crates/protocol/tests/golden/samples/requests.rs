//! Requests: the envelope, and what it is decoded to.

use gamev1_protocol::{Format, Request, RoomCreate, RoomInput, RoomMatch, RoomSend, Seat};
use serde_json::{Map, Value, json};

use super::{Envelope, object, raw, room};

type Sample = (&'static str, Envelope, Request);

pub(crate) fn requests() -> Vec<Sample> {
    [to_come_in(), in_a_room()].into_iter().flatten().collect()
}

fn to_come_in() -> Vec<Sample> {
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
    ]
}

fn in_a_room() -> Vec<Sample> {
    let move_left = json!({ "move": [-1, 0.5], "aim": 1.25, "fire": true });
    let input = RoomInput { room: room(), seq: 41, input: raw(Format::Json, &move_left) };
    let hello = json!({ "hello": ["w\u{f6}rld", null, 1.5, -70_000] });
    let send = RoomSend { room: room(), payload: raw(Format::Json, &hello), to: None };
    let to_some = RoomSend { to: Some(vec![Seat(2), Seat(300)]), ..send.clone() };
    vec![
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
fn request(name: &'static str, id: Option<u64>, data: Value, request: Request) -> Sample {
    (name, Envelope { id, r#type: request.name(), data }, request)
}

fn in_room() -> Value {
    json!({ "room": room() })
}
