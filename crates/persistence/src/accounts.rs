//! The port of accounts: players, the devices of guests, sign-ins and their refresh tokens. No SQL and no token
//! format: what is secret comes in as a SHA-256, and the time is an argument.

use std::{
    fmt,
    str::FromStr,
    time::{Duration, SystemTime},
};

use gamev1_actors::ports::{Answer, StoreError};
use gamev1_protocol::{PlayerId, SignInId};

/// The SHA-256 of a secret that a client holds: a device id or a refresh token.
pub type SecretHash = [u8; 32];

/// How long a used refresh token may come again as an honest double click before it counts as stolen.
pub const REUSE_GRACE: Duration = Duration::from_secs(10);

/// How often a guest is named anew before something is wrong with what makes the names.
pub(crate) const NAMES_MAX: usize = 8;

/// What a player may do; each may what the one before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    Player,
    Moderator,
    Admin,
}

impl Role {
    pub const ALL: [Role; 3] = [Role::Player, Role::Moderator, Role::Admin];

    pub const fn as_str(self) -> &'static str {
        match self {
            Role::Player => "player",
            Role::Moderator => "moderator",
            Role::Admin => "admin",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Role, UnknownRole> {
        let found = Role::ALL.into_iter().find(|role| role.as_str() == text);
        found.ok_or_else(|| UnknownRole { got: text.chars().take(64).collect() })
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected player, moderator or admin, got {got:?}")]
pub struct UnknownRole {
    pub got: String,
}

/// A player as stored. Its times are whole milliseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Player {
    pub id: PlayerId,
    /// As it was given. Unique regardless of case, and among accounts by what it looks like.
    pub username: String,
    /// As it was given; guests have none.
    pub email: Option<String>,
    pub email_verified: bool,
    pub guest: bool,
    pub role: Role,
    /// Only grows. An access token whose `epoch` is lower is void.
    pub epoch: u32,
    pub created_at: SystemTime,
    pub updated_at: SystemTime,
}

/// What a guest is to be if its device is new.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewGuest {
    pub id: PlayerId,
    pub username: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPlayer {
    pub id: PlayerId,
    pub username: String,
    pub guest: bool,
    pub role: Role,
}

/// Another player has that name, be it in other case, or one that looks like it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the username is taken")]
pub struct UsernameTaken;

/// A sign-in that begins, with the first refresh token of its family.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSignIn {
    pub id: SignInId,
    pub player: PlayerId,
    pub refresh: SecretHash,
    /// When this refresh token ends if it is not used.
    pub refresh_expires_at: SystemTime,
    /// When the whole family ends, however often it is refreshed.
    pub expires_at: SystemTime,
    /// When the access token ends that is given with it, where that is good for longer than
    /// [`crate::revocations::REVOKED_FOR`]: a revocation is remembered until then.
    pub access_until: Option<SystemTime>,
}

/// A family of refresh tokens: what a logout revokes, the claim `sid`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignIn {
    pub id: SignInId,
    pub player: PlayerId,
    pub expires_at: SystemTime,
}

/// A refresh token that is offered, and the one that is to follow it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotate {
    pub used: SecretHash,
    pub next: SecretHash,
    /// When the next one ends; the end of its sign-in cuts it short.
    pub next_expires_at: SystemTime,
}

/// What became of a refresh token that was offered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rotation {
    /// The next token is now the good one. The same `Rotate` again within [`REUSE_GRACE`] gets the same answer, so a
    /// caller that was not told the outcome may ask again.
    Rotated {
        player: Player,
        sign_in: SignIn,
    },
    /// It was used before. Within [`REUSE_GRACE`] that is refused and no more; later one of two holders is a thief,
    /// and the whole sign-in is revoked with this answer.
    Reused {
        sign_in: SignInId,
        revoked: bool,
    },
    /// Its sign-in was revoked before.
    Revoked {
        sign_in: SignInId,
    },
    Expired,
    Unknown,
}

/// Players and their sign-ins. Refusals are part of the answer; an `Err` is always the database's fault.
///
/// Each call is one transaction at most, waits a bounded time, and has either happened as a whole or not at all.
pub trait Accounts: Send + Sync + 'static {
    /// The player of a guest's device; `make` says who a new device is to be. It is asked again, a bounded number of
    /// times, while the name it gave is taken. The same device always gets the same player.
    fn guest<'a>(
        &'a self,
        device: SecretHash,
        now: SystemTime,
        make: &'a (dyn Fn() -> NewGuest + Send + Sync),
    ) -> Answer<'a, Result<Player, StoreError>>;

    fn player(&self, id: PlayerId) -> Answer<'_, Result<Option<Player>, StoreError>>;

    fn player_by_username<'a>(
        &'a self,
        username: &'a str,
    ) -> Answer<'a, Result<Option<Player>, StoreError>>;

    fn create_player(
        &self,
        new: NewPlayer,
        now: SystemTime,
    ) -> Answer<'_, Result<Result<Player, UsernameTaken>, StoreError>>;

    /// `None` when there is no such player.
    fn open_sign_in(
        &self,
        new: NewSignIn,
        now: SystemTime,
    ) -> Answer<'_, Result<Option<SignIn>, StoreError>>;

    fn rotate_refresh(
        &self,
        rotate: Rotate,
        now: SystemTime,
    ) -> Answer<'_, Result<Rotation, StoreError>>;

    /// Whether there is such a sign-in, not revoked and not at its end.
    fn sign_in_valid(
        &self,
        sign_in: SignInId,
        now: SystemTime,
    ) -> Answer<'_, Result<bool, StoreError>>;

    /// Deletes some of the sign-ins that have ended, with their tokens, and says how many; 0 when none is left.
    /// To be called now and then: every refresh adds a row.
    fn forget_expired(&self, now: SystemTime) -> Answer<'_, Result<usize, StoreError>>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_reads_back_as_itself_and_anything_else_is_named() {
        for role in Role::ALL {
            assert_eq!(role.as_str().parse(), Ok(role));
        }
        assert_eq!("root".parse::<Role>().unwrap_err().to_string(), {
            "expected player, moderator or admin, got \"root\""
        });
        assert!(Role::Player < Role::Moderator && Role::Moderator < Role::Admin);
    }
}
