//! What holds beyond one opening of a database.

use gamev1_actors::ports::{RoomRecord, RoomStore};
use gamev1_persistence::{
    Database,
    accounts::{Accounts, Rotate, Rotation},
    history::History,
};
use gamev1_protocol::RoomId;
use serde_json::Value;
use tokio::task::JoinSet;

use crate::world::{Engine, a_player, at, new_guest, new_sign_in, secret};

pub(crate) async fn what_was_acknowledged_is_there_after_reopening<E: Engine>(engine: E) {
    let (device, first, second) = (secret(), secret(), secret());
    let store = engine.open().await;
    let player = store.guest(device, at(0), &new_guest).await.unwrap();
    let sign_in = store.open_sign_in(new_sign_in(player.id, first), at(0)).await.unwrap().unwrap();
    let rotate = Rotate { used: first, next: second, next_expires_at: at(100) };
    store.rotate_refresh(rotate.clone(), at(1)).await.unwrap();
    store.write(&[open(0)], &[]).await.unwrap();
    store.close().await;

    let store = engine.open().await;

    assert_eq!(store.guest(device, at(9), &new_guest).await.unwrap(), player);
    assert!(store.sign_in_valid(sign_in.id, at(9)).await.unwrap());
    assert!(store.room(RoomId::from_bits(0)).await.unwrap().is_some());
    let next = Rotate { used: second, next: secret(), next_expires_at: at(100) };
    let rotated = store.rotate_refresh(next, at(9)).await.unwrap();
    assert_eq!(rotated, Rotation::Rotated { player, sign_in: sign_in.clone() });
    // That the first was used is remembered too.
    let reused = store.rotate_refresh(Rotate { next: secret(), ..rotate }, at(50)).await.unwrap();
    assert_eq!(reused, Rotation::Reused { sign_in: sign_in.id, revoked: true });
}

pub(crate) async fn two_who_have_it_open_see_what_the_other_wrote<E: Engine>(engine: E) {
    let (one, other) = (engine.open().await, engine.open().await);
    let player = a_player(&one).await;
    assert_eq!(other.player(player.id).await.unwrap(), Some(player));

    let mut writers = JoinSet::new();
    for (part, store) in [one, other].into_iter().enumerate() {
        writers.spawn(async move {
            for n in 0..50 {
                store.write(&[open(1 + 50 * part as u64 + n)], &[]).await.unwrap();
            }
            store
        });
    }

    for store in writers.join_all().await {
        assert_eq!(store.rooms_of_game("relay", 1_000).await.unwrap().len(), 100);
        store.close().await;
    }
}

fn open(n: u64) -> RoomRecord {
    RoomRecord::Opened {
        room: RoomId::from_bits(n),
        game: "relay".into(),
        options: Value::Null,
        metadata: Value::Null,
        private: false,
        seats_max: 128,
        at: at(n),
    }
}
