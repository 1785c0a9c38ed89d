//! Coming back: the seat is kept, nothing is lost or done twice, and what does not come back in time leaves.

use std::sync::Arc;

use super::*;
use crate::ports::ResumeClaim;

async fn two_in_a_room(world: &World, options: Value) -> (Client, Client, Value) {
    let (mut alice, mut bob) = (world.client("alice").await, world.client("bob").await);
    let create = json!({ "game": "sums", "options": options });
    let room = alice.call("room.create", create).await.unwrap()["room"].clone();
    bob.call("room.join", json!({ "room": room })).await.unwrap();
    (alice, bob, room)
}

#[tokio::test(start_paused = true)]
async fn whoever_comes_back_within_the_window_keeps_the_seat_and_gets_what_was_missed_once() {
    let world = World::new().await;
    let (mut alice, mut bob, room) = two_in_a_room(&world, json!({ "hz": 20 })).await;
    alice.tell("room.input", json!({ "room": room, "seq": 1, "input": 5 }));
    bob.sees(&json!(0), 5).await;
    alice.all_within(Duration::from_millis(100)).await;
    let had = alice.counted.len();

    alice.cut();
    sleep(Duration::from_secs(29)).await;
    let mut carol = world.client("carol").await;
    carol.call("room.join", json!({ "room": room })).await.unwrap();
    carol.call("room.leave", json!({ "room": room })).await.unwrap();
    let session = alice.session.id;
    let welcome = alice.resume(&world).await.unwrap();

    assert_eq!((&welcome["resumed"], &welcome["complete"]), (&json!(true), &json!(true)));
    assert_eq!((&welcome["session"], &welcome["received"]), (&json!(session), &json!(1)));
    let seat = &welcome["rooms"][0];
    assert_eq!((&seat["room"], &seat["seat"], &seat["input_seq"]), (&room, &json!(0), &json!(1)));
    let frames = alice.all_within(Duration::from_millis(500)).await;
    let kinds: Vec<_> = frames.iter().map(|frame| frame["type"].as_str().unwrap()).collect();
    assert_eq!(kinds[..3], ["room.joined", "room.left", "room.snapshot"]);
    assert!(kinds[3..].iter().all(|kind| *kind == "room.delta"), "{kinds:?}");
    assert_eq!(alice.counted.len(), had + 2);
    assert_eq!(frames[2]["data"]["state"]["sums"]["0"], 5);
    let seen = bob.all_within(Duration::ZERO).await;
    let left = |frame: &&Value| frame["type"] == "room.left" && frame["data"]["seat"] == 0;
    assert_eq!(seen.iter().find(left), None, "nobody saw it leave");
}

#[tokio::test(start_paused = true)]
async fn counted_frames_come_once_over_many_sockets_that_are_cut_at_any_point() {
    let world = World::new().await;
    let (mut alice, bob, room) = two_in_a_room(&world, json!({})).await;
    let mut seq = 0;
    for round in 0..20 {
        for _ in 0..3 {
            seq += 1;
            // Not what the game calls an input: each is told as rejected, five a second of them.
            bob.tell("room.input", json!({ "room": room, "seq": seq, "input": {} }));
            alice.tell("room.dance", json!({ "round": round }));
            sleep(Duration::from_millis(300)).await;
            if round % 3 == 0 {
                alice.all_within(Duration::ZERO).await;
            }
        }
        alice.cut();
        sleep(Duration::from_millis(100)).await;
        let welcome = alice.resume(&world).await.unwrap();
        assert_eq!(welcome["complete"], true, "round {round}");
        assert_eq!(welcome["received"], 1 + 3 * (round + 1));
    }
    alice.all_within(Duration::from_secs(1)).await;
    let refused = alice.counted.iter().filter(|frame| frame["type"] == "error").count();
    assert_eq!(refused, 60);
}

#[tokio::test(start_paused = true)]
async fn a_socket_that_still_stands_is_told_4009_and_torn_down_before_the_new_one_is_served() {
    let world = World::new().await;
    let (mut alice, bob, room) = two_in_a_room(&world, json!({})).await;
    let claim = alice.session.resume_claim();
    let resumed = take_up(world.vault(), claim, 1, Format::Json, "test".into());
    tokio::pin!(resumed);
    assert!(timeout(HEARD_BY, &mut resumed).await.is_err(), "the old socket still stands");
    assert_eq!(alice.closed().await, CloseCode::ResumedElsewhere);
    assert!(timeout(HEARD_BY, &mut resumed).await.is_err(), "and is not torn down yet");

    alice.cut();

    let opened = timeout(HEARD_BY, resumed).await.expect("it is free").unwrap();
    sleep(Duration::from_secs(60)).await;
    bob.tell("room.send", json!({ "room": room, "payload": "still there?" }));
    assert_eq!(alice.expect("room.message").await["payload"], "still there?");
    assert!(!alice.session.ended(), "the old socket's end starts no window");
    drop(opened);
}

#[tokio::test(start_paused = true)]
async fn requests_that_waited_at_the_cut_are_done_once_when_the_client_sends_them_again() {
    let world = World::new().await;
    let mut alice = world.client("alice").await;
    let create = json!({ "game": "sums" });
    let requests = [
        ("room.create", create.clone()),
        ("auth.refresh", json!({ "access_token": "slow" })),
        ("room.create", create.clone()),
        ("room.create", create),
    ];
    for (kind, data) in &requests {
        alice.send(kind, data.clone());
    }
    sleep(HEARD_BY).await;
    alice.cut();

    let welcome = alice.resume(&world).await.unwrap();
    let done = welcome["received"].as_u64().unwrap() as usize;
    assert!(done >= 2, "{done}");
    for (kind, data) in &requests[done..] {
        alice.send(kind, data.clone());
    }

    sleep(Duration::from_secs(5)).await;
    alice.all_within(Duration::ZERO).await;
    assert_eq!(world.vault().counts().rooms, 3);
    let replies = alice.counted.iter().filter(|frame| frame["id"].is_u64()).count();
    assert_eq!(replies, 4);
    assert_eq!(alice.call("ping", json!({})).await.unwrap()["received"], 4);
}

#[tokio::test(start_paused = true)]
async fn a_resume_waits_for_the_request_at_hand_and_not_for_those_behind_it() {
    let world = World::new().await;
    let mut alice = world.client("alice").await;
    for _ in 0..10 {
        alice.send("auth.refresh", json!({ "access_token": "slow" }));
    }
    sleep(HEARD_BY).await;
    alice.cut();
    let begun = Instant::now();
    assert_eq!(alice.resume(&world).await.unwrap()["received"], 1);
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn whoever_does_not_come_back_in_time_leaves_its_rooms() {
    let world = World::new().await;
    let (mut alice, mut bob, _) = two_in_a_room(&world, json!({})).await;
    alice.cut();
    let early = bob.all_within(Duration::from_millis(29_900)).await;
    assert!(early.iter().all(|frame| frame["type"] != "room.left"), "{early:?}");
    sleep(Duration::from_millis(200)).await;
    assert_eq!(bob.expect("room.left").await["seat"], 0);
    assert_eq!(world.vault().counts().sessions, 1);
    assert_eq!(alice.resume(&world).await, Err(ResumeError::Unknown));
}

#[tokio::test(start_paused = true)]
async fn whoever_says_that_it_is_done_leaves_at_once() {
    let world = World::new().await;
    let (mut alice, mut bob, _) = two_in_a_room(&world, json!({})).await;
    alice.done();
    sleep(HEARD_BY).await;
    assert_eq!(bob.expect("room.left").await["seat"], 0);
    assert_eq!(world.vault().counts().sessions, 1);
}

#[tokio::test(start_paused = true)]
async fn a_token_is_good_once_for_its_player_its_sign_in_and_its_format() {
    let world = World::new().await;
    let mut alice = world.client("alice").await;
    alice.cut();
    let claim = alice.session.resume_claim();
    let other = world.identity("mallory");
    let wrong = [
        ResumeClaim { player: other.player, ..claim },
        ResumeClaim { sign_in: other.sign_in, ..claim },
    ];
    for claim in wrong {
        let resumed = take_up(world.vault(), claim, 0, Format::Json, "test".into()).await;
        assert_eq!(resumed.err(), Some(ResumeError::Mismatch));
    }
    let resumed = take_up(world.vault(), claim, 0, Format::MsgPack, "test".into()).await;
    assert_eq!(resumed.err(), Some(ResumeError::Mismatch));
    let late = ResumeClaim { generation: claim.generation + 1, ..claim };
    let resumed = take_up(world.vault(), late, 0, Format::Json, "test".into()).await;
    assert_eq!(resumed.err(), Some(ResumeError::Unknown));

    alice.resume(&world).await.unwrap();
    let again = take_up(world.vault(), claim, 0, Format::Json, "test".into()).await;
    assert_eq!(again.err(), Some(ResumeError::Unknown));
    assert!(!alice.is_closed(), "a used token does not touch the socket");
    alice.call("ping", json!({})).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_resume_that_did_not_arrive_does_not_keep_the_session_for_ever() {
    for hangs_up in [false, true] {
        let world = World::new().await;
        let (mut alice, mut bob, _) = two_in_a_room(&world, json!({})).await;
        let claim = alice.session.resume_claim();
        let resume = take_up(world.vault(), claim, 0, Format::Json, "test".into());
        let patience = Duration::from_secs(if hangs_up { 1 } else { 60 });
        match timeout(patience, resume).await {
            Ok(resumed) => assert_eq!(resumed.err(), Some(ResumeError::Unavailable)),
            Err(_) => assert!(hangs_up, "an answer in time"),
        }
        alice.cut();
        sleep(Duration::from_secs(90)).await;
        assert_eq!(bob.expect("room.left").await["seat"], 0);
        assert_eq!(world.vault().counts().sessions, 1, "hangs up: {hangs_up}");
    }
}

#[tokio::test(start_paused = true)]
async fn messages_that_a_relay_does_not_keep_are_told_as_lost() {
    let world = World::new().await;
    let (mut alice, bob, room) = two_in_a_room(&world, json!({})).await;
    alice.cut();
    sleep(HEARD_BY).await;
    let welcome = alice.resume(&world).await.unwrap();
    assert_eq!(welcome["rooms"][0]["messages_lost"], false);
    alice.cut();
    bob.tell("room.send", json!({ "room": room, "payload": 1 }));
    sleep(HEARD_BY).await;
    let welcome = alice.resume(&world).await.unwrap();
    assert_eq!(welcome["rooms"][0]["messages_lost"], true);
}

#[tokio::test(start_paused = true)]
async fn a_room_that_was_left_while_the_client_was_away_is_not_in_the_welcome() {
    let world = World::new().await;
    let identity = world.identity("alice");
    let mut old = world.client_with(identity.clone(), Format::Json).await;
    let room = old.call("room.create", json!({ "game": "sums" })).await.unwrap()["room"].clone();
    old.cut();
    let mut new = world.client_with(identity, Format::Json).await;
    new.call("room.join", json!({ "room": room })).await.unwrap();
    let welcome = old.resume(&world).await.unwrap();
    assert_eq!(welcome["rooms"], json!([]));
    assert_eq!(old.expect("room.closed").await["reason"], "moved");
}

#[tokio::test(start_paused = true)]
async fn when_a_session_and_its_room_have_ended_nothing_of_them_is_left() {
    let world = World::new().await;
    let mut alice = world.client("alice").await;
    let create = json!({ "game": "sums", "options": { "hz": 20 } });
    let reply = alice.call("room.create", create).await.unwrap();
    let id = serde_json::from_value(reply["room"].clone()).unwrap();
    let room = Arc::downgrade(&world.vault().room(id).unwrap());
    let session = Arc::downgrade(&alice.session);
    alice.tell("room.input", json!({ "room": reply["room"], "seq": 1, "input": 5 }));
    alice.sees(&json!(0), 5).await;
    alice.cut();
    drop(alice);
    sleep(Duration::from_secs(120)).await;
    assert_eq!((session.strong_count(), room.strong_count()), (0, 0));
    let counts = world.vault().counts();
    assert_eq!((counts.sessions, counts.rooms), (0, 0));
}
