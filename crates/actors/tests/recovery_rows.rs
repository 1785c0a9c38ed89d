//! The recovery table in a room with its actor and its supervisor: what members are told, what the game is told, and what
//! is left. The table without either is in `recovery/tests.rs`.

#![allow(clippy::unwrap_used)]

#[path = "recovery_rows/ledger.rs"]
mod ledger;
#[path = "recovery_rows/own_code.rs"]
mod own_code;
#[path = "recovery_rows/poison.rs"]
mod poison;

use gamev1_actors::{
    protocol::{Format, Seat},
    room::{image::RoomImage, recovery::Site, state::Entry},
    testing::{RoomHarness, TestMember},
};
use serde_json::{Value, json};
use tokio::time::{Duration, sleep};

use self::ledger::{Ledger, Stateless};

async fn room() -> RoomHarness {
    RoomHarness::new::<Ledger>(json!({}), 1).await
}

async fn stateless() -> RoomHarness {
    RoomHarness::new::<Stateless>(json!({}), 1).await
}

/// Whatever the room was given is done, and the next tick has not come.
async fn moment() {
    sleep(Duration::from_millis(1)).await;
}

/// Lets the room make its next checkpoint, and stops between two ticks behind it.
async fn checkpoint(room: &RoomHarness, member: &mut TestMember) {
    member.look();
    let next = (member.tick / 100 + 1) * 100;
    member.reach(next).await;
    assert!(member.tick < next + 5, "it was to stop at tick {next}");
    room.advance(1).await;
    moment().await;
    member.look();
}

fn lost(recovered: &Value) -> (u64, u64) {
    (recovered["ticks_lost"].as_u64().unwrap(), recovered["inputs_lost"].as_u64().unwrap())
}

fn told(view: &Value) -> Vec<&str> {
    let words = view["told"].as_array().into_iter().flatten();
    words.map(|word| word.as_str().unwrap()).collect()
}

#[tokio::test(start_paused = true)]
async fn the_older_checkpoint_costs_the_inputs_before_the_newer_one_too_and_none_that_were_refused()
{
    let room = room().await;
    let mut alice = room.join("alice").await.unwrap();
    checkpoint(&room, &mut alice).await;
    for add in [1, -1, 1, 1] {
        room.input(&mut alice, &json!(add));
    }
    checkpoint(&room, &mut alice).await;
    for add in [1, -1] {
        room.input(&mut alice, &json!(add));
    }
    moment().await;
    let reached = alice.tick;
    room.crash_next(Site::View);
    let newest = alice.expect("room.recovered").await;
    assert_eq!(lost(&newest), (reached + 1 - 200, 1));

    room.crash_next(Site::View);
    let older = alice.expect("room.recovered").await;

    assert_eq!((&older["tick"], lost(&older).1), (&json!(100), 3));
    alice.until(|view| view["sums"]["0"] == 0).await;
}

#[tokio::test(start_paused = true)]
async fn what_a_recovery_that_fails_itself_has_lost_is_told_by_the_next_one() {
    let room = room().await;
    let mut alice = room.join("alice").await.unwrap();
    for _ in 0..2 {
        checkpoint(&room, &mut alice).await;
        room.input(&mut alice, &json!(1));
        moment().await;
    }
    let reached = alice.tick + 1;
    room.crash_next(Site::View);
    room.crash_next(Site::Restore);
    let recovered = alice.expect("room.recovered").await;
    assert_eq!((&recovered["tick"], lost(&recovered)), (&json!(100), (reached - 100, 2)));
}

#[tokio::test(start_paused = true)]
async fn a_saved_room_knows_which_of_its_inputs_were_refused() {
    let room = room().await;
    let mut alice = room.join("alice").await.unwrap();
    checkpoint(&room, &mut alice).await;
    for add in [1, -1, 1, -1] {
        room.input(&mut alice, &json!(add));
    }
    moment().await;
    let image = RoomImage::of(&room.room);
    let inputs = |entry: &Entry| matches!(entry, Entry::Input(_));
    let first = image.log.iter().position(inputs).unwrap() as u32;
    assert_eq!(image.refused, [first + 1, first + 3]);
}

#[tokio::test(start_paused = true)]
async fn whoever_took_a_seat_since_the_checkpoint_begins_anew_be_it_the_same_player() {
    let room = room().await;
    let mut watcher = room.join("watcher").await.unwrap();
    let alice_plays = room.session("alice", Format::Json);
    for returns in [false, true] {
        let mut alice = room.join_with(alice_plays.clone()).await.unwrap();
        for _ in 0..9 {
            room.input(&mut alice, &json!(1));
        }
        checkpoint(&room, &mut watcher).await;
        room.leave(&alice);
        let next = if returns { alice_plays.clone() } else { room.session("bob", Format::Json) };
        moment().await;
        alice.look();
        let mut next = loop {
            // The answer to her leave comes before the reply to her next join.
            if !returns || alice.recv().await["id"] == 2 {
                break room.join_with(next).await.unwrap();
            }
        };
        assert_eq!((next.seat(), next.joined.input_seq), (alice.seat(), 0));
        room.input(&mut next, &json!(5));
        moment().await;
        room.crash_next(Site::View);
        assert_eq!(lost(&next.expect("room.recovered").await).1, 1);

        let seen = next.until(|view| view["sums"]["1"] == 0).await.clone();
        let changed = if returns { ["leave 1", "join 1 alice"] } else { ["leave 1", "join 1 bob"] };
        assert!(told(&seen).ends_with(&changed), "{seen}");
        assert_eq!(next.ack, 0);
        room.input(&mut next, &json!(7));
        watcher.until(|view| view["sums"]["1"] == 7).await;

        room.leave(&next);
        watcher.until(|view| view["sums"].get("1").is_none()).await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_input_that_panics_behind_the_tick_that_is_made_again_is_told_to_its_sender() {
    let room = room().await;
    let mut alice = room.join("alice").await.unwrap();
    let mut bob = room.join("bob").await.unwrap();
    checkpoint(&room, &mut alice).await;
    room.input(&mut alice, &json!(1));
    room.input(&mut bob, &json!(10));
    room.input(&mut alice, &json!(-5));
    room.input(&mut alice, &json!(100));
    moment().await;
    assert_eq!(alice.expect("room.input_rejected").await["code"], "input_refused");
    room.crash_next(Site::Tick);
    room.crash_next(Site::Input);

    let rejected = alice.expect("room.input_rejected").await;

    assert_eq!((&rejected["code"], &rejected["seq"]), (&json!("input_poison"), &json!(1)));
    let sums = json!({ "0": 100, "1": 10 });
    bob.until(|view| view["sums"] == sums).await;
    alice.until(|view| view["sums"] == sums).await;
    assert_eq!((alice.ack, bob.ack), (3, 1));
    assert!(!alice.has("room.input_rejected") && !bob.has("room.input_rejected"));
    assert_eq!(room.room.restarts(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_input_that_is_refused_behind_the_tick_is_told_so() {
    let room = room().await;
    let mut alice = room.join("alice").await.unwrap();
    checkpoint(&room, &mut alice).await;
    // Taken in this tick and in no other.
    let now = 1_000 + alice.tick;
    room.input(&mut alice, &json!(now));
    moment().await;
    room.crash_next(Site::Tick);
    let rejected = alice.expect("room.input_rejected").await;
    assert_eq!((&rejected["code"], &rejected["seq"]), (&json!("input_refused"), &json!(1)));
    // It is not lost, for its sender knows.
    room.crash_next(Site::View);
    while lost(&alice.expect("room.recovered").await).0 == 0 {}
    assert_eq!(alice.until(|view| view["sums"]["0"] == 0).await["sums"]["0"], 0);
}

#[tokio::test(start_paused = true)]
async fn a_member_whose_join_panics_behind_the_tick_has_lost_the_seat_and_is_told() {
    let room = room().await;
    let mut alice = room.join("alice").await.unwrap();
    checkpoint(&room, &mut alice).await;
    let mut bob = room.join("bob").await.unwrap();
    room.crash_next(Site::Tick);
    room.crash_next(Site::Join);
    assert_eq!(bob.expect("room.closed").await["reason"], "crashed");
    assert_eq!(alice.expect("room.left").await["seat"], 1);
    let seen = alice.until(|view| view["ticks"].as_u64() > Some(102)).await;
    assert_eq!(seen["sums"], json!({ "0": 0 }));
    assert_eq!(room.room.info().players, 1);
    assert_eq!(room.join("carol").await.unwrap().seat(), Seat(1));
}

#[tokio::test(start_paused = true)]
async fn a_leave_that_panics_behind_the_tick_is_told_to_the_game_once_more() {
    let room = room().await;
    let mut alice = room.join("alice").await.unwrap();
    let bob = room.join("bob").await.unwrap();
    checkpoint(&room, &mut alice).await;
    room.leave(&bob);
    moment().await;
    room.crash_next(Site::Tick);
    room.crash_next(Site::Leave);
    let seen = alice.until(|view| told(view).ends_with(&["forget 1"])).await;
    assert_eq!(seen["sums"], json!({ "0": 0 }));
    assert_eq!(room.join("carol").await.unwrap().seat(), Seat(1));
}

#[tokio::test(start_paused = true)]
async fn a_join_or_a_leave_that_panics_after_going_back_does_not_cost_another_checkpoint() {
    for site in [Site::Leave, Site::Join] {
        let room = room().await;
        let mut alice = room.join("alice").await.unwrap();
        let bob = room.join("bob").await.unwrap();
        checkpoint(&room, &mut alice).await;
        room.leave(&bob);
        let mut carol = room.join("carol").await.unwrap();
        room.crash_next(Site::View);
        room.crash_next(site);
        let recovered = alice.expect("room.recovered").await;
        assert_eq!(recovered["tick"], 100);
        if site == Site::Leave {
            // He is forgotten, and she joins behind that.
            carol.until(|view| told(view).ends_with(&["forget 1", "join 1 carol"])).await;
        } else {
            assert_eq!(carol.expect("room.closed").await["reason"], "crashed");
            alice.until(|view| told(view).ends_with(&["leave 1"])).await;
        }
        let again = alice.expect("room.recovered").await;
        assert_eq!((&again["tick"], lost(&again)), (&json!(100), (0, 0)), "{site:?}");
        let tick = alice.tick;
        alice.reach(tick + 3).await;
        assert_eq!(room.room.restarts(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn a_game_that_does_not_take_a_member_in_again_costs_that_seat_alone() {
    let room = room().await;
    let mut alice = room.join("alice").await.unwrap();
    checkpoint(&room, &mut alice).await;
    // From the checkpoint on the game takes nobody in; she came a little later than it knows.
    let mut late = room.join("only later than tick 100").await.unwrap();
    room.crash_next(Site::View);
    assert_eq!(late.expect("room.closed").await["reason"], "crashed");
    assert_eq!(alice.expect("room.left").await["seat"], 1);
    let tick = alice.tick;
    alice.reach(tick + 3).await;
    assert_eq!((room.room.restarts(), room.room.info().players), (1, 1));
}
