//! Resume tokens that are not good, or not good any more: the client connects anew.

use super::*;

fn resume(format: Format, token: &str) -> Dial {
    Dial::new().format(format).resume(token, 0)
}

#[tokio::test]
async fn a_token_is_used_once() {
    let server = Server::start().await;
    let mut client = server.connect(Format::Json).await;
    let first = client.resume_token().to_owned();
    client.cut();
    client.resume(&server).await;
    server.upgrade(&resume(Format::Json, &first)).await.problem(401, "resume_unknown");
    client.alive().await;
    client.cut();
    server.upgrade(&resume(Format::Json, &first)).await.problem(401, "resume_unknown");
    client.resume(&server).await;
    client.alive().await;
}

#[tokio::test]
async fn what_is_no_token_is_unknown() {
    let server = Server::start().await;
    let player = server.guest().await;
    let client = server.socket_of(&player, Format::Json).await;
    let token = client.resume_token();
    let flipped = |at: usize| {
        let mut bytes = token.as_bytes().to_vec();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        String::from_utf8(bytes).unwrap()
    };
    let wrong = [
        "nonsense".to_owned(),
        "A".repeat(token.len()),
        "A".repeat(2_000),
        server.ticket(&player).await,
        token[..token.len() - 4].to_owned(),
        format!("{token}AAAA"),
        flipped(0),
        flipped(token.len() / 2),
        flipped(token.len() - 6),
    ];
    for wrong in wrong {
        server.upgrade(&resume(Format::Json, &wrong)).await.problem(401, "resume_unknown");
    }
}

#[tokio::test]
async fn a_token_in_another_format_is_a_mismatch_and_stays_good() {
    let server = Server::start().await;
    let mut client = server.connect(Format::Json).await;
    let token = client.resume_token().to_owned();
    client.cut();
    server.upgrade(&resume(Format::MsgPack, &token)).await.problem(401, "resume_mismatch");
    client.resume(&server).await;
    client.alive().await;
}

#[tokio::test]
async fn a_token_of_another_server_is_unknown() {
    let (one, other) = (Server::start().await, Server::start().await);
    let client = one.connect(Format::Json).await;
    other
        .upgrade(&resume(Format::Json, client.resume_token()))
        .await
        .problem(401, "resume_unknown");
}

#[tokio::test]
async fn after_a_server_was_killed_one_connects_anew() {
    let mut server = Server::start().await;
    let player = server.guest().await;
    let mut client = server.socket_of(&player, Format::Json).await;
    let room = client.create("relay").await;
    let token = client.resume_token().to_owned();
    server.restart(Stop::Kill).await;
    assert_eq!(client.closed().await.code, 1006);
    let answer = server.upgrade(&resume(Format::Json, &token)).await;
    answer.problem(401, "resume_unknown");
    let mut client = server.socket_of(&player, Format::Json).await;
    client.refused("room.join", json!({ "room": room }), "room_not_found").await;
    client.create("relay").await;
}

#[tokio::test]
async fn a_count_that_makes_no_sense_does_no_harm() {
    let server = Server::start().await;
    let (mut ada, mut bob, room) = pair(&server, "relay").await;
    // More than was ever sent: whatever was missed cannot be told, and the server says so.
    bob.cut();
    let dial = Dial::new().format(Format::MsgPack).resume(bob.resume_token(), 1_000_000);
    let mut back = server.dial(&dial).await;
    assert_eq!(
        (&back.welcome["resumed"], &back.welcome["complete"]),
        (&json!(true), &json!(false))
    );
    back.alive().await;
    for received in ["-1", "x", "1.5", "99999999999999999999"] {
        let path = format!("/ws?received={received}");
        let call = server
            .call(Method::GET, &path)
            .header("connection", "Upgrade")
            .header("upgrade", "websocket");
        let call = call
            .header("sec-websocket-version", "13")
            .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
        let offered = format!("{}, resume.{}", Format::MsgPack.subprotocol(), back.resume_token());
        let answer = server.answer(call.header("sec-websocket-protocol", offered)).await;
        answer.problem(400, "bad_request");
    }
    back.alive().await;
    ada.ok("room.send", json!({ "room": room, "payload": 1 })).await;
}
