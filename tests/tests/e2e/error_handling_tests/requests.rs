//! Requests that are refused: with the code that the protocol names, where it says so with what was expected and what
//! came; the socket stays.

use super::*;

const ROOM: &str = "0123456789";
const WHOLE: &str = "an integer from 0 to 2^53-1";

/// Both formats are refused in the same words.
async fn assert_bad(
    server: &Server,
    kind: &str,
    data: Value,
    pointer: &str,
    expected: &str,
    got: &str,
) {
    for format in Format::BOTH {
        let mut client = server.connect(format).await;
        let error = client.refused(kind, data.clone(), "bad_request").await;
        let details = json!({ "pointer": pointer, "expected": expected, "got": got });
        assert_eq!(error["details"], details, "{format:?} {kind} {data}");
        assert_eq!(error["temporary"], false);
        client.alive().await;
    }
}

#[tokio::test]
async fn a_type_that_nobody_knows_is_unknown() {
    let server = Setup::new().unlimited().start().await;
    for format in Format::BOTH {
        let mut client = server.connect(format).await;
        for kind in [
            "no.such",
            "",
            "Ping",
            "room.snapshot",
            "session.welcome",
            "ping ",
            "🚀",
            &"x".repeat(5_000),
        ] {
            let error = client.refused(kind, json!({ "any": "thing" }), "unknown_type").await;
            assert_eq!(error["temporary"], false);
            assert!(error.to_string().len() < 2_000, "an error does not grow with its cause");
        }
        client.alive().await;
    }
}

#[tokio::test]
async fn a_member_of_the_wrong_type_or_range_is_named_with_what_was_expected_and_what_came() {
    let server = Setup::new().unlimited().start().await;
    let seq = "an integer from 1 to 4294967295";
    let room = "a room code of 10 characters";
    for (kind, data, pointer, expected, got) in [
        ("room.join", json!({}), "/data/room", "a value", "nothing"),
        ("room.join", Value::Null, "/data/room", "a value", "nothing"),
        ("room.join", json!({ "room": "short" }), "/data/room", room, "\"short\""),
        ("room.join", json!({ "room": "ABCDEFGHUU" }), "/data/room", room, "\"ABCDEFGHUU\""),
        ("room.leave", json!([ROOM]), "/data", "an object", "an array"),
        ("room.sync", json!("x"), "/data", "an object", "a string"),
        ("room.create", json!({}), "/data/game", "a value", "nothing"),
        ("room.create", json!({ "game": 7 }), "/data/game", "a string", "7"),
        (
            "room.create",
            json!({ "game": "arena", "private": 1 }),
            "/data/private",
            "a boolean",
            "1",
        ),
        (
            "room.create",
            json!({ "game": "arena", "metadata": [] }),
            "/data/metadata",
            "an object",
            "an array of 0",
        ),
        ("room.match", json!({ "game": "arena", "where": 1 }), "/data/where", "an object", "1"),
        ("room.input", json!({ "room": ROOM, "seq": 0, "input": {} }), "/data/seq", seq, "0"),
        ("room.input", json!({ "room": ROOM, "seq": -1, "input": {} }), "/data/seq", seq, "-1"),
        ("room.input", json!({ "room": ROOM, "seq": 1.5, "input": {} }), "/data/seq", seq, "1.5"),
        ("room.input", json!({ "room": ROOM, "seq": "1", "input": {} }), "/data/seq", seq, "\"1\""),
        ("room.input", json!({ "room": ROOM, "seq": 1 }), "/data/input", "a value", "nothing"),
        ("room.send", json!({ "room": ROOM }), "/data/payload", "a value", "nothing"),
        ("room.send", json!({ "room": ROOM, "payload": 1, "to": 1 }), "/data/to", "an array", "1"),
        ("ping", json!({ "received": -1 }), "/data/received", WHOLE, "-1"),
        (
            "ping",
            json!({ "received": 9_007_199_254_740_992_u64 }),
            "/data/received",
            WHOLE,
            "9007199254740992",
        ),
        ("auth.refresh", json!({ "access_token": 1 }), "/data/access_token", "a string", "1"),
    ] {
        assert_bad(&server, kind, data, pointer, expected, got).await;
    }
}

#[tokio::test]
async fn values_that_not_both_formats_can_carry_are_refused() {
    let server = Server::start().await;
    let mut client = server.connect(Format::Json).await;
    let room = client.create("relay").await;
    let deep = "[".repeat(60) + &"]".repeat(60);
    for (id, payload) in [(91, deep.as_str()), (92, "1e999"), (93, r#""\ud800""#)] {
        client.expect_reply(id, "room.send");
        let text = format!(
            r#"{{"id":{id},"type":"room.send","data":{{"room":"{room}","payload":{payload}}}}}"#
        );
        client.send_raw(&e2e::raw::frame(e2e::raw::TEXT, text.as_bytes())).await;
        let error = client.reply(id).await.expect_err("a refusal");
        assert_eq!(
            (&error["code"], &error["details"]["pointer"]),
            (&json!("bad_request"), &json!("/data/payload"))
        );
    }
    let mut client = server.connect(Format::MsgPack).await;
    client.join(&room).await;
    for (id, payload) in [
        (91, &b"\xc4\x01\x00"[..]),
        (92, b"\xd4\x05\x00"),
        (93, b"\x81\x01\x02"),
        (94, b"\xa2\xff\xfe"),
    ] {
        client.expect_reply(id, "room.send");
        let head =
            [b"\x83\xa2id", &[id as u8][..], b"\xa4type\xa9room.send\xa4data\x82\xa4room\xaa"]
                .concat();
        let frame = [&head, room.as_bytes(), b"\xa7payload", payload].concat();
        client.send_raw(&e2e::raw::frame(e2e::raw::BINARY, &frame)).await;
        let error = client.reply(id).await.expect_err("a refusal");
        assert_eq!(
            (&error["code"], &error["details"]["pointer"]),
            (&json!("bad_request"), &json!("/data/payload"))
        );
    }
    client.alive().await;
}

#[tokio::test]
async fn a_request_without_an_id_is_refused_by_a_push() {
    let server = Server::start().await;
    for format in Format::BOTH {
        let mut client = server.connect(format).await;
        client.tell("room.join", json!({ "room": "0000000000" })).await;
        let error = client.push("error").await;
        assert_eq!(
            (&error["request"], &error["code"]),
            (&json!("room.join"), &json!("room_not_found"))
        );
        assert!(error["message"].is_string() && error["temporary"] == false, "{error}");
        client.tell("no.such", json!({})).await;
        let error = client.push("error").await;
        assert_eq!(
            (&error["request"], &error["code"]),
            (&json!("no.such"), &json!("unknown_type"))
        );
        // An id that is none cannot be answered under it.
        for id in [json!(-1), json!(1.5), json!("7"), json!([]), json!(9_007_199_254_740_992_u64)] {
            let request = json!({ "id": id, "type": "ping", "data": {} });
            client.send_message(format.encode(&request)).await;
            let error = client.push("error").await;
            assert_eq!(
                (&error["code"], &error["details"]["pointer"]),
                (&json!("bad_request"), &json!("/id")),
                "{id}"
            );
            assert_eq!(error["request"], "ping");
        }
        client.alive().await;
    }
}

#[tokio::test]
async fn what_is_not_there_or_not_ones_own_is_refused_by_name() {
    let server = with_bomb().unlimited().start().await;
    let mut bystanders = Bystanders::in_a_room(&server).await;
    let room = bystanders.room.clone();
    for format in Format::BOTH {
        let mut client = server.connect(format).await;
        let nowhere = "0000000000";
        for kind in ["room.join", "room.leave", "room.sync"] {
            client.refused(kind, json!({ "room": nowhere }), "room_not_found").await;
        }
        let input = |room: &str| json!({ "room": room, "seq": 1, "input": {} });
        let send = |room: &str| json!({ "room": room, "payload": 1 });
        client.refused("room.input", input(nowhere), "room_not_found").await;
        client.refused("room.send", send(nowhere), "room_not_found").await;
        // A stranger's input and send do not reach the room.
        client.refused("room.input", input(&room), "not_joined").await;
        client.refused("room.send", send(&room), "not_joined").await;
        client.refused("room.leave", json!({ "room": room }), "not_joined").await;
        client.refused("room.create", json!({ "game": "chess" }), "game_not_found").await;
        client.refused("room.create", json!({ "game": "" }), "game_not_found").await;
        client.refused("auth.refresh", json!({ "access_token": "" }), "unauthenticated").await;
        let own = client.create("bomb").await;
        client.refused("room.send", send(&own), "forbidden").await;
        client.alive().await;
    }
    bystanders.notice_nothing().await;
}

#[tokio::test]
async fn a_room_that_cannot_be_made_is_refused_and_costs_nothing() {
    let server = with_bomb().unlimited().start().await;
    let player = server.guest().await;
    for format in Format::BOTH {
        let mut client = server.socket_of(&player, format).await;
        for (game, member, value, pointer) in [
            ("arena", "players_max", json!(0), "/data/players_max"),
            ("arena", "players_max", json!(60_000), "/data/players_max"),
            ("bomb", "options", json!({ "no such": 1 }), "/data/options"),
            ("bomb", "options", json!({ "doomed": "yes" }), "/data/options/doomed"),
            ("arena", "metadata", json!({ "long": "x".repeat(3_000) }), "/data/metadata"),
        ] {
            let error = client
                .refused("room.create", json!({ "game": game, member: value }), "bad_request")
                .await;
            let at = error["details"]["pointer"].as_str().unwrap_or_default();
            assert!(at.starts_with(pointer), "{error}");
        }
        client.alive().await;
    }
    let listed = server.get_as(&player, "/v1/rooms").await.ok(200);
    assert_eq!(listed["items"], json!([]));
}

#[tokio::test]
async fn members_that_nobody_knows_are_ignored() {
    let server = Server::start().await;
    for format in Format::BOTH {
        let mut client = server.connect(format).await;
        client.expect_reply(55, "ping");
        let request =
            json!({ "id": 55, "type": "ping", "data": { "foo": { "bar": 1 } }, "extra": [1] });
        client.send_message(format.encode(&request)).await;
        assert!(client.reply(55).await.is_ok());
        client.ok("room.create", json!({ "game": "relay", "colour": "red" })).await;
    }
}
