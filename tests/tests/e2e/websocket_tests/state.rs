//! State: snapshots, deltas, `ack`, and asking for a snapshot.

use std::collections::BTreeMap;

use e2e::merge_patch::merge;

use super::*;

/// The view at each tick that the client was told of, put together from the frames alone.
fn views(client: &Client, room: &str) -> BTreeMap<u64, Value> {
    let mut views = BTreeMap::new();
    let mut view = Value::Null;
    for frame in client.history.iter().filter(|frame| frame["data"]["room"] == room) {
        match frame["type"].as_str() {
            Some("room.snapshot") => view = frame["data"]["state"].clone(),
            Some("room.delta") => merge(&mut view, &frame["data"]["patch"]),
            _ => continue,
        }
        views.insert(frame["data"]["tick"].as_u64().unwrap(), view.clone());
    }
    views
}

fn has_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(members) => members.values().any(has_null),
        _ => false,
    }
}

#[tokio::test]
async fn both_formats_show_the_same_at_every_tick() {
    let server = with_bomb().start().await;
    let (mut ada, mut bob, room) = pair(&server, "bomb").await;
    for seq in 1..=8 {
        ada.input(&room, seq, json!({ "add": seq })).await;
        bob.input(&room, seq, json!({ "add": 1 })).await;
        ada.settled(&room, seq).await;
    }
    bob.settled(&room, 8).await;
    let tick = ada.room(&room).tick.max(bob.room(&room).tick) + 2;
    for client in [&mut ada, &mut bob] {
        client.view(&room, "the same tick", |view| view.tick >= tick).await;
    }
    let (of_ada, of_bob) = (views(&ada, &room), views(&bob, &room));
    let both: Vec<_> = of_ada.keys().filter(|tick| of_bob.contains_key(tick)).collect();
    assert!(both.len() >= 3, "{:?} and {:?}", of_ada.keys(), of_bob.keys());
    for tick in both {
        assert_eq!(of_ada[tick], of_bob[tick], "at tick {tick}");
        assert!(!has_null(&of_ada[tick]), "null means gone, and nothing else: {}", of_ada[tick]);
    }
    let last = ada.room(&room).state.clone().unwrap();
    assert_eq!(last["sums"], json!({ "0": 36, "1": 8 }));
}

#[tokio::test]
async fn a_seat_that_is_gone_is_gone_from_the_view() {
    let server = Server::start().await;
    let (mut ada, mut bob, room) = pair(&server, "arena").await;
    let both = |view: &e2e::client::RoomView| {
        ["/ships/0", "/ships/1"].iter().all(|ship| view.at(ship).is_some())
    };
    ada.view(&room, "two ships", both).await;
    bob.view(&room, "two ships", both).await;
    bob.ok("room.leave", json!({ "room": room })).await;
    let view = ada.view(&room, "one ship", |view| view.at("/ships/1").is_none()).await;
    assert!(view.at("/ships/0").is_some(), "{view:?}");
}

#[tokio::test]
async fn a_newcomers_snapshot_is_what_the_others_have_from_deltas() {
    let server = Server::start().await;
    let (mut ada, mut bob, room) = pair(&server, "arena").await;
    let mut compared = 0;
    // A member whose socket was busy has no frame of just that tick: then the next newcomer is looked at.
    for attempt in 1..=10 {
        for seq in 5 * attempt - 4..=5 * attempt {
            let (aim, fire) = (0.1 * seq as f64, seq % 3 == 0);
            ada.input(&room, seq, json!({ "move": [0.3, 0.6], "aim": aim, "fire": fire })).await;
            bob.input(&room, seq, json!({ "move": [-0.5, 0.1], "aim": aim, "fire": false })).await;
            ada.settled(&room, seq).await;
        }
        let mut carol = server.connect(Format::Json).await;
        carol.join(&room).await;
        carol.view(&room, "a state", |_| true).await;
        let (tick, snapshot) = views(&carol, &room).pop_first().unwrap();
        carol.ok("room.leave", json!({ "room": room })).await;
        for client in [&mut ada, &mut bob] {
            client.view(&room, "the newcomer's tick", |view| view.tick > tick).await;
            if let Some(view) = views(client, &room).get(&tick) {
                assert_eq!(view, &snapshot, "at tick {tick}");
                compared += 1;
            }
        }
        if compared >= 4 {
            break;
        }
    }
    assert!(compared >= 4, "compared {compared} times");
    assert_eq!(
        (ada.room(&room).snapshots, bob.room(&room).snapshots),
        (1, 1),
        "the rest came in deltas"
    );
}

#[tokio::test]
async fn ack_tells_each_member_how_far_its_own_inputs_are_settled() {
    let server = with_bomb().start().await;
    let (mut ada, mut bob, room) = pair(&server, "bomb").await;
    assert_eq!(ada.view(&room, "a state", |_| true).await.ack, 0);
    ada.input(&room, 1, json!({ "add": 1 })).await;
    ada.input(&room, 2, json!({ "add": 1 })).await;
    let seen = ada.settled(&room, 2).await;
    assert_eq!((seen.ack, seen.at("/sums/0")), (2, Some(&json!(2))));
    let seen = bob.view(&room, "the input", |view| view.at("/sums/0") == Some(&json!(2))).await;
    assert_eq!(seen.ack, 0, "bob has sent none");
    // One that is not above the last is ignored; a gap is not a mistake.
    for seq in [1, 2, 2] {
        ada.input(&room, seq, json!({ "add": 100 })).await;
    }
    ada.input(&room, 7, json!({ "add": 5 })).await;
    let seen = ada.settled(&room, 7).await;
    assert_eq!((seen.ack, seen.at("/sums/0")), (7, Some(&json!(7))));
    let reply =
        ada.ok("room.input", json!({ "room": room, "seq": 8, "input": { "add": 1 } })).await;
    assert_eq!(reply, json!({}));
    assert!(!ada.has_push("room.input_rejected"));
}

#[tokio::test]
async fn a_snapshot_may_be_asked_for_once_a_second() {
    let server = with_bomb().start().await;
    let (mut ada, mut bob, room) = pair(&server, "bomb").await;
    for client in [&mut ada, &mut bob] {
        let before = client.ticks(&room, 2).await;
        assert_eq!(client.ok("room.sync", json!({ "room": room })).await, json!({}));
        client.view(&room, "a snapshot", |view| view.snapshots == before.snapshots + 1).await;
        let reply = client.history.iter().rposition(|frame| frame["id"].is_u64()).unwrap();
        let states = ["room.snapshot", "room.delta"].map(Value::from);
        let next =
            client.history[reply..].iter().find(|frame| states.contains(&frame["type"])).unwrap();
        assert_eq!(next["type"], "room.snapshot", "the next state is a snapshot");
        let error = client.refused("room.sync", json!({ "room": room }), "rate_limited").await;
        let wait = error["retry_after_ms"].as_u64().unwrap();
        assert!((1..=1_000).contains(&wait) && error["temporary"] == true, "{error}");
        client.ticks(&room, 2).await;
        assert_eq!(client.room(&room).snapshots, before.snapshots + 1);
    }
}

#[tokio::test]
async fn a_quiet_room_sends_no_frames_and_an_ack_alone_is_an_empty_patch() {
    let server = Server::start().await;
    let mut ada = server.connect(Format::Json).await;
    let room = ada.create("arena").await;
    ada.view(&room, "a state", |_| true).await;
    // The ship stands still and stays so: the second input changes nothing but the ack.
    for seq in 1..=2 {
        ada.input(&room, seq, json!({ "move": [0, 0], "aim": 0, "fire": false })).await;
        ada.settled(&room, seq).await;
    }
    ada.input(&room, 3, json!({ "move": [0, 0], "aim": 0, "fire": false })).await;
    ada.settled(&room, 3).await;
    let last = ada.history.iter().rfind(|frame| frame["type"] == "room.delta").unwrap();
    assert_eq!(last["data"]["patch"], json!({}), "{last}");
}
