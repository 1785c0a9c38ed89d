//! Joining rooms that a former process has saved: the session goes on meanwhile, and everything is answered once.

use gamev1_protocol::{ErrorCode, RoomId};

use super::{client::is_state, *};
use crate::{ask::Ask, lobby, room::RoomItem, session::joins::Search};

/// How long the store is behind its answers.
const SLOW: Duration = Duration::from_secs(1);

/// A world whose store is slow, and rooms that a former one has saved.
async fn saved(rooms: usize) -> (World, Vec<Value>) {
    let world = World::new().await;
    let mut codes = Vec::new();
    for n in 0..rooms {
        // Nobody may make more than ten.
        let mut maker = world.client(&format!("maker {n}")).await;
        let made = maker.call("room.create", json!({ "game": "sums" })).await.unwrap();
        codes.push(made["room"].clone());
    }
    let world = world.stop().await;
    world.rows.answer_within(SLOW);
    (world, codes)
}

fn of(room: &Value) -> Value {
    json!({ "room": room })
}

fn input(room: &Value, seq: u32, input: i64) -> Value {
    json!({ "room": room, "seq": seq, "input": input })
}

#[tokio::test(start_paused = true)]
async fn while_a_room_is_looked_for_its_session_plays_on_elsewhere() {
    let (world, rooms) = saved(1).await;
    let mut bob = world.client("bob").await;
    let own = bob.call("room.create", json!({ "game": "sums" })).await.unwrap()["room"].clone();
    let begun = Instant::now();
    let joined = bob.send("room.join", of(&rooms[0]));
    bob.tell("room.input", input(&own, 1, 5));
    bob.sees(&json!(0), 5).await;
    bob.call("ping", json!({})).await.unwrap();
    bob.call("room.leave", of(&own)).await.unwrap();
    assert!(begun.elapsed() < SLOW, "{:?}", begun.elapsed());

    assert_eq!(bob.reply(joined).await.unwrap()["seat"], 1);
    assert!(begun.elapsed() >= SLOW, "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn what_is_asked_of_a_room_right_behind_its_join_reaches_it_in_that_order() {
    let (world, rooms) = saved(1).await;
    let room = &rooms[0];
    let (mut bob, mut carol) = (world.client("bob").await, world.client("carol").await);
    carol.send("room.join", of(room));
    sleep(HEARD_BY).await;
    let joined = bob.send("room.join", of(room));
    bob.tell("room.input", input(room, 1, 5));
    let synced = bob.send("room.sync", of(room));
    let again = bob.send("room.join", of(room));
    bob.tell("room.send", json!({ "room": room, "payload": "hello" }));
    let left = bob.send("room.leave", of(room));
    let late = bob.send("room.sync", of(room));

    assert_eq!(bob.reply(joined).await.unwrap()["seat"], 2);
    assert_eq!(bob.reply(synced).await, Ok(json!({})));
    assert_eq!(bob.reply(again).await.unwrap_err()["code"], "already_joined");
    assert_eq!(bob.reply(left).await, Ok(json!({})));
    assert_eq!(bob.reply(late).await.unwrap_err()["code"], "not_joined");
    let refused = bob.all_within(SLOW).await;
    assert!(refused.iter().all(|frame| frame["type"] != "error"), "{refused:?}");
    let heard = carol.all_within(HEARD_BY).await;
    let heard: Vec<_> = heard.iter().filter(|it| !is_state(it)).map(|it| &it["type"]).collect();
    assert_eq!(heard[1..], ["room.joined", "room.message", "room.left"]);
}

#[tokio::test(start_paused = true)]
async fn in_an_outage_a_join_is_refused_and_all_behind_it_and_the_socket_stays() {
    let (world, rooms) = saved(1).await;
    let room = &rooms[0];
    let mut bob = world.client("bob").await;
    world.rows.set_away(true);
    let asked = [("room.join", of(room)), ("room.sync", of(room)), ("room.leave", of(room))];
    let ids: Vec<_> = asked.into_iter().map(|(kind, data)| bob.send(kind, data)).collect();
    for id in ids {
        let error = bob.reply(id).await.unwrap_err();
        assert_eq!((&error["code"], &error["temporary"]), (&json!("unavailable"), &json!(true)));
    }
    world.rows.set_away(false);
    assert_eq!(bob.call("room.join", of(room)).await.unwrap()["seat"], 1);
    assert!(!bob.is_closed());
}

#[tokio::test(start_paused = true)]
async fn a_session_waits_for_so_many_rooms_and_with_so_many_requests_and_for_no_more() {
    let (world, _) = saved(0).await;
    let mut bob = world.client("bob").await;
    let code = |n: u32| json!(format!("000000000{}", char::from_digit(n, 32).unwrap()));
    // Of Crockford's letters.
    let codes: Vec<_> = (0..17).map(code).collect();
    let ids: Vec<_> = codes.iter().map(|room| bob.send("room.join", of(room))).collect();
    sleep(HEARD_BY).await;
    let over = bob.reply(ids[16]).await.unwrap_err();
    assert_eq!((&over["code"], &over["temporary"]), (&json!("overloaded"), &json!(true)));
    let held: Vec<_> = (16..64).map(|_| bob.send("room.sync", of(&codes[0]))).collect();
    sleep(HEARD_BY).await;
    assert_eq!(bob.refusal("room.sync", of(&codes[0])).await, "overloaded");
    let other = of(&code(20));
    assert_eq!(bob.refusal("room.join", other).await, "overloaded");

    for id in ids[..16].iter().chain(&held) {
        assert_eq!(bob.reply(*id).await.unwrap_err()["code"], "room_not_found");
    }
    let begun = Instant::now();
    assert_eq!(bob.refusal("room.join", of(&codes[16])).await, "room_not_found");
    assert!(begun.elapsed() < 2 * SLOW, "none waits any more");
}

#[tokio::test(start_paused = true)]
async fn a_session_that_dies_while_it_waits_for_a_room_answers_its_join_all_the_same() {
    let (world, rooms) = saved(1).await;
    let room = &rooms[0];
    let (mut bob, mut carol) = (world.client("bob").await, world.client("carol").await);
    let joined = bob.send("room.join", of(room));
    bob.tell("room.input", input(room, 1, 5));
    sleep(HEARD_BY).await;
    bob.session.actor.get().unwrap().kill();
    sleep(Duration::from_millis(100)).await;
    bob.tell("room.input", input(room, 2, 6));
    let synced = bob.send("room.sync", of(room));

    assert_eq!(bob.reply(joined).await.unwrap()["seat"], 1);
    assert_eq!(bob.reply(synced).await, Ok(json!({})));
    carol.call("room.join", of(room)).await.unwrap();
    carol.sees(&json!(1), 11).await;
    assert!(!bob.is_closed());
    let twice = bob.all_within(SLOW).await;
    assert!(twice.iter().all(|frame| frame["id"] != joined), "{twice:?}");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_comes_back_while_its_join_waits_is_told_that_it_was_taken_up_and_gets_it() {
    let (world, rooms) = saved(1).await;
    let mut bob = world.client("bob").await;
    let joined = bob.send("room.join", of(&rooms[0]));
    sleep(HEARD_BY).await;
    bob.cut();
    let welcome = bob.resume(&world).await.unwrap();
    assert_eq!((&welcome["received"], &welcome["complete"]), (&json!(1), &json!(true)));
    assert_eq!(welcome["rooms"], json!([]));
    assert_eq!(bob.reply(joined).await.unwrap()["seat"], 1);
    bob.cut();
    assert_eq!(bob.resume(&world).await.unwrap()["rooms"][0]["seat"], 1);
}

#[tokio::test(start_paused = true)]
async fn a_stop_waits_for_a_join_that_is_on_its_way_and_refuses_one_that_is_not_done_by_then() {
    for slow in [Duration::from_millis(100), Duration::from_secs(20)] {
        let (world, rooms) = saved(1).await;
        world.rows.answer_within(slow);
        let mut bob = world.client("bob").await;
        let joined = bob.send("room.join", of(&rooms[0]));
        let synced = bob.send("room.sync", of(&rooms[0]));
        sleep(HEARD_BY).await;
        // What was asked of it before is that long on its way all the same.
        world.rows.answer_within(Duration::ZERO);
        let world = world.stop().await;

        bob.all_within(HEARD_BY).await;
        let answers: Vec<_> = bob.counted.iter().filter(|frame| frame["id"].is_u64()).collect();
        let ids: Vec<_> = answers.iter().map(|frame| frame["id"].as_u64().unwrap()).collect();
        assert_eq!(ids, [joined, synced], "{slow:?}");
        let refused: Vec<_> =
            answers.iter().map(|frame| frame["error"]["code"] == "unavailable").collect();
        assert_eq!(refused, [slow > Duration::from_secs(1); 2]);
        let sits = usize::from(slow < Duration::from_secs(1));
        let welcome = bob.resume(&world).await.unwrap();
        assert_eq!((&welcome["received"], &welcome["complete"]), (&json!(2), &json!(true)));
        assert_eq!(welcome["rooms"].as_array().unwrap().len(), sits, "{slow:?}");
        // Nobody else has lost a seat over it.
        let mut carol = world.client("carol").await;
        let joined = carol.call("room.join", of(&rooms[0])).await.unwrap();
        assert_eq!(joined["players"].as_array().unwrap().len(), 2 + sits);
    }
}

#[tokio::test(start_paused = true)]
async fn a_session_that_ends_while_its_join_waits_takes_no_seat_and_leaves_nothing() {
    let (world, rooms) = saved(1).await;
    let mut bob = world.client("bob").await;
    bob.send("room.join", of(&rooms[0]));
    sleep(HEARD_BY).await;
    bob.done();
    let session = std::sync::Arc::downgrade(&bob.session);
    drop(bob);
    sleep(2 * SLOW).await;
    assert_eq!(session.strong_count(), 0);
    let mut carol = world.client("carol").await;
    let joined = carol.call("room.join", of(&rooms[0])).await.unwrap();
    assert_eq!(joined["players"].as_array().unwrap().len(), 2, "the maker's seat and its own");
}

#[tokio::test(start_paused = true)]
async fn a_saved_room_that_is_looked_up_is_here_or_it_is_said_why_not() {
    let (world, rooms) = saved(1).await;
    let room = serde_json::from_value(rooms[0].clone()).unwrap();
    world.rows.set_away(true);
    let error = lobby::find(world.vault(), room).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::Unavailable);
    world.rows.set_away(false);
    let found = lobby::find(world.vault(), room).await.unwrap();
    assert_eq!((found.room, found.players), (room, 1));
    let unknown = lobby::find(world.vault(), gamev1_protocol::RoomId::from_bits(1)).await;
    assert_eq!(unknown.unwrap_err().code, ErrorCode::RoomNotFound);
}

#[tokio::test(start_paused = true)]
async fn a_join_is_answered_though_the_search_for_its_room_breaks_off() {
    let (world, _) = saved(0).await;
    let mut bob = world.client("bob").await;
    let session = bob.session.clone();
    let ask = Ask { session: session.clone(), id: Some(77), request: "room.join", traced: None };
    let join = RoomItem::Join { ask, reserved: false };
    let search = Search::begin(&session, RoomId::from_bits(7), join, 1);
    drop(search.map_err(|(_, error)| error).unwrap());
    assert_eq!(bob.reply(77).await.unwrap_err()["code"], "internal");
    assert!(!session.joins.any());
    bob.call("ping", json!({})).await.unwrap();
}
