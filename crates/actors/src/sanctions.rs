//! The sanctions actor: it loads who is banned, stores what is imposed and lifted, and closes the sockets of whoever has
//! just been banned. The rules are in [`state`]; what is looked up stands in the vault.

pub mod state;
#[cfg(test)]
mod tests;

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use gamev1_protocol::{ErrorCode, PlayerId, WireError};
use parking_lot::Mutex;
use ractor::{Actor, ActorProcessingErr, ActorRef};
use tokio::sync::oneshot;
use uuid::Uuid;

use self::state::Banned;
use crate::{
    inbox::Full,
    panics,
    ports::{Sanction, SanctionKind, SanctionStore, StoreError, audit::AuditEntry},
    readiness::Readiness,
    registry::{ActorMeta, Kind},
    vault::Vault,
};

/// What must report ready.
pub const PART: &str = "sanctions";

/// Sanctions that are read from the store at once, and banned players beyond whom no more are taken.
const PAGE: u32 = 500;
const BANNED_MAX: usize = 1_000_000;
/// How long a store that does not answer is waited for: doubled each time, at most the latter.
const RETRY_FIRST: Duration = Duration::from_millis(100);
const RETRY_MAX: Duration = Duration::from_secs(5);
const SWEEP_EVERY: Duration = Duration::from_secs(600);
/// How long an order may take.
const ORDER_WITHIN: Duration = Duration::from_secs(4);

/// What sanctions are called in the registry, and their messages.
pub const KIND: Kind = Kind::new("sanctions", &["load", "wake", "sweep", "crash"]);

pub struct SanctionsActor;

#[derive(Debug)]
pub enum SanctionsMsg {
    /// The next page is to be read, behind that sanction.
    Load(Option<Uuid>),
    /// Orders wait.
    Wake,
    /// Those that are over are to be forgotten.
    Sweep,
    /// Panics, on order.
    Crash,
}

/// Something that a moderator wants done.
#[derive(Clone)]
pub struct Order {
    what: What,
    tell: Tell,
}

#[derive(Clone)]
enum What {
    Impose(Sanction, AuditEntry),
    Lift(PlayerId, AuditEntry),
}

/// Where the answer goes; in a place of its own, so that the order can be cloned.
type Tell = Arc<Mutex<Option<oneshot::Sender<Result<(), WireError>>>>>;

/// What the actor works with.
pub struct Desk {
    vault: Arc<Vault>,
    store: Arc<dyn SanctionStore>,
    readiness: Readiness,
    meta: Arc<ActorMeta>,
    /// What was read so far; orders wait until all is.
    loading: Option<Banned>,
    failures: u32,
}

impl Actor for SanctionsActor {
    type Msg = SanctionsMsg;
    type State = Desk;
    type Arguments = (Arc<Vault>, Arc<dyn SanctionStore>, Readiness, Arc<ActorMeta>);

    async fn pre_start(
        &self,
        myself: ActorRef<SanctionsMsg>,
        (vault, store, readiness, meta): Self::Arguments,
    ) -> Result<Desk, ActorProcessingErr> {
        let me = myself.clone();
        meta.crash_with(move || drop(me.cast(SanctionsMsg::Crash)));
        if let Some(poison) = vault.bans.orders.take_current() {
            // It may be stored or not: what is loaded now says so.
            let error = WireError::new(ErrorCode::Internal, "the server failed at this sanction");
            tell(&poison, Err(error));
        }
        let _ = myself.cast(SanctionsMsg::Load(None));
        myself.send_after(SWEEP_EVERY, || SanctionsMsg::Sweep);
        vault.bans.orders.attach(Box::new(move || drop(myself.cast(SanctionsMsg::Wake))));
        let loading = Some(Banned::default());
        Ok(Desk { vault, store, readiness, meta, loading, failures: 0 })
    }

    async fn handle(
        &self,
        myself: ActorRef<SanctionsMsg>,
        msg: SanctionsMsg,
        desk: &mut Desk,
    ) -> Result<(), ActorProcessingErr> {
        match msg {
            SanctionsMsg::Load(after) => {
                desk.meta.begin(0);
                desk.load(after, &myself).await;
            }
            SanctionsMsg::Wake => {
                desk.meta.begin(1);
                desk.next_order(&myself).await;
            }
            SanctionsMsg::Sweep => {
                desk.meta.begin(2);
                desk.vault.bans.change(|banned| banned.sweep(SystemTime::now()));
                myself.send_after(SWEEP_EVERY, || SanctionsMsg::Sweep);
            }
            SanctionsMsg::Crash => {
                desk.meta.begin(3);
                panics::on_order();
            }
        }
        desk.meta.end();
        Ok(())
    }
}

impl Desk {
    async fn load(&mut self, after: Option<Uuid>, myself: &ActorRef<SanctionsMsg>) {
        let Some(loading) = &mut self.loading else { return };
        match self.store.active(SystemTime::now(), after, PAGE).await {
            Ok(page) => {
                self.failures = 0;
                let last = page.last().map(|sanction| sanction.id);
                let more = page.len() >= PAGE as usize;
                page.into_iter().for_each(|sanction| loading.add(sanction));
                if more {
                    let _ = myself.cast(SanctionsMsg::Load(last));
                    return;
                }
                self.vault.bans.load(std::mem::take(loading));
                self.loading = None;
                // One that was stored just before the last incarnation failed takes effect now.
                for session in self.vault.sessions() {
                    self.vault.turn_away(&session);
                }
                self.readiness.set_ready(PART);
                let _ = myself.cast(SanctionsMsg::Wake);
            }
            Err(error) => {
                let wait = RETRY_FIRST.saturating_mul(1 << self.failures.min(16)).min(RETRY_MAX);
                self.failures += 1;
                tracing::error!(%error, ?wait, "who is banned cannot be read yet");
                if !self.vault.bans.loaded() {
                    self.readiness.set_waiting(PART, error.to_string());
                }
                myself.send_after(wait, move || SanctionsMsg::Load(after));
            }
        }
    }

    /// One order a message, so that others come between.
    async fn next_order(&mut self, myself: &ActorRef<SanctionsMsg>) {
        if self.loading.is_some() {
            return;
        }
        let Some(order) = self.vault.bans.orders.begin() else { return };
        // Whoever no longer waits has been told that it was not done.
        if order.tell.lock().as_ref().is_some_and(|tell| !tell.is_closed()) {
            let done = self.done(&order.what).await;
            tell(&order, done);
        }
        self.vault.bans.orders.commit();
        let _ = myself.cast(SanctionsMsg::Wake);
    }

    async fn done(&self, what: &What) -> Result<(), WireError> {
        let bans = &self.vault.bans;
        match what {
            What::Impose(sanction, audit) => {
                if bans.change(|banned| banned.len()) >= BANNED_MAX {
                    let message = format!("{BANNED_MAX} players are banned, as many as can be");
                    return Err(WireError::new(ErrorCode::Overloaded, message));
                }
                let imposed = self.store.impose(sanction, audit).await;
                imposed.map_err(|error| unavailable(&error))?;
                bans.change(|banned| banned.add(sanction.clone()));
                for session in self.vault.sessions_of(sanction.player) {
                    self.vault.turn_away(&session);
                }
            }
            What::Lift(player, audit) => {
                let lifted = self.store.lift(*player, SanctionKind::Ban, audit).await;
                lifted.map_err(|error| unavailable(&error))?;
                bans.change(|banned| banned.lift(*player));
            }
        }
        Ok(())
    }
}

/// Imposes a ban. It is stored, and the player's sockets are told to close, when this returns.
///
/// # Errors
/// `unavailable` when it is not stored, `overloaded` or `timeout`.
pub async fn impose(vault: &Vault, sanction: Sanction, audit: AuditEntry) -> Result<(), WireError> {
    order(vault, What::Impose(sanction, audit)).await
}

/// Lifts every ban of a player; one who has none is let be.
///
/// # Errors
/// As [`impose`].
pub async fn lift(vault: &Vault, player: PlayerId, audit: AuditEntry) -> Result<(), WireError> {
    order(vault, What::Lift(player, audit)).await
}

async fn order(vault: &Vault, what: What) -> Result<(), WireError> {
    let (tell, told) = oneshot::channel();
    let tell = Arc::new(Mutex::new(Some(tell)));
    if let Err(Full(_)) = vault.bans.orders.push(Order { what, tell }) {
        let error = WireError::new(ErrorCode::Overloaded, "too many sanctions wait");
        return Err(error.retry_after_ms(1_000));
    }
    match tokio::time::timeout(ORDER_WITHIN, told).await {
        Ok(Ok(done)) => done,
        Ok(Err(_)) => {
            Err(WireError::new(ErrorCode::Internal, "the server failed at this sanction"))
        }
        Err(_) => Err(WireError::new(ErrorCode::Timeout, "the sanction took too long")),
    }
}

fn tell(order: &Order, done: Result<(), WireError>) {
    if let Some(tell) = order.tell.lock().take() {
        // Who asked may be gone.
        let _ = tell.send(done);
    }
}

fn unavailable(error: &StoreError) -> WireError {
    tracing::warn!(%error, "the database did not take a sanction");
    WireError::new(ErrorCode::Unavailable, "the database does not answer").retry_after_ms(2_000)
}
