//! Tickets: one socket each, and the same checks as the upgrade.

use super::*;

#[tokio::test]
async fn a_ticket_says_where_and_how_to_use_it() {
    let server = Server::start().await;
    let player = server.guest().await;
    let ticket = server.post_as(&player, "/v1/ws-tickets", json!({})).await.ok(200);
    assert_eq!(ticket["expires_in"], 30);
    assert_eq!(ticket["url"], format!("ws://127.0.0.1:{}/ws", server.port()));
    let protocols: Vec<&str> =
        ticket["protocols"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    let credential = format!("ticket.{}", ticket["ticket"].as_str().unwrap());
    assert!(protocols.contains(&credential.as_str()), "{ticket}");
    assert!(protocols.contains(&Format::Json.subprotocol()), "{ticket}");
    // base64url without padding: it has to be an HTTP token.
    let word = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    assert!(ticket["ticket"].as_str().unwrap().chars().all(word), "{ticket}");
    let dial = protocols.iter().fold(Dial::new(), |dial, name| dial.protocol(*name));
    assert_eq!(server.dial(&dial).await.player(), player.id());
}

#[tokio::test]
async fn a_ticket_is_good_for_one_socket() {
    let server = Server::start().await;
    let player = server.guest().await;
    let ticket = server.ticket(&player).await;
    let dial = Dial::new().format(Format::Json).ticket(&ticket);
    let mut first = server.dial(&dial).await;
    server.upgrade(&dial).await.problem(401, "ticket_invalid");
    first.alive().await;
    let next = server.ticket(&player).await;
    assert_ne!(next, ticket);
    server.dial(&Dial::new().format(Format::Json).ticket(&next)).await.alive().await;
}

#[tokio::test]
async fn what_is_no_ticket_is_refused() {
    let server = Server::start().await;
    let player = server.guest().await;
    for wrong in ["nonsense", &"A".repeat(32), &"A".repeat(2_000)] {
        let dial = Dial::new().format(Format::Json).ticket(wrong);
        server.upgrade(&dial).await.problem(401, "ticket_invalid");
    }
    // An access token is no ticket: as a subprotocol it would end up in logs.
    let word = player.access().replace('.', "_");
    let dial = Dial::new().format(Format::Json).ticket(&word);
    server.upgrade(&dial).await.problem(401, "ticket_invalid");
}

#[tokio::test]
async fn a_ticket_does_not_outlive_the_server() {
    let mut server = Server::start().await;
    let player = server.guest().await;
    let ticket = server.ticket(&player).await;
    server.restart(Stop::Drain).await;
    let dial = Dial::new().format(Format::Json).ticket(&ticket);
    server.upgrade(&dial).await.problem(401, "ticket_invalid");
}

#[tokio::test]
async fn a_ticket_is_refused_for_the_same_reasons_as_the_upgrade() {
    let server = Server::start().await;
    let player = server.guest().await;
    let page = "https://evil.example";
    let call = server.call(Method::POST, "/v1/ws-tickets").bearer_auth(player.access());
    let call = call.header("origin", page).json(&json!({}));
    server.answer(call).await.problem(403, "origin_refused");
    let dial = Dial::new().bearer(&player).header("origin", page);
    server.upgrade(&dial).await.problem(403, "origin_refused");
    let mut sockets = Vec::new();
    for _ in 0..5 {
        sockets.push(server.socket_of(&player, Format::Json).await);
    }
    server.post_as(&player, "/v1/ws-tickets", json!({})).await.problem(429, "too_many_sockets");
    server.upgrade(&Dial::new().bearer(&player)).await.problem(429, "too_many_sockets");
    for socket in &mut sockets {
        socket.alive().await;
    }
    // Another player still comes in, and a place that is free again can be taken.
    server.connect(Format::Json).await.alive().await;
    sockets.pop().unwrap().close().await;
    let back =
        async { while server.post_as(&player, "/v1/ws-tickets", json!({})).await.status != 200 {} };
    tokio::time::timeout(e2e::BOUND, back).await.expect("a place for a socket");
    server.socket_of(&player, Format::Json).await.alive().await;
}
