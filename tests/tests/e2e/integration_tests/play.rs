//! Two players in one game.

use super::*;

const STILL: [i32; 2] = [0, 0];

fn steer(of: [i32; 2]) -> Value {
    json!({ "move": of, "aim": 0, "fire": false })
}

#[tokio::test]
async fn two_players_in_an_arena_see_each_other_move_and_shoot() {
    let server = Server::start().await;
    let mut ada = server.connect(Format::Json).await;
    let mut bob = server.connect(Format::MsgPack).await;
    let room = ada.create("arena").await;
    bob.join(&room).await;
    let mut players = [ada, bob];
    for (mover, watcher) in [(0, 1), (1, 0)] {
        let ship = format!("/ships/{mover}");
        let mut from = None;
        // Whatever way a wall stands in, another is free.
        for (seq, way) in [[1, 0], [-1, 0], [0, 1], [0, -1]].into_iter().enumerate() {
            let seq = 2 * seq as u64 + 1;
            let before =
                players[watcher].view(&room, "the ship", |view| view.at(&ship).is_some()).await;
            let place = before.at(&ship).cloned().unwrap();
            players[mover].input(&room, seq, steer(way)).await;
            let end = before.tick + 8;
            let moved = |view: &e2e::client::RoomView| {
                view.at(&ship).is_some_and(|ship| ship[0] != place[0] || ship[1] != place[1])
            };
            let seen = players[watcher]
                .view(&room, "the ship to move", |view| moved(view) || view.tick >= end);
            let seen = seen.await;
            players[mover].input(&room, seq + 1, steer(STILL)).await;
            let own = players[mover].settled(&room, seq + 1).await;
            assert_eq!(own.ack, seq + 1);
            if moved(&seen) {
                from = Some(place);
                break;
            }
        }
        assert!(from.is_some(), "{watcher} sees {mover} move");
    }
    let [mut ada, mut bob] = players;
    ada.input(&room, 20, json!({ "move": STILL, "aim": 1, "fire": true })).await;
    let shot = |view: &e2e::client::RoomView| {
        view.at("/shots").and_then(Value::as_object).is_some_and(|shots| !shots.is_empty())
    };
    bob.view(&room, "a shot", shot).await;
    ada.alive().await;
    bob.alive().await;
}

#[tokio::test]
async fn a_relay_brings_any_payload_to_both_formats_as_it_was() {
    let server = Setup::new().unlimited().start().await;
    let mut clients = Vec::new();
    for format in [Format::Json, Format::MsgPack, Format::Json, Format::MsgPack] {
        clients.push(server.connect(format).await);
    }
    let room = clients[0].create("relay").await;
    for client in &mut clients[1..] {
        client.join(&room).await;
    }
    let payloads = [
        json!("text"),
        json!(null),
        json!(true),
        json!(0),
        json!(-1),
        json!(9_007_199_254_740_991_i64),
        json!(-9_007_199_254_740_991_i64),
        json!(0.1),
        json!(-1.5e-7),
        json!(""),
        json!("quotes \" and \\ and \u{0} and \u{2028} and ü and 🚀"),
        json!([]),
        json!({}),
        json!([1, "two", [3.5, null], { "four": { "five": false } }]),
        json!({ "room": "not this one", "type": "session.welcome", "id": 7 }),
        json!("x".repeat(15_000)),
    ];
    for payload in payloads {
        for from in 0..clients.len() {
            clients[from].ok("room.send", json!({ "room": room, "payload": payload })).await;
            for to in (0..clients.len()).filter(|&to| to != from) {
                let message = clients[to].push("room.message").await;
                assert_eq!(
                    message,
                    json!({ "room": room, "from": from, "payload": payload }),
                    "to {to}"
                );
            }
        }
    }
    for client in &mut clients {
        client.alive().await;
        assert!(
            !client.has_push("room.message"),
            "one's own does not come back, and none comes twice"
        );
    }
}

#[tokio::test]
async fn a_send_reaches_the_seats_that_are_named_and_no_others() {
    let server = Server::start().await;
    let mut clients = Vec::new();
    for _ in 0..2 {
        for format in Format::BOTH {
            clients.push(server.connect(format).await);
        }
    }
    let room = clients[0].create("relay").await;
    for client in &mut clients[1..] {
        client.join(&room).await;
    }
    // Seats that nobody has are nobody's; naming one twice sends once; one's own may be named.
    for (n, to) in [json!([1]), json!([2, 3, 9]), json!([3, 3]), json!([]), json!([0, 1])]
        .into_iter()
        .enumerate()
    {
        clients[0].ok("room.send", json!({ "room": room, "payload": n, "to": to })).await;
    }
    clients[0].ok("room.send", json!({ "room": room, "payload": "all" })).await;
    for (seat, expected) in
        [(1, vec![json!(0), json!(4)]), (2, vec![json!(1)]), (3, vec![json!(1), json!(2)])]
    {
        let mut got = Vec::new();
        loop {
            let payload = clients[seat].push("room.message").await["payload"].clone();
            if payload == "all" {
                break;
            }
            got.push(payload);
        }
        assert_eq!(got, expected, "seat {seat}");
    }
    assert_eq!(clients[0].push("room.message").await["payload"], 4);
}

#[tokio::test]
async fn a_room_of_a_server_that_was_stopped_is_shown_and_new_ones_begin() {
    let mut server = Server::start().await;
    let mut ada = server.connect(Format::Json).await;
    let room = ada.create("arena").await;
    ada.input(&room, 1, steer([1, 0])).await;
    ada.settled(&room, 1).await;
    server.restart(Stop::Drain).await;
    let player = server.guest().await;
    let shown = server.get_as(&player, &format!("/v1/rooms/{room}")).await.ok(200);
    assert_eq!((&shown["game"], &shown["players"]), (&json!("arena"), &json!(1)), "{shown}");
    let mut ada = server.socket_of(&player, Format::Json).await;
    let room = ada.create("arena").await;
    ada.view(&room, "a state", |view| view.at("/ships/0").is_some()).await;
}

#[tokio::test]
async fn a_game_that_is_over_tells_its_result_and_closes_the_room() {
    let server = with_bomb().start().await;
    let mut ada = server.connect(Format::Json).await;
    let mut bob = server.connect(Format::MsgPack).await;
    let room = ada.create("bomb").await;
    bob.join(&room).await;
    let result = json!({ "winner": 1, "score": [3, 2] });
    bob.input(&room, 1, json!({ "end": result })).await;
    for client in [&mut ada, &mut bob] {
        assert_eq!(client.push("room.ended").await, json!({ "room": room, "result": result }));
        let closed = client.push("room.closed").await;
        assert_eq!((&closed["room"], &closed["reason"]), (&json!(room), &json!("ended")));
        assert_eq!(closed["result"], result);
        let input = json!({ "room": room, "seq": 2, "input": {} });
        client.refused("room.input", input, "room_not_found").await;
        client.refused("room.join", json!({ "room": room }), "room_not_found").await;
        let next = client.create("bomb").await;
        client.ticks(&next, 1).await;
    }
}
