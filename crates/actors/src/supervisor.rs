//! The supervisor of a fixed list of children, with OTP's semantics: started in order, stopped in reverse, restarted
//! as the strategy says, giving up when it restarts too often. What to do is decided in [`plan`]; this carries it out.

pub mod dynamic;
mod ends;
mod file;
pub mod plan;
pub mod quarantine;
pub mod restart;
pub mod spec;
#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use ractor::{Actor, ActorCell, ActorId, ActorProcessingErr, ActorRef, SupervisionEvent};
use tokio::time::Instant;

pub(crate) use self::ends::KILLED_WITHIN;
use self::ends::{SHUTDOWN, begin, ended};
pub use self::{
    ends::Remains,
    file::{Supervision, SupervisionError},
    plan::{Exit, Plan, Restart, Strategy},
    quarantine::Quarantine,
    restart::{Backoff, RestartHistory, RestartLimit, TooManyRestarts},
    spec::{ChildSpec, DynamicSpec, Shutdown, Start, Started, StaticSpec, Terms},
};
use crate::{
    panics,
    registry::{ActorMeta, ActorRegistry, Cause, Decision, Failure, Kind, Place, State},
};

/// What supervisors are called in the registry.
pub const KIND: Kind = Kind::new("supervisor", &[]);

pub struct Supervisor;

pub enum SupervisorMsg {
    /// The back-off of these children is over; of those only for which nothing else has been decided since.
    Start { children: Vec<usize>, decision: u64 },
    /// Panics, on order.
    Crash,
}

/// What a supervisor is made of.
pub struct Family {
    pub name: &'static str,
    pub spec: StaticSpec,
    pub children: Vec<ChildSpec>,
    pub registry: Arc<ActorRegistry>,
    /// The supervisor's own place.
    pub meta: Arc<ActorMeta>,
    /// The same for all incarnations.
    pub remains: Arc<Remains>,
}

pub struct Children {
    name: &'static str,
    spec: StaticSpec,
    children: Vec<Child>,
    remains: Arc<Remains>,
    history: RestartHistory,
    born: Instant,
    /// How many times it has been decided to start something later.
    decisions: u64,
    registry: Arc<ActorRegistry>,
    meta: Arc<ActorMeta>,
}

struct Child {
    spec: ChildSpec,
    meta: Arc<ActorMeta>,
    running: Option<ActorCell>,
    started: Instant,
    /// How often in a row it has failed young.
    streak: u32,
    /// The decision that will start it, while it waits for its back-off.
    awaits: Option<u64>,
}

impl Actor for Supervisor {
    type Msg = SupervisorMsg;
    type State = Children;
    type Arguments = Family;

    async fn pre_start(
        &self,
        myself: ActorRef<SupervisorMsg>,
        family: Family,
    ) -> Result<Children, ActorProcessingErr> {
        let now = Instant::now();
        let Family { name, spec, children, registry, meta, remains } = family;
        remains.clear().await;
        let children = children
            .into_iter()
            .map(|spec| {
                let meta = registry.enter(place(&meta, &spec));
                Child { spec, meta, running: None, started: now, streak: 0, awaits: None }
            })
            .collect();
        let me = myself.clone();
        meta.crash_with(move || drop(me.cast(SupervisorMsg::Crash)));
        let (history, born, decisions) = (RestartHistory::new(spec.limit), now, 0);
        let mut family =
            Children { name, spec, children, remains, history, born, decisions, registry, meta };
        for at in 0..family.children.len() {
            if let Err(error) = family.start(at, myself.get_cell()).await {
                let started = (0..at).rev().collect::<Vec<_>>();
                family.stop(&started, &myself.get_cell()).await;
                return Err(error.into());
            }
        }
        Ok(family)
    }

    async fn handle(
        &self,
        myself: ActorRef<SupervisorMsg>,
        msg: SupervisorMsg,
        family: &mut Children,
    ) -> Result<(), ActorProcessingErr> {
        match msg {
            SupervisorMsg::Start { mut children, decision } => {
                children.retain(|&at| family.children[at].awaits == Some(decision));
                family.start_all(children, &myself).await;
            }
            SupervisorMsg::Crash => panics::on_order(),
        }
        Ok(())
    }

    async fn handle_supervisor_evt(
        &self,
        myself: ActorRef<SupervisorMsg>,
        event: SupervisionEvent,
        family: &mut Children,
    ) -> Result<(), ActorProcessingErr> {
        if let Some((child, exit, reason)) = ended(event) {
            family.ended(child, exit, &reason, &myself).await;
        }
        Ok(())
    }

    async fn post_stop(
        &self,
        myself: ActorRef<SupervisorMsg>,
        family: &mut Children,
    ) -> Result<(), ActorProcessingErr> {
        family.stop_all(&myself.get_cell()).await;
        Ok(())
    }
}

fn place<'a>(under: &'a Arc<ActorMeta>, child: &'a ChildSpec) -> Place<'a> {
    Place {
        under: &under.path,
        above: Some(under),
        name: child.name,
        kind: child.kind,
        restart: child.restart,
        strategy: child.strategy,
        inbox: child.inbox.clone(),
    }
}

impl Children {
    async fn start(&mut self, at: usize, me: ActorCell) -> Result<(), String> {
        let child = &mut self.children[at];
        child.awaits = None;
        match begin(&child.spec.start, me, child.meta.clone()).await {
            Ok(started) => {
                child.running = Some(self.remains.keep(started));
                child.started = Instant::now();
                child.meta.started();
                Ok(())
            }
            Err(error) => Err(format!("{}/{} does not start: {error}", self.name, child.spec.name)),
        }
    }

    async fn start_all(&mut self, children: Vec<usize>, myself: &ActorRef<SupervisorMsg>) {
        for (done, &at) in children.iter().enumerate() {
            if self.children[at].running.is_some() {
                continue;
            }
            if let Err(reason) = self.start(at, myself.get_cell()).await {
                if !self.count(at, Duration::ZERO, (Cause::StartFailed, &reason), myself) {
                    return;
                }
                // Of a group that stands and falls together none stays up meanwhile.
                let again = if self.spec.strategy == Strategy::OneForAll {
                    let started = children[..done].iter().rev().copied().collect::<Vec<_>>();
                    self.stop(&started, &myself.get_cell()).await;
                    children
                } else {
                    children[done..].to_vec()
                };
                let delay = self.delay(at, Duration::ZERO);
                self.arm(again, delay, myself);
                return;
            }
        }
    }

    async fn stop(&mut self, children: &[usize], me: &ActorCell) {
        for &at in children {
            let child = &mut self.children[at];
            if let Some(running) = child.running.take() {
                self.remains.stop(running, child.spec.shutdown, me.clone()).await;
            }
            child.meta.set_state(State::Stopped);
        }
    }

    async fn stop_all(&mut self, me: &ActorCell) {
        let all = (0..self.children.len()).rev().collect::<Vec<_>>();
        self.stop(&all, me).await;
    }

    async fn ended(
        &mut self,
        child: ActorId,
        exit: Exit,
        reason: &str,
        myself: &ActorRef<SupervisorMsg>,
    ) {
        let is_it = |at: &Child| at.running.as_ref().is_some_and(|cell| cell.get_id() == child);
        let Some(at) = self.children.iter().position(is_it) else {
            return; // One that this supervisor has stopped itself.
        };
        let Some(dead) = self.children[at].running.take() else { return };
        let (cause, _) = self.remains.bury(&dead, reason).await;
        let lived = self.children[at].started.elapsed();
        let all: Vec<_> =
            self.children.iter().map(|c| (c.spec.restart, c.running.is_some())).collect();
        match plan::plan(self.spec.strategy, &all, at, exit) {
            Plan::Drop => {
                self.children[at].meta.set_state(State::Stopped);
                if exit != Exit::Normal {
                    self.note(at, (cause, reason), Decision::Stop);
                }
            }
            Plan::Restart { stop, start } => {
                if !self.count(at, lived, (cause, reason), myself) {
                    return;
                }
                self.stop(&stop, &myself.get_cell()).await;
                let delay = self.delay(at, lived);
                if delay.is_zero() {
                    return self.start_all(start, myself).await;
                }
                self.arm(start, delay, myself);
            }
        }
    }

    /// Counts a restart of child `at`. False when it is one too many: then this supervisor stops, its children before it,
    /// and its own supervisor is told.
    fn count(
        &mut self,
        at: usize,
        lived: Duration,
        why: (Cause, &str),
        myself: &ActorRef<SupervisorMsg>,
    ) -> bool {
        let child = &mut self.children[at];
        child.streak = if lived < self.spec.backoff.young { child.streak + 1 } else { 0 };
        let Err(too_many) = self.history.record(self.born.elapsed()) else {
            self.note(at, why, Decision::Restart);
            return true;
        };
        self.note(at, why, Decision::Escalate);
        self.meta.set_state(State::Stopped);
        // Not a failure but an end on purpose: OTP's `shutdown`, after which a transient supervisor stays away.
        myself.stop(Some(format!("{SHUTDOWN}: {too_many}")));
        false
    }

    fn note(&self, at: usize, (cause, reason): (Cause, &str), decision: Decision) {
        self.registry.failed(&self.children[at].meta, Failure::new(cause, reason, decision));
    }

    fn delay(&self, at: usize, lived: Duration) -> Duration {
        self.spec.backoff.delay(lived, self.children[at].streak, rand::random())
    }

    /// Starts them later. Meanwhile this supervisor goes on answering.
    fn arm(&mut self, children: Vec<usize>, delay: Duration, myself: &ActorRef<SupervisorMsg>) {
        self.decisions += 1;
        let decision = self.decisions;
        for &at in &children {
            self.children[at].awaits = Some(decision);
            self.children[at].meta.set_state(State::BackingOff);
        }
        myself.send_after(delay, move || SupervisorMsg::Start { children, decision });
    }
}
