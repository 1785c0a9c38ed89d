//! The supervisor of children that come and go: rooms, sessions. Beyond OTP, the budget of restarts is each child's
//! own, so that one bad room does not end the others; a child that has spent it is quarantined.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use ractor::{
    Actor, ActorCell, ActorId, ActorProcessingErr, ActorRef, SupervisionEvent,
    concurrency::JoinHandle,
};
use tokio::time::Instant;

use super::{
    DynamicSpec, Exit, Remains, RestartHistory, Start,
    ends::{begin, ended},
    plan::comes_back,
    quarantine::{Apart, Quarantine},
};
use crate::{
    panics::{self, Panicked},
    registry::{ActorMeta, ActorRegistry, Cause, Decision, Failure, Gauge, Kind, Place, State},
    vault::Slot,
};

/// What the strategy of these supervisors is called.
pub const STRATEGY: &str = "dynamic";
/// The reason of a child that stops because it knows no way back: it is given up as one that has spent its budget.
pub const NO_WAY_BACK: &str = "no way back";

pub struct DynamicSupervisor;

pub enum DynamicMsg {
    Start(DynamicChild),
    /// The back-off of this child is over.
    Again(Box<Child>),
    /// This child hangs and cannot be stopped: it is left to itself and not started again.
    Abandon {
        label: String,
    },
    /// The time of a name that is kept apart may be over.
    Release,
    /// Panics, on order.
    Crash,
}

/// A child as it is asked for.
#[derive(Clone)]
pub struct DynamicChild {
    /// Its name among its siblings: `room:<id>`.
    pub label: String,
    pub kind: &'static Kind,
    pub inbox: Option<Gauge>,
    pub start: Start,
    /// Called when the child has failed and is to be started again, before it is.
    pub failed: Arc<dyn Fn(&GaveUp) + Send + Sync>,
    /// Called when the child is not started again after a failure.
    pub gave_up: Arc<dyn Fn(&GaveUp) + Send + Sync>,
}

/// Why a child is not started again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GaveUp {
    pub reason: String,
    /// Where its last panic was, if it died of one.
    pub panicked: Option<Panicked>,
}

pub struct Nursery {
    pub spec: DynamicSpec,
    /// Where others look this supervisor up; it changes with each incarnation.
    pub slot: Arc<Slot<DynamicMsg>>,
    /// The children that the vault still knows: what a restarted supervisor starts with.
    pub known: Arc<dyn Fn() -> Vec<DynamicChild> + Send + Sync>,
    pub registry: Arc<ActorRegistry>,
    /// The supervisor's own place.
    pub meta: Arc<ActorMeta>,
    /// The same for all incarnations.
    pub remains: Arc<Remains>,
    pub quarantine: Arc<Quarantine>,
}

pub struct Brood {
    spec: DynamicSpec,
    children: HashMap<ActorId, Child>,
    /// The labels of all children that run or wait for their back-off.
    labels: HashSet<String>,
    born: Instant,
    registry: Arc<ActorRegistry>,
    meta: Arc<ActorMeta>,
    remains: Arc<Remains>,
    quarantine: Arc<Quarantine>,
    /// Whether a timer will look at the quarantine.
    release_armed: bool,
}

pub struct Child {
    spec: DynamicChild,
    meta: Arc<ActorMeta>,
    running: Option<ActorCell>,
    history: RestartHistory,
    started: Instant,
    streak: u32,
    /// In back-off, over all its life.
    waited: Duration,
    /// Why it failed the last time.
    failed: Option<GaveUp>,
}

impl Actor for DynamicSupervisor {
    type Msg = DynamicMsg;
    type State = Brood;
    type Arguments = Nursery;

    async fn pre_start(
        &self,
        myself: ActorRef<DynamicMsg>,
        nursery: Nursery,
    ) -> Result<Brood, ActorProcessingErr> {
        let Nursery { spec, slot, known, registry, meta, remains, quarantine } = nursery;
        remains.clear().await;
        let mut brood = Brood {
            spec,
            children: HashMap::new(),
            labels: HashSet::new(),
            born: Instant::now(),
            registry,
            meta,
            remains,
            quarantine,
            release_armed: false,
        };
        let me = myself.clone();
        brood.meta.crash_with(move || drop(me.cast(DynamicMsg::Crash)));
        // First the address, then the look: a child that is asked for in between is asked for twice, not never.
        slot.set(myself.clone());
        for child in known() {
            brood.start_new(child, &myself).await;
        }
        brood.release(&myself);
        brood.registry.retain_children(&brood.meta.path, |label| {
            brood.labels.contains(label) || brood.quarantine.get(label).is_some()
        });
        Ok(brood)
    }

    async fn handle(
        &self,
        myself: ActorRef<DynamicMsg>,
        msg: DynamicMsg,
        brood: &mut Brood,
    ) -> Result<(), ActorProcessingErr> {
        match msg {
            DynamicMsg::Start(spec) => brood.start_new(spec, &myself).await,
            DynamicMsg::Again(child) => brood.start(*child, &myself).await,
            DynamicMsg::Abandon { label } => brood.abandon(&label, &myself),
            DynamicMsg::Release => {
                brood.release_armed = false;
                brood.release(&myself);
            }
            DynamicMsg::Crash => panics::on_order(),
        }
        Ok(())
    }

    async fn handle_supervisor_evt(
        &self,
        myself: ActorRef<DynamicMsg>,
        event: SupervisionEvent,
        brood: &mut Brood,
    ) -> Result<(), ActorProcessingErr> {
        if let Some((child, exit, reason)) = ended(event) {
            brood.ended(child, exit, &reason, &myself).await;
        }
        Ok(())
    }

    /// Children of a dynamic supervisor stop all at once, as OTP's `simple_one_for_one` has it.
    async fn post_stop(
        &self,
        myself: ActorRef<DynamicMsg>,
        brood: &mut Brood,
    ) -> Result<(), ActorProcessingErr> {
        let shutdown = brood.spec.shutdown;
        let running = brood.children.drain().filter_map(|(_, child)| child.running);
        let stopped = running.map(|child| brood.remains.stop(child, shutdown, myself.get_cell()));
        futures_util::future::join_all(stopped).await;
        Ok(())
    }
}

impl Brood {
    async fn start_new(&mut self, spec: DynamicChild, myself: &ActorRef<DynamicMsg>) {
        if let Some(kept) = self.quarantine.get(&spec.label) {
            let reason = format!("it is kept apart: {}", kept.why.word());
            return (spec.gave_up)(&GaveUp { reason, panicked: None });
        }
        if !self.labels.insert(spec.label.clone()) {
            return;
        }
        let meta = self.registry.enter(Place {
            under: &self.meta.path,
            above: Some(&self.meta),
            name: &spec.label,
            kind: spec.kind,
            restart: self.spec.restart,
            strategy: None,
            inbox: spec.inbox.clone(),
        });
        let (history, started) = (RestartHistory::new(self.spec.limit), Instant::now());
        let (streak, waited, failed) = (0, Duration::ZERO, None);
        let child = Child { spec, meta, running: None, history, started, streak, waited, failed };
        self.start(child, myself).await;
    }

    /// The child is gone for good.
    fn forget(&mut self, child: &Child) {
        self.labels.remove(&child.spec.label);
        self.registry.leave(&child.meta);
    }

    /// The child is gone, and its name is kept apart.
    fn keep_apart(&mut self, child: &Child, why: Apart, myself: &ActorRef<DynamicMsg>) {
        if self.spec.quarantine.is_zero() {
            return self.forget(child);
        }
        self.labels.remove(&child.spec.label);
        child.meta.set_state(State::Quarantined);
        child.meta.no_more();
        for released in self.quarantine.keep(child.meta.clone(), why, self.spec.quarantine) {
            self.registry.leave(&released);
        }
        self.release(myself);
    }

    /// Those whose time is over may come back: the tree shows them no longer.
    fn release(&mut self, myself: &ActorRef<DynamicMsg>) {
        let (released, next) = self.quarantine.sweep();
        for meta in released {
            self.registry.leave(&meta);
        }
        let Some(next) = next else { return };
        if !std::mem::replace(&mut self.release_armed, true) {
            myself.send_after(next - Instant::now(), || DynamicMsg::Release);
        }
    }

    fn abandon(&mut self, label: &str, myself: &ActorRef<DynamicMsg>) {
        let found = self.children.iter().find(|(_, child)| child.spec.label == label);
        let Some(child) = found.map(|(&id, _)| id).and_then(|id| self.children.remove(&id)) else {
            return;
        };
        self.keep_apart(&child, Apart::Stuck, myself);
        if let Some(cell) = child.running {
            // Should it ever come to an end, it dies there, and no supervisor is told or waits for it.
            cell.unlink(myself.get_cell());
            cell.kill();
            if let Some(task) = self.remains.take(&cell) {
                note_end(task, child.meta.clone());
            }
        }
    }

    /// The child has failed and its restart type says that it is not started again.
    fn let_go(&mut self, child: &Child, cause: Cause, gave_up: &GaveUp) {
        let failure = Failure::new(cause, &gave_up.reason, Decision::Stop);
        self.registry.failed(&child.meta, failure);
        self.forget(child);
        (child.spec.gave_up)(gave_up);
    }

    /// The child has spent its budget.
    fn give_up(
        &mut self,
        child: &Child,
        cause: Cause,
        gave_up: &GaveUp,
        myself: &ActorRef<DynamicMsg>,
    ) {
        let failure = Failure::new(cause, &gave_up.reason, Decision::Quarantine);
        self.registry.failed(&child.meta, failure);
        self.keep_apart(child, Apart::Crashed, myself);
        (child.spec.gave_up)(gave_up);
    }

    async fn start(&mut self, mut child: Child, myself: &ActorRef<DynamicMsg>) {
        match begin(&child.spec.start, myself.get_cell(), child.meta.clone()).await {
            Ok(started) => {
                let cell = self.remains.keep(started);
                let id = cell.get_id();
                child.running = Some(cell);
                child.started = Instant::now();
                child.meta.started();
                self.children.insert(id, child);
            }
            Err(error) => {
                child.started = Instant::now();
                let gave_up = GaveUp { reason: error, panicked: None };
                self.again(child, Cause::StartFailed, gave_up, myself).await;
            }
        }
    }

    async fn ended(
        &mut self,
        child: ActorId,
        exit: Exit,
        reason: &str,
        myself: &ActorRef<DynamicMsg>,
    ) {
        let Some(mut child) = self.children.remove(&child) else { return };
        let Some(dead) = child.running.take() else { return };
        let (cause, panicked) = self.remains.bury(&dead, reason).await;
        let gave_up = GaveUp { reason: reason.to_owned(), panicked };
        if exit == Exit::Normal && reason == NO_WAY_BACK {
            let why = child.failed.take().unwrap_or(gave_up);
            let cause = if why.panicked.is_some() { Cause::Panic } else { Cause::Error };
            self.give_up(&child, cause, &why, myself);
        } else if comes_back(self.spec.restart, exit) {
            self.again(child, cause, gave_up, myself).await;
        } else if exit == Exit::Failed {
            self.let_go(&child, cause, &gave_up);
        } else {
            child.meta.set_state(State::Stopped);
            self.forget(&child);
        }
    }

    async fn again(
        &mut self,
        mut child: Child,
        cause: Cause,
        gave_up: GaveUp,
        myself: &ActorRef<DynamicMsg>,
    ) {
        let lived = child.started.elapsed();
        child.streak = if lived < self.spec.backoff.young { child.streak + 1 } else { 0 };
        // Waiting is not living: what fails whenever it starts would never spend its budget otherwise.
        let age = self.born.elapsed().saturating_sub(child.waited);
        if child.history.record(age).is_err() {
            return self.give_up(&child, cause, &gave_up, myself);
        }
        self.registry.failed(&child.meta, Failure::new(cause, &gave_up.reason, Decision::Restart));
        (child.spec.failed)(&gave_up);
        child.failed = Some(gave_up);
        let delay = self.spec.backoff.delay(lived, child.streak, rand::random());
        if delay.is_zero() && child.streak <= 1 {
            return Box::pin(self.start(child, myself)).await;
        }
        child.waited += delay;
        myself.send_after(delay, move || DynamicMsg::Again(Box::new(child)));
    }
}

/// However a child that hung ends, by a panic or by the kill in the middle of its message: its thread is free then.
#[expect(
    clippy::disallowed_methods,
    reason = "nobody is to wait for it, its supervisor least of all; it ends with the child"
)]
fn note_end(task: JoinHandle<()>, meta: Arc<ActorMeta>) {
    tokio::spawn(async move {
        let _ = task.await;
        meta.at_rest();
    });
}
