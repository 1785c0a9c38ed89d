//! Who does too much is told so, and slows down nobody else.

use super::*;

#[tokio::test]
async fn inputs_over_the_budget_are_settled_as_dropped() {
    let server = with_bomb().start().await;
    let mut bystanders = Bystanders::in_a_room(&server).await;
    let room = bystanders.room.clone();
    let mut flood = server.connect(Format::Json).await;
    flood.join(&room).await;
    for seq in 1..=300 {
        flood.input(&room, seq, json!({ "add": 1 })).await;
    }
    let seen = flood.settled(&room, 300).await;
    let sum = seen.at("/sums/2").and_then(Value::as_u64).unwrap();
    // The burst is 60, and 30 a second flow back.
    assert!((60..300).contains(&sum), "{sum} of 300 passed");
    let rejected = flood.push("room.input_rejected").await;
    assert_eq!(rejected["code"], "rate_limited", "{rejected}");
    flood.alive().await;
    bystanders.notice_nothing().await;
}

#[tokio::test]
async fn sends_over_the_budget_are_refused_with_a_pause() {
    let server = Server::start().await;
    let mut ada = server.connect(Format::MsgPack).await;
    let mut bob = server.connect(Format::Json).await;
    let room = ada.create("relay").await;
    bob.join(&room).await;
    let mut ids = Vec::new();
    for n in 0..200 {
        ids.push(ada.begin("room.send", json!({ "room": room, "payload": n })).await);
    }
    let (mut passed, mut refused) = (0, 0);
    for id in ids {
        match ada.reply(id).await {
            Ok(_) => passed += 1,
            Err(error) => {
                refused += 1;
                assert_eq!(
                    (&error["code"], &error["temporary"]),
                    (&json!("rate_limited"), &json!(true))
                );
                assert!(error["retry_after_ms"].as_u64().is_some_and(|ms| ms > 0), "{error}");
            }
        }
    }
    assert!(passed >= 60 && refused > 0, "{passed} passed, {refused} refused");
    // What was let through arrived, and nothing else.
    bob.ok("room.send", json!({ "room": room, "payload": "end" })).await;
    ada.push("room.message").await;
    let mut arrived = 0;
    while arrived < passed {
        bob.push("room.message").await;
        arrived += 1;
    }
    bob.alive().await;
    assert!(!bob.has_push("room.message"), "more than {passed} arrived");
}

#[tokio::test]
async fn rooms_are_made_at_a_pace() {
    let server = Server::start().await;
    let mut ada = server.connect(Format::Json).await;
    let mut refused = None;
    for _ in 0..10 {
        if let Err(error) = ada.request("room.create", json!({ "game": "relay" })).await {
            refused = Some(error);
            break;
        }
    }
    let error = refused.expect("ten at once are too many");
    assert_eq!((&error["code"], &error["temporary"]), (&json!("rate_limited"), &json!(true)));
    assert!(error["retry_after_ms"].as_u64().is_some_and(|ms| ms > 0), "{error}");
    server.connect(Format::Json).await.create("relay").await;
}

#[tokio::test]
async fn a_player_makes_ten_live_rooms_at_most() {
    let server = Setup::new().unlimited().start().await;
    let mut ada = server.connect(Format::Json).await;
    let mut rooms = Vec::new();
    for _ in 0..10 {
        rooms.push(ada.create("relay").await);
    }
    ada.refused("room.create", json!({ "game": "relay" }), "rate_limited").await;
    server.connect(Format::Json).await.create("relay").await;
    ada.alive().await;
}

#[tokio::test]
async fn guests_of_one_address_are_made_at_a_pace_and_told_when() {
    let server = Server::start().await;
    let mut refused = None;
    for _ in 0..200 {
        let answer = server.post("/v1/auth/guest", json!({})).await;
        if answer.status != 200 {
            refused = Some(answer);
            break;
        }
    }
    let answer = refused.expect("sixty a minute");
    answer.problem(429, "rate_limited");
    assert!(
        answer.header("ratelimit").is_some() && answer.header("ratelimit-policy").is_some(),
        "{answer:?}"
    );
    server.get("/live").await.ok(200);
}

#[tokio::test]
async fn rates_can_be_lifted() {
    let server = Setup::new().unlimited().start().await;
    for _ in 0..150 {
        server.guest().await;
    }
    let told = server
        .log()
        .iter()
        .any(|line| line.contains("WARN") && line.to_lowercase().contains("rate"));
    assert!(told, "the log warns: {:?}", server.log());
}
