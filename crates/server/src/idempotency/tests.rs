//! The same call twice, another under the same key, a call that failed.

use super::*;

const NOW: SystemTime = SystemTime::UNIX_EPOCH;

#[test]
fn the_same_call_again_is_told_what_the_first_one_made() {
    let (keys, player, room) = (Idempotency::default(), PlayerId::new(), RoomId::from_bits(7));
    let begin = |key, request: &str, now| {
        keys.begin(player, key, request.as_bytes(), now).map_err(|error| error.code)
    };
    assert_eq!(begin("a", "x", NOW), Ok(Begun::First));
    assert_eq!(begin("a", "x", NOW), Err(ErrorCode::Conflict));
    keys.end(player, "a", Some(room));
    assert_eq!(begin("a", "x", NOW), Ok(Begun::Done(room)));
    assert_eq!(begin("a", "y", NOW), Err(ErrorCode::Conflict));
    assert_eq!(begin("b", "y", NOW), Ok(Begun::First));
    assert_eq!(begin("a", "x", NOW + KEPT_FOR), Ok(Begun::First));
}

#[test]
fn a_call_that_failed_may_be_made_again() {
    let (keys, player) = (Idempotency::default(), PlayerId::new());
    assert_eq!(keys.begin(player, "a", b"x", NOW), Ok(Begun::First));
    keys.end(player, "a", None);
    assert_eq!(keys.begin(player, "a", b"y", NOW), Ok(Begun::First));
}

#[test]
fn a_key_is_its_players_own() {
    let keys = Idempotency::default();
    assert_eq!(keys.begin(PlayerId::new(), "a", b"x", NOW), Ok(Begun::First));
    assert_eq!(keys.begin(PlayerId::new(), "a", b"y", NOW), Ok(Begun::First));
}
