//! What was revoked, and the log of it.

use std::{sync::Arc, time::Duration};

use gamev1_actors::ports::{Revocation, Revoked};
use gamev1_persistence::{
    Database,
    accounts::{Accounts, NewSignIn, Role, Rotate, Rotation, SecretHash},
    revocations::{EndedAll, REVOKED_FOR, Why},
};
use gamev1_protocol::{PlayerId, SignInId};
use tokio::{task::JoinSet, time::timeout};

use crate::world::{a_player, at, entry, new_sign_in, secret};

pub(crate) async fn an_ended_sign_in_is_in_the_log_once_and_its_tokens_are_void<S: Database>(
    store: S,
) {
    let player = a_player(&store).await;
    let (refresh, other) = (secret(), secret());
    let sign_in = opened(&store, new_sign_in(player.id, refresh)).await;
    let stays = opened(&store, new_sign_in(player.id, other)).await;

    let ended = store.end_sign_in(sign_in, Why::SignedOut, at(5)).await.unwrap().unwrap();

    assert_eq!((ended.what, ended.until), (Revoked::SignIn(sign_in), at(5) + REVOKED_FOR));
    assert_eq!(store.since(0, at(5), 9).await.unwrap(), [ended]);
    assert_eq!(rotate(&store, refresh, 6).await, Rotation::Revoked { sign_in });
    assert_eq!(store.end_sign_in(sign_in, Why::SignedOut, at(7)).await.unwrap(), None);
    assert_eq!(store.end_sign_in(SignInId::new(), Why::SignedOut, at(7)).await.unwrap(), None);
    assert_eq!(store.since(ended.id, at(7), 9).await.unwrap(), []);
    assert!(store.sign_in_valid(stays, at(7)).await.unwrap());
}

pub(crate) async fn ending_all_raises_the_epoch_and_spares_one_sign_in_at_most<S: Database>(
    store: S,
) {
    let (player, bystander) = (a_player(&store).await, a_player(&store).await);
    let tokens = [secret(), secret(), secret()];
    let kept = opened(&store, new_sign_in(player.id, tokens[0])).await;
    opened(&store, new_sign_in(player.id, tokens[1])).await;
    opened(&store, new_sign_in(bystander.id, tokens[2])).await;

    let ended = store.end_all(player.id, Some(kept), Why::Changed, at(5)).await.unwrap().unwrap();

    let what = Revoked::Player { player: player.id, epoch: 1 };
    assert_eq!((ended.player.epoch, ended.player.updated_at), (1, at(5)));
    assert_eq!(ended.revocation.what, what);
    assert_eq!(store.since(0, at(5), 9).await.unwrap(), [ended.revocation]);
    assert_eq!(store.player(player.id).await.unwrap(), Some(ended.player.clone()));
    assert_eq!(store.player(bystander.id).await.unwrap(), Some(bystander));
    let [mine, theirs, foreign] = tokens;
    let Rotation::Rotated { player: fresh, .. } = rotate(&store, mine, 6).await else {
        panic!("the sign-in was not spared");
    };
    assert_eq!(fresh, ended.player);
    assert!(matches!(rotate(&store, theirs, 6).await, Rotation::Revoked { .. }));
    assert!(matches!(rotate(&store, foreign, 6).await, Rotation::Rotated { .. }));

    let EndedAll { player: again, .. } =
        store.end_all(player.id, None, Why::SignedOut, at(7)).await.unwrap().unwrap();

    assert_eq!(again.epoch, 2);
    assert!(!store.sign_in_valid(kept, at(7)).await.unwrap());
    assert_eq!(store.end_all(PlayerId::new(), None, Why::SignedOut, at(8)).await.unwrap(), None);
}

pub(crate) async fn whatever_revokes_is_in_the_log<S: Database>(store: S) {
    let player = a_player(&store).await;
    let stolen = secret();
    let sign_in = opened(&store, new_sign_in(player.id, stolen)).await;
    rotate(&store, stolen, 1).await;

    rotate(&store, stolen, 20).await;
    for _ in 0..2 {
        let role = entry(player.id, "role", player.id);
        store.change_role(player.id, Role::Admin, &role).await.unwrap().unwrap();
    }

    let logged = store.since(0, at(22), 9).await.unwrap();
    let what: Vec<_> = logged.iter().map(|line| line.what).collect();
    let raised = Revoked::Player { player: player.id, epoch: 1 };
    assert_eq!(what, [Revoked::SignIn(sign_in), raised]);
}

pub(crate) async fn the_log_is_read_in_pages_until_nothing_is_alive<S: Database>(store: S) {
    let player = a_player(&store).await.id;
    for second in 0..5 {
        store.end_all(player, None, Why::SignedOut, at(second)).await.unwrap();
    }

    let first = store.since(0, at(5), 3).await.unwrap();
    let rest = store.since(first[2].id, at(5), 3).await.unwrap();

    let epochs = [&first[..], &rest[..]].concat().iter().map(epoch).collect::<Vec<_>>();
    assert_eq!((first.len(), epochs), (3, vec![1, 2, 3, 4, 5]));
    let late = at(2) + REVOKED_FOR;
    let alive = store.since(0, late, 9).await.unwrap();
    assert_eq!(alive.iter().map(epoch).collect::<Vec<_>>(), [4, 5]);
    assert_eq!(store.forget_revocations(late).await.unwrap(), 3);
    assert_eq!(store.forget_revocations(late).await.unwrap(), 0);
    assert_eq!(store.since(0, at(5), 9).await.unwrap(), alive);
}

pub(crate) async fn a_revocation_is_kept_as_long_as_the_longest_token<S: Database>(store: S) {
    let player = a_player(&store).await.id;
    let long = at(0) + 30 * Duration::from_secs(86_400);
    let lasting = NewSignIn { access_until: Some(long), ..new_sign_in(player, secret()) };
    let lasting = opened(&store, lasting).await;
    let usual = opened(&store, new_sign_in(player, secret())).await;

    let usual = store.end_sign_in(usual, Why::SignedOut, at(1)).await.unwrap().unwrap();
    let lasting = store.end_sign_in(lasting, Why::SignedOut, at(2)).await.unwrap().unwrap();
    let all = store.end_all(player, None, Why::SignedOut, at(3)).await.unwrap().unwrap();

    assert_eq!(usual.until, at(1) + REVOKED_FOR);
    assert_eq!((lasting.until, all.revocation.until), (long, long));
}

pub(crate) async fn of_many_who_revoke_at_once_nobody_is_missed<S: Database>(store: S) {
    let store = Arc::new(store);
    let mut calls = JoinSet::new();
    for _ in 0..40 {
        let store = store.clone();
        calls.spawn(async move {
            let player = a_player(&*store).await.id;
            store.end_all(player, None, Why::SignedOut, at(1)).await.unwrap().unwrap().revocation
        });
    }
    // As a process reads it: behind the last line that it has seen, while others write.
    let (mut last, mut seen) = (0, Vec::new());
    let reading = async {
        while seen.len() < 40 {
            let lines = store.since(last, at(1), 7).await.unwrap();
            last = lines.last().map_or(last, |line| line.id);
            seen.extend(lines);
        }
    };
    timeout(Duration::from_secs(60), reading).await.unwrap();

    let mut made: Vec<_> = calls.join_all().await;
    made.sort_by_key(|line| line.id);
    assert_eq!(seen, made);
}

fn epoch(line: &Revocation) -> u32 {
    match line.what {
        Revoked::Player { epoch, .. } => epoch,
        Revoked::SignIn(_) => panic!("{line:?}"),
    }
}

async fn opened(store: &impl Accounts, new: NewSignIn) -> SignInId {
    store.open_sign_in(new, at(0)).await.unwrap().unwrap().id
}

async fn rotate(store: &impl Accounts, used: SecretHash, second: u64) -> Rotation {
    let rotate = Rotate { used, next: secret(), next_expires_at: at(3000) };
    store.rotate_refresh(rotate, at(second)).await.unwrap()
}
