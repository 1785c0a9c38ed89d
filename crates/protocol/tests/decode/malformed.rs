//! Frames that are no envelope, and envelopes that hold what not both formats can carry.

use gamev1_protocol::{Request, limits::DEPTH_MAX};
use rmp::encode as mp;

use super::{details, json, msgpack, not_an_envelope, refusal};

/// `{"id": 7, "type": kind, "data": <data>}` in MessagePack, `data` as given.
fn envelope(kind: &str, data: &[u8]) -> Vec<u8> {
    let mut bytes = b"\x83\xa2id\x07\xa4type".to_vec();
    mp::write_str(&mut bytes, kind).unwrap();
    bytes.extend_from_slice(b"\xa4data");
    bytes.extend_from_slice(data);
    bytes
}

/// The `data` of a `room.send` with this payload.
fn sends(payload: &[u8]) -> Vec<u8> {
    let mut data = b"\x82\xa4room\xaa0123456789\xa7payload".to_vec();
    data.extend_from_slice(payload);
    data
}

fn send_json(payload: &str) -> String {
    format!(r#"{{"id":7,"type":"room.send","data":{{"room":"0123456789","payload":{payload}}}}}"#)
}

#[test]
fn what_is_no_object_with_a_type_is_no_envelope() {
    for (text, why) in [
        ("", "expected an object, got nothing"),
        ("hello", "expected an object, got something else"),
        ("[7,\"ping\",{}]", "expected an object, got an array"),
        ("\"ping\"", "expected an object, got a string"),
        ("7", "expected an object, got a number"),
        ("null", "expected an object, got null"),
        ("true", "expected an object, got a boolean"),
        ("{}", "expected a string as type, got nothing"),
        (r#"{"id":7,"data":{}}"#, "expected a string as type, got nothing"),
        (r#"{"type":7}"#, "expected a string as type, got a number"),
        (r#"{"type":null}"#, "expected a string as type, got null"),
        (r#"{"type":["ping"]}"#, "expected a string as type, got an array"),
        (r#"{"type":"ping"} x"#, "expected one object in JSON, got something malformed"),
        (r#"{"type":"ping"}{}"#, "expected one object in JSON, got something malformed"),
        (r#"{"type":"ping","#, "expected one object in JSON, got something malformed"),
        (
            r#"{"type":"ping","data":{"received":01}}"#,
            "expected one object in JSON, got something malformed",
        ),
    ] {
        assert_eq!(not_an_envelope(json(text)), why, "{text}");
    }
    assert!(
        not_an_envelope(json(r#"{"type":"\ud800"}"#)).starts_with("expected a string in UTF-8")
    );
}

#[test]
fn nor_is_it_in_messagepack() {
    for (bytes, why) in [
        (&b""[..], "expected an object, got nothing"),
        (b"\x93\x07\xa4ping\x80", "expected an object, got an array"),
        (b"\xa4ping", "expected an object, got a string"),
        (b"\x07", "expected an object, got a number"),
        (b"\xc0", "expected an object, got null"),
        (b"\xc4\x01\x00", "expected an object, got binary data"),
        (b"\xd4\x01\x00", "expected an object, got an extension type"),
        (b"\xc1", "expected an object, got something else"),
        (b"\x80", "expected a string as type, got nothing"),
        (b"\x81\xa4type\x07", "expected a string as type, got a number"),
        (b"\x81\xa4type\xc4\x04ping", "expected a string as type, got binary data"),
        (b"\x81\xa4type\xa4ping\x00", "expected one map in MessagePack, got something malformed"),
        (b"\x82\xa4type\xa4ping", "expected one map in MessagePack, got something malformed"),
        (b"\x81\xa4type\xa4pi", "expected one map in MessagePack, got something malformed"),
        (b"\x81\xa4type\xc1", "expected one map in MessagePack, got something malformed"),
        (b"\xdf\xff\xff\xff\xff", "expected one map in MessagePack, got something malformed"),
    ] {
        assert_eq!(not_an_envelope(msgpack(bytes)), why, "{bytes:x?}");
    }
    let why = not_an_envelope(msgpack(b"\x81\xa4type\xa1\xff"));
    assert_eq!(why, "expected a string in UTF-8 as type, got a string that is not UTF-8");
}

#[test]
fn a_member_that_comes_twice_is_refused() {
    let once = "the member once";
    let twice = "the same member twice";
    for (text, pointer) in [
        (r#"{"type":"ping","type":"ping"}"#, "/type"),
        (r#"{"id":1,"type":"ping","id":1}"#, "/id"),
        (r#"{"type":"ping","data":{},"data":{}}"#, "/data"),
        (r#"{"type":"ping","data":{"received":1,"received":1}}"#, "/data/received"),
        (
            r#"{"type":"room.input","data":{"seq":1,"seq":2,"room":"0123456789","input":1}}"#,
            "/data/seq",
        ),
    ] {
        assert_eq!(details(&refusal(json(text))), (pointer, once, twice), "{text}");
    }
    let doubled = b"\x82\xa4type\xa4ping\xa4type\xa4ping";
    assert_eq!(details(&refusal(msgpack(doubled))), ("/type", once, twice));
    let doubled = envelope("ping", b"\x82\xa8received\x01\xa8received\x01");
    assert_eq!(details(&refusal(msgpack(&doubled))), ("/data/received", once, twice));
    let doubled =
        envelope("room.input", b"\x84\xa4room\xaa0123456789\xa5input\x01\xa3seq\x01\xa3seq\x02");
    assert_eq!(details(&refusal(msgpack(&doubled))), ("/data/seq", once, twice));
    let doubled =
        envelope("room.send", b"\x83\xa4room\xaa0123456789\xa7payload\x01\xa7payload\x01");
    assert_eq!(details(&refusal(msgpack(&doubled))), ("/data/payload", once, twice));
}

#[test]
fn values_nest_to_the_bound_and_no_deeper() {
    let nested = |n: usize| "[".repeat(n) + &"]".repeat(n);
    assert!(json(&send_json(&nested(DEPTH_MAX))).is_ok());
    for n in [DEPTH_MAX + 1, 100, 5_000] {
        let error = refusal(json(&send_json(&nested(n))));
        let (pointer, expected, got) = details(&error);
        assert_eq!((pointer, got), ("/data/payload", "one that nests deeper"), "{n}");
        assert!(expected.ends_with("nests at most 32 deep"), "{expected}");
    }
    let packed = |n: usize| [vec![0x91; n], vec![0xc0]].concat();
    assert!(msgpack(&envelope("room.send", &sends(&packed(DEPTH_MAX)))).is_ok());
    for n in [DEPTH_MAX + 1, 100, 5_000] {
        let error = refusal(msgpack(&envelope("room.send", &sends(&packed(n)))));
        let (pointer, _, got) = details(&error);
        assert_eq!((pointer, got), ("/data/payload", "one that nests deeper"), "{n}");
    }
}

#[test]
fn nesting_is_bounded_wherever_it_stands() {
    for n in [DEPTH_MAX + 1, 5_000] {
        let deep = "{\"a\":".repeat(n) + "1" + &"}".repeat(n);
        for member in ["options", "metadata"] {
            let create =
                format!(r#"{{"type":"room.create","data":{{"game":"arena","{member}":{deep}}}}}"#);
            let error = refusal(json(&create));
            assert_eq!(details(&error).0, format!("/data/{member}"));
        }
        let unknown = format!(r#"{{"type":"ping","data":{{"foo":{deep}}}}}"#);
        assert_eq!(details(&refusal(json(&unknown))).0, "/data/foo");
        let data = format!(r#"{{"type":"ping","data":{}}}"#, "[".repeat(n) + &"]".repeat(n));
        assert_eq!(details(&refusal(json(&data))).0, "/data");
        let id = format!(r#"{{"type":"ping","id":{deep}}}"#);
        assert_eq!(details(&refusal(json(&id))).0, "/id");
        assert_eq!(
            not_an_envelope(json(&format!(r#"{{"type":{deep}}}"#))),
            "expected a string as type, got an object"
        );
    }
    // A member of the envelope that nobody reads costs nothing, however deep.
    let unread = format!(r#"{{"type":"ping","foo":{}}}"#, "[".repeat(5_000) + &"]".repeat(5_000));
    assert!(matches!(json(&unread).unwrap().request, Request::Ping { received: None }));
    let unread = [b"\x82\xa4type\xa4ping\xa3foo".to_vec(), vec![0x91; 5_000], vec![0xc0]].concat();
    assert!(matches!(msgpack(&unread).unwrap().request, Request::Ping { received: None }));
}

#[test]
fn strings_that_only_json_can_write_are_refused() {
    for payload in [r#""\ud800""#, r#"{"a":["\udc00\ud800"]}"#, r#"{"\uDBFF":1}"#] {
        let error = refusal(json(&send_json(payload)));
        let (pointer, _, got) = details(&error);
        assert_eq!(pointer, "/data/payload", "{payload}");
        assert_eq!(got, "half a surrogate pair, or a number beyond f64");
    }
    assert!(json(&send_json(r#""\ud83d\ude80""#)).is_ok());
}

#[test]
fn numbers_that_no_f64_holds_are_refused() {
    let digits = "9".repeat(400);
    for payload in ["1e999", "-1E+999", "[1,{\"a\":1e309}]", &digits] {
        let error = refusal(json(&send_json(payload)));
        let (pointer, _, got) = details(&error);
        assert_eq!((pointer, got), ("/data/payload", "a number beyond f64"), "{payload}");
    }
    for payload in ["1e300", "1.5e-5", "0.1", "18446744073709551616"] {
        assert!(json(&send_json(payload)).is_ok(), "{payload}");
    }
}

#[test]
fn messagepack_that_json_cannot_carry_is_refused() {
    for (payload, got) in [
        (&b"\xc4\x01\x00"[..], "binary data"),
        (b"\x91\xc4\x01\x00", "binary data"),
        (b"\xd4\x05\x00", "an extension type"),
        (b"\xc7\x01\x05\x00", "an extension type"),
        (b"\xd6\xff\x00\x00\x00\x00", "an extension type"),
        (b"\xa2\xff\xfe", "a string that is not UTF-8"),
        (b"\x81\xa1\xff\x01", "a string that is not UTF-8"),
        (b"\x81\x01\x02", "a key that is not a string"),
    ] {
        for data in [sends(payload), [b"\x81\xa7payload", payload].concat()] {
            let error = refusal(msgpack(&envelope("room.send", &data)));
            assert_eq!(
                (details(&error).0, details(&error).2),
                ("/data/payload", got),
                "{payload:x?}"
            );
        }
        let unread = [b"\x82\xa4type\xa4ping\xa3foo", payload].concat();
        assert!(msgpack(&unread).is_ok());
        let unread = envelope("ping", &[b"\x81\xa3foo", payload].concat());
        assert_eq!(details(&refusal(msgpack(&unread))).0, "/data/foo");
    }
    let error = refusal(msgpack(b"\x82\xa4type\xa4ping\x01\x02"));
    assert_eq!((details(&error).0, details(&error).2), ("", "a key that is not a string"));
    let error = refusal(msgpack(&envelope("room.send", b"\x93\xaa0123456789\x01\xc0")));
    assert_eq!(details(&error), ("/data", "an object", "an array"));
}

#[test]
fn a_refused_value_is_refused_under_its_id() {
    use gamev1_protocol::decode::DecodeError;
    let refused = msgpack(&envelope("room.send", &sends(b"\xc4\x01\x00"))).unwrap_err();
    let DecodeError::Refused { id: Some(7), request, counted: true, .. } = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(request, "room.send");
    let refused = json(&send_json("1e999")).unwrap_err();
    assert!(matches!(refused, DecodeError::Refused { id: Some(7), .. }), "{refused:?}");
}

#[test]
fn a_member_that_comes_twice_is_found_among_thousands() {
    let many = (0..2_000).map(|n| format!(r#""{n}":0,"#)).collect::<String>();
    let text = format!(r#"{{"type":"ping","data":{{{many}"received":1,"received":1}}}}"#);
    assert_eq!(details(&refusal(json(&text))).0, "/data/received");
}
