//! The room's own code fails behind what it has done: nothing of that is refused, and nothing is said twice that can be
//! said once.

use super::*;
use gamev1_actors::room::RoomItem;

/// How many frames have come that satisfy `of`.
fn count(frames: &[Value], of: impl Fn(&Value) -> bool) -> usize {
    frames.iter().filter(|frame| of(frame)).count()
}

/// All that comes until the room has shown a few more ticks.
async fn frames(room: &RoomHarness, member: &mut TestMember) -> Vec<Value> {
    room.advance(4).await;
    member.heard()
}

#[tokio::test(start_paused = true)]
async fn a_join_whose_reply_was_the_last_word_of_the_room_stands() {
    let room = room().await;
    let mut alice = room.join("alice").await.unwrap();
    let mut bob = room.join_mined(room.session("bob", Format::Json)).await.unwrap();
    assert_eq!(alice.expect("room.joined").await["username"], "bob");
    room.input(&mut bob, &json!(3));
    alice.until(|view| view["sums"]["1"] == 3).await;
    let heard = frames(&room, &mut bob).await;
    assert_eq!(count(&heard, |frame| frame["id"] == 1), 0, "a second reply: {heard:?}");
    assert_eq!((room.room.restarts(), room.room.info().players), (1, 2));
}

#[tokio::test(start_paused = true)]
async fn a_join_of_which_the_others_were_not_all_told_is_told() {
    let room = room().await;
    let mut alice = room.join("alice").await.unwrap();
    let mut bob = room.join("bob").await.unwrap();
    alice.crash_at_next_frame();
    let mut carol = room.join("carol").await.unwrap();
    assert_eq!(bob.expect("room.joined").await["username"], "carol");
    let heard = frames(&room, &mut carol).await;
    assert_eq!(count(&heard, |frame| frame["id"] == 1), 0, "{heard:?}");
    assert!(count(&frames(&room, &mut alice).await, |frame| frame["type"] == "room.joined") > 0);
    assert_eq!((room.room.restarts(), room.room.info().players), (1, 3));
}

#[tokio::test(start_paused = true)]
async fn a_join_that_is_given_back_was_never_shown() {
    let room = room().await;
    let mut alice = room.join("alice").await.unwrap();
    checkpoint(&room, &mut alice).await;
    // The room's own code fails for the second time: it goes back, and the game does not take her in again.
    alice.crash_at_next_frame();
    room.advance(1).await;
    alice.expect("room.recovered").await;
    let late = room.session("only later than tick 100", Format::Json);
    let mut late = room.join_mined(late).await.unwrap();
    assert_eq!(late.expect("room.closed").await["reason"], "crashed");
    let heard = frames(&room, &mut alice).await;
    let shown = |frame: &Value| frame["type"] == "room.joined" || frame["type"] == "room.left";
    assert_eq!(count(&heard, shown), 0, "{heard:?}");
    assert_eq!(room.room.info().players, 1);
}

#[tokio::test(start_paused = true)]
async fn an_input_that_was_applied_is_no_poison() {
    let room = room().await;
    let mut alice = room.join("alice").await.unwrap();
    moment().await;
    alice.crash_at_next_frame();
    room.ask_input(&mut alice, 9, &json!(5));
    let heard = frames(&room, &mut alice).await;
    assert_eq!(count(&heard, |frame| frame["id"] == 9), 1, "{heard:?}");
    assert_eq!(count(&heard, |frame| frame["data"] == json!({})), 1, "{heard:?}");
    assert_eq!(count(&heard, |frame| frame["type"] == "room.input_rejected"), 0, "{heard:?}");
    alice.until(|view| view["sums"]["0"] == 5).await;
    assert_eq!((alice.ack, room.room.restarts()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn an_input_that_the_game_refused_stays_refused_with_its_words() {
    let room = room().await;
    let mut alice = room.join("alice").await.unwrap();
    moment().await;
    alice.crash_at_next_frame();
    room.ask_input(&mut alice, 9, &json!(-5));
    let heard = frames(&room, &mut alice).await;
    let rejected = |frame: &Value| frame["type"] == "room.input_rejected";
    assert_eq!(count(&heard, rejected), 1, "{heard:?}");
    let answer: Vec<_> = heard.iter().filter(|frame| frame["id"] == 9).collect();
    assert_eq!(answer.len(), 1, "{heard:?}");
    assert_eq!(answer[0]["error"]["code"], "input_refused");
}

#[tokio::test(start_paused = true)]
async fn an_input_over_the_limit_is_answered_though_the_room_fails_at_it() {
    let room = room().await;
    let mut alice = room.join("alice").await.unwrap();
    moment().await;
    alice.crash_at_next_frame();
    let ask = room.ask(&alice.session, 9, "room.input");
    let seq = alice.next_seq();
    room.put(RoomItem::Dropped { ask, seq });
    let heard = frames(&room, &mut alice).await;
    let answer: Vec<_> = heard.iter().filter(|frame| frame["id"] == 9).collect();
    assert_eq!(answer.len(), 1, "{heard:?}");
    assert_eq!(answer[0]["error"]["code"], "rate_limited");
    assert_eq!(count(&heard, |frame| frame["type"] == "room.input_rejected"), 1, "{heard:?}");
    assert_eq!(alice.ack, 1);
}

#[tokio::test(start_paused = true)]
async fn a_leave_of_which_the_others_were_not_all_told_is_told_and_answered() {
    let room = room().await;
    let mut alice = room.join("alice").await.unwrap();
    let mut bob = room.join("bob").await.unwrap();
    let mut carol = room.join("carol").await.unwrap();
    moment().await;
    alice.crash_at_next_frame();
    room.leave(&bob);
    assert_eq!(carol.expect("room.left").await["seat"], 1);
    let heard = frames(&room, &mut bob).await;
    assert_eq!(count(&heard, |frame| frame["id"] == 2), 1, "{heard:?}");
    let seen = carol.until(|view| view["sums"] == json!({ "0": 0, "2": 0 })).await;
    assert!(told(seen).ends_with(&["leave 1"]), "it left once: {seen}");
    assert_eq!(room.room.info().players, 2);
}

#[tokio::test(start_paused = true)]
async fn a_seat_that_has_moved_has_moved() {
    let room = room().await;
    let mut old = room.join("alice").await.unwrap();
    room.input(&mut old, &json!(5));
    moment().await;
    old.crash_at_next_frame();
    let session = room.session_of(old.session.player(), "alice", Format::Json);
    let mut new = room.join_with(session).await.unwrap();
    assert_eq!((new.seat(), new.joined.input_seq), (Seat(0), 1));
    assert_eq!(old.expect("room.closed").await["reason"], "moved");
    new.until(|view| view["sums"]["0"] == 5).await;
    room.input(&mut new, &json!(1));
    new.until(|view| view["sums"]["0"] == 6).await;
    assert_eq!(room.room.restarts(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_game_that_is_over_ends_for_all_though_one_cannot_be_told() {
    let room = room().await;
    let mut alice = room.join("alice").await.unwrap();
    let mut bob = room.join("bob").await.unwrap();
    moment().await;
    alice.crash_at_next_frame();
    room.input(&mut alice, &json!(999));
    moment().await;
    for member in [&mut alice, &mut bob] {
        member.expect("room.ended").await;
        assert_eq!(member.expect("room.closed").await["reason"], "ended");
    }
    assert_eq!(room.room.restarts(), 0);
}
