//! The same call twice, another under the same key, a call that failed or was given up.

use std::{cell::Cell, future};

use futures_util::FutureExt;

use super::*;

const NOW: SystemTime = SystemTime::UNIX_EPOCH;
const ROOM: Made = Made::Room(RoomId::from_bits(7));

/// Makes a call at `now`, which makes a room if it is done. Gives the answer, and how often it was done.
fn call(
    keys: &Idempotency,
    player: PlayerId,
    key: Option<&str>,
    body: &str,
    now: SystemTime,
) -> (Result<Made, ErrorCode>, u32) {
    let done = Cell::new(0);
    let act = async {
        done.set(done.get() + 1);
        Ok(ROOM)
    };
    let request = hash("POST /v1/rooms", body.as_bytes());
    let answer = keys.once(player, key, request, now, act).now_or_never().unwrap();
    (answer.map_err(|problem| problem.code()), done.get())
}

#[test]
fn the_same_call_again_is_told_what_the_first_one_made_and_does_nothing() {
    let (keys, player) = (Idempotency::default(), PlayerId::new());
    let call = |key, body, now| call(&keys, player, key, body, now);
    assert_eq!(call(Some("a"), "x", NOW), (Ok(ROOM), 1));
    assert_eq!(call(Some("a"), "x", NOW), (Ok(ROOM), 0));
    assert_eq!(call(Some("a"), "y", NOW), (Err(ErrorCode::Conflict), 0));
    assert_eq!(call(Some("b"), "y", NOW), (Ok(ROOM), 1));
    assert_eq!(call(Some("a"), "x", NOW + KEPT_FOR), (Ok(ROOM), 1));
    assert_eq!(call(None, "x", NOW), (Ok(ROOM), 1));
    assert_eq!(call(None, "x", NOW), (Ok(ROOM), 1));
}

#[test]
fn the_same_body_on_another_route_is_another_call() {
    let (keys, player) = (Idempotency::default(), PlayerId::new());
    let at = |route| {
        let act = future::ready(Ok(Made::Done));
        let answer = keys.once(player, Some("a"), hash(route, b"{}"), NOW, act);
        answer.now_or_never().unwrap().map_err(|problem| problem.code())
    };
    assert_eq!(at("one"), Ok(Made::Done));
    assert_eq!(at("other"), Err(ErrorCode::Conflict));
}

#[test]
fn a_call_that_failed_may_be_made_again() {
    let (keys, player) = (Idempotency::default(), PlayerId::new());
    let failing = future::ready(Err(Problem::new(ErrorCode::Unavailable, "away")));
    let failed = keys.once(player, Some("a"), hash("", b"x"), NOW, failing);
    let failed = failed.now_or_never().unwrap();
    assert_eq!(failed.map_err(|problem| problem.code()), Err(ErrorCode::Unavailable));
    assert_eq!(call(&keys, player, Some("a"), "y", NOW), (Ok(ROOM), 1));
}

#[test]
fn a_call_under_way_is_not_made_beside_itself_and_one_that_was_given_up_is() {
    let (keys, player) = (Idempotency::default(), PlayerId::new());
    let request = hash("POST /v1/rooms", b"x");
    let mut first = Box::pin(keys.once(player, Some("a"), request, NOW, future::pending()));
    assert!((&mut first).now_or_never().is_none());
    assert_eq!(call(&keys, player, Some("a"), "x", NOW), (Err(ErrorCode::Conflict), 0));
    drop(first);
    assert_eq!(call(&keys, player, Some("a"), "x", NOW), (Ok(ROOM), 1));
}

#[test]
fn a_key_is_its_players_own() {
    let keys = Idempotency::default();
    assert_eq!(call(&keys, PlayerId::new(), Some("a"), "x", NOW), (Ok(ROOM), 1));
    assert_eq!(call(&keys, PlayerId::new(), Some("a"), "y", NOW), (Ok(ROOM), 1));
}
