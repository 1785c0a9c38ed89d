//! What the cases share: an engine, a clock of their own, players and secrets.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, SystemTime},
};

use gamev1_actors::ports::audit::{AuditActor, AuditEntry, AuditTarget};
use gamev1_persistence::{
    Database,
    accounts::{Accounts, NewGuest, NewPlayer, NewSignIn, Player, Role, SecretHash},
};
use gamev1_protocol::{PlayerId, SignInId};

/// A place for a database of one kind, which can be opened more than once.
pub(crate) trait Engine: Sized {
    type Store: Database;

    /// A new place with nothing in it.
    fn fresh() -> Self;

    /// Opens it, with its schema.
    async fn open(&self) -> Self::Store;
}

/// `seconds` into the time of the tests, which is long past.
pub(crate) fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_600_000_000 + seconds)
}

/// A secret that no other in this process is like.
pub(crate) fn secret() -> SecretHash {
    let mut hash = [0xA5; 32];
    hash[..4].copy_from_slice(&number().to_be_bytes());
    hash
}

pub(crate) fn new_guest() -> NewGuest {
    NewGuest { id: PlayerId::new(), username: format!("Guest-{}", number()) }
}

pub(crate) fn new_player(username: &str) -> NewPlayer {
    let username = username.to_owned();
    NewPlayer { id: PlayerId::new(), username, guest: false, role: Role::Player }
}

pub(crate) async fn a_player(store: &impl Accounts) -> Player {
    store.guest(secret(), at(0), &new_guest).await.unwrap()
}

/// A sign-in from `at(0)` to `at(1000)`, whose first refresh token ends at `at(100)`.
pub(crate) fn new_sign_in(player: PlayerId, refresh: SecretHash) -> NewSignIn {
    let (refresh_expires_at, expires_at) = (at(100), at(1000));
    let (id, access_until) = (SignInId::new(), None);
    NewSignIn { id, player, refresh, refresh_expires_at, expires_at, access_until }
}

/// What an admin does to a player at `at(10)`.
pub(crate) fn entry(by: PlayerId, action: &'static str, player: PlayerId) -> AuditEntry {
    let actor = AuditActor { kind: "admin".into(), player: Some(by) };
    AuditEntry::new(actor, action, AuditTarget::player(player), at(10)).reason("because")
}

fn number() -> u32 {
    static LAST: AtomicU32 = AtomicU32::new(0);
    LAST.fetch_add(1, Ordering::Relaxed)
}
