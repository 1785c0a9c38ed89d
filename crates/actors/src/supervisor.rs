//! The supervisor of a fixed list of children, with OTP's semantics: started in order, stopped in reverse, restarted
//! as the strategy says, giving up when it restarts too often. What to do is decided in [`plan`]; this carries it out.

pub mod dynamic;
pub mod plan;
pub mod restart;
pub mod spec;
#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use ractor::{
    Actor, ActorCell, ActorId, ActorProcessingErr, ActorRef, SupervisionEvent,
    concurrency::JoinHandle,
};
use tokio::time::Instant;

pub use self::{
    plan::{Exit, Plan, Restart, Strategy},
    restart::{Backoff, RestartHistory, RestartLimit, TooManyRestarts},
    spec::{ChildSpec, DynamicSpec, Start, Started, StaticSpec, Supervision, SupervisionError},
};

use crate::{
    panics::{self, Panicked},
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
}

pub struct Children {
    name: &'static str,
    spec: StaticSpec,
    children: Vec<Child>,
    history: RestartHistory,
    born: Instant,
    /// How many times it has been decided to start something later.
    decisions: u64,
    registry: Arc<ActorRegistry>,
}

struct Child {
    spec: ChildSpec,
    meta: Arc<ActorMeta>,
    running: Option<Started>,
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
        let Family { name, spec, children, registry, meta } = family;
        let children = children
            .into_iter()
            .map(|spec| {
                let meta = registry.enter(place(&meta, &spec));
                Child { spec, meta, running: None, started: now, streak: 0, awaits: None }
            })
            .collect();
        let me = myself.clone();
        meta.crash_with(move || drop(me.cast(SupervisorMsg::Crash)));
        let history = RestartHistory::new(spec.limit);
        let mut family =
            Children { name, spec, children, history, born: now, decisions: 0, registry };
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
                family.start_all(children, &myself).await
            }
            SupervisorMsg::Crash => {
                panics::on_order();
                Ok(())
            }
        }
    }

    async fn handle_supervisor_evt(
        &self,
        myself: ActorRef<SupervisorMsg>,
        event: SupervisionEvent,
        family: &mut Children,
    ) -> Result<(), ActorProcessingErr> {
        match ended(event) {
            Some((child, exit, reason)) => family.ended(child, exit, &reason, &myself).await,
            None => Ok(()),
        }
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

fn place<'a>(under: &'a ActorMeta, child: &'a ChildSpec) -> Place<'a> {
    Place {
        under: &under.path,
        name: child.name,
        kind: child.kind,
        restart: child.restart,
        strategy: child.strategy,
        inbox: child.inbox.clone(),
    }
}

/// How ractor names the reason of a kill.
const KILLED: &str = "killed";

/// Waits until all that a dead child held is dropped, and says why it died.
pub(crate) async fn buried(handle: JoinHandle<()>, reason: &str) -> (Cause, Option<Panicked>) {
    let task = handle.id();
    // The event is posted before the dead child's state is dropped. How its task ended is in the event.
    let _ = handle.await;
    match panics::take(task, reason) {
        Some(panicked) => (Cause::Panic, Some(panicked)),
        None if reason == KILLED => (Cause::Killed, None),
        None => (Cause::Error, None),
    }
}

/// Reads from an event which actor ended, how, and why.
pub(crate) fn ended(event: SupervisionEvent) -> Option<(ActorId, Exit, String)> {
    match event {
        SupervisionEvent::ActorFailed(cell, error) => {
            Some((cell.get_id(), Exit::Failed, error.to_string()))
        }
        SupervisionEvent::ActorTerminated(cell, state, reason) => {
            // An aborted task leaves no state behind; a kill may, and says so.
            let reason = reason.unwrap_or_default();
            let normal = state.is_some() && reason != KILLED;
            let exit = if normal { Exit::Normal } else { Exit::Failed };
            Some((cell.get_id(), exit, reason))
        }
        _ => None,
    }
}

/// Asks a child to stop, waits as long as it may take, then kills it; returns when all that it held is dropped.
pub(crate) async fn stop_child(child: Started, shutdown: Duration, supervisor: ActorCell) {
    let (cell, handle) = child;
    // Otherwise its state would travel to the supervisor as an event, and live until that is read.
    cell.unlink(supervisor);
    if cell.stop_and_wait(Some("shutdown".into()), Some(shutdown)).await.is_err() {
        cell.kill();
    }
    // An aborted task has nothing left to wait for.
    let _ = handle.await;
}

impl Children {
    async fn start(&mut self, at: usize, me: ActorCell) -> Result<(), String> {
        let child = &mut self.children[at];
        child.awaits = None;
        match (child.spec.start)(me, child.meta.clone()).await {
            Ok(started) => {
                child.running = Some(started);
                child.started = Instant::now();
                child.meta.started();
                Ok(())
            }
            Err(error) => Err(format!("{}/{} does not start: {error}", self.name, child.spec.name)),
        }
    }

    async fn start_all(
        &mut self,
        children: Vec<usize>,
        myself: &ActorRef<SupervisorMsg>,
    ) -> Result<(), ActorProcessingErr> {
        for (done, &at) in children.iter().enumerate() {
            if self.children[at].running.is_some() {
                continue;
            }
            if let Err(reason) = self.start(at, myself.get_cell()).await {
                let counted = self.count(at, Duration::ZERO);
                self.note(at, Cause::StartFailed, &reason, &counted);
                self.go_on(counted, &myself.get_cell()).await?;
                let streak = self.children[at].streak;
                // Of a group that stands and falls together none stays up meanwhile.
                let again = if self.spec.strategy == Strategy::OneForAll {
                    let started = children[..done].iter().rev().copied().collect::<Vec<_>>();
                    self.stop(&started, &myself.get_cell()).await;
                    children
                } else {
                    children[done..].to_vec()
                };
                self.arm(again, streak, myself);
                return Ok(());
            }
        }
        Ok(())
    }

    async fn stop(&mut self, children: &[usize], me: &ActorCell) {
        for &at in children {
            let child = &mut self.children[at];
            if let Some(running) = child.running.take() {
                stop_child(running, child.spec.shutdown, me.clone()).await;
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
    ) -> Result<(), ActorProcessingErr> {
        let is_it =
            |at: &Child| at.running.as_ref().is_some_and(|(cell, _)| cell.get_id() == child);
        let Some(at) = self.children.iter().position(is_it) else {
            return Ok(()); // One that this supervisor has stopped itself.
        };
        let Some((_, handle)) = self.children[at].running.take() else { return Ok(()) };
        let (cause, _) = buried(handle, reason).await;
        let lived = self.children[at].started.elapsed();
        let all: Vec<_> =
            self.children.iter().map(|c| (c.spec.restart, c.running.is_some())).collect();
        match plan::plan(self.spec.strategy, &all, at, exit) {
            Plan::Drop => {
                self.children[at].meta.set_state(State::Stopped);
                if exit == Exit::Failed {
                    let failure = Failure::new(cause, reason, Decision::Stop);
                    self.registry.failed(&self.children[at].meta, failure);
                }
                Ok(())
            }
            Plan::Restart { stop, start } => {
                let counted = self.count(at, lived);
                self.note(at, cause, reason, &counted);
                self.go_on(counted, &myself.get_cell()).await?;
                self.stop(&stop, &myself.get_cell()).await;
                let streak = self.children[at].streak;
                if self.spec.backoff.delay(lived, streak).is_zero() {
                    return self.start_all(start, myself).await;
                }
                self.arm(start, streak, myself);
                Ok(())
            }
        }
    }

    /// Counts a restart of child `at`.
    fn count(&mut self, at: usize, lived: Duration) -> Result<(), TooManyRestarts> {
        let child = &mut self.children[at];
        child.streak = if lived < self.spec.backoff.young { child.streak + 1 } else { 0 };
        self.history.record(self.born.elapsed())
    }

    fn note(&self, at: usize, cause: Cause, reason: &str, counted: &Result<(), TooManyRestarts>) {
        let decision = if counted.is_ok() { Decision::Restart } else { Decision::Escalate };
        self.registry.failed(&self.children[at].meta, Failure::new(cause, reason, decision));
    }

    /// After one restart too many: stops all and fails, which the own supervisor is told.
    async fn go_on(
        &mut self,
        counted: Result<(), TooManyRestarts>,
        me: &ActorCell,
    ) -> Result<(), ActorProcessingErr> {
        if let Err(too_many) = counted {
            self.stop_all(me).await;
            return Err(too_many.into());
        }
        Ok(())
    }

    fn arm(&mut self, children: Vec<usize>, streak: u32, myself: &ActorRef<SupervisorMsg>) {
        let delay = self.spec.backoff.delay(Duration::ZERO, streak);
        self.decisions += 1;
        let decision = self.decisions;
        for &at in &children {
            self.children[at].awaits = Some(decision);
        }
        myself.send_after(delay, move || SupervisorMsg::Start { children, decision });
    }
}
