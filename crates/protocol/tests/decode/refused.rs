//! Envelopes that can be read and are refused: the same answer in both formats.

use gamev1_protocol::{
    ErrorCode, Format,
    decode::{DecodeError, Rules, decode},
};
use serde_json::{Value, json};

use super::{both, details, refusal};

const ROOM: &str = "0123456789";
const WHOLE: &str = "an integer from 0 to 2^53-1";
const SEQ: &str = "an integer from 1 to 4294967295";

#[track_caller]
fn assert_refused(request: &Value, expected: (&str, &str, &str)) {
    for (format, frame) in both(request) {
        let error = refusal(decode(format, &frame, Rules::default()));
        assert_eq!(details(&error), expected, "{format:?} {request}");
        assert!(error.message.len() < 400, "{}", error.message);
    }
}

fn of(kind: &str, data: Value) -> Value {
    json!({ "id": 7, "type": kind, "data": data })
}

fn input(seq: Value) -> Value {
    of("room.input", json!({ "room": ROOM, "seq": seq, "input": {} }))
}

#[test]
fn a_wrong_seq_says_what_one_is() {
    for (seq, got) in [
        (json!(0), "0"),
        (json!(-1), "-1"),
        (json!(-300), "-300"),
        (json!(1.5), "1.5"),
        (json!(1.0), "1.0"),
        (json!(4_294_967_296_u64), "4294967296"),
        (json!("1"), "\"1\""),
        (json!(true), "true"),
        (Value::Null, "null"),
        (json!([1, 2]), "an array of 2"),
        (json!({}), "an object"),
    ] {
        assert_refused(&input(seq), ("/data/seq", SEQ, got));
    }
}

#[test]
fn a_missing_member_is_named() {
    let missing = |pointer| (pointer, "a value", "nothing");
    assert_refused(&of("room.input", json!({ "seq": 1, "input": 1 })), missing("/data/room"));
    assert_refused(&of("room.input", json!({ "room": ROOM, "input": 1 })), missing("/data/seq"));
    assert_refused(&of("room.input", json!({ "room": ROOM, "seq": 1 })), missing("/data/input"));
    assert_refused(&of("room.send", json!({ "room": ROOM })), missing("/data/payload"));
    assert_refused(&of("room.create", json!({})), missing("/data/game"));
    assert_refused(&of("auth.refresh", json!({})), missing("/data/access_token"));
    assert_refused(&json!({ "type": "room.join" }), missing("/data/room"));
    assert_refused(&json!({ "type": "room.sync", "data": null }), missing("/data/room"));
}

#[test]
fn a_wrong_type_says_what_came() {
    let code = "a room code of 10 characters";
    let room = |room: Value| of("room.join", json!({ "room": room }));
    assert_refused(&room(json!("short")), ("/data/room", code, "\"short\""));
    assert_refused(&room(json!(7)), ("/data/room", "an id in text", "7"));
    let create =
        |name: &str, value: Value| of("room.create", json!({ "game": "arena", name: value }));
    let options = json!([["a", 1]]);
    assert_refused(&create("options", options), ("/data/options", "an object", "an array of 1"));
    assert_refused(&create("private", json!(1)), ("/data/private", "a boolean", "1"));
    let places = "an integer from 0 to 65535";
    assert_refused(&create("players_max", json!(70_000)), ("/data/players_max", places, "70000"));
    assert_refused(&of("room.match", json!({ "game": 1 })), ("/data/game", "a string", "1"));
    let send = |to: Value| of("room.send", json!({ "room": ROOM, "payload": 1, "to": to }));
    assert_refused(&send(json!([1, -2])), ("/data/to/1", places, "-2"));
    assert_refused(&send(json!(1)), ("/data/to", "an array", "1"));
    let received = of("ping", json!({ "received": -1 }));
    assert_refused(&received, ("/data/received", WHOLE, "-1"));
}

#[test]
fn integers_end_where_javascript_loses_count() {
    let most = 9_007_199_254_740_991_u64;
    for (format, frame) in
        both(&json!({ "id": most, "type": "ping", "data": { "received": most } }))
    {
        assert_eq!(decode(format, &frame, Rules::default()).unwrap().id, Some(most));
    }
    let beyond = most + 1;
    let got = beyond.to_string();
    assert_refused(&json!({ "id": beyond, "type": "ping" }), ("/id", WHOLE, &got));
    let received = of("ping", json!({ "received": beyond }));
    assert_refused(&received, ("/data/received", WHOLE, &got));
}

#[test]
fn a_wrong_id_is_refused_under_no_id() {
    for (id, got) in
        [(json!(-1), "-1"), (json!(1.5), "1.5"), (json!("7"), "\"7\""), (json!([]), "an array")]
    {
        let request = json!({ "id": id, "type": "room.leave", "data": { "room": ROOM } });
        for (format, frame) in both(&request) {
            let refused = decode(format, &frame, Rules::default()).unwrap_err();
            let DecodeError::Refused { id: None, request, counted: true, error } = refused else {
                panic!("{refused:?}");
            };
            assert_eq!(request, "room.leave");
            assert_eq!(details(&error), ("/id", WHOLE, got), "{format:?}");
        }
    }
}

#[test]
fn data_is_an_object() {
    for (data, got) in [
        (json!([ROOM, 1, {}]), "an array"),
        (json!("x"), "a string"),
        (json!(1), "a number"),
        (json!(false), "a boolean"),
    ] {
        for kind in ["room.input", "room.send", "room.join", "ping"] {
            assert_refused(&of(kind, data.clone()), ("/data", "an object", got));
        }
    }
}

#[test]
fn an_unknown_type_is_named_and_the_known_ones_are_listed() {
    let long = "x".repeat(3_000);
    for (format, frame) in both(&json!({ "id": 7, "type": long, "data": { "any": "thing" } })) {
        let refused = decode(format, &frame, Rules { strict: true }).unwrap_err();
        let DecodeError::Refused { id: Some(7), request, counted: true, error } = refused else {
            panic!("{refused:?}");
        };
        assert_eq!(request, "x".repeat(64));
        assert_eq!(error.code, ErrorCode::UnknownType);
        let details = error.details.unwrap();
        assert_eq!(details["pointer"], "/type");
        assert_eq!(details["got"], "x".repeat(64));
        assert!(details["expected"].as_array().unwrap().contains(&json!("room.input")));
        assert!(error.message.len() < 128);
    }
}

#[test]
fn what_the_client_does_not_count_is_not_counted_when_it_is_refused_either() {
    for (kind, expected) in [
        ("ping", false),
        ("room.input", false),
        ("rtc.relay", false),
        ("room.send", true),
        ("no", true),
    ] {
        for (format, frame) in both(&of(kind, json!([]))) {
            match decode(format, &frame, Rules::default()) {
                Err(DecodeError::Refused { counted, .. }) => {
                    assert_eq!(counted, expected, "{kind}")
                }
                other => panic!("{other:?}"),
            }
        }
    }
}

#[test]
fn what_came_is_clipped() {
    let request = of("room.join", json!({ "room": "é\u{1}".repeat(4_000) }));
    for (format, frame) in both(&request) {
        let error = refusal(decode(format, &frame, Rules::default()));
        let (pointer, _, got) = details(&error);
        assert_eq!(pointer, "/data/room");
        assert!(got.chars().count() <= 64, "{got}");
    }
}

#[test]
fn metadata_is_bounded() {
    let metadata = |n: usize| {
        of("room.create", json!({ "game": "arena", "metadata": { "m": "x".repeat(n) } }))
    };
    let bounds = ("/data/metadata", "at most 2048 bytes of JSON", "2049 bytes");
    assert_refused(&metadata(2_049 - r#"{"m":""}"#.len()), bounds);
    for (format, frame) in both(&metadata(2_048 - r#"{"m":""}"#.len())) {
        assert!(decode(format, &frame, Rules::default()).is_ok());
    }
}

#[test]
fn members_that_nobody_knows_are_ignored_unless_the_server_is_strict() {
    for (request, pointer, expected) in [
        (json!({ "type": "ping", "foo": 1 }), "/foo", "one of id, type, data"),
        (of("ping", json!({ "a/b": 1 })), "/data/a~1b", "one of received"),
        (of("room.join", json!({ "room": ROOM, "seat": 1 })), "/data/seat", "one of room"),
        (
            of("room.send", json!({ "room": ROOM, "payload": { "any": 1 }, "From": 1 })),
            "/data/From",
            "one of room, payload, to",
        ),
    ] {
        for (format, frame) in both(&request) {
            assert!(decode(format, &frame, Rules::default()).is_ok(), "{request}");
            let error = refusal(decode(format, &frame, Rules { strict: true }));
            assert_eq!(details(&error), (pointer, expected, "an unknown member"), "{format:?}");
        }
    }
}

#[test]
fn a_request_without_unknown_members_passes_a_strict_server() {
    let input = json!({ "room": ROOM, "seq": 1, "input": { "anything": { "goes": 1 } } });
    for (format, frame) in both(&of("room.input", input)) {
        assert!(decode(format, &frame, Rules { strict: true }).is_ok());
    }
    assert!(
        decode(Format::Json, &br#"{"type":"ping"}"#[..].into(), Rules { strict: true }).is_ok()
    );
}
