//! The port of the audit log, and of what operators do to players: a deed and its entry are one transaction.

use gamev1_actors::ports::{Answer, StoreError, audit::AuditEntry};
use gamev1_protocol::PlayerId;
use uuid::Uuid;

use crate::{
    accounts::{Player, Role},
    credentials::{Registration, Taken},
};

/// Which entries are wanted; each condition narrows them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    pub actor: Option<PlayerId>,
    /// The id of the target, as text.
    pub target: Option<String>,
    pub action: Option<String>,
    /// Entries that are older than this one.
    pub before: Option<Uuid>,
}

/// Why a role was not changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RoleRefused {
    #[error("there is no such player")]
    NoPlayer,
    /// Nobody would be left who could change a role.
    #[error("the last admin stays one")]
    LastAdmin,
}

/// The audit log. Refusals are part of the answer; an `Err` is the database's fault. A deed whose outcome is not known
/// may be done again with the same entry.
pub trait Audit: Send + Sync + 'static {
    /// Writes an entry of something that is not done in this database.
    fn append<'a>(&'a self, entry: &'a AuditEntry) -> Answer<'a, Result<(), StoreError>>;

    /// The latest `limit` of the wanted entries, the latest first.
    fn entries<'a>(
        &'a self,
        wanted: &'a Wanted,
        limit: u32,
    ) -> Answer<'a, Result<Vec<AuditEntry>, StoreError>>;

    /// Sets a player's role; where that changes it the epoch grows and the entry is written, with the role as it was and
    /// as it is. Gives the player as it is then.
    fn change_role<'a>(
        &'a self,
        player: PlayerId,
        role: Role,
        entry: &'a AuditEntry,
    ) -> Answer<'a, Result<Result<Player, RoleRefused>, StoreError>>;

    /// Makes a new account that is an admin from the first moment.
    fn register_admin<'a>(
        &'a self,
        id: PlayerId,
        new: Registration,
        entry: &'a AuditEntry,
    ) -> Answer<'a, Result<Result<Player, Taken>, StoreError>>;

    /// Ends every sign-in of a player, as [`crate::revocations::Revocations::end_all`] does. `None` when there is no
    /// such player.
    fn sign_out<'a>(
        &'a self,
        player: PlayerId,
        entry: &'a AuditEntry,
    ) -> Answer<'a, Result<Option<Player>, StoreError>>;
}
