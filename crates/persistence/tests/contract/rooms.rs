//! The records of rooms and of players' stays in them.

use std::sync::Arc;

use gamev1_actors::ports::RoomRecord;
use gamev1_persistence::{
    Database,
    history::{RoomEnd, Stay, StayEnd, StoredRoom},
};
use gamev1_protocol::{PlayerId, RoomId, Seat, SessionId};
use serde_json::json;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::world::{a_player, at};

const ROOM: RoomId = RoomId::from_bits(0x1_2345_6789);

pub(crate) async fn records_are_applied_in_their_order<S: Database>(store: S) {
    let player = a_player(&store).await.id;
    let (opened, taken, game_session) = (open(ROOM, 10), take(ROOM, player, 3, 11), Uuid::now_v7());
    let RoomRecord::SeatTaken { session, .. } = taken.1 else { unreachable!() };
    let left = RoomRecord::SeatLeft {
        game_session: taken.0,
        result: Some(json!({ "score": 1.5 })),
        at: at(12),
    };
    let unknown = RoomRecord::SeatLeft { game_session, result: None, at: at(12) };

    store.write(&[opened, taken.1, left, unknown, close(ROOM, 13)], &[]).await.unwrap();

    let end = RoomEnd { at: at(13), reason: "ended".to_owned(), result: Some(json!([1, null])) };
    let room = StoredRoom { closed: Some(end), ..stored(ROOM, 10) };
    assert_eq!(store.room(ROOM).await.unwrap(), Some(room));
    let ended = Some(StayEnd { at: at(12), result: Some(json!({ "score": 1.5 })) });
    let stay = Stay {
        game_session: taken.0,
        room: ROOM,
        player: Some(player),
        seat: Seat(3),
        session,
        started_at: at(11),
        ended,
    };
    assert_eq!(store.stays_in_room(ROOM, 10).await.unwrap(), std::slice::from_ref(&stay));
    assert_eq!(store.stays_of_player(player, 10).await.unwrap(), [stay]);
}

pub(crate) async fn a_batch_written_again_changes_nothing<S: Database>(store: S) {
    let player = a_player(&store).await.id;
    let taken = take(ROOM, player, 0, 2);
    let left = RoomRecord::SeatLeft { game_session: taken.0, result: None, at: at(3) };
    let batch = [open(ROOM, 1), taken.1, left, close(ROOM, 4)];
    store.write(&batch, &[]).await.unwrap();
    let before = (store.room(ROOM).await.unwrap(), store.stays_in_room(ROOM, 10).await.unwrap());

    store.write(&batch, &[]).await.unwrap();
    store.write(&batch[..2], &[]).await.unwrap();
    store.write(&[], &[]).await.unwrap();

    let after = (store.room(ROOM).await.unwrap(), store.stays_in_room(ROOM, 10).await.unwrap());
    assert_eq!(after, before);
    assert_eq!(after.1.len(), 1);
}

pub(crate) async fn an_end_that_was_stored_is_not_stored_over<S: Database>(store: S) {
    let player = a_player(&store).await.id;
    let taken = take(ROOM, player, 0, 2);
    let left = |at| RoomRecord::SeatLeft { game_session: taken.0, result: None, at };
    store.write(&[open(ROOM, 1), taken.1.clone(), left(at(3)), close(ROOM, 4)], &[]).await.unwrap();

    store.write(&[left(at(30)), close(ROOM, 40), open(ROOM, 50)], &[]).await.unwrap();

    let room = store.room(ROOM).await.unwrap().unwrap();
    assert_eq!((room.opened_at, room.closed.unwrap().at), (at(1), at(4)));
    assert_eq!(store.stays_in_room(ROOM, 1).await.unwrap()[0].ended.as_ref().unwrap().at, at(3));
}

pub(crate) async fn a_thousand_records_are_one_batch<S: Database>(store: S) {
    let player = a_player(&store).await.id;
    let mut batch = vec![open(ROOM, 0)];
    batch.extend((0..999).map(|n| take(ROOM, player, n, 1 + u64::from(n)).1));

    store.write(&batch, &[]).await.unwrap();

    let stays = store.stays_in_room(ROOM, 2_000).await.unwrap();
    let seats: Vec<_> = stays.iter().map(|stay| stay.seat.0).collect();
    assert_eq!(seats, (0..999).collect::<Vec<_>>());
}

pub(crate) async fn a_record_that_cannot_be_stored_does_not_lose_the_others<S: Database>(store: S) {
    let (before, bad, after) = (room(1), room(2), room(3));
    let mut no_seats = open(bad, 1);
    if let RoomRecord::Opened { seats_max, .. } = &mut no_seats {
        *seats_max = 0;
    }

    store.write(&[open(before, 1), no_seats, open(after, 1)], &[]).await.unwrap();

    assert_eq!(store.room(before).await.unwrap(), Some(stored(before, 1)));
    assert_eq!(store.room(bad).await.unwrap(), None);
    assert_eq!(store.room(after).await.unwrap(), Some(stored(after, 1)));
}

pub(crate) async fn a_stay_of_a_player_who_is_gone_is_kept_without_a_name<S: Database>(store: S) {
    store.write(&[open(ROOM, 1), take(ROOM, PlayerId::new(), 0, 2).1], &[]).await.unwrap();

    let stays = store.stays_in_room(ROOM, 10).await.unwrap();
    assert_eq!(stays.len(), 1);
    assert_eq!(stays[0].player, None);
}

pub(crate) async fn a_stay_is_kept_though_its_room_was_never_recorded<S: Database>(store: S) {
    let player = a_player(&store).await.id;

    store.write(&[take(ROOM, player, 0, 2).1, close(ROOM, 3)], &[]).await.unwrap();

    assert_eq!(store.room(ROOM).await.unwrap(), None);
    assert_eq!(store.stays_of_player(player, 10).await.unwrap().len(), 1);
}

pub(crate) async fn of_two_hundred_writers_none_starves<S: Database>(store: S) {
    let store = Arc::new(store);
    let mut writers = JoinSet::new();
    for n in 0..200 {
        let store = store.clone();
        writers.spawn(async move {
            store.write(&[open(room(n), n)], &[]).await.unwrap();
            store.write(&[close(room(n), n + 1)], &[]).await.unwrap();
        });
    }

    assert_eq!(writers.join_all().await.len(), 200);

    let rooms = store.rooms_of_game("arena", 1_000).await.unwrap();
    assert_eq!(rooms.iter().filter(|room| room.closed.is_some()).count(), 200);
}

pub(crate) async fn the_latest_come_first_and_no_more_than_asked_for<S: Database>(store: S) {
    let player = a_player(&store).await.id;
    for n in 0..5 {
        store.write(&[open(room(n), n), take(room(n), player, 0, 10 + n).1], &[]).await.unwrap();
    }

    let rooms = store.rooms_of_game("arena", 3).await.unwrap();
    assert_eq!(rooms, [stored(room(4), 4), stored(room(3), 3), stored(room(2), 2)]);
    assert_eq!(store.rooms_of_game("relay", 3).await.unwrap(), []);
    let stays = store.stays_of_player(player, 2).await.unwrap();
    assert_eq!(stays.iter().map(|stay| stay.room).collect::<Vec<_>>(), [room(4), room(3)]);
}

fn room(n: u64) -> RoomId {
    RoomId::from_bits(0x2_0000_0000 + n)
}

fn open(room: RoomId, seconds: u64) -> RoomRecord {
    RoomRecord::Opened {
        room,
        game: "arena".into(),
        options: json!({ "walls": [[0, 1.25], [2, 3]] }),
        metadata: json!({ "title": "Ünïcode" }),
        private: true,
        seats_max: 16,
        at: at(seconds),
    }
}

/// What is found of [`open`].
fn stored(room: RoomId, seconds: u64) -> StoredRoom {
    StoredRoom {
        room,
        game: "arena".to_owned(),
        options: json!({ "walls": [[0, 1.25], [2, 3]] }),
        metadata: json!({ "title": "Ünïcode" }),
        private: true,
        seats_max: 16,
        owner_epoch: 1,
        opened_at: at(seconds),
        closed: None,
    }
}

fn close(room: RoomId, seconds: u64) -> RoomRecord {
    RoomRecord::Closed {
        room,
        reason: "ended".into(),
        result: Some(json!([1, null])),
        at: at(seconds),
    }
}

fn take(room: RoomId, player: PlayerId, seat: u16, seconds: u64) -> (Uuid, RoomRecord) {
    let (game_session, session) = (Uuid::now_v7(), SessionId::new());
    let (seat, at) = (Seat(seat), at(seconds));
    (game_session, RoomRecord::SeatTaken { game_session, room, seat, player, session, at })
}
