//! The arena in a room, with that room's recovery around it.

use gamev1_actors::{
    protocol::{ErrorCode, Format},
    room::recovery::Site,
    testing::RoomHarness,
};
use gamev1_games::arena::Arena;
use serde_json::{Value, json};

async fn room() -> RoomHarness {
    RoomHarness::new::<Arena>(json!({}), 3).await
}

fn ship(view: &Value, seat: u16) -> &Value {
    &view["ships"][seat.to_string()]
}

#[tokio::test(start_paused = true)]
async fn two_members_see_each_other_move_in_either_format() {
    let room = room().await;
    let mut ada = room.join("ada").await.unwrap();
    let mut bob = room.join_with(room.session("bob", Format::MsgPack)).await.unwrap();
    let start = bob.until(|view| ship(view, 0).is_array()).await.clone();
    room.input(&mut ada, &json!({ "move": [0.6, 0.8], "aim": 2, "fire": false }));
    bob.until(|view| ship(view, 0) != ship(&start, 0)).await;
    assert_eq!(ship(&bob.view, 0)[2], 200);
    let seen = bob.view.clone();
    assert_eq!(ada.reach(bob.tick).await, &seen);
    assert_eq!((ada.ack, bob.ack), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_refused_input_is_told_under_the_games_own_code() {
    let room = room().await;
    let mut ada = room.join("ada").await.unwrap();
    room.input(&mut ada, &json!({ "move": [0, 2], "aim": 0, "fire": false }));
    let told = ada.expect("room.input_rejected").await;
    assert_eq!(told["code"], json!(ErrorCode::InputRefused));
    room.input(&mut ada, &json!({ "move": [0, 1], "aim": 0 }));
    let told = ada.expect("room.input_rejected").await;
    assert_eq!(told["code"], json!(ErrorCode::BadRequest));
}

/// What a member sees at tick 40 of a room in which two fly and shoot, when that room crashes on its way or not.
async fn at_tick_40(crash: impl FnOnce(&RoomHarness)) -> Value {
    let room = room().await;
    let mut ada = room.join("ada").await.unwrap();
    let mut bob = room.join("bob").await.unwrap();
    room.input(&mut ada, &json!({ "move": [1, 0.2], "aim": 0.3, "fire": true }));
    room.input(&mut bob, &json!({ "move": [-0.4, 1], "aim": 4, "fire": true }));
    ada.until(|view| view["shots"].as_object().is_some_and(|shots| shots.len() == 2)).await;
    crash(&room);
    ada.reach(40).await;
    assert_eq!(ada.tick, 40);
    ada.view.clone()
}

#[tokio::test(start_paused = true)]
async fn a_crash_changes_nothing_that_anybody_sees() {
    let undisturbed = at_tick_40(|_| {}).await;
    assert_eq!(undisturbed, at_tick_40(|_| {}).await);
    assert_eq!(undisturbed, at_tick_40(|room| room.crash_next(Site::Tick)).await);
    assert_eq!(undisturbed, at_tick_40(|room| room.crash_at_tick(25, 1)).await);
}
