//! Against those who try passwords: failures are counted by account and by address, in memory, and stored behind the
//! answer, so that a restart does not give new tries. A device that an account knows is counted by itself: a stranger
//! cannot keep it out.

pub mod state;
#[cfg(test)]
mod tests;

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use gamev1_actors::ports::StoreError;
use gamev1_persistence::{
    accounts::SecretHash,
    login_ledger::{Kind, LoginLedger, Who},
};
use gamev1_protocol::{ErrorCode, PlayerId};
use hyper::header::{HeaderName, HeaderValue};
use parking_lot::Mutex;
use sha2::{Digest, Sha256};

use self::state::{Book, FORGOTTEN_AFTER, KNOWN_MAX};
use super::authenticator::unavailable;
use crate::{
    address::AddressKey,
    problem::{Problem, whole_seconds},
};

/// Stored in one call, so that the writers behind do not wait long.
const STORED_AT_ONCE: usize = 500;
/// Calls in one round; what is left waits for the next, which is a second away.
const STORE_CALLS_MAX: usize = 20;

pub struct BruteForce {
    /// `None` when rates are lifted: nothing is counted.
    book: Option<Mutex<Book>>,
    ledger: Arc<dyn LoginLedger>,
}

/// Somebody who tries a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt {
    /// The account, or a device that it knows.
    pub by: Who,
    pub address: Who,
}

impl Attempt {
    /// `login` is the SHA-256 of the account, or of what somebody signs in as; `device` one that this account knows.
    pub fn new(login: SecretHash, device: Option<SecretHash>, address: AddressKey) -> Attempt {
        let by = match device {
            None => Who { kind: Kind::Account, hash: login },
            Some(device) => {
                let hash = Sha256::new().chain_update(login).chain_update(device).finalize();
                Who { kind: Kind::Device, hash: hash.into() }
            }
        };
        let address = match address {
            AddressKey::V4(bits) => Sha256::digest(bits.to_be_bytes()),
            AddressKey::V6(bits) => Sha256::digest(bits.to_be_bytes()),
        };
        Attempt { by, address: Who { kind: Kind::Address, hash: address.into() } }
    }
}

impl BruteForce {
    /// Counts nothing when `counts` is false.
    pub fn new(ledger: Arc<dyn LoginLedger>, counts: bool) -> BruteForce {
        let book = counts.then(|| Mutex::new(Book::new(KNOWN_MAX)));
        BruteForce { book, ledger }
    }

    /// Takes in what a former process has counted.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn load(&self) -> Result<(), StoreError> {
        let Some(book) = &self.book else { return Ok(()) };
        let stored = self.ledger.failures(KNOWN_MAX as u32).await?;
        book.lock().load(stored);
        Ok(())
    }

    /// Whether the account is to be kept shut, whatever the password is.
    ///
    /// # Errors
    /// `rate_limited` when the address has failed too often, at whatever accounts.
    pub fn is_shut(&self, attempt: Attempt, now: SystemTime) -> Result<bool, Problem> {
        let Some(book) = &self.book else { return Ok(false) };
        let book = book.lock();
        let wait = book.wait(attempt.address, now);
        if !wait.is_zero() {
            return Err(too_many(wait));
        }
        Ok(!book.wait(attempt.by, now).is_zero())
    }

    /// The password was wrong. While an account is kept shut, tries say nothing of it and are held against the address
    /// alone.
    pub fn failed(&self, attempt: Attempt, shut: bool, now: SystemTime) {
        let Some(book) = &self.book else { return };
        let mut book = book.lock();
        book.failed(attempt.address, now);
        if !shut {
            book.failed(attempt.by, now);
        }
    }

    /// The password was right: a device that is known has its tries again. An account keeps its failures, because they
    /// were another's.
    pub fn succeeded(&self, attempt: Attempt) {
        if let (Some(book), Kind::Device) = (&self.book, attempt.by.kind) {
            book.lock().cleared(attempt.by);
        }
    }

    /// Whether the account knows this device. Asked for players who do not exist, too, so that it costs the same.
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn knows(
        &self,
        player: Option<PlayerId>,
        device: SecretHash,
    ) -> Result<bool, Problem> {
        let player = player.unwrap_or(PlayerId::from_uuid(uuid::Uuid::nil()));
        let knows = self.ledger.knows_device(player, device).await;
        knows.map_err(|error| unavailable(&error).into())
    }

    /// The player has signed in on this device.
    pub async fn met(&self, player: PlayerId, device: SecretHash, now: SystemTime) {
        // Who has the right password is let in, known device or not.
        if let Err(error) = self.ledger.meet_device(player, device, now).await {
            tracing::warn!(%error, %player, "a device is not kept as known");
        }
    }

    /// Stores what has changed. To be called every second, and before the end.
    pub async fn store(&self) {
        let Some(book) = &self.book else { return };
        for _ in 0..STORE_CALLS_MAX {
            let changed = book.lock().take_changed(STORED_AT_ONCE);
            if changed.is_empty() {
                return;
            }
            if let Err(error) = self.ledger.keep_failures(&changed).await {
                tracing::warn!(%error, "failed logins are not stored yet");
                book.lock().put_back(changed);
                return;
            }
        }
    }

    /// Forgets what time has forgiven. To be called every few seconds.
    pub fn sweep(&self, now: SystemTime) {
        if let Some(book) = &self.book {
            book.lock().sweep(now);
        }
    }

    /// Deletes some of what is stored and counts no more. True when there is more of it.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn forget(&self, now: SystemTime) -> Result<bool, StoreError> {
        let before = now.checked_sub(FORGOTTEN_AFTER).unwrap_or(SystemTime::UNIX_EPOCH);
        Ok(self.ledger.forget_failures(before).await? > 0)
    }
}

fn too_many(wait: Duration) -> Problem {
    let detail = "too many wrong passwords came from this address";
    let mut problem = Problem::new(ErrorCode::RateLimited, detail).retry_after(wait);
    let state = format!("\"failed_logins\";r=0;t={}", whole_seconds(wait));
    let policy = "\"failed_logins\";q=20;w=600".to_owned();
    for (header, value) in [("ratelimit-policy", policy), ("ratelimit", state)] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            problem = problem.header(HeaderName::from_static(header), value);
        }
    }
    problem
}
