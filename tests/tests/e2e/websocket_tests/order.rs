//! The order of frames. That the first state is a snapshot, that each delta follows the last state and that nothing
//! comes of a room that one is not in, the client holds every frame against.

use super::*;

/// Where in the history the frames are that name the room, or are the reply.
fn of_room(client: &Client, room: &str) -> Vec<String> {
    let names = |frame: &&Value| frame["data"]["room"] == room;
    let kind = |frame: &Value| match frame["type"].as_str() {
        Some(kind) => kind.to_owned(),
        None => "reply".to_owned(),
    };
    client.history.iter().filter(names).map(kind).collect()
}

#[tokio::test]
async fn the_reply_comes_first_and_the_first_state_is_a_snapshot() {
    let server = with_bomb().start().await;
    for game in ["arena", "bomb"] {
        let mut ada = server.connect(Format::Json).await;
        let joined = ada.ok("room.create", json!({ "game": game })).await;
        let room = joined["room"].as_str().unwrap();
        ada.view(room, "a state", |_| true).await;
        assert_eq!(of_room(&ada, room)[..2], ["reply", "room.snapshot"], "{game}");
        for format in Format::BOTH {
            let mut bob = server.connect(format).await;
            bob.join(room).await;
            bob.view(room, "a state", |_| true).await;
            assert_eq!(of_room(&bob, room)[..2], ["reply", "room.snapshot"], "{game}");
            let mut carol = server.connect(format).await;
            let matched = carol.ok("room.match", json!({ "game": game })).await;
            assert_eq!(matched["room"], room, "the one open room");
            carol.view(room, "a state", |_| true).await;
            assert_eq!(of_room(&carol, room)[..2], ["reply", "room.snapshot"], "{game}");
        }
    }
}

#[tokio::test]
async fn the_reply_to_a_join_says_everything_about_the_room() {
    let server = Server::start().await;
    let mut ada = server.connect(Format::Json).await;
    let metadata = json!({ "map": "desert", "rank": 3 });
    let joined = ada.ok("room.create", json!({ "game": "arena", "metadata": metadata })).await;
    let room = joined["room"].as_str().unwrap().to_owned();
    assert!(
        room.len() == 10 && room.chars().all(|c| "0123456789ABCDEFGHJKMNPQRSTVWXYZ".contains(c)),
        "{room}"
    );
    assert_eq!((&joined["game"], &joined["metadata"]), (&json!("arena"), &metadata));
    assert_eq!(
        (&joined["tick_hz"], &joined["seat"], &joined["input_seq"]),
        (&json!(20), &json!(0), &json!(0))
    );
    assert_eq!(joined["keep_messages"], false);
    assert!(
        joined["n"].is_u64() && joined["epoch"].is_u64() && joined["patch_hz"].is_u64(),
        "{joined}"
    );
    let player = ada.welcome["player"].clone();
    let seat = json!({ "seat": 0, "player": player["id"], "username": player["username"] });
    assert_eq!(joined["players"], json!([seat]));

    let mut bob = server.connect(Format::MsgPack).await;
    // A code that is read out is forgiven its case.
    let joined = bob.join(&room.to_lowercase()).await;
    assert_eq!(
        (&joined["room"], &joined["seat"], &joined["n"]),
        (&json!(room), &json!(1), &ada.room(&room).joined["n"])
    );
    let player = bob.welcome["player"].clone();
    let other = json!({ "seat": 1, "player": player["id"], "username": player["username"] });
    assert_eq!(joined["players"], json!([seat, other]));
    let mut told = other;
    told["room"] = json!(room);
    assert_eq!(ada.push("room.joined").await, told);
}

#[tokio::test]
async fn nothing_of_a_room_comes_after_the_reply_to_the_leave() {
    let server = with_bomb().start().await;
    let (mut ada, mut bob, room) = pair(&server, "bomb").await;
    bob.ticks(&room, 3).await;
    let reply = bob.ok("room.leave", json!({ "room": room })).await;
    assert_eq!(reply, json!({}));
    assert_eq!(ada.push("room.left").await, json!({ "room": room, "seat": 1 }));
    // The room goes on for the other one. What came to this one since, the client would have panicked at.
    ada.ticks(&room, 5).await;
    bob.alive().await;
    bob.refused("room.leave", json!({ "room": room }), "not_joined").await;
    bob.refused("room.sync", json!({ "room": room }), "not_joined").await;
    // The seat is free again.
    assert_eq!(bob.join(&room).await["seat"], 1);
    bob.view(&room, "a state", |_| true).await;
}

#[tokio::test]
async fn what_a_tick_says_comes_before_the_state_of_that_tick() {
    let server = with_bomb().start().await;
    let (mut ada, mut bob, room) = pair(&server, "bomb").await;
    for client in [&mut ada, &mut bob] {
        client.view(&room, "a state", |_| true).await;
    }
    for seq in 1..=10 {
        ada.input(&room, seq, json!({ "event": { "n": seq } })).await;
        ada.settled(&room, seq).await;
    }
    for client in [&mut ada, &mut bob] {
        for _ in 0..10 {
            client.push("room.event").await;
        }
        client.ticks(&room, 2).await;
        let (mut held, mut seen) = (0, 0);
        for frame in client.history.iter().filter(|frame| frame["data"]["room"] == room) {
            let Some(tick) = frame["data"]["tick"].as_u64() else { continue };
            if frame["type"] == "room.event" {
                seen += 1;
                assert_eq!(frame["data"]["event"]["n"], seen, "in order, each once");
                assert!(tick > held, "an event of tick {tick} after the state of tick {held}");
            } else {
                held = tick;
            }
        }
        assert_eq!(seen, 10);
    }
}

#[tokio::test]
async fn inputs_are_applied_in_the_order_sent() {
    let server = with_bomb().unlimited().start().await;
    let (mut ada, mut bob, room) = pair(&server, "bomb").await;
    for seq in 1..=300 {
        ada.input(&room, seq, json!({ "event": seq, "add": 1 })).await;
    }
    for client in [&mut ada, &mut bob] {
        for seq in 1..=300 {
            assert_eq!(client.push("room.event").await["event"], seq);
        }
    }
    assert_eq!(ada.settled(&room, 300).await.at("/sums/0"), Some(&json!(300)));
}

#[tokio::test]
async fn sends_arrive_in_the_order_sent() {
    let server = Setup::new().unlimited().start().await;
    let (mut ada, mut bob, room) = pair(&server, "relay").await;
    for n in 0..500 {
        ada.tell("room.send", json!({ "room": room, "payload": { "n": n } })).await;
        bob.tell("room.send", json!({ "room": room, "payload": [n] })).await;
    }
    for n in 0..500 {
        let message = bob.push("room.message").await;
        assert_eq!(message, json!({ "room": room, "from": 0, "payload": { "n": n } }));
        assert_eq!(ada.push("room.message").await["payload"], json!([n]));
    }
    ada.alive().await;
    bob.alive().await;
    assert!(!ada.has_push("room.message") && !bob.has_push("room.message"), "each once");
}

#[tokio::test]
async fn requests_of_one_socket_start_in_the_order_sent() {
    let server = Server::start().await;
    for format in Format::BOTH {
        let (mut ada, _bob, room) = pair(&server, "relay").await;
        let mut carol = server.connect(format).await;
        // None waits for the reply to the one before.
        let join = carol.begin("room.join", json!({ "room": room })).await;
        let send = carol.begin("room.send", json!({ "room": room, "payload": "hello" })).await;
        let leave = carol.begin("room.leave", json!({ "room": room })).await;
        let again = carol.begin("room.join", json!({ "room": room })).await;
        for id in [join, send, leave, again] {
            carol.reply(id).await.unwrap_or_else(|error| panic!("{format:?} {id}: {error}"));
        }
        assert_eq!(ada.push("room.joined").await["seat"], 2);
        assert_eq!(ada.push("room.message").await["payload"], "hello");
        assert_eq!(ada.push("room.left").await["seat"], 2);
        assert_eq!(ada.push("room.joined").await["seat"], 2);
    }
}
