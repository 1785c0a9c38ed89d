//! Sign-ins and their refresh tokens.

use std::{sync::Arc, time::SystemTime};

use gamev1_persistence::accounts::{
    Accounts, NewSignIn, REUSE_GRACE, Rotate, Rotation, SecretHash, SignIn,
};
use gamev1_protocol::{PlayerId, SignInId};
use tokio::task::JoinSet;

use crate::world::{a_player, at, new_sign_in, secret};

pub(crate) async fn a_sign_in_of_nobody_is_not_opened<S: Accounts>(store: S) {
    let refresh = secret();

    let opened = store.open_sign_in(new_sign_in(PlayerId::new(), refresh), at(0)).await.unwrap();

    assert_eq!(opened, None);
    assert_eq!(rotate(&store, refresh, secret(), at(1)).await, Rotation::Unknown);
}

pub(crate) async fn each_refresh_token_is_good_once<S: Accounts>(store: S) {
    let player = a_player(&store).await;
    let mut token = secret();
    let new = new_sign_in(player.id, token);
    let sign_in = SignIn { id: new.id, player: player.id, expires_at: new.expires_at };
    assert_eq!(store.open_sign_in(new, at(0)).await.unwrap(), Some(sign_in.clone()));

    for turn in 1..5 {
        let next = secret();
        let rotated = Rotation::Rotated { player: player.clone(), sign_in: sign_in.clone() };
        assert_eq!(rotate(&store, token, next, at(turn)).await, rotated);
        token = next;
    }

    assert_eq!(rotate(&store, secret(), secret(), at(5)).await, Rotation::Unknown);
}

pub(crate) async fn a_used_token_within_the_grace_is_refused_and_revokes_nothing<S: Accounts>(
    store: S,
) {
    let (sign_in, used) = signed_in(&store).await;
    let next = secret();
    assert!(is_rotated(&rotate(&store, used, next, at(1)).await));

    let again = rotate(&store, used, secret(), at(1) + REUSE_GRACE).await;

    assert_eq!(again, Rotation::Reused { sign_in, revoked: false });
    assert!(store.sign_in_valid(sign_in, at(12)).await.unwrap());
    assert!(is_rotated(&rotate(&store, next, secret(), at(12)).await));
}

pub(crate) async fn the_same_rotation_again_within_the_grace_gets_the_same_answer<S: Accounts>(
    store: S,
) {
    let (sign_in, used) = signed_in(&store).await;
    let next = secret();
    let first = rotate(&store, used, next, at(1)).await;
    assert!(is_rotated(&first));

    assert_eq!(rotate(&store, used, next, at(2)).await, first);

    assert!(is_rotated(&rotate(&store, next, secret(), at(3)).await));
    let late = rotate(&store, used, next, at(20)).await;
    assert_eq!(late, Rotation::Reused { sign_in, revoked: true });
}

pub(crate) async fn a_used_token_after_the_grace_revokes_its_family_and_no_other<S: Accounts>(
    store: S,
) {
    let player = a_player(&store).await;
    let (stolen, other) = (secret(), secret());
    let sign_in = opened(&store, new_sign_in(player.id, stolen)).await;
    let elsewhere = opened(&store, new_sign_in(player.id, other)).await;
    let next = secret();
    assert!(is_rotated(&rotate(&store, stolen, next, at(1)).await));

    let reused = rotate(&store, stolen, secret(), at(12)).await;

    assert_eq!(reused, Rotation::Reused { sign_in, revoked: true });
    assert!(!store.sign_in_valid(sign_in, at(12)).await.unwrap());
    for token in [next, stolen] {
        let revoked = rotate(&store, token, secret(), at(13)).await;
        assert_eq!(revoked, Rotation::Revoked { sign_in });
    }
    assert!(store.sign_in_valid(elsewhere, at(13)).await.unwrap());
    assert!(is_rotated(&rotate(&store, other, secret(), at(13)).await));
}

pub(crate) async fn of_many_rotations_at_once_one_is_made<S: Accounts>(store: S) {
    let (sign_in, used) = signed_in(&store).await;
    let store = Arc::new(store);
    let mut calls = JoinSet::new();
    for _ in 0..20 {
        let store = store.clone();
        calls.spawn(async move { rotate(&*store, used, secret(), at(1)).await });
    }

    let (made, refused): (Vec<_>, Vec<_>) =
        calls.join_all().await.into_iter().partition(is_rotated);

    assert_eq!(made.len(), 1);
    assert_eq!(refused, vec![Rotation::Reused { sign_in, revoked: false }; 19]);
}

pub(crate) async fn a_refresh_token_ends_at_its_time<S: Accounts>(store: S) {
    let (_, token) = signed_in(&store).await;

    assert_eq!(rotate(&store, token, secret(), at(100)).await, Rotation::Expired);
    assert!(is_rotated(&rotate(&store, token, secret(), at(99)).await));
}

pub(crate) async fn no_refresh_token_outlives_its_sign_in<S: Accounts>(store: S) {
    let (sign_in, first) = signed_in(&store).await;
    let second = secret();
    let long = Rotate { used: first, next: second, next_expires_at: at(5000) };
    assert!(is_rotated(&store.rotate_refresh(long, at(99)).await.unwrap()));

    assert_eq!(rotate(&store, second, secret(), at(1000)).await, Rotation::Expired);
    assert!(is_rotated(&rotate(&store, second, secret(), at(999)).await));
    assert!(!store.sign_in_valid(sign_in, at(1000)).await.unwrap());
}

pub(crate) async fn a_sign_in_is_valid_until_its_end<S: Accounts>(store: S) {
    let (sign_in, _) = signed_in(&store).await;

    assert!(store.sign_in_valid(sign_in, at(999)).await.unwrap());
    assert!(!store.sign_in_valid(sign_in, at(1000)).await.unwrap());
    assert!(!store.sign_in_valid(SignInId::new(), at(0)).await.unwrap());
}

pub(crate) async fn sign_ins_that_ended_are_forgotten_and_no_others<S: Accounts>(store: S) {
    let player = a_player(&store).await;
    let (ended, lasting) = (secret(), secret());
    opened(&store, new_sign_in(player.id, ended)).await;
    let longer = NewSignIn { expires_at: at(2000), ..new_sign_in(player.id, lasting) };
    let longer = opened(&store, longer).await;

    assert_eq!(store.forget_expired(at(999)).await.unwrap(), 0);
    assert_eq!(store.forget_expired(at(1000)).await.unwrap(), 1);
    assert_eq!(store.forget_expired(at(1000)).await.unwrap(), 0);

    assert_eq!(rotate(&store, ended, secret(), at(1)).await, Rotation::Unknown);
    assert!(store.sign_in_valid(longer, at(1000)).await.unwrap());
    assert!(is_rotated(&rotate(&store, lasting, secret(), at(1)).await));
}

/// A player's sign-in, opened at `at(0)`, and its refresh token.
async fn signed_in(store: &impl Accounts) -> (SignInId, SecretHash) {
    let (player, refresh) = (a_player(store).await, secret());
    (opened(store, new_sign_in(player.id, refresh)).await, refresh)
}

async fn opened(store: &impl Accounts, new: NewSignIn) -> SignInId {
    store.open_sign_in(new, at(0)).await.unwrap().unwrap().id
}

async fn rotate(
    store: &impl Accounts,
    used: SecretHash,
    next: SecretHash,
    now: SystemTime,
) -> Rotation {
    let rotate = Rotate { used, next, next_expires_at: at(3000) };
    store.rotate_refresh(rotate, now).await.unwrap()
}

fn is_rotated(rotation: &Rotation) -> bool {
    matches!(rotation, Rotation::Rotated { .. })
}
