//! A server that ends and starts again: players come back to their seats, after a stop in order with everything, after
//! a death without a word with what was saved last.

use std::sync::Arc;

use e2e::client::Dial;
use rusqlite_lock::hold_the_database;
use tokio::{task::JoinSet, time::Instant};

use super::*;

mod rusqlite_lock;

/// Ticks by which a seat that was just taken is saved: a second, and some for a machine that is busy.
const SAVED_BY: u64 = 40;

async fn pair(server: &Server, game: &str) -> (Client, Client, String) {
    let mut ada = server.connect(Format::Json).await;
    let mut bob = server.connect(Format::MsgPack).await;
    let room = ada.create(game).await;
    bob.join(&room).await;
    (ada, bob, room)
}

#[tokio::test]
async fn after_a_death_without_a_word_members_have_their_seats_and_the_room_goes_on() {
    let mut server = with_bomb().start().await;
    let (mut ada, mut bob, room) = pair(&server, "bomb").await;
    ada.input(&room, 1, json!({ "add": 7 })).await;
    let tick = ada.settled(&room, 1).await.tick;
    assert!(tick > 0);
    ada.ticks(&room, SAVED_BY).await;
    let epoch = ada.room(&room).epoch;

    server.restart(Stop::Kill).await;

    for client in [&mut ada, &mut bob] {
        let session = client.welcome["session"].clone();
        client.cut();
        client.resume(&server).await;
        assert_eq!(client.welcome["session"], session);
        assert_eq!(client.welcome["complete"], false, "{}", client.welcome);
        let rooms = client.welcome["rooms"].as_array().unwrap();
        assert_eq!(rooms.len(), 1, "{rooms:?}");
        assert_eq!(rooms[0]["players"].as_array().unwrap().len(), 2);
    }
    assert_eq!((ada.room(&room).seat(), bob.room(&room).seat()), (0, 1));
    let view = bob.view(&room, "the state", |_| true).await;
    assert_eq!(view.at("/sums"), Some(&json!({ "0": 7, "1": 0 })));
    assert!(view.epoch > epoch, "{} after {epoch}", view.epoch);
    // Nothing of it was made twice or left out since.
    assert_eq!(view.at("/beats"), Some(&json!(view.tick)));
    let seq = ada.room(&room).joined["input_seq"].as_u64().unwrap() + 1;
    ada.input(&room, seq, json!({ "add": 1 })).await;
    assert_eq!(ada.settled(&room, seq).await.at("/sums/0"), Some(&json!(8)));
    ada.alive().await;
    assert!(!ada.has_push("room.left"));
    // It can be found and joined again as well.
    let mut cyd = server.connect(Format::Json).await;
    cyd.join(&room).await;
}

#[tokio::test]
async fn a_token_of_before_the_death_is_good_once() {
    let mut server = with_bomb().start().await;
    let (mut ada, _bob, room) = pair(&server, "bomb").await;
    ada.ticks(&room, SAVED_BY).await;
    server.restart(Stop::Kill).await;
    let token = ada.resume_token().to_owned();
    ada.cut();
    ada.resume(&server).await;
    let again = server.upgrade(&Dial::new().resume(&token, 0)).await;
    again.problem(401, "resume_unknown");
    ada.alive().await;
}

#[tokio::test]
async fn after_a_stop_in_order_nothing_that_counts_is_lost_or_comes_twice() {
    let mut server = with_bomb().unlimited().start().await;
    let (mut ada, mut bob, room) = pair(&server, "bomb").await;
    for seq in 1..=20 {
        ada.input(&room, seq, json!({ "add": 1, "event": seq })).await;
    }
    ada.settled(&room, 20).await;
    for seq in 1..=10 {
        assert_eq!(bob.push("room.event").await["event"], seq);
    }

    server.restart(Stop::Drain).await;

    for client in [&mut ada, &mut bob] {
        client.cut();
        client.resume(&server).await;
        assert_eq!(client.welcome["complete"], true, "{}", client.welcome);
    }
    for seq in 11..=20 {
        assert_eq!(bob.push("room.event").await["event"], seq);
    }
    let view = bob.view(&room, "the state", |_| true).await;
    assert_eq!(view.at("/sums"), Some(&json!({ "0": 20, "1": 0 })));
    assert_eq!(view.at("/beats"), Some(&json!(view.tick)), "a tick was lost or made twice");
    assert_eq!(ada.room(&room).joined["input_seq"], 20);
    ada.input(&room, 21, json!({ "event": "after" })).await;
    ada.settled(&room, 21).await;
    assert_eq!(bob.push("room.event").await["event"], "after");
    bob.alive().await;
    assert!(!bob.has_push("room.event") && !bob.has_push("room.left"));
}

#[tokio::test]
async fn members_of_a_relay_have_their_seats_again() {
    let mut server = with_bomb().start().await;
    let (mut ada, mut bob, room) = pair(&server, "relay").await;
    server.restart(Stop::Drain).await;
    for client in [&mut ada, &mut bob] {
        client.cut();
        client.resume(&server).await;
    }
    ada.tell("room.send", json!({ "room": room, "payload": "still here" })).await;
    assert_eq!(bob.push("room.message").await["payload"], "still here");
}

#[tokio::test]
async fn a_session_without_a_room_resumes_over_a_stop_in_order_and_not_over_a_death() {
    let mut server = with_bomb().start().await;
    let mut ada = server.connect(Format::Json).await;
    server.restart(Stop::Drain).await;
    ada.cut();
    ada.resume(&server).await;
    assert_eq!(ada.welcome["complete"], true);
    server.restart(Stop::Kill).await;
    let dial = Dial::new().resume(ada.resume_token(), ada.received());
    server.upgrade(&dial).await.problem(401, "resume_unknown");
}

#[tokio::test]
async fn without_the_database_everything_is_spooled_and_read_at_the_next_start() {
    let mut server = with_bomb().arg("--drain-budget").arg("2s").start().await;
    let (mut ada, mut bob, room) = pair(&server, "bomb").await;
    ada.input(&room, 1, json!({ "add": 3, "event": "kept" })).await;
    ada.settled(&room, 1).await;

    let held = hold_the_database(&server.data_dir());
    server.terminate();
    assert_eq!(server.ended().await.code(), Some(0));
    drop(held);
    let spool = std::fs::read_dir(server.data_dir().join("spool")).unwrap();
    assert_eq!(spool.count(), 1);

    server.start_again().await;
    for client in [&mut ada, &mut bob] {
        client.cut();
        client.resume(&server).await;
        assert_eq!(client.welcome["complete"], true, "{}", client.welcome);
    }
    assert_eq!(bob.push("room.event").await["event"], "kept");
    let view = bob.view(&room, "the state", |_| true).await;
    assert_eq!(view.at("/sums/0"), Some(&json!(3)));
    assert_eq!(std::fs::read_dir(server.data_dir().join("spool")).unwrap().count(), 0);
}

#[tokio::test]
async fn an_upgraded_game_goes_on_with_rooms_that_it_reads_and_closes_the_others() {
    let mut server = with_bomb().start().await;
    let mut ada = server.connect(Format::Json).await;
    let mut rooms = Vec::new();
    for migrates in [true, false] {
        let wish = json!({ "game": "bomb", "options": { "migrates": migrates } });
        let room = ada.ok("room.create", wish).await["room"].as_str().unwrap().to_owned();
        ada.input(&room, 1, json!({ "add": 5 })).await;
        ada.settled(&room, 1).await;
        rooms.push(room);
    }

    server.restart_as(env!("CARGO_BIN_EXE_gamev1-e2e-next")).await;

    ada.cut();
    ada.resume(&server).await;
    let welcomed = ada.welcome["rooms"].as_array().unwrap();
    assert_eq!((welcomed.len(), &welcomed[0]["room"]), (1, &json!(rooms[0])));
    let closed = ada.push("room.closed").await;
    assert_eq!((&closed["room"], &closed["reason"]), (&json!(rooms[1]), &json!("upgraded")));
    let view = ada.view(&rooms[0], "the state", |_| true).await;
    assert_eq!(view.at("/sums/0"), Some(&json!(5)));
    ada.refused("room.join", json!({ "room": rooms[1] }), "room_not_found").await;
}

/// The members of a new room, each with what was settled of its inputs.
async fn table(server: &Server, format: Format, members: usize) -> Vec<(Client, String, u64)> {
    let mut first = server.connect(format).await;
    let room = first.create("bomb").await;
    let mut players = vec![(first, room.clone(), 0)];
    for _ in 1..members {
        let mut member = server.connect(format).await;
        member.join(&room).await;
        players.push((member, room.clone(), 0));
    }
    for (client, room, settled) in &mut players {
        client.input(room, 1, json!({ "add": 1 })).await;
        *settled = client.settled(room, 1).await.ack;
    }
    players
}

/// Players who are in the middle of a game when the server is replaced.
#[tokio::test]
async fn a_deploy_under_load_loses_nothing_and_everybody_is_back_in_the_seat() {
    const ROOMS: usize = 25;
    const MEMBERS: usize = 8;
    let server = Arc::new(with_bomb().unlimited().start().await);
    let mut rooms = JoinSet::new();
    for at in 0..ROOMS {
        let server = server.clone();
        rooms.spawn(async move { table(&server, Format::BOTH[at % 2], MEMBERS).await });
    }
    let players: Vec<_> = rooms.join_all().await.into_iter().flatten().collect();
    let mut server = Arc::into_inner(server).unwrap();

    let stopped = Instant::now();
    server.restart(Stop::Drain).await;
    let up = stopped.elapsed();

    let mut back = JoinSet::new();
    let server = Arc::new(server);
    for (mut client, room, settled) in players {
        let server = server.clone();
        back.spawn(async move {
            let seat = client.room(&room).seat();
            client.cut();
            client.resume(&server).await;
            let view = client.view(&room, "the state", |_| true).await;
            assert_eq!((client.welcome["complete"].as_bool(), view.seat()), (Some(true), seat));
            assert!(view.ack >= settled, "an input that was settled is lost");
            let sums = view.at("/sums").unwrap().as_object().unwrap();
            assert!(sums.len() == MEMBERS && sums.values().all(|sum| *sum == 1), "{sums:?}");
            stopped.elapsed()
        });
    }
    let mut gaps = back.join_all().await;
    gaps.sort();
    assert_eq!(gaps.len(), ROOMS * MEMBERS);
    let at = |share: usize| gaps[(gaps.len() - 1) * share / 100];
    println!(
        "deploy: ready after {up:?}; gap p50 {:?}, p99 {:?}, max {:?}",
        at(50),
        at(99),
        at(100)
    );
}
