//! Whoever sends what a room dies of.

use super::*;
use gamev1_actors::protocol::ErrorCode;

/// Dies of two inputs of this member, which are both told.
async fn poison_twice(room: &RoomHarness, member: &mut TestMember) {
    for _ in 0..2 {
        room.crash_next(Site::Input);
        room.input(member, &json!(1));
        assert_eq!(member.expect("room.input_rejected").await["code"], "input_poison");
    }
}

#[tokio::test(start_paused = true)]
async fn a_game_without_state_charges_its_poison_to_the_sender_too() {
    let room = stateless().await;
    let mut alice = room.join("alice").await.unwrap();
    let mut bob = room.join("bob").await.unwrap();
    poison_twice(&room, &mut alice).await;
    assert_eq!(alice.expect("room.closed").await["reason"], "kicked");
    assert_eq!(bob.expect("room.left").await["seat"], 0);
    let back = room.session_of(alice.session.player(), "alice", Format::Json);
    assert_eq!(room.join_with(back).await.err().unwrap().code, ErrorCode::Forbidden);
    room.input(&mut bob, &json!(7));
    assert_eq!(bob.expect("room.event").await["event"], 7);
}

#[tokio::test(start_paused = true)]
async fn whoever_is_kicked_leaves_the_game() {
    let room = room().await;
    let mut alice = room.join("alice").await.unwrap();
    let mut bob = room.join("bob").await.unwrap();
    poison_twice(&room, &mut alice).await;
    assert_eq!(alice.expect("room.closed").await["reason"], "kicked");
    let seen = bob.until(|view| view["sums"] == json!({ "1": 0 })).await;
    assert!(told(seen).ends_with(&["leave 0"]), "{seen}");
}

#[tokio::test(start_paused = true)]
async fn a_leave_that_panics_does_not_keep_whoever_is_kicked() {
    let room = room().await;
    let mut alice = room.join("alice").await.unwrap();
    let mut bob = room.join("bob").await.unwrap();
    room.crash_next(Site::Leave);
    poison_twice(&room, &mut alice).await;
    assert_eq!(alice.expect("room.closed").await["reason"], "kicked");
    assert_eq!(bob.expect("room.left").await["seat"], 0);
    let seen = bob.until(|view| view["sums"] == json!({ "1": 0 })).await;
    assert!(told(seen).ends_with(&["forget 0"]), "{seen}");
    let left = bob.has("room.left");
    assert_eq!((room.room.info().players, left, room.room.restarts()), (1, false, 3));
    assert_eq!(room.join("carol").await.unwrap().seat(), Seat(0));
}
