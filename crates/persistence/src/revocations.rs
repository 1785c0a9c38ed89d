//! The port of revocations: sign-ins that end before their time, and players of whom everything ends. Each is written
//! with its line of the log in one transaction; the log is what every process reads, this one included.

use std::time::{Duration, SystemTime};

use gamev1_actors::ports::{Answer, Revocation, RevocationLog, StoreError};
use gamev1_protocol::{PlayerId, SignInId};

use crate::accounts::Player;

/// How long after a revocation something may be alive that it concerns: resume tokens last longest, a day, and clocks may
/// differ. What is good for longer says so in [`crate::accounts::NewSignIn::access_until`].
pub const REVOKED_FOR: Duration = Duration::from_secs(25 * 3_600);

/// A player of whom everything was ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndedAll {
    /// As the row is now, with its higher epoch.
    pub player: Player,
    pub revocation: Revocation,
}

/// As for [`crate::accounts::Accounts`]: each call is one transaction at most and has happened as a whole or not at all.
pub trait Revocations: RevocationLog {
    /// Ends a sign-in: its refresh tokens are void from now on. `None` when there is none, or it was ended before.
    fn end_sign_in(
        &self,
        sign_in: SignInId,
        why: Why,
        now: SystemTime,
    ) -> Answer<'_, Result<Option<Revocation>, StoreError>>;

    /// Ends everything that a player was given: the epoch grows, and every sign-in ends but `except`, which can be
    /// refreshed still. `None` when there is no such player.
    fn end_all(
        &self,
        player: PlayerId,
        except: Option<SignInId>,
        why: Why,
        now: SystemTime,
    ) -> Answer<'_, Result<Option<EndedAll>, StoreError>>;

    /// Deletes some of the lines that concern nothing any more, and says how many; 0 when none is left.
    fn forget_revocations(&self, now: SystemTime) -> Answer<'_, Result<usize, StoreError>>;
}

/// Why something was ended, as it is kept with the sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// The player signed out.
    SignedOut,
    /// A refresh token came twice.
    Reuse,
    /// The password was changed, or the account deleted.
    Changed,
    /// A moderator or the command line.
    Operator,
}

impl Why {
    pub const fn word(self) -> &'static str {
        match self {
            Why::SignedOut => "signed_out",
            Why::Reuse => "reuse",
            Why::Changed => "changed",
            Why::Operator => "operator",
        }
    }
}
