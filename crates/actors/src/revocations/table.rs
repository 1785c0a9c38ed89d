//! What this process knows of the log of revocations. It is looked into at each use of a token: mostly there is nothing
//! in it, and then a look takes no lock.

use std::{
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    time::{Duration, SystemTime},
};

use gamev1_protocol::{PlayerId, SignInId};
use parking_lot::{Mutex, RwLock};
use tokio::time::Instant;

use super::state::{Epochs, SignIns, Standing};
use crate::ports::Revoked;

/// Sign-ins and players that are kept in memory, at most: some 50 MB each. What is beyond is looked up in the database.
const KEPT_MAX: usize = 1_000_000;

/// For how long the log may be unread before the table counts as stale.
pub const STALE_AFTER: Duration = Duration::from_secs(30);

/// Shared by the actor that reads the log, those who revoke, and those who ask.
pub struct Table {
    sign_ins: RwLock<SignIns>,
    epochs: RwLock<Epochs>,
    /// At least how much was added since both were empty: 0 is the short way.
    len: AtomicUsize,
    loaded: AtomicBool,
    read_at: Mutex<Option<Instant>>,
}

impl Default for Table {
    fn default() -> Table {
        Table::bounded(KEPT_MAX)
    }
}

impl Table {
    /// A table for so many sign-ins, and as many players.
    pub fn bounded(max: usize) -> Table {
        Table {
            sign_ins: RwLock::new(SignIns::new(max)),
            epochs: RwLock::new(Epochs::new(max)),
            len: AtomicUsize::new(0),
            loaded: AtomicBool::new(false),
            read_at: Mutex::default(),
        }
    }

    /// Whatever rests on it is void from now on.
    pub fn add(&self, revoked: Revoked, until: SystemTime) {
        // Counted under the lock, as the sweep does: whoever asks after this finds it.
        match revoked {
            Revoked::SignIn(sign_in) => {
                let mut sign_ins = self.sign_ins.write();
                sign_ins.add(sign_in, until);
                self.len.fetch_add(1, Ordering::AcqRel);
            }
            Revoked::Player { player, epoch } => {
                let mut epochs = self.epochs.write();
                epochs.add(player, epoch, until);
                self.len.fetch_add(1, Ordering::AcqRel);
            }
        }
    }

    /// What is known of something that rests on all three.
    pub fn standing(&self, player: PlayerId, sign_in: SignInId, epoch: u32) -> Standing {
        if self.len.load(Ordering::Acquire) == 0 {
            return Standing::Holds;
        }
        let of_player = self.epochs.read().standing(player, epoch);
        match (of_player, self.sign_ins.read().standing(sign_in)) {
            (Standing::Revoked, _) | (_, Standing::Revoked) => Standing::Revoked,
            (Standing::Unknown, _) | (_, Standing::Unknown) => Standing::Unknown,
            (Standing::Holds, Standing::Holds) => Standing::Holds,
        }
    }

    /// The lowest epoch of that player that holds, as far as is known: a row with a lower one is out of date.
    pub fn lowest_epoch(&self, player: PlayerId) -> u32 {
        if self.len.load(Ordering::Acquire) == 0 {
            return 0;
        }
        self.epochs.read().lowest(player)
    }

    /// Forgets what concerns nobody any more.
    pub fn sweep(&self, now: SystemTime) {
        let (mut sign_ins, mut epochs) = (self.sign_ins.write(), self.epochs.write());
        sign_ins.sweep(now);
        epochs.sweep(now);
        // What has no place counts too, so that nobody takes the short way past it.
        let spilled = usize::from(!sign_ins.all_kept()) + usize::from(!epochs.all_kept());
        self.len.store(sign_ins.len() + epochs.len() + spilled, Ordering::Release);
    }

    /// The log was read to its end at `now`.
    pub fn read_to_the_end(&self, now: Instant) {
        *self.read_at.lock() = Some(now);
        self.loaded.store(true, Ordering::Release);
    }

    /// Whether the log has been read at all.
    pub fn loaded(&self) -> bool {
        self.loaded.load(Ordering::Acquire)
    }

    /// How long ago the log was last read to its end. `None` before the first time.
    pub fn age(&self, now: Instant) -> Option<Duration> {
        let read_at = *self.read_at.lock();
        Some(now.saturating_duration_since(read_at?))
    }

    /// Whether another process may have revoked something long ago that is not known here.
    pub fn stale(&self, now: Instant) -> bool {
        self.age(now).is_none_or(|age| age > STALE_AFTER)
    }

    /// How much is known.
    pub fn len(&self) -> usize {
        self.sign_ins.read().len() + self.epochs.read().len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
