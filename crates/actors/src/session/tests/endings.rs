//! The end of a game is told when it is stored: what a client knows of it outlives the process.

use super::{world::OVER, *};
use crate::ports::RoomRecord;

/// How long the store is behind its answers.
const SLOW: Duration = Duration::from_secs(1);

/// Two members of a room whose game has just ended, with a store that answers later.
async fn ending(world: &World) -> (Client, Client, Value) {
    let (mut ada, mut bob) = (world.client("ada").await, world.client("bob").await);
    let room = ada.call("room.create", json!({ "game": "sums" })).await.unwrap()["room"].clone();
    bob.call("room.join", json!({ "room": room })).await.unwrap();
    sleep(SLOW).await;
    world.rows.answer_within(SLOW);
    ada.tell("room.input", json!({ "room": room, "seq": 1, "input": 7 }));
    ada.tell("room.input", json!({ "room": room, "seq": 2, "input": OVER }));
    (ada, bob, room)
}

fn ends(world: &World) -> usize {
    let closed = |row: &&RoomRecord| matches!(row, RoomRecord::Closed { .. });
    world.rows.records().iter().filter(closed).count()
}

/// What both are told of the end, once they are.
async fn told(client: &mut Client, room: &Value) {
    let result = json!({ "0": 7, "1": 0 });
    assert_eq!(client.expect("room.ended").await, json!({ "room": room, "result": result }));
    let closed = client.expect("room.closed").await;
    assert_eq!((&closed["reason"], &closed["result"]), (&json!("ended"), &result));
}

async fn told_no_more(client: &mut Client) {
    let more = client.all_within(SLOW).await;
    let of_an_end = |it: &Value| matches!(it["type"].as_str(), Some("room.ended" | "room.closed"));
    assert!(!more.iter().any(of_an_end), "{more:?}");
}

#[tokio::test(start_paused = true)]
async fn members_hear_of_the_end_when_it_is_stored_and_are_refused_meanwhile() {
    let world = World::new().await;
    let (mut ada, mut bob, room) = ending(&world).await;
    let begun = Instant::now();
    let of = json!({ "room": room });
    let refused = ada.call("room.sync", of.clone()).await.unwrap_err();
    assert_eq!(
        (&refused["code"], &refused["details"]),
        (&json!("room_closed"), &json!({ "reason": "ended" }))
    );
    let left = bob.send("room.leave", of.clone());
    let mut carol = world.client("carol").await;
    assert_eq!(carol.refusal("room.join", of.clone()).await, "room_closed");
    assert!(begun.elapsed() < SLOW, "{:?}", begun.elapsed());

    told(&mut ada, &room).await;
    assert!(begun.elapsed() + HEARD_BY >= SLOW, "{:?}", begun.elapsed());
    let first = bob.find(|frame| frame["id"] == left || frame["type"] == "room.closed").await;
    assert_eq!(
        first["type"], "room.closed",
        "after the reply to a leave nothing of the room comes"
    );
    bob.expect("room.ended").await;
    assert_eq!(bob.reply(left).await, Ok(json!({})), "who leaves has left");
    for client in [&mut ada, &mut bob] {
        assert_eq!(client.refusal("room.join", of.clone()).await, "room_not_found");
        told_no_more(client).await;
    }
    assert_eq!(ends(&world), 1);
}

#[tokio::test(start_paused = true)]
async fn while_the_store_fails_nobody_waits_for_it() {
    let world = World::new().await;
    world.rows.set_away(true);
    let (mut ada, mut bob, room) = ending(&world).await;
    let begun = Instant::now();
    for client in [&mut ada, &mut bob] {
        told(client, &room).await;
    }
    // An attempt is made every second at most, and its failure is as late as all answers.
    assert!(begun.elapsed() <= 2 * SLOW + HEARD_BY, "{:?}", begun.elapsed());
    // Its row waits in the queue: nobody brings it back.
    assert_eq!(ada.refusal("room.join", json!({ "room": room })).await, "room_not_found");
}

#[tokio::test(start_paused = true)]
async fn who_is_cut_or_whose_session_crashes_meanwhile_hears_of_it_once() {
    let world = World::new().await;
    let (mut ada, mut bob, room) = ending(&world).await;
    sleep(HEARD_BY).await;
    ada.cut();
    let registry = &world.vault().registry;
    assert!(registry.named(&format!("session:{}", bob.session.id)).unwrap().crash());
    assert!(registry.named("store").unwrap().crash());
    ada.resume(&world).await.unwrap();
    for client in [&mut ada, &mut bob] {
        told(client, &room).await;
        told_no_more(client).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_stop_in_order_tells_them_before_it_sends_them_away() {
    let world = World::new().await;
    let (mut ada, _bob, room) = ending(&world).await;
    sleep(HEARD_BY).await;
    let world = world.stop().await;
    assert_eq!(ends(&world), 1);
    told(&mut ada, &room).await;
    assert_eq!(ada.resume(&world).await.unwrap()["rooms"], json!([]));
}

#[tokio::test(start_paused = true)]
async fn a_room_that_has_ended_is_not_started_again_and_is_in_nobodys_way() {
    let world = World::with(Limits { rooms_per_player: 1, ..Limits::default() }).await;
    let (mut ada, _bob, room) = ending(&world).await;
    sleep(HEARD_BY).await;
    let rooms = world.vault().registry.named("rooms").unwrap();
    let incarnation = rooms.incarnation();
    assert!(rooms.crash());
    ada.call("room.create", json!({ "game": "sums" })).await.unwrap();
    assert!(rooms.incarnation() > incarnation);
    told(&mut ada, &room).await;
    assert_eq!(ada.refusal("room.join", json!({ "room": room })).await, "room_not_found");
}
