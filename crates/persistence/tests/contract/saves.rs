//! Rooms and sessions as they are kept between processes.

use gamev1_actors::ports::{RoomRecord, RoomSave, SessionSave};
use gamev1_protocol::{RoomId, SessionId};

use crate::world::{a_player, at};
use gamev1_persistence::Database;

const ROOM: RoomId = RoomId::from_bits(0x5_0000_0001);

fn save(owner_epoch: u32, seconds: u64, members: &[SessionId]) -> RoomSave {
    let image = vec![seconds as u8; 16].into();
    RoomSave { room: ROOM, owner_epoch, at: at(seconds), image, members: members.to_vec() }
}

fn closed(seconds: u64) -> RoomRecord {
    RoomRecord::Closed { room: ROOM, reason: "ended".into(), result: None, at: at(seconds) }
}

pub(crate) async fn the_latest_image_of_a_room_is_kept_and_found_by_its_members<S: Database>(
    store: S,
) {
    let [ada, bob, cyd] = [SessionId::new(), SessionId::new(), SessionId::new()];
    assert_eq!(store.write(&[], &[save(1, 1, &[ada, bob])]).await.unwrap(), []);
    assert_eq!(store.write(&[], &[save(1, 2, &[ada, cyd])]).await.unwrap(), []);

    assert_eq!(store.rooms_of_session(ada).await.unwrap(), [ROOM]);
    assert_eq!(store.rooms_of_session(bob).await.unwrap(), []);
    assert_eq!(store.rooms_of_session(cyd).await.unwrap(), [ROOM]);
    let claimed = store.claim(ROOM, at(3)).await.unwrap().unwrap();
    assert_eq!((claimed.owner_epoch, claimed.saved_at), (2, at(2)));
    assert_eq!(claimed.image, save(1, 2, &[]).image);
    assert_eq!(store.claim(RoomId::from_bits(7), at(3)).await.unwrap(), None);
}

pub(crate) async fn a_former_owner_writes_nothing_any_more_and_is_told<S: Database>(store: S) {
    let ada = SessionId::new();
    store.write(&[], &[save(1, 1, &[ada])]).await.unwrap();
    assert_eq!(store.claim(ROOM, at(2)).await.unwrap().unwrap().owner_epoch, 2);

    assert_eq!(store.write(&[], &[save(1, 3, &[])]).await.unwrap(), [ROOM]);

    assert_eq!(store.rooms_of_session(ada).await.unwrap(), [ROOM]);
    assert_eq!(store.write(&[], &[save(2, 4, &[ada])]).await.unwrap(), []);
    let again = store.claim(ROOM, at(5)).await.unwrap().unwrap();
    assert_eq!((again.owner_epoch, again.saved_at), (3, at(4)));
}

pub(crate) async fn a_room_that_is_closed_is_forgotten_and_a_save_behind_it_is_not<S: Database>(
    store: S,
) {
    let ada = SessionId::new();
    store.write(&[], &[save(1, 1, &[ada])]).await.unwrap();
    store.write(&[closed(2)], &[]).await.unwrap();
    assert_eq!(store.claim(ROOM, at(3)).await.unwrap(), None);
    assert_eq!(store.rooms_of_session(ada).await.unwrap(), []);
    // In one batch the records come first.
    store.write(&[closed(4)], &[save(1, 5, &[ada])]).await.unwrap();
    assert_eq!(store.rooms_of_session(ada).await.unwrap(), [ROOM]);
}

pub(crate) async fn a_thousand_rooms_are_one_batch<S: Database>(store: S) {
    let ada = SessionId::new();
    let room = |n| RoomSave { room: RoomId::from_bits(n), ..save(1, 1, &[ada]) };
    let saves: Vec<_> = (0..1_000).map(room).collect();
    assert_eq!(store.write(&[], &saves).await.unwrap(), []);
    assert_eq!(store.write(&[], &saves).await.unwrap(), []);
    assert_eq!(store.rooms_of_session(ada).await.unwrap().len(), 1_000);
}

pub(crate) async fn a_saved_session_is_good_once<S: Database>(store: S) {
    let [ada, bob] = [SessionId::new(), SessionId::new()];
    let save = |session, n: u8| SessionSave { session, at: at(1), image: vec![n; 3].into() };
    store.save_sessions(&[save(ada, 1), save(bob, 2)]).await.unwrap();
    store.save_sessions(&[save(ada, 3)]).await.unwrap();
    // A spool that is brought in late: what was saved since stands.
    store.save_sessions(&[SessionSave { at: at(0), ..save(ada, 4) }]).await.unwrap();

    let taken = store.take_sessions(&[bob, SessionId::new(), ada]).await.unwrap();

    assert_eq!(taken, [save(bob, 2), save(ada, 3)]);
    assert_eq!(store.take_sessions(&[bob, ada]).await.unwrap(), []);
}

pub(crate) async fn what_nobody_claims_is_ended_and_what_was_claimed_is_not<S: Database>(store: S) {
    let player = a_player(&store).await.id;
    let ada = SessionId::new();
    let room = |n: u64| RoomId::from_bits(0x6_0000_0000 + n);
    let saved = |n, seconds| RoomSave { room: room(n), ..save(1, seconds, &[ada]) };
    let game_session = uuid::Uuid::now_v7();
    let opened = |n| RoomRecord::Opened {
        room: room(n),
        game: "arena".into(),
        options: serde_json::json!({}),
        metadata: serde_json::json!({}),
        private: false,
        seats_max: 4,
        at: at(1),
    };
    let seat = RoomRecord::SeatTaken {
        game_session,
        room: room(1),
        seat: gamev1_protocol::Seat(0),
        player,
        session: ada,
        at: at(1),
    };
    let records = [opened(1), opened(2), opened(3), seat];
    store.write(&records, &[saved(1, 10), saved(2, 10), saved(3, 30)]).await.unwrap();
    store
        .save_sessions(&[SessionSave { session: ada, at: at(10), image: vec![1].into() }])
        .await
        .unwrap();
    store.claim(room(2), at(25)).await.unwrap().unwrap();

    assert_eq!(store.end_unclaimed(at(20), at(600), 10).await.unwrap(), 1);

    assert_eq!(store.rooms_of_session(ada).await.unwrap(), [room(2), room(3)]);
    let end = store.room(room(1)).await.unwrap().unwrap().closed.unwrap();
    assert_eq!((end.reason.as_str(), end.at), ("unclaimed", at(600)));
    let stay = store.stays_in_room(room(1), 1).await.unwrap().remove(0);
    assert_eq!(stay.ended.unwrap().at, at(600));
    assert_eq!(store.take_sessions(&[ada]).await.unwrap(), []);
    assert_eq!(store.end_unclaimed(at(20), at(600), 10).await.unwrap(), 0);
}
