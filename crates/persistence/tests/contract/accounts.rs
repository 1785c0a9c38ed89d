//! Players and the devices of guests.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use gamev1_actors::ports::StoreError;
use gamev1_persistence::accounts::{Accounts, NewGuest, NewPlayer, Player, Role, UsernameTaken};
use gamev1_protocol::PlayerId;
use tokio::task::JoinSet;

use crate::world::{at, new_guest, new_player, secret};

pub(crate) async fn the_same_device_gets_the_same_player<S: Accounts>(store: S) {
    let (device, other) = (secret(), secret());
    let first = store.guest(device, at(0), &new_guest).await.unwrap();

    assert_eq!(store.guest(device, at(50), &|| panic!("it has a player")).await.unwrap(), first);
    assert_ne!(store.guest(other, at(50), &new_guest).await.unwrap().id, first.id);
}

pub(crate) async fn fifty_calls_for_a_new_device_make_one_player<S: Accounts>(store: S) {
    let (store, device) = (Arc::new(store), secret());
    let mut calls = JoinSet::new();
    for _ in 0..50 {
        let store = store.clone();
        calls.spawn(async move { store.guest(device, at(0), &new_guest).await.unwrap() });
    }

    let players = calls.join_all().await;

    assert_eq!(players.len(), 50);
    assert!(players.iter().all(|player| *player == players[0]), "{players:?}");
    assert_eq!(store.player(players[0].id).await.unwrap().unwrap(), players[0]);
}

pub(crate) async fn a_guest_whose_name_is_taken_is_named_anew<S: Accounts>(store: S) {
    store.create_player(new_player("Brave-Otter"), at(0)).await.unwrap().unwrap();
    let asked = AtomicUsize::new(0);
    let make = || match asked.fetch_add(1, Ordering::Relaxed) {
        0..3 => NewGuest { id: PlayerId::new(), username: "brave-otter".to_owned() },
        _ => NewGuest { id: PlayerId::new(), username: "Brave-Otter-2".to_owned() },
    };

    let guest = store.guest(secret(), at(0), &make).await.unwrap();

    assert_eq!(guest.username, "Brave-Otter-2");
    assert_eq!(asked.into_inner(), 4);
}

pub(crate) async fn a_guest_for_whom_no_name_is_free_is_refused_and_leaves_nothing<S: Accounts>(
    store: S,
) {
    store.create_player(new_player("only"), at(0)).await.unwrap().unwrap();
    let (device, id) = (secret(), PlayerId::new());
    let asked = AtomicUsize::new(0);
    let make = || {
        asked.fetch_add(1, Ordering::Relaxed);
        NewGuest { id, username: "ONLY".to_owned() }
    };

    let refused = store.guest(device, at(0), &make).await.unwrap_err();

    assert!(matches!(refused, StoreError::Refused(_)), "{refused}");
    assert!((2..=100).contains(&asked.into_inner()));
    assert_eq!(store.player(id).await.unwrap(), None);
    // The device is as new as before.
    let guest = store.guest(device, at(0), &new_guest).await.unwrap();
    assert!(guest.guest && guest.id != id);
}

pub(crate) async fn a_username_is_found_and_taken_in_any_case<S: Accounts>(store: S) {
    let made = store.create_player(new_player("Çelik"), at(0)).await.unwrap().unwrap();

    for name in ["Çelik", "çelik", "ÇELIK"] {
        assert_eq!(store.player_by_username(name).await.unwrap().as_ref(), Some(&made), "{name}");
        assert_eq!(store.create_player(new_player(name), at(1)).await.unwrap(), Err(UsernameTaken));
    }
    assert_eq!(store.player_by_username("celik").await.unwrap(), None);
}

pub(crate) async fn a_player_is_found_as_it_was_made<S: Accounts>(store: S) {
    let new = NewPlayer { role: Role::Moderator, ..new_player("ada") };
    let expected = Player {
        id: new.id,
        username: "ada".to_owned(),
        email: None,
        email_verified: false,
        guest: false,
        role: Role::Moderator,
        epoch: 0,
        created_at: at(7),
        updated_at: at(7),
    };

    assert_eq!(store.create_player(new, at(7)).await.unwrap(), Ok(expected.clone()));

    assert_eq!(store.player(expected.id).await.unwrap(), Some(expected));
    assert_eq!(store.player(PlayerId::new()).await.unwrap(), None);
}
