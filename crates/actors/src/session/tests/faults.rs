//! What a crash or an end of the session, of the lobby, of the whole tree means to a client.

use super::*;
use crate::shutdown::Kept;

#[tokio::test(start_paused = true)]
async fn a_request_that_crashes_the_session_is_answered_internal_and_the_session_goes_on() {
    let world = World::new().await;
    let mut alice = world.client("alice").await;
    let room = alice.call("room.create", json!({ "game": "sums" })).await.unwrap()["room"].clone();
    let poison = alice.send("auth.refresh", json!({ "access_token": "panic" }));
    alice.tell("room.input", json!({ "room": room, "seq": 1, "input": 5 }));
    let behind = alice.send("ping", json!({}));

    let error = alice.reply(poison).await.unwrap_err();

    assert_eq!((&error["code"], &error["temporary"]), (&json!("internal"), &json!(true)));
    assert_eq!(alice.reply(behind).await.unwrap()["received"], 2);
    alice.sees(&json!(0), 5).await;
    let twice = alice.all_within(Duration::from_secs(5)).await;
    assert!(twice.iter().all(|frame| frame["id"] != poison), "{twice:?}");
    assert_eq!(alice.call("room.leave", json!({ "room": room })).await, Ok(json!({})));
}

#[tokio::test(start_paused = true)]
async fn a_session_that_is_killed_at_a_request_answers_it_and_goes_on() {
    let world = World::new().await;
    let mut alice = world.client("alice").await;
    let held = alice.send("auth.refresh", json!({ "access_token": "never" }));
    let behind = alice.send("ping", json!({}));
    sleep(HEARD_BY).await;

    alice.session.actor.get().unwrap().kill();

    assert_eq!(alice.reply(held).await.unwrap_err()["code"], "internal");
    alice.reply(behind).await.unwrap();
    alice.session.actor.get().unwrap().kill();
    sleep(HEARD_BY).await;
    alice.call("ping", json!({})).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_session_that_crashes_while_its_client_is_away_still_ends_when_the_window_is_over() {
    let world = World::new().await;
    let mut alice = world.client("alice").await;
    alice.cut();
    sleep(Duration::from_secs(10)).await;
    alice.session.actor.get().unwrap().kill();
    sleep(Duration::from_secs(40)).await;
    assert_eq!(world.vault().counts().sessions, 0);
}

#[tokio::test(start_paused = true)]
async fn a_session_that_crashes_too_often_closes_with_1011_and_leaves_its_rooms() {
    let world = World::new().await;
    let (mut alice, mut bob) = (world.client("alice").await, world.client("bob").await);
    let room = alice.call("room.create", json!({ "game": "sums" })).await.unwrap()["room"].clone();
    bob.call("room.join", json!({ "room": room })).await.unwrap();
    for _ in 0..3 {
        let poison = alice.send("auth.refresh", json!({ "access_token": "panic" }));
        assert_eq!(alice.reply(poison).await.unwrap_err()["code"], "internal");
    }

    alice.send("auth.refresh", json!({ "access_token": "panic" }));

    assert_eq!(alice.closed().await, CloseCode::SessionFailed);
    assert_eq!(bob.expect("room.left").await["seat"], 0);
    assert_eq!(world.vault().counts().sessions, 1);
}

#[tokio::test(start_paused = true)]
async fn a_session_whose_token_ends_closes_with_4001_and_leaves_its_rooms() {
    let world = World::new().await;
    let mut identity = world.identity("alice");
    identity.expires_at = SystemTime::now() + Duration::from_secs(100);
    let mut alice = world.client_with(identity.clone(), Format::Json).await;
    let mut bob = world.client("bob").await;
    let room = alice.call("room.create", json!({ "game": "sums" })).await.unwrap()["room"].clone();
    bob.call("room.join", json!({ "room": room })).await.unwrap();
    // The wall clock does not move with the paused one: the token that is taken over has ended already.
    identity.expires_at = SystemTime::now() - Duration::from_secs(1);
    let access_token = world.token(identity);
    alice.call("auth.refresh", json!({ "access_token": access_token })).await.unwrap();

    sleep(Duration::from_secs(101)).await;

    assert_eq!(alice.closed().await, CloseCode::SignedOut);
    assert_eq!(bob.expect("room.left").await["seat"], 0);
    assert_eq!(alice.resume(&world).await, Err(ResumeError::Unknown));
}

#[tokio::test(start_paused = true)]
async fn a_refresh_moves_the_end_of_the_session_for_a_token_of_the_same_player_alone() {
    let world = World::new().await;
    let mut identity = world.identity("alice");
    identity.expires_at = SystemTime::now() + Duration::from_secs(100);
    let mut alice = world.client_with(identity.clone(), Format::Json).await;
    let before = alice.session.expires_at();
    for (token, code) in [
        (world.token(world.identity("mallory")), "unauthenticated"),
        ("forged".to_owned(), "token_revoked"),
        ("never".to_owned(), "timeout"),
    ] {
        let data = json!({ "access_token": token });
        assert_eq!(alice.refusal("auth.refresh", data).await, code);
    }
    assert_eq!(alice.session.expires_at(), before);
    identity.expires_at = before + Duration::from_secs(500);
    let data = json!({ "access_token": world.token(identity.clone()) });
    let expires_in = alice.call("auth.refresh", data).await.unwrap()["expires_in"].clone();
    assert!((590..=600).contains(&expires_in.as_u64().unwrap()), "{expires_in}");
    assert_eq!(alice.session.expires_at(), identity.expires_at);
}

#[tokio::test(start_paused = true)]
async fn a_game_that_panics_over_its_options_costs_nobody_else_anything() {
    let world = World::new().await;
    let (mut alice, mut mallory) = (world.client("alice").await, world.client("mallory").await);
    let create = json!({ "game": "sums", "options": { "hz": 20 } });
    let room = alice.call("room.create", create).await.unwrap()["room"].clone();
    alice.tell("room.input", json!({ "room": room, "seq": 1, "input": 5 }));
    alice.sees(&json!(0), 5).await;
    // More than the lobby may restart, and its supervisor.
    for _ in 0..50 {
        let unlucky = json!({ "game": "sums", "options": { "unlucky": true } });
        assert_eq!(mallory.refusal("room.create", unlucky).await, "internal");
    }
    sleep(Duration::from_secs(1)).await;
    alice.tell("room.input", json!({ "room": room, "seq": 2, "input": 5 }));
    alice.sees(&json!(0), 10).await;
    assert!(!alice.is_closed());
}

#[tokio::test(start_paused = true)]
async fn a_join_that_its_room_dies_of_takes_neither_a_seat_nor_a_place_of_the_session() {
    let world = World::with(Limits { rooms_per_session: 1, ..Limits::default() }).await;
    let (mut alice, mut bob) = (world.client("alice").await, world.client("trapped").await);
    let create = json!({ "game": "sums", "players_max": 2, "options": { "trap": true } });
    let room = alice.call("room.create", create).await.unwrap()["room"].clone();
    assert_eq!(bob.refusal("room.join", json!({ "room": room })).await, "internal");
    let own = bob.call("room.create", json!({ "game": "sums" })).await.unwrap()["room"].clone();
    assert_ne!(own, room);
    let mut carol = world.client("carol").await;
    assert_eq!(carol.call("room.join", json!({ "room": room })).await.unwrap()["seat"], 1);
}

#[tokio::test(start_paused = true)]
async fn a_supervisor_of_rooms_or_sessions_that_ends_takes_nothing_from_anyone() {
    let world = World::new().await;
    let (mut alice, mut bob) = (world.client("alice").await, world.client("bob").await);
    let create = json!({ "game": "sums", "options": { "hz": 20 } });
    let room = alice.call("room.create", create).await.unwrap()["room"].clone();
    bob.call("room.join", json!({ "room": room })).await.unwrap();
    alice.tell("room.input", json!({ "room": room, "seq": 1, "input": 5 }));
    bob.sees(&json!(0), 5).await;
    for slot in [&world.vault().room_supervisor, &world.vault().session_supervisor] {
        slot.get().unwrap().stop(None);
        sleep(Duration::from_secs(1)).await;
    }
    let recovered = alice.expect("room.recovered").await;
    assert_eq!((&recovered["ticks_lost"], &recovered["inputs_lost"]), (&json!(0), &json!(0)));
    alice.tell("room.input", json!({ "room": room, "seq": 2, "input": 7 }));
    let state = bob.sees(&json!(0), 12).await;
    assert!(state["ack"].is_u64());
    assert!(!alice.is_closed() && !bob.is_closed());
}

#[tokio::test(start_paused = true)]
async fn a_stop_tells_everyone_to_come_back_and_leaves_nothing_unwritten() {
    let world = World::new().await;
    let mut alice = world.client("alice").await;
    alice.call("room.create", json!({ "game": "sums" })).await.unwrap();
    let World { system, rows, .. } = world;

    let kept = timeout(PATIENCE, system.stop(Duration::from_secs(10))).await.unwrap();

    assert_eq!(kept, Kept::Stored);
    let away = alice.expect("session.going_away").await;
    assert_eq!((&away["reason"], &away["after_ms"]), (&json!("shutdown"), &json!(1_000)));
    assert_eq!(alice.closed().await, CloseCode::GoingAway);
    assert_eq!(rows.records().len(), 2, "opened and taken: the seat is kept");
}
