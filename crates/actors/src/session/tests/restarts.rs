//! Over the end of a process: what was counted goes on, what is not known is told, and no token is lost on the way.

use std::sync::Arc;

use super::*;
use crate::{
    lobby::LobbyItem,
    ports::{ResumeClaim, RoomRecord, RoomStore, Spool},
    room::image::RoomImage,
};

async fn two_in_a_room(world: &World) -> (Client, Client, Value) {
    let (mut alice, mut bob) = (world.client("alice").await, world.client("bob").await);
    let room = alice.call("room.create", json!({ "game": "sums" })).await.unwrap()["room"].clone();
    bob.call("room.join", json!({ "room": room })).await.unwrap();
    (alice, bob, room)
}

/// Time enough for a seat to be saved without anybody asking for it.
pub(super) async fn seats_are_saved() {
    sleep(Duration::from_secs(15)).await;
}

#[tokio::test(start_paused = true)]
async fn the_farewell_counts_for_whoever_has_read_it_and_is_never_sent_again() {
    let world = World::new().await;
    let (mut alice, mut bob, room) = two_in_a_room(&world).await;
    bob.all_within(HEARD_BY).await;
    bob.cut();
    let world = world.stop().await;
    alice.all_within(HEARD_BY).await;
    assert_eq!(alice.counted.last().unwrap()["type"], "session.going_away");

    for client in [&mut alice, &mut bob] {
        let token = client.resume_token.clone();
        let welcome = client.resume(&world).await.unwrap();
        assert_eq!(welcome["complete"], true);
        assert_ne!(client.resume_token, token);
        let behind = client.all_within(HEARD_BY).await;
        assert!(behind.iter().all(|frame| frame["type"] != "session.going_away"), "{behind:?}");
    }
    // Both sides go on counting from the same place.
    let (had, seat) = (alice.counted.len(), json!({ "room": room }));
    bob.call("room.leave", seat).await.unwrap();
    alice.all_within(HEARD_BY).await;
    alice.cut();
    assert_eq!(alice.counted.len(), had + 1);
    assert_eq!(alice.resume(&world).await.unwrap()["complete"], true);
    assert_eq!(
        alice.all_within(HEARD_BY).await.iter().filter(|it| !client::is_state(it)).count(),
        0
    );
}

#[tokio::test(start_paused = true)]
async fn a_resume_that_is_not_served_leaves_its_token_good_and_tells_later_what_it_would_have_told()
{
    let world = World::new().await;
    let (mut alice, bob, room) = two_in_a_room(&world).await;
    let claim = alice.session.resume_claim();
    alice.cut();
    bob.tell("room.send", json!({ "room": room, "payload": 1 }));
    sleep(HEARD_BY).await;
    // One that has seen more than was ever sent: not complete, and told so as often as it takes.
    for _ in 0..2 {
        let opened = take_up(world.vault(), claim, 1_000, Format::Json, "test".into()).await;
        drop(opened.expect("the token is good until the welcome is sent"));
    }
    let welcome = alice.resume(&world).await.unwrap();
    assert_eq!(welcome["complete"], false);
    assert_eq!(welcome["rooms"][0]["messages_lost"], true);
    let again = take_up(world.vault(), claim, 1, Format::Json, "test".into()).await;
    assert_eq!(again.err(), Some(ResumeError::Unknown), "the welcome was sent");
}

#[tokio::test(start_paused = true)]
async fn a_resume_that_a_stop_overtakes_leaves_both_tokens_good_for_the_next_process() {
    for newer in [false, true] {
        let world = World::new().await;
        let (mut alice, _bob, _) = two_in_a_room(&world).await;
        let claim = alice.session.resume_claim();
        alice.cut();
        let unserved = take_up(world.vault(), claim, 1, Format::Json, "test".into()).await.unwrap();
        let vault = world.vault().clone();
        let world = world.stop().await;
        let late = take_up(&vault, claim, 1, Format::Json, "test".into()).await;
        assert_eq!(late.err(), Some(ResumeError::Unavailable));
        drop(unserved);

        let generation = claim.generation + u32::from(newer);
        let claim = ResumeClaim { generation, ..claim };
        let resumed = take_up(world.vault(), claim, 1, Format::Json, "test".into()).await;
        assert_eq!(resumed.expect("its seat is kept").session.room_ids().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_sudden_death_left_uncertain_is_so_after_a_planned_stop_too() {
    let world = World::new().await;
    let (mut alice, mut bob, _) = two_in_a_room(&world).await;
    seats_are_saved().await;
    let next = world.next().await;
    assert_eq!(bob.resume(&next).await.unwrap()["complete"], false);

    let last = next.stop().await;

    assert_eq!(alice.resume(&last).await.unwrap()["complete"], false);
    bob.all_within(HEARD_BY).await;
    assert_eq!(bob.resume(&last).await.unwrap()["complete"], true, "it has been told");
}

#[tokio::test(start_paused = true)]
async fn a_token_that_a_dead_process_gave_out_is_good_after_a_planned_stop_too() {
    let world = World::new().await;
    let (mut alice, mut bob, _) = two_in_a_room(&world).await;
    seats_are_saved().await;
    // The seat is saved with the token from before.
    alice.cut();
    alice.resume(&world).await.unwrap();
    let next = world.next().await;
    bob.resume(&next).await.unwrap();

    let last = next.stop().await;

    assert_eq!(alice.resume(&last).await.unwrap()["complete"], false);
}

#[tokio::test(start_paused = true)]
async fn a_farewell_that_was_read_two_stops_ago_still_counts() {
    for read in [true, false] {
        let world = World::new().await;
        let (mut alice, mut bob, room) = two_in_a_room(&world).await;
        alice.all_within(HEARD_BY).await;
        if !read {
            alice.cut();
        }
        let world = world.stop().await;
        if read {
            alice.all_within(HEARD_BY).await;
        }
        bob.all_within(HEARD_BY).await;
        bob.resume(&world).await.unwrap();
        bob.call("room.leave", json!({ "room": room })).await.unwrap();

        let world = world.stop().await;

        assert_eq!(alice.resume(&world).await.unwrap()["complete"], true);
        assert_eq!(alice.expect("room.left").await["seat"], 1, "read: {read}");
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_sat_in_two_rooms_finds_both_when_somebody_else_came_back_first() {
    let world = World::new().await;
    let (mut alice, mut bob, _) = two_in_a_room(&world).await;
    alice.call("room.create", json!({ "game": "sums" })).await.unwrap();
    alice.all_within(HEARD_BY).await;
    bob.all_within(HEARD_BY).await;
    let world = world.stop().await;
    bob.all_within(HEARD_BY).await;
    assert_eq!(bob.resume(&world).await.unwrap()["complete"], true);

    let welcome = alice.resume(&world).await.unwrap();

    assert_eq!(welcome["rooms"].as_array().unwrap().len(), 2, "{welcome}");
}

#[tokio::test(start_paused = true)]
async fn a_room_whose_end_is_not_stored_yet_is_not_brought_back() {
    let world = World::new().await;
    let (mut alice, mut bob, room) = two_in_a_room(&world).await;
    seats_are_saved().await;
    let id = serde_json::from_value(room.clone()).unwrap();
    assert!(world.rows.saved(id).is_some());
    world.rows.hold_writes(true);
    for client in [&mut alice, &mut bob] {
        client.call("room.leave", json!({ "room": room })).await.unwrap();
    }
    sleep(Duration::from_secs(70)).await;
    assert!(world.vault().room(id).is_none() && world.rows.saved(id).is_some());

    assert_eq!(alice.refusal("room.join", json!({ "room": room })).await, "room_not_found");
    world.rows.hold_writes(false);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_hangs_up_while_it_is_brought_back_loses_nothing() {
    for sits in [false, true] {
        let world = World::new().await;
        let mut alice = world.client("alice").await;
        if sits {
            alice.call("room.create", json!({ "game": "sums" })).await.unwrap();
        }
        alice.all_within(HEARD_BY).await;
        alice.cut();
        let world = world.stop().await;
        world.rows.answer_within(Duration::from_secs(1));
        let (claim, had) = (world.claim(&alice.resume_token), alice.counted.len() as u64);
        let resume = take_up(world.vault(), claim, had, Format::Json, "test".into());
        // While the last of its reads, which deletes what it gives, is on its way.
        let gone_after = Duration::from_millis(if sits { 2_500 } else { 1_500 });
        assert!(timeout(gone_after, resume).await.is_err(), "sits: {sits}");
        assert!(world.rows.saved_session(claim.session).is_none(), "sits: {sits}");
        sleep(Duration::from_secs(5)).await;
        world.rows.answer_within(Duration::ZERO);
        assert_eq!(alice.resume(&world).await.unwrap()["complete"], true, "sits: {sits}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_room_that_the_lobby_was_asked_for_when_the_stop_began_is_made_or_refused() {
    let world = World::new().await;
    let mut alice = world.client("alice").await;
    for _ in 0..3 {
        alice.send("room.create", json!({ "game": "sums" }));
    }
    while world.vault().lobby.depth() == 0 && alice.session.received() < 3 {
        tokio::task::yield_now().await;
    }
    let begun = Instant::now();
    let world = world.stop().await;
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    alice.all_within(HEARD_BY).await;
    let replies = alice.counted.iter().filter(|frame| frame["id"].is_u64()).count() as u64;
    let welcome = alice.resume(&world).await.unwrap();
    assert_eq!((&welcome["complete"], &welcome["received"]), (&json!(true), &json!(replies)));
}

#[tokio::test(start_paused = true)]
async fn what_still_waits_at_the_lobby_when_the_server_stops_is_answered() {
    let world = World::new().await;
    let vault = world.vault();
    // The lobby's inbox as one finds it when its actor is between two lives.
    vault.lobby.attach(Box::new(|| ()));
    let maker = PlayerId::new();
    let create = serde_json::from_value(json!({ "game": "sums" })).unwrap();
    let asked = crate::lobby::create(vault, maker, create);
    let stop = async {
        while vault.lobby.depth() == 0 {
            tokio::task::yield_now().await;
        }
        let spool: Arc<dyn Spool> = Arc::new(world.rows.clone());
        crate::shutdown::keep(vault, &spool, Instant::now() + Duration::from_secs(10)).await
    };
    let (made, _) = tokio::join!(asked, stop);
    assert_eq!(made.unwrap_err().code, gamev1_protocol::ErrorCode::Unavailable);
    assert!(vault.lobby.push(LobbyItem::Closed(gamev1_protocol::RoomId::from_bits(1))).is_err());
}

#[tokio::test(start_paused = true)]
async fn the_end_of_a_room_finds_a_place_when_no_other_row_does() {
    let world = World::with(Limits { rooms_max: 10, ..Limits::default() }).await;
    world.rows.set_away(true);
    let vault = world.vault();
    let at = SystemTime::now();
    let left = || RoomRecord::SeatLeft { game_session: uuid::Uuid::nil(), result: None, at };
    let ended = |n| {
        let room = gamev1_protocol::RoomId::from_bits(n);
        RoomRecord::Closed { room, reason: "ended".into(), result: None, at }
    };
    for _ in 0..9_000 {
        vault.record(left());
    }
    let (full, lost) = (vault.records.depth(), vault.records_lost());
    assert_eq!(full as u64 + lost, 9_000);
    (0..10).for_each(|n| assert!(vault.record(ended(n))));
    assert_eq!((vault.records.depth(), vault.records_lost()), (full + 10, lost));
    assert!((0..10).all(|n| vault.ends(gamev1_protocol::RoomId::from_bits(n))));
    vault.record(ended(10));
    assert_eq!(vault.records_lost(), lost + 1, "there are no more saved rooms than that");
}

#[tokio::test(start_paused = true)]
async fn what_is_written_down_while_some_go_on_is_not_called_complete() {
    let world = World::new().await;
    let (mut alice, _bob, _) = two_in_a_room(&world).await;

    let everything = crate::shutdown::everything(world.vault());

    assert!(world.vault().stopping(), "no more requests are taken up");
    Spool::write(&world.rows, &everything).unwrap();
    world.rows.absorb();
    let next = world.next().await;
    let welcome = alice.resume(&next).await.unwrap();
    assert_eq!(welcome["complete"], false);
    assert_eq!(welcome["rooms"].as_array().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_saved_room_with_which_the_server_cannot_go_on_ends_with_the_stays_in_it() {
    let world = World::new().await;
    let (mut alice, _bob, room) = two_in_a_room(&world).await;
    let id = serde_json::from_value(room).unwrap();
    let world = world.stop().await;
    let mut save = world.rows.saved(id).unwrap();
    let mut image = RoomImage::from_bytes(&save.image).unwrap();
    image.game = "a game that is no more".into();
    save.image = image.to_bytes().unwrap().into();
    RoomStore::write(&world.rows, &[], &[save]).await.unwrap();
    let before = world.rows.records().len();

    assert_eq!(alice.resume(&world).await.unwrap()["rooms"], json!([]));

    assert_eq!(alice.expect("room.closed").await["reason"], "upgraded");
    sleep(HEARD_BY).await;
    let rows = world.rows.records().split_off(before);
    let stays: Vec<_> = image.seats.iter().map(|seat| seat.stay).collect();
    let left: Vec<_> = rows
        .iter()
        .filter_map(|row| match row {
            RoomRecord::SeatLeft { game_session, .. } => Some(*game_session),
            _ => None,
        })
        .collect();
    assert_eq!(left, stays);
    assert!(matches!(rows.last(), Some(RoomRecord::Closed { .. })), "{rows:?}");
}
