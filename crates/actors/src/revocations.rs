//! The revocations actor: it reads the log of revocations, at the start to its end and then every second for what other
//! processes have written, and closes the sockets of whoever was signed out. What this process revokes it hears of over
//! the bus. The rules are in [`state`]; what is looked up stands in the [`table`].

pub mod state;
pub mod table;
#[cfg(test)]
mod tests;

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use ractor::{Actor, ActorProcessingErr, ActorRef};
use tokio::time::Instant;

pub use self::{state::Standing, table::Table};
use crate::{
    bus::{Bus, Line, Notice},
    panics,
    ports::{Revocation, RevocationLog},
    readiness::Readiness,
    registry::{ActorMeta, Kind},
    vault::Vault,
};

/// What must report ready.
pub const PART: &str = "revocations";

/// Lines that are read from the log at once.
const PAGE: u32 = 500;
/// How often the log is looked at for what other processes have revoked.
const READ_EVERY: Duration = Duration::from_secs(1);
const SWEEP_EVERY: Duration = Duration::from_secs(60);
/// Notices that are handled in one go.
const NOTICES_A_ROUND: usize = 64;

/// What it is called in the registry, and its messages.
pub const KIND: Kind = Kind::new("revocations", &["read", "wake", "sweep", "crash"]);

pub struct RevocationsActor;

#[derive(Debug)]
pub enum RevocationsMsg {
    /// The log is to be read on.
    Read,
    /// Notices wait.
    Wake,
    /// What concerns nobody any more is to be forgotten.
    Sweep,
    /// Panics, on order.
    Crash,
}

/// What the tree is given for this actor.
#[derive(Clone)]
pub struct Revocations {
    pub log: Arc<dyn RevocationLog>,
    pub table: Arc<Table>,
    pub bus: Arc<dyn Bus>,
}

/// What the actor works with.
pub struct Desk {
    vault: Arc<Vault>,
    log: Arc<dyn RevocationLog>,
    table: Arc<Table>,
    readiness: Readiness,
    meta: Arc<ActorMeta>,
    line: Arc<Line>,
    /// The last line of the log that was read. Each incarnation begins anew: the last one may have died between a line
    /// and its sockets.
    last: u64,
    /// Whether sessions may stand that should not: all are looked at when the log has been read to its end.
    behind: bool,
    alerted: bool,
}

impl Actor for RevocationsActor {
    type Msg = RevocationsMsg;
    type State = Desk;
    type Arguments = (Arc<Vault>, Revocations, Readiness, Arc<ActorMeta>);

    async fn pre_start(
        &self,
        myself: ActorRef<RevocationsMsg>,
        (vault, Revocations { log, table, bus }, readiness, meta): Self::Arguments,
    ) -> Result<Desk, ActorProcessingErr> {
        let me = myself.clone();
        meta.crash_with(move || drop(me.cast(RevocationsMsg::Crash)));
        // Before the log is read: what is revoked meanwhile is in one of the two.
        let line = bus.subscribe();
        let _ = myself.cast(RevocationsMsg::Read);
        let _ = myself.cast(RevocationsMsg::Wake);
        myself.send_after(SWEEP_EVERY, || RevocationsMsg::Sweep);
        line.waiting.attach(Box::new(move || drop(myself.cast(RevocationsMsg::Wake))));
        let (last, behind, alerted) = (0, true, false);
        Ok(Desk { vault, log, table, readiness, meta, line, last, behind, alerted })
    }

    async fn handle(
        &self,
        myself: ActorRef<RevocationsMsg>,
        msg: RevocationsMsg,
        desk: &mut Desk,
    ) -> Result<(), ActorProcessingErr> {
        match msg {
            RevocationsMsg::Read => {
                desk.meta.begin(0);
                if desk.read().await {
                    let _ = myself.cast(RevocationsMsg::Read);
                } else {
                    myself.send_after(READ_EVERY, || RevocationsMsg::Read);
                }
            }
            RevocationsMsg::Wake => {
                desk.meta.begin(1);
                desk.wake(&myself);
            }
            RevocationsMsg::Sweep => {
                desk.meta.begin(2);
                desk.table.sweep(SystemTime::now());
                myself.send_after(SWEEP_EVERY, || RevocationsMsg::Sweep);
            }
            RevocationsMsg::Crash => {
                desk.meta.begin(3);
                panics::on_order();
            }
        }
        desk.meta.end();
        Ok(())
    }
}

impl Desk {
    /// Reads the next lines of the log. True when there are more.
    async fn read(&mut self) -> bool {
        let lines = match self.log.since(self.last, SystemTime::now(), PAGE).await {
            Ok(lines) => lines,
            Err(error) => {
                self.unread(&error.to_string());
                return false;
            }
        };
        for Revocation { id, what, until } in &lines {
            self.last = self.last.max(*id);
            self.table.add(*what, *until);
            self.vault.sign_out(*what);
        }
        if lines.len() >= PAGE as usize {
            return true;
        }
        self.table.read_to_the_end(Instant::now());
        if std::mem::take(&mut self.behind) {
            for session in self.vault.sessions() {
                self.vault.turn_away(&session);
            }
        }
        self.readiness.set_ready(PART);
        if std::mem::take(&mut self.alerted) {
            tracing::warn!("the log of revocations is read again");
        }
        false
    }

    fn unread(&mut self, why: &str) {
        if !self.table.loaded() {
            self.readiness.set_waiting(PART, why);
        } else if self.table.stale(Instant::now()) && !std::mem::replace(&mut self.alerted, true) {
            tracing::error!(
                alert = true,
                why,
                "the log of revocations is not read: what other processes revoke is not known here, and operators are refused"
            );
        }
    }

    /// Closes the sockets of what was just revoked here.
    fn wake(&mut self, myself: &ActorRef<RevocationsMsg>) {
        for _ in 0..NOTICES_A_ROUND {
            let Some(Notice::Revoked(revoked)) = self.line.waiting.begin() else {
                if self.line.take_missed() {
                    // Whoever revoked has put it into the table before telling.
                    self.vault.sessions().iter().for_each(|session| self.vault.turn_away(session));
                }
                return;
            };
            self.vault.sign_out(revoked);
            self.line.waiting.commit();
        }
        let _ = myself.cast(RevocationsMsg::Wake);
    }
}
