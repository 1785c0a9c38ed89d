//! What a client asks for and gets, and how fast it may.

use super::{client::is_state, *};
use crate::{
    ports::{RoomRecord, Sanction, SanctionKind},
    vault::Rate,
};

#[tokio::test(start_paused = true)]
async fn a_ping_is_answered_with_what_the_server_has_counted() {
    let world = World::new().await;
    let mut client = world.client("alice").await;
    assert_eq!(client.call("ping", json!({})).await.unwrap()["received"], 0);
    client.refusal("room.join", json!({ "room": "0000000000" })).await;
    client.tell("room.input", json!({ "room": "0000000000", "seq": 1, "input": 1 }));
    assert_eq!(client.expect("error").await["request"], "room.input");
    let pong = client.call("ping", json!({ "received": 1 })).await.unwrap();
    assert_eq!(pong["received"], 1, "neither a ping nor an input counts");
    assert!(!client.session.outbox.keeps_from(0), "what was confirmed is forgotten");
    assert!(client.session.outbox.keeps_from(1));
}

#[tokio::test(start_paused = true)]
async fn what_is_not_there_is_named_in_the_refusal_and_the_socket_stays() {
    let world = World::new().await;
    let mut client = world.client("alice").await;
    for kind in ["room.join", "room.leave", "room.sync"] {
        let code = client.refusal(kind, json!({ "room": "0000000000" })).await;
        assert_eq!(code, "room_not_found", "{kind}");
    }
    for kind in ["room.create", "room.match"] {
        assert_eq!(client.refusal(kind, json!({ "game": "chess" })).await, "game_not_found");
    }
    let error = client.call("room.create", json!({ "game": "sums", "options": { "hx": 1 } }));
    let error = error.await.unwrap_err();
    assert_eq!(error["code"], "bad_request");
    assert_eq!(error["details"]["pointer"], "/data/options/hx");
    assert_eq!(client.refusal("room.dance", json!({})).await, "unknown_type");
    client.put("{\"id\": 1");
    assert_eq!(client.closed().await, CloseCode::NotAnEnvelope);
}

#[tokio::test(start_paused = true)]
async fn the_reply_to_a_join_comes_before_all_else_of_the_room_and_the_first_state_is_a_snapshot() {
    let world = World::new().await;
    let mut alice = world.client("alice").await;
    let options = json!({ "hz": 20 });
    alice.send("room.create", json!({ "game": "sums", "options": options }));
    let reply = alice.recv().await;
    let room = reply["data"]["room"].clone();
    assert_eq!((&reply["id"], &reply["data"]["seat"]), (&json!(1), &json!(0)));
    assert_eq!((&reply["data"]["input_seq"], &reply["data"]["tick_hz"]), (&json!(0), &json!(20)));
    let snapshot = alice.recv().await;
    assert_eq!(snapshot["type"], "room.snapshot");
    assert_eq!(snapshot["data"]["epoch"], reply["data"]["epoch"]);

    let mut bob = world.client("bob").await;
    bob.send("room.join", json!({ "room": room }));
    let frames = bob.all_within(Duration::from_millis(200)).await;
    assert_eq!(frames[0]["data"]["players"].as_array().unwrap().len(), 2);
    assert_eq!(frames[1]["type"], "room.snapshot");
    assert!(frames[2..].iter().all(|frame| frame["type"] == "room.delta"), "{frames:?}");
    let joined = alice.expect("room.joined").await;
    assert_eq!((&joined["seat"], &joined["username"]), (&json!(1), &json!("bob")));
}

#[tokio::test(start_paused = true)]
async fn after_the_reply_to_a_leave_nothing_of_that_room_comes() {
    let world = World::new().await;
    let (mut alice, mut bob) = (world.client("alice").await, world.client("bob").await);
    let create = json!({ "game": "sums", "options": { "hz": 20 } });
    let room = alice.call("room.create", create).await.unwrap()["room"].clone();
    let seat = bob.call("room.join", json!({ "room": room })).await.unwrap()["seat"].clone();
    sleep(Duration::from_millis(500)).await;

    assert_eq!(bob.call("room.leave", json!({ "room": room })).await, Ok(json!({})));

    let late = bob.all_within(Duration::from_secs(1)).await;
    let after = late.iter().position(|frame| !is_state(frame));
    assert_eq!((after, late.last().map(is_state)), (None, late.last().map(|_| true)));
    assert_eq!(alice.expect("room.left").await["seat"], seat);
    for kind in ["room.leave", "room.sync"] {
        assert_eq!(bob.refusal(kind, json!({ "room": room })).await, "not_joined", "{kind}");
    }
    let input = json!({ "room": room, "seq": 1, "input": 1 });
    assert_eq!(bob.refusal("room.input", input).await, "not_joined");
    let send = json!({ "room": room, "payload": 1 });
    assert_eq!(bob.refusal("room.send", send).await, "not_joined");
}

#[tokio::test(start_paused = true)]
async fn a_match_fills_open_rooms_of_equal_options_and_metadata_and_then_makes_one() {
    let world = World::new().await;
    let wanted = json!({ "game": "sums", "options": { "seats": 2 }, "where": { "map": "a" } });
    let mut rooms = Vec::new();
    let mut clients = Vec::new();
    for name in ["alice", "bob", "carol"] {
        let mut client = world.client(name).await;
        rooms.push(client.call("room.match", wanted.clone()).await.unwrap());
        clients.push(client);
    }
    assert_eq!(rooms[0]["room"], rooms[1]["room"]);
    assert_ne!(rooms[1]["room"], rooms[2]["room"], "the first one is full");
    assert_eq!((&rooms[0]["seat"], &rooms[1]["seat"]), (&json!(0), &json!(1)));
    assert_eq!(rooms[2]["metadata"], json!({ "map": "a" }));

    let other = json!({ "game": "sums", "options": { "seats": 2 }, "where": { "map": "b" } });
    let elsewhere = clients[0].call("room.match", other).await.unwrap();
    assert!(rooms.iter().all(|room| room["room"] != elsewhere["room"]));
    let again = clients[2].call("room.match", wanted).await.unwrap();
    assert_ne!(again["room"], rooms[2]["room"], "it sits there already");
    assert_eq!(world.vault().counts().rooms, 4);
}

#[tokio::test(start_paused = true)]
async fn a_full_room_says_so_until_somebody_leaves_and_a_private_one_is_not_matched() {
    let world = World::new().await;
    let (mut alice, mut bob) = (world.client("alice").await, world.client("bob").await);
    let create = json!({ "game": "sums", "players_max": 1, "private": true });
    let room = alice.call("room.create", create).await.unwrap()["room"].clone();
    let join = json!({ "room": room });
    assert_eq!(alice.refusal("room.join", join.clone()).await, "already_joined");
    assert_eq!(bob.refusal("room.join", join.clone()).await, "room_full");
    alice.call("room.leave", join.clone()).await.unwrap();
    let matched = bob.call("room.match", json!({ "game": "sums" })).await.unwrap();
    assert_ne!(matched["room"], room);
    assert_eq!(bob.call("room.join", join).await.unwrap()["seat"], 0);
}

#[tokio::test(start_paused = true)]
async fn a_session_sits_in_as_many_rooms_as_it_may_and_a_seat_moves_to_the_players_newer_session() {
    let limits = Limits { rooms_per_session: 1, creates: None, ..Limits::default() };
    let world = World::with(limits).await;
    let identity = world.identity("alice");
    let mut old = world.client_with(identity.clone(), Format::Json).await;
    let mut new = world.client_with(identity, Format::Json).await;
    let create = json!({ "game": "sums" });
    let room = old.call("room.create", create.clone()).await.unwrap()["room"].clone();
    assert_eq!(old.refusal("room.create", create.clone()).await, "conflict");

    let other = new.call("room.create", create).await.unwrap()["room"].clone();
    let join = json!({ "room": room });
    assert_eq!(new.refusal("room.join", join.clone()).await, "conflict", "it is full");
    new.call("room.leave", json!({ "room": other })).await.unwrap();
    assert_eq!(new.call("room.join", join.clone()).await.unwrap()["seat"], 0);
    assert_eq!(old.expect("room.closed").await["reason"], "moved");
    assert_eq!(old.refusal("room.leave", join).await, "not_joined");
}

#[tokio::test(start_paused = true)]
async fn inputs_over_the_rate_are_settled_as_dropped_and_told() {
    let gameplay = Some(Rate { per_second: 30.0, burst: 60 });
    let world = World::with(Limits { gameplay, ..Limits::default() }).await;
    let mut client = world.client("alice").await;
    let create = json!({ "game": "sums", "options": { "hz": 20 } });
    let room = client.call("room.create", create).await.unwrap()["room"].clone();
    for seq in 1..=100 {
        client.tell("room.input", json!({ "room": room, "seq": seq, "input": 1 }));
        if seq % 50 == 0 {
            sleep(HEARD_BY).await;
        }
    }
    client.sees(&json!(0), 60).await;
    client.find(|frame| is_state(frame) && frame["data"]["ack"] == 100).await;
    let rejected = client.expect("room.input_rejected").await;
    assert_eq!((&rejected["seq"], &rejected["code"]), (&json!(61), &json!("rate_limited")));
    let send = json!({ "room": room, "payload": 1 });
    // What has flowed back meanwhile is soon spent.
    let mut refused = Ok(json!(null));
    for _ in 0..20 {
        refused = client.call("room.send", send.clone()).await;
        if refused.is_err() {
            break;
        }
    }
    let error = refused.unwrap_err();
    assert_eq!(error["code"], "rate_limited");
    sleep(Duration::from_millis(error["retry_after_ms"].as_u64().unwrap())).await;
    client.call("room.send", send).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn ten_seconds_over_the_rate_without_a_pause_close_the_socket_with_4029() {
    let gameplay = Some(Rate { per_second: 30.0, burst: 60 });
    let world = World::with(Limits { gameplay, ..Limits::default() }).await;
    let mut client = world.client("alice").await;
    let create = json!({ "game": "sums", "options": { "hz": 20 } });
    let room = client.call("room.create", create).await.unwrap()["room"].clone();
    let began = Instant::now();
    for seq in 1..=2_000 {
        client.tell("room.input", json!({ "room": room, "seq": seq, "input": 1 }));
        sleep(Duration::from_millis(10)).await;
        client.all_within(Duration::ZERO).await;
        if client.is_closed() {
            break;
        }
    }
    assert_eq!(client.closed().await, CloseCode::RateLimited);
    // 60 at once and 30 a second of 100 a second: over the rate from 0.86 s on.
    let closed = began.elapsed().as_secs_f64();
    assert!((10.5..12.0).contains(&closed), "after {closed} s");
}

#[tokio::test(start_paused = true)]
async fn rooms_are_made_at_the_rate_and_in_the_number_that_a_player_may() {
    let world = World::with(Limits { rooms_per_player: 7, ..Limits::default() }).await;
    let mut client = world.client("alice").await;
    let create = json!({ "game": "sums" });
    for _ in 0..5 {
        client.call("room.create", create.clone()).await.unwrap();
    }
    let error = client.call("room.create", create.clone()).await.unwrap_err();
    assert_eq!((&error["code"], &error["temporary"]), (&json!("rate_limited"), &json!(true)));
    sleep(Duration::from_millis(error["retry_after_ms"].as_u64().unwrap())).await;
    client.call("room.create", create.clone()).await.unwrap();
    sleep(Duration::from_secs(10)).await;
    client.call("room.create", create.clone()).await.unwrap();
    let error = client.call("room.create", create).await.unwrap_err();
    assert!(error["message"].as_str().unwrap().contains("7 are allowed"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_stay_is_written_from_its_seat_to_its_end() {
    let world = World::new().await;
    let mut client = world.client("alice").await;
    client.call("room.create", json!({ "game": "sums" })).await.unwrap();
    client.done();
    sleep(Duration::from_secs(61)).await;
    assert_eq!(world.vault().counts().rooms, 0);
    let rows = world.rows.records();
    let kinds: Vec<_> = rows
        .iter()
        .map(|row| match row {
            RoomRecord::Opened { .. } => "opened",
            RoomRecord::SeatTaken { .. } => "taken",
            RoomRecord::SeatLeft { .. } => "left",
            RoomRecord::Closed { reason, .. } => reason.as_ref(),
        })
        .collect();
    assert_eq!(kinds, ["opened", "taken", "left", "empty"]);
}

#[tokio::test(start_paused = true)]
async fn a_player_who_has_just_been_banned_refreshes_no_token_and_opens_no_session() {
    let world = World::new().await;
    let identity = world.identity("mallory");
    let mut client = world.client_with(identity.clone(), Format::Json).await;
    let token = world.token(identity.clone());
    let (player, at) = (identity.player, SystemTime::now());
    let (id, kind, reason) = (uuid::Uuid::now_v7(), SanctionKind::Ban, "x".to_owned());
    let ban = Sanction { id, player, kind, until: None, reason, by: None, at };
    // As seen by one who was past the door before the sockets were closed.
    world.vault().bans.change(|banned| banned.add(ban));
    let code = client.refusal("auth.refresh", json!({ "access_token": token })).await;
    assert_eq!(code, "banned");
    let mut late = world.client_with(identity, Format::Json).await;
    assert_eq!(late.closed().await, CloseCode::Banned);
    client.cut();
    assert!(client.resume(&world).await.is_err() || client.closed().await == CloseCode::Banned);
}
