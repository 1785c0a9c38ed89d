//! Coming back after a cut: nothing that counts is lost or comes twice, and the others notice nothing.

use super::*;

#[tokio::test]
async fn a_cut_session_gets_its_seat_back_and_the_others_never_see_it_leave() {
    let server = with_bomb().start().await;
    let (mut ada, mut bob, room) = pair(&server, "bomb").await;
    bob.input(&room, 1, json!({ "add": 5 })).await;
    bob.settled(&room, 1).await;
    for seq in 1..=3 {
        let session = bob.welcome["session"].clone();
        let token = bob.resume_token().to_owned();
        bob.cut();
        ada.input(&room, seq, json!({ "add": 1 })).await;
        ada.settled(&room, seq).await;
        bob.resume(&server).await;
        assert_eq!((&bob.welcome["session"], &bob.welcome["complete"]), (&session, &json!(true)));
        assert_ne!(bob.resume_token(), token);
        let rooms = bob.welcome["rooms"].as_array().unwrap();
        assert_eq!(rooms.len(), 1);
        assert_eq!((&rooms[0]["seat"], &rooms[0]["input_seq"]), (&json!(1), &json!(seq)));
        assert_eq!(rooms[0]["players"].as_array().unwrap().len(), 2);
        assert_eq!(bob.welcome["channels"], json!([]));
        let seen = bob.view(&room, "the state", |_| true).await;
        assert_eq!(seen.at("/sums"), Some(&json!({ "0": seq, "1": 4 + seq })));
        // The sequence of inputs goes on.
        bob.input(&room, seq + 1, json!({ "add": 1 })).await;
        bob.settled(&room, seq + 1).await;
    }
    ada.view(&room, "all of it", |view| view.at("/sums") == Some(&json!({ "0": 3, "1": 8 }))).await;
    ada.alive().await;
    let noticed = ["room.left", "room.joined", "room.recovered"].map(|kind| ada.has_push(kind));
    assert_eq!(noticed, [false; 3]);
}

#[tokio::test]
async fn counted_frames_come_exactly_once_and_in_order() {
    let server = with_bomb().unlimited().start().await;
    for format in Format::BOTH {
        let mut ada = server.connect(Format::Json).await;
        let mut bob = server.connect(format).await;
        let room = ada.create("bomb").await;
        bob.join(&room).await;
        let (mut sent, mut got) = (0, 0);
        for round in 0..6 {
            for _ in 0..10 {
                sent += 1;
                ada.input(&room, sent, json!({ "event": sent })).await;
            }
            ada.settled(&room, sent).await;
            // Some are read before the cut, the others are in the kernel, in the outbox, or not said yet.
            for _ in 0..round {
                got += 1;
                assert_eq!(bob.push("room.event").await["event"], got);
            }
            bob.cut();
            if round % 2 == 0 {
                for _ in 0..5 {
                    sent += 1;
                    ada.input(&room, sent, json!({ "event": sent })).await;
                }
                ada.settled(&room, sent).await;
            }
            bob.resume(&server).await;
            assert_eq!(bob.welcome["complete"], true);
            // What had been read and not asked for stays in the backlog: the next one is the next one.
            while got < sent {
                got += 1;
                assert_eq!(
                    bob.push("room.event").await["event"],
                    got,
                    "{format:?} in round {round}"
                );
            }
        }
        bob.alive().await;
        assert!(!bob.has_push("room.event"), "{format:?}: one came twice");
    }
}

#[tokio::test]
async fn what_happened_meanwhile_is_told_in_order() {
    let server = Server::start().await;
    let (mut ada, mut bob, room) = pair(&server, "relay").await;
    bob.cut();
    for _ in 0..3 {
        let mut carol = server.connect(Format::Json).await;
        carol.join(&room).await;
        ada.push("room.joined").await;
        carol.close().await;
        ada.push("room.left").await;
    }
    bob.resume(&server).await;
    for _ in 0..3 {
        assert_eq!(bob.push("room.joined").await["seat"], 2);
        assert_eq!(bob.push("room.left").await["seat"], 2);
    }
    assert_eq!(bob.welcome["rooms"][0]["messages_lost"], false);
    bob.alive().await;
    assert!(!bob.has_push("room.joined") && !bob.has_push("room.left"));
}

#[tokio::test]
async fn requests_that_were_on_their_way_are_done_exactly_once() {
    let server = Setup::new().unlimited().start().await;
    for (round, format) in [0, 1, 2, 3].into_iter().zip(Format::BOTH.into_iter().cycle()) {
        let player = server.guest().await;
        let mut bob = server.socket_of(&player, format).await;
        let mut ids = Vec::new();
        for n in 0..8 {
            let metadata = json!({ "of": player.id(), "n": n });
            ids.push(
                bob.begin("room.create", json!({ "game": "relay", "metadata": metadata })).await,
            );
            // Cut before any reply, after one, in the middle.
            if n == round * 2 {
                if round > 0 {
                    bob.reply(ids[0]).await.expect("a room");
                }
                bob.cut();
                bob.resume(&server).await;
                assert_eq!(bob.welcome["complete"], true);
            }
        }
        let first = usize::from(round > 0);
        let mut rooms = Vec::new();
        for &id in &ids[first..] {
            rooms.push(bob.reply(id).await.expect("a room")["room"].clone());
        }
        let own = rooms_of(&server, &player).await;
        assert_eq!(own.len(), 8, "{format:?} in round {round}: {own:?}");
        assert_eq!(bob.ok("ping", json!({})).await["received"], bob.sent());
        for room in rooms {
            assert!(own.contains(&room), "{room} in {own:?}");
        }
    }
}

/// The rooms whose metadata names the player.
async fn rooms_of(server: &Server, player: &e2e::http::Player) -> Vec<Value> {
    let listed = server.get_as(player, "/v1/rooms?game=relay&limit=100").await.ok(200);
    let items = listed["items"].as_array().expect("items").iter();
    items
        .filter(|room| room["metadata"]["of"] == player.id())
        .map(|room| room["room"].clone())
        .collect()
}

#[tokio::test]
async fn a_session_that_is_resumed_elsewhere_closes_the_open_socket() {
    let server = with_bomb().start().await;
    let (mut ada, mut bob, room) = pair(&server, "bomb").await;
    let other = bob.player().to_owned();
    for seq in 1..=3 {
        let old = bob.resume(&server).await.expect("the former socket was open");
        let closed = old.closed().await;
        assert_eq!((closed.code, &closed.reason["code"]), (4009, &json!("resumed_elsewhere")));
        assert_eq!((bob.player(), &bob.welcome["complete"]), (other.as_str(), &json!(true)));
        bob.view(&room, "the state", |_| true).await;
        bob.input(&room, seq, json!({ "add": 1 })).await;
        bob.settled(&room, seq).await;
        ada.view(&room, "the input", |view| view.at("/sums/1") == Some(&json!(seq))).await;
    }
    assert!(!ada.has_push("room.left") && !ada.has_push("room.joined"));
}

#[tokio::test]
async fn another_session_of_the_same_player_is_not_touched() {
    let server = with_bomb().start().await;
    let player = server.guest().await;
    let mut one = server.socket_of(&player, Format::Json).await;
    let mut other = server.socket_of(&player, Format::Json).await;
    let (mine, theirs) = (one.create("bomb").await, other.create("bomb").await);
    one.cut();
    other.ticks(&theirs, 2).await;
    one.resume(&server).await;
    one.ticks(&mine, 2).await;
    other.ticks(&theirs, 2).await;
    assert!(!one.is_in(&theirs) && !other.is_in(&mine));
}

#[tokio::test]
async fn a_room_that_crashed_meanwhile_is_there_again() {
    let server = with_bomb().start().await;
    let (mut ada, mut bob, room) = pair(&server, "bomb").await;
    bob.input(&room, 1, json!({ "add": 3 })).await;
    let before = bob.settled(&room, 1).await;
    bob.cut();
    ada.input(&room, 1, json!({ "boom": "input" })).await;
    ada.push("room.recovered").await;
    bob.resume(&server).await;
    let recovered = bob.push("room.recovered").await;
    assert_eq!(recovered["epoch"], before.epoch + 1);
    let seen = bob.view(&room, "the new epoch", |view| view.epoch > before.epoch).await;
    assert_eq!(seen.at("/sums/1"), Some(&json!(3)));
    bob.input(&room, 2, json!({ "add": 1 })).await;
    assert_eq!(bob.settled(&room, 2).await.at("/sums/1"), Some(&json!(4)));
}

#[tokio::test]
async fn a_client_that_is_done_does_not_keep_its_seat() {
    let server = Server::start().await;
    let (mut ada, mut bob, room) = pair(&server, "relay").await;
    let (token, received) = (bob.resume_token().to_owned(), bob.received());
    bob.close().await;
    assert_eq!(ada.push("room.left").await, json!({ "room": room, "seat": 1 }));
    let dial = Dial::new().format(Format::MsgPack).resume(&token, received);
    server.upgrade(&dial).await.problem(401, "resume_unknown");
}
