//! Who is banned, as looked up at every door. It stands here, so that the actor that keeps it may crash and nobody
//! comes in meanwhile.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::SystemTime,
};

use gamev1_protocol::{CloseCode, ErrorCode, PlayerId, WireError};
use parking_lot::RwLock;

use super::Vault;
use crate::{
    inbox::Inbox,
    ports::{ResumeClaim, Sanction},
    registry::{Depth, Gauge},
    sanctions::{Order, state::Banned},
    session::{SessionCell, SessionMsg, unix_ms},
};

/// Orders that wait at the sanctions actor, at most.
const ORDERS_MAX: usize = 256;

pub(crate) struct Bans {
    banned: RwLock<Banned>,
    loaded: AtomicBool,
    pub(crate) orders: Inbox<Order>,
}

impl Default for Bans {
    fn default() -> Bans {
        let orders = Inbox::new(ORDERS_MAX);
        Bans { banned: RwLock::default(), loaded: AtomicBool::new(false), orders }
    }
}

impl Bans {
    /// What the store has takes the place of what stood here.
    pub(crate) fn load(&self, banned: Banned) {
        *self.banned.write() = banned;
        self.loaded.store(true, Ordering::Release);
    }

    pub(crate) fn loaded(&self) -> bool {
        self.loaded.load(Ordering::Acquire)
    }

    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut Banned) -> T) -> T {
        change(&mut self.banned.write())
    }

    /// Until when: `None` is not banned, `Some(None)` until it is lifted.
    fn until(&self, player: PlayerId) -> Option<Option<SystemTime>> {
        Some(self.banned.read().of(player, SystemTime::now())?.until)
    }
}

impl Vault {
    pub(crate) fn sanctions_gauge(self: &Arc<Vault>) -> Gauge {
        let vault = self.clone();
        Arc::new(move || {
            let orders = &vault.bans.orders;
            Depth { now: orders.depth(), max: orders.depth_max() }
        })
    }

    /// # Errors
    /// `banned`, with the end of the ban if it has one.
    pub fn not_banned(&self, player: PlayerId) -> Result<(), WireError> {
        let Some(until) = self.bans.until(player) else { return Ok(()) };
        let error = WireError::new(ErrorCode::Banned, "this player is banned");
        Err(match until {
            Some(until) => error.details(serde_json::json!({ "until_ms": unix_ms(until) })),
            None => error,
        })
    }

    /// The bans of one player that hold now, the latest first.
    pub fn bans_of(&self, player: PlayerId) -> Vec<Arc<Sanction>> {
        self.bans.banned.read().all_of(player, SystemTime::now())
    }

    /// All bans that hold now, the latest first.
    pub fn all_bans(&self) -> Vec<Arc<Sanction>> {
        self.bans.banned.read().all(SystemTime::now())
    }

    /// Ends the session if its player is banned (its socket closes with 4003) or what it rests on was revoked (4001).
    /// Its seats are free.
    pub(crate) fn turn_away(&self, session: &SessionCell) {
        if let Some(until) = self.bans.until(session.player()) {
            session.outbox.close(CloseCode::Banned, until.map(unix_ms));
            session.actor.cast(SessionMsg::Close(CloseCode::Banned));
            return;
        }
        let ResumeClaim { player, sign_in, epoch, .. } = session.resume_claim();
        if self.authenticator.revoked(player, sign_in, epoch) {
            session.outbox.close(CloseCode::SignedOut, None);
            session.actor.cast(SessionMsg::Close(CloseCode::SignedOut));
        }
    }
}
