//! Frames that are good, though unusual, and what becomes of their values.

use bytes::Bytes;
use gamev1_protocol::{
    Format, Raw, Request, Seat,
    decode::{Incoming, Rules, decode},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{both, details, json, msgpack};

fn sent(incoming: Incoming) -> Raw {
    match incoming.request {
        Request::RoomSend(send) => send.payload,
        other => panic!("{other:?}"),
    }
}

fn payload(format: Format, value: &Value) -> Raw {
    let request =
        json!({ "type": "room.send", "data": { "room": "0123456789", "payload": value } });
    let frame = both(&request).into_iter().find(|(each, _)| *each == format).unwrap().1;
    sent(decode(format, &frame, Rules::default()).unwrap())
}

#[test]
fn a_type_may_be_written_with_escapes() {
    let decoded = json(r#"{"t\u0079pe":"p\u0069ng","d\u0061ta":{"rec\u0065ived":3}}"#).unwrap();
    assert_eq!(decoded, Incoming { id: None, request: Request::Ping { received: Some(3) } });
}

#[test]
fn data_may_be_left_out_where_nothing_in_it_is_needed() {
    let ping = Incoming { id: Some(1), request: Request::Ping { received: None } };
    for text in [r#"{"id":1,"type":"ping"}"#, r#"{"data":null,"type":"ping","id":1}"#] {
        assert_eq!(json(text), Ok(ping.clone()));
    }
    assert_eq!(msgpack(b"\x82\xa2id\x01\xa4type\xa4ping"), Ok(ping.clone()));
    assert_eq!(msgpack(b"\x83\xa2id\x01\xa4type\xa4ping\xa4data\xc0"), Ok(ping.clone()));
    let quiet = Incoming { id: None, ..ping };
    assert_eq!(json(r#" {"id": null, "type": "ping"} "#), Ok(quiet.clone()));
    assert_eq!(msgpack(b"\x82\xa2id\xc0\xa4type\xa4ping"), Ok(quiet));
}

#[test]
fn messagepack_integers_may_be_wider_than_needed_and_signed() {
    for seven in [
        &b"\x07"[..],
        b"\xcc\x07",
        b"\xcd\x00\x07",
        b"\xce\x00\x00\x00\x07",
        b"\xcf\x00\x00\x00\x00\x00\x00\x00\x07",
        b"\xd0\x07",
        b"\xd1\x00\x07",
        b"\xd2\x00\x00\x00\x07",
        b"\xd3\x00\x00\x00\x00\x00\x00\x00\x07",
    ] {
        let head = b"\x83\xa2id".as_slice();
        let mid = b"\xa4type\xaaroom.input\xa4data\x83\xa4room\xaa0123456789\xa5input\xc0\xa3seq";
        let frame = [head, seven, mid, seven].concat();
        let decoded = msgpack(&frame).unwrap();
        assert_eq!(decoded.id, Some(7));
        assert!(matches!(decoded.request, Request::RoomInput(input) if input.seq == 7));
    }
}

#[test]
fn long_forms_of_messagepack_are_read_as_well() {
    let frame = b"\xdf\x00\x00\x00\x02\xd9\x04type\xda\x00\x09room.send\xdb\x00\x00\x00\x04data\
        \xde\x00\x03\xa4room\xd9\x0a0123456789\xa7payload\xdc\x00\x01\x01\xa2to\xdd\x00\x00\x00\x01\x05";
    let Request::RoomSend(send) = msgpack(frame).unwrap().request else { panic!() };
    assert_eq!(send.to, Some(vec![Seat(5)]));
    assert_eq!(send.payload.value("").unwrap(), json!([1]));
}

#[test]
fn a_payload_is_a_slice_of_its_frame() {
    for (format, frame) in both(&json!({
        "type": "room.send", "data": { "room": "0123456789", "payload": { "x": [1, "two"] } }
    })) {
        let raw = sent(decode(format, &frame, Rules::default()).unwrap());
        assert!(frame.as_ptr_range().contains(&raw.bytes().as_ptr()));
        assert_eq!(raw.value("").unwrap(), json!({ "x": [1, "two"] }));
        let detached = raw.detached();
        assert_eq!(detached, raw);
        assert!(!frame.as_ptr_range().contains(&detached.bytes().as_ptr()));
    }
}

#[test]
fn payloads_are_carried_between_the_formats() {
    let value = json!({
        "null": null, "yes": true, "n": [0, -1, 255, 4_294_967_296_u64, -2_147_483_649_i64, 0.5, 1.0],
        "text": "a \"quoted\" é \u{1F680} \u{0}", "empty": {}, "list": [[], [null]]
    });
    let [from_json, from_msgpack] =
        [payload(Format::Json, &value), payload(Format::MsgPack, &value)];
    assert_eq!(from_json.to(Format::MsgPack).unwrap(), *from_msgpack.bytes());
    let json = from_msgpack.to(Format::Json).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&json).unwrap(), value);
    assert_eq!(from_json.to(Format::Json).unwrap(), *from_json.bytes());
}

#[test]
fn what_json_cannot_write_becomes_null_on_the_way_to_it() {
    for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let mut frame =
            b"\x82\xa4type\xa9room.send\xa4data\x82\xa4room\xaa0123456789\xa7payload\x92\x01"
                .to_vec();
        rmp::encode::write_f64(&mut frame, number).unwrap();
        let raw = sent(msgpack(&frame).unwrap());
        assert_eq!(raw.to(Format::Json).unwrap(), Bytes::from_static(b"[1,null]"));
    }
}

#[test]
fn a_game_reads_its_input_alike_from_both_formats() {
    #[derive(Debug, PartialEq, Deserialize)]
    enum Order {
        Halt,
        Go { x: f32, y: f32 },
        Give(u8, String),
    }
    #[derive(Debug, PartialEq, Deserialize)]
    struct Input {
        aim: f64,
        orders: std::collections::BTreeMap<u16, Order>,
        note: Option<String>,
    }
    let value = json!({
        "aim": 1, "note": null,
        "orders": { "3": "Halt", "12": { "Go": { "x": 1, "y": -0.5 } }, "7": { "Give": [9, "gold"] } }
    });
    let expected = Input {
        aim: 1.0,
        orders: [
            (3, Order::Halt),
            (12, Order::Go { x: 1.0, y: -0.5 }),
            (7, Order::Give(9, "gold".into())),
        ]
        .into(),
        note: None,
    };
    for format in Format::ALL {
        assert_eq!(payload(format, &value).read::<Input>("/data/input").as_ref(), Ok(&expected));
    }
}

#[test]
fn a_game_that_cannot_read_its_input_says_why_alike_for_both_formats() {
    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its shape matters")]
    struct Input {
        r#move: [f64; 2],
        #[serde(default)]
        mode: Option<Mode>,
    }
    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Mode {
        Walk,
        Run,
    }
    for (value, expected) in [
        (json!({ "move": [1, "x"] }), ("/data/input/move/1", "a number", "\"x\"")),
        (json!({ "move": [1] }), ("/data/input/move", "an array of length 2", "an array of 1")),
        (json!({ "move": 5 }), ("/data/input/move", "an array of length 2", "5")),
        (json!({}), ("/data/input/move", "a value", "nothing")),
        (
            json!({ "move": [0, 0], "mode": "fly" }),
            ("/data/input/mode", "`walk` or `run`", "\"fly\""),
        ),
        (
            json!({ "move": [0, 0], "x": 1 }),
            ("/data/input/x", "`move` or `mode`", "an unknown member"),
        ),
        (json!(7), ("/data/input", "an object", "7")),
    ] {
        for format in Format::ALL {
            let error = payload(format, &value).read::<Input>("/data/input").unwrap_err();
            assert_eq!(details(&error), expected, "{format:?} {value}");
        }
    }
}

#[test]
fn an_input_with_a_member_twice_is_refused_in_both_formats() {
    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only its shape matters")]
    struct Input {
        aim: u8,
        seats: std::collections::BTreeMap<u8, u8>,
    }
    let text = r#"{"type":"room.send","data":{"room":"0123456789","payload":
        {"aim":1,"seats":{"1":1},"aim":2}}}"#;
    let mut packed =
        b"\x82\xa4type\xa9room.send\xa4data\x82\xa4room\xaa0123456789\xa7payload".to_vec();
    packed.extend_from_slice(b"\x83\xa3aim\x01\xa3aim\x02\xa5seats\x81\xa11\x01");
    for decoded in [json(text), msgpack(&packed)] {
        let error = sent(decoded.unwrap()).read::<Input>("/data/input").unwrap_err();
        assert_eq!(details(&error), ("/data/input", "each member once", "one that comes twice"));
    }
}
