//! Credentials and formats: what opens a socket, and what the server says first.

use super::*;

#[tokio::test]
async fn the_welcome_tells_who_where_and_how_much() {
    let server = Server::start().await;
    let player = server.guest().await;
    for format in Format::BOTH {
        let client = server.socket_of(&player, format).await;
        let welcome = &client.welcome;
        assert_eq!(welcome["protocol"], 1);
        assert_eq!(welcome["resumed"], false);
        assert_eq!(
            (&welcome["resume_window_ms"], &welcome["heartbeat_ms"]),
            (&json!(30_000), &json!(20_000))
        );
        assert_eq!(welcome["player"], player.tokens["player"]);
        assert_eq!(welcome["limits"]["frame_bytes"], 16 * 1024);
        for limit in ["input_hz", "rooms", "channels"] {
            assert!(welcome["limits"][limit].is_u64(), "{limit} in {welcome}");
        }
        assert!(
            welcome["server_ms"].as_u64().is_some_and(|ms| ms > 1_700_000_000_000),
            "{welcome}"
        );
        assert_eq!(welcome["session"].as_str().map(str::len), Some(36), "{welcome}");
        assert!(welcome["server"].as_str().is_some_and(|name| !name.is_empty()), "{welcome}");
        let word = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        assert!(client.resume_token().chars().all(word), "base64url without padding: {welcome}");
    }
}

#[tokio::test]
async fn the_first_format_that_the_server_speaks_is_answered_and_never_a_credential() {
    let server = Setup::new().unlimited().start().await;
    let player = server.guest().await;
    let (json, msgpack) = (Format::Json.subprotocol(), Format::MsgPack.subprotocol());
    for (offered, chosen) in [
        (vec![], None),
        (vec![json], Some(json)),
        (vec![msgpack], Some(msgpack)),
        (vec![json, msgpack], Some(json)),
        (vec![msgpack, json], Some(msgpack)),
        (vec!["gamev1.v2.json", msgpack], Some(msgpack)),
        (vec!["chat", "gamev1.v9.msgpack", json, msgpack], Some(json)),
    ] {
        let dial = offered.iter().fold(Dial::new(), |dial, name| dial.protocol(*name));
        let mut client = server.dial(&dial.clone().bearer(&player)).await;
        assert_eq!(client.subprotocol.as_deref(), chosen, "{offered:?}");
        client.alive().await;
        client.close().await;
        if offered.is_empty() {
            continue;
        }
        // The credential may stand before, between or behind the formats.
        for at in [0, 1, offered.len()] {
            let credential = format!("ticket.{}", server.ticket(&player).await);
            let mut offered = offered.clone();
            offered.insert(at, &credential);
            let dial = offered.iter().fold(Dial::new(), |dial, name| dial.protocol(*name));
            let mut client = server.dial(&dial).await;
            assert_eq!(client.subprotocol.as_deref(), chosen, "{offered:?}");
            client.close().await;
        }
    }
}

#[tokio::test]
async fn a_client_that_speaks_nothing_known_is_told_what_is() {
    let server = Server::start().await;
    let player = server.guest().await;
    for offered in [vec!["gamev1.v2.json"], vec!["chat", "superchat"], vec!["GAMEV1.V1.JSON"]] {
        let dial =
            offered.iter().fold(Dial::new().bearer(&player), |dial, name| dial.protocol(*name));
        let answer = server.upgrade(&dial).await;
        answer.problem(400, "unsupported_protocol");
        for format in Format::BOTH {
            assert!(answer.text.contains(format.subprotocol()), "{offered:?}: {answer:?}");
        }
    }
    // A refusal for this reason costs no ticket.
    let ticket = server.ticket(&player).await;
    let dial = Dial::new().protocol("gamev1.v2.json").ticket(&ticket);
    server.upgrade(&dial).await.problem(400, "unsupported_protocol");
    server.dial(&Dial::new().format(Format::Json).ticket(&ticket)).await.alive().await;
}

#[tokio::test]
async fn each_kind_of_credential_opens_a_socket() {
    let server = Server::start().await;
    let player = server.guest().await;
    let bearer = server.dial(&Dial::new().bearer(&player)).await;
    assert_eq!(bearer.player(), player.id());
    let ticket = server.ticket(&player).await;
    let mut ticket = server.dial(&Dial::new().format(Format::MsgPack).ticket(&ticket)).await;
    assert_eq!(ticket.player(), player.id());
    assert_ne!(ticket.welcome["session"], bearer.welcome["session"]);
    let session = ticket.welcome["session"].clone();
    ticket.cut();
    ticket.resume(&server).await;
    assert_eq!((&ticket.welcome["session"], ticket.player()), (&session, player.id()));
}

#[tokio::test]
async fn two_credentials_or_one_in_the_address_are_refused() {
    let server = Server::start().await;
    let player = server.guest().await;
    let (one, other) = (server.ticket(&player).await, server.ticket(&player).await);
    let dial = Dial::new().format(Format::Json).ticket(&one).ticket(&other);
    server.upgrade(&dial).await.problem(400, "bad_request");
    // A token in the address would stand in every log on the way.
    let path = format!("/ws?access_token={}&token={0}&ticket={one}", player.access());
    let call = server
        .call(Method::GET, &path)
        .header("connection", "Upgrade")
        .header("upgrade", "websocket");
    let call = call
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
    server.answer(call).await.problem(401, "unauthenticated");
}

#[tokio::test]
async fn a_request_that_is_no_proper_upgrade_is_refused() {
    let server = Server::start().await;
    let player = server.guest().await;
    let whole = [
        ("connection", "Upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];
    for wrong in [
        ("connection", "keep-alive"),
        ("upgrade", "h2c"),
        ("sec-websocket-version", "8"),
        ("sec-websocket-key", "short"),
    ] {
        for replaced in [Some(wrong), None] {
            let mut call = server.call(Method::GET, "/ws").bearer_auth(player.access());
            for (name, value) in whole {
                match replaced {
                    _ if name != wrong.0 => call = call.header(name, value),
                    Some((_, wrong)) => call = call.header(name, wrong),
                    None => {}
                }
            }
            let answer = server.answer(call).await;
            assert!([400, 426].contains(&answer.status), "{wrong:?} {replaced:?}: {answer:?}");
        }
    }
    let call = server.call(Method::POST, "/ws").bearer_auth(player.access()).json(&json!({}));
    server.answer(call).await.problem(405, "method_not_allowed");
}

#[tokio::test]
async fn a_ping_is_answered_in_both_ways() {
    let server = Server::start().await;
    for format in Format::BOTH {
        let mut client = server.connect(format).await;
        let pong = client.ok("ping", json!({ "received": 0 })).await;
        assert_eq!(pong["received"], 0, "no counted request yet");
        client.refused("room.join", json!({ "room": "0000000000" }), "room_not_found").await;
        // Without data is a ping too.
        let pong = client.ok("ping", Value::Null).await;
        assert_eq!(pong["received"], 1, "the refused one counts");
        let pong = client.websocket_ping(b"are you there").await;
        assert_eq!(pong, b"are you there");
    }
}

#[tokio::test]
async fn a_close_is_answered_and_ends_the_session() {
    let server = Server::start().await;
    let (mut ada, mut bob, room) = pair(&server, "relay").await;
    let closed = bob.close().await;
    assert!([1000, 1005].contains(&closed.code), "{closed:?}");
    assert_eq!(ada.push("room.left").await, json!({ "room": room, "seat": 1 }));
}
