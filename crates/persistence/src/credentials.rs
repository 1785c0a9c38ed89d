//! The port of accounts with a password. The password itself never comes here: what is stored is a PHC string, which
//! the caller makes and checks.

use std::time::SystemTime;

use gamev1_actors::ports::{Answer, StoreError, audit::AuditEntry};
use gamev1_protocol::{PlayerId, SignInId};
use uuid::Uuid;

use crate::{
    accounts::{Player, SecretHash},
    history::Stay,
};

/// The most stays on seats that one [`Export`] holds; the latest are in it.
pub const EXPORTED_STAYS_MAX: u32 = 10_000;

/// Who registers. Name and address are in the form in which they are shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    pub username: String,
    pub email: String,
    pub phc: String,
}

/// What another player has already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Taken {
    /// That name, or one that looks like it.
    #[error("the username is taken")]
    Username,
    #[error("the e-mail address is taken")]
    Email,
}

/// Why a player was not changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unchanged {
    #[error(transparent)]
    Taken(#[from] Taken),
    /// It is an account already where a guest was expected, or the other way round.
    #[error("the player is of the other kind")]
    OtherKind,
    #[error("there is no such player")]
    Gone,
}

/// Why a player was not deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotDeleted {
    #[error("there is no such player")]
    Gone,
    #[error("nobody else is an admin; make one before you go")]
    LastAdmin,
}

/// By what an account is looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Login {
    Username(String),
    Email(String),
}

/// A player with what its password is checked against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    pub player: Player,
    pub phc: String,
}

/// What the owner of an account changes; what is `None` stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change {
    pub username: Option<String>,
    /// A new address is not verified.
    pub email: Option<String>,
}

/// A new password, and what is left of the sign-ins that the old one gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPassword {
    /// The one that the caller has checked: if it is another by now, nothing is changed.
    pub old_phc: String,
    pub phc: String,
    /// All others end.
    pub kept: SignInId,
    /// The only refresh token of the sign-in that is kept, from now on.
    pub refresh: SecretHash,
    pub refresh_expires_at: SystemTime,
}

/// All that is stored of a player. Secrets stand in it only as the fact that they are there.
#[derive(Debug, Clone, PartialEq)]
pub struct Export {
    pub player: Player,
    pub password_set_at: Option<SystemTime>,
    /// When each device was first seen, or, where one signs in by password, last.
    pub devices: Vec<SystemTime>,
    pub sign_ins: Vec<ExportedSignIn>,
    pub stays: Vec<Stay>,
    /// Whether there are more than the latest [`EXPORTED_STAYS_MAX`].
    pub more_stays: bool,
    pub sanctions: Vec<ExportedSanction>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportedSignIn {
    pub id: SignInId,
    pub created_at: SystemTime,
    pub expires_at: SystemTime,
    pub revoked_at: Option<SystemTime>,
    pub revoked_reason: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportedSanction {
    pub id: Uuid,
    pub kind: String,
    pub until: Option<SystemTime>,
    pub reason: String,
    pub created_at: SystemTime,
    pub lifted_at: Option<SystemTime>,
}

/// Accounts and their passwords. Refusals are part of the answer; an `Err` is always the database's fault.
///
/// Each call is one transaction at most, waits a bounded time, and has either happened as a whole or not at all.
pub trait Credentials: Send + Sync + 'static {
    /// Makes a new player who is an account.
    fn register(
        &self,
        id: PlayerId,
        new: Registration,
        now: SystemTime,
    ) -> Answer<'_, Result<Result<Player, Taken>, StoreError>>;

    /// Makes a guest an account under the same id. Its sign-ins stand; its devices sign it in no more, because from
    /// now on the password does.
    fn register_guest(
        &self,
        guest: PlayerId,
        new: Registration,
        now: SystemTime,
    ) -> Answer<'_, Result<Result<Player, Unchanged>, StoreError>>;

    fn by_login(&self, login: Login) -> Answer<'_, Result<Option<Account>, StoreError>>;

    /// `None` when there is no such player, or it has no password.
    fn account(&self, player: PlayerId) -> Answer<'_, Result<Option<Account>, StoreError>>;

    /// Sets another password. The epoch grows, so that all access tokens are void, and every sign-in but the one that
    /// is kept ends. `None` when the password is another by now, or the sign-in that was to be kept has ended.
    fn set_password(
        &self,
        player: PlayerId,
        new: NewPassword,
        now: SystemTime,
    ) -> Answer<'_, Result<Option<Player>, StoreError>>;

    /// Takes another hash of the same password, if the password is still that of `old_phc`.
    fn rehash(
        &self,
        player: PlayerId,
        old_phc: String,
        phc: String,
    ) -> Answer<'_, Result<(), StoreError>>;

    /// Changes the name and the address of an account.
    fn change(
        &self,
        player: PlayerId,
        change: Change,
        now: SystemTime,
    ) -> Answer<'_, Result<Result<Player, Unchanged>, StoreError>>;

    /// Deletes the player with its password, devices and sign-ins, and keeps the entry. Its stays on seats are kept
    /// without a player, for those who played with it. Gives the player as it was, under the epoch that voids whatever it
    /// was given.
    fn delete<'a>(
        &'a self,
        player: PlayerId,
        entry: &'a AuditEntry,
    ) -> Answer<'a, Result<Result<Player, NotDeleted>, StoreError>>;

    /// `None` when there is no such player.
    fn export(&self, player: PlayerId) -> Answer<'_, Result<Option<Export>, StoreError>>;
}
