//! The port of what is kept of logins that failed, and of the devices that did not.

use std::time::SystemTime;

use gamev1_actors::ports::{Answer, StoreError};
use gamev1_protocol::PlayerId;

use crate::accounts::SecretHash;

/// Devices that an account knows; of more the one that was not seen for the longest time is forgotten.
pub const KNOWN_DEVICES_MAX: u32 = 32;

/// By what failures are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// What somebody signed in as, whether or not there is such an account.
    Account,
    /// A device that the account knows.
    Device,
    Address,
}

impl Kind {
    pub const ALL: [Kind; 3] = [Kind::Account, Kind::Device, Kind::Address];

    pub const fn word(self) -> &'static str {
        match self {
            Kind::Account => "account",
            Kind::Device => "device",
            Kind::Address => "address",
        }
    }
}

/// Whom failures are counted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Who {
    pub kind: Kind,
    pub hash: SecretHash,
}

/// The failures of one. Its times are whole milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failures {
    pub count: u32,
    /// Until when what is forgiven with time has been taken off.
    pub forgiven_to: SystemTime,
    pub last: SystemTime,
}

/// Failed logins and known devices. Each call is one transaction at most.
pub trait LoginLedger: Send + Sync + 'static {
    /// The latest `limit`.
    fn failures(&self, limit: u32) -> Answer<'_, Result<Vec<(Who, Failures)>, StoreError>>;

    /// Keeps these as they are now; those without failures are forgotten.
    fn keep_failures<'a>(
        &'a self,
        changed: &'a [(Who, Option<Failures>)],
    ) -> Answer<'a, Result<(), StoreError>>;

    /// Deletes some of those whose last failure was before `before`, and says how many; 0 when none is left.
    fn forget_failures(&self, before: SystemTime) -> Answer<'_, Result<usize, StoreError>>;

    /// Whether the player has signed in by password on this device.
    fn knows_device(
        &self,
        player: PlayerId,
        device: SecretHash,
    ) -> Answer<'_, Result<bool, StoreError>>;

    /// The player has just signed in on this device. Nothing happens when there is no such player.
    fn meet_device(
        &self,
        player: PlayerId,
        device: SecretHash,
        now: SystemTime,
    ) -> Answer<'_, Result<(), StoreError>>;
}
