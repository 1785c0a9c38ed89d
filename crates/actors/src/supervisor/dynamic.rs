//! The supervisor of children that come and go: rooms, sessions. Beyond OTP, the budget of restarts is each child's
//! own, so that one bad room does not end the others; a child that has spent it is quarantined.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use ractor::{Actor, ActorCell, ActorId, ActorProcessingErr, ActorRef, SupervisionEvent};
use tokio::time::Instant;

use super::{
    DynamicSpec, Exit, RestartHistory, Start, Started, ended, plan::comes_back, stop_child,
};
use crate::vault::Slot;

pub struct DynamicSupervisor;

pub enum DynamicMsg {
    Start(DynamicChild),
    /// The back-off of this child is over.
    Again(Box<Child>),
}

/// A child as it is asked for.
#[derive(Clone)]
pub struct DynamicChild {
    /// For logs: `room:<id>`.
    pub label: String,
    pub start: Start,
    /// Called with the reason when the child is not started again after a failure.
    pub gave_up: Arc<dyn Fn(&str) + Send + Sync>,
}

pub struct Nursery {
    pub name: &'static str,
    pub spec: DynamicSpec,
    /// Where others look this supervisor up; it changes with each incarnation.
    pub slot: Arc<Slot<DynamicMsg>>,
    /// The children that the vault still knows: what a restarted supervisor starts with.
    pub known: Arc<dyn Fn() -> Vec<DynamicChild> + Send + Sync>,
}

pub struct Brood {
    name: &'static str,
    spec: DynamicSpec,
    children: HashMap<ActorId, Child>,
    /// The labels of all children that run or wait for their back-off.
    labels: HashSet<String>,
    born: Instant,
}

pub struct Child {
    spec: DynamicChild,
    running: Option<Started>,
    history: RestartHistory,
    started: Instant,
    streak: u32,
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
        let Nursery { name, spec, slot, known } = nursery;
        let (children, labels) = (HashMap::new(), HashSet::new());
        let mut brood = Brood { name, spec, children, labels, born: Instant::now() };
        // First the address, then the look: a child that is asked for in between is asked for twice, not never.
        slot.set(myself.clone());
        for child in known() {
            brood.start_new(child, &myself).await;
        }
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
        let stopped = running.map(|child| stop_child(child, shutdown, myself.get_cell()));
        futures_util::future::join_all(stopped).await;
        Ok(())
    }
}

impl Brood {
    async fn start_new(&mut self, spec: DynamicChild, myself: &ActorRef<DynamicMsg>) {
        if self.labels.insert(spec.label.clone()) {
            let history = RestartHistory::new(self.spec.limit);
            let child = Child { spec, running: None, history, started: Instant::now(), streak: 0 };
            self.start(child, myself).await;
        }
    }

    /// The child is gone for good.
    fn forget(&mut self, child: &Child) {
        self.labels.remove(&child.spec.label);
    }

    async fn start(&mut self, mut child: Child, myself: &ActorRef<DynamicMsg>) {
        let me: ActorCell = myself.get_cell();
        match (child.spec.start)(me).await {
            Ok(started) => {
                let id = started.0.get_id();
                child.running = Some(started);
                child.started = Instant::now();
                self.children.insert(id, child);
            }
            Err(error) => {
                child.started = Instant::now();
                self.again(child, &error.to_string(), myself).await;
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
        if let Some((_, handle)) = child.running.take() {
            // The event is posted before the dead child's state is dropped.
            let _ = handle.await;
        }
        if comes_back(self.spec.restart, exit) {
            tracing::warn!(
                supervisor = self.name,
                child = child.spec.label,
                reason,
                "child failed"
            );
            self.again(child, reason, myself).await;
        } else {
            self.forget(&child);
            if exit == Exit::Failed {
                (child.spec.gave_up)(reason);
            }
        }
    }

    async fn again(&mut self, mut child: Child, reason: &str, myself: &ActorRef<DynamicMsg>) {
        let lived = child.started.elapsed();
        child.streak = if lived < self.spec.backoff.young { child.streak + 1 } else { 0 };
        if let Err(too_many) = child.history.record(self.born.elapsed()) {
            let (supervisor, child_name) = (self.name, &child.spec.label);
            tracing::error!(supervisor, child = child_name, reason, %too_many, "quarantined");
            self.forget(&child);
            (child.spec.gave_up)(reason);
            return;
        }
        let delay = self.spec.backoff.delay(lived, child.streak);
        if delay.is_zero() && child.streak <= 1 {
            return Box::pin(self.start(child, myself)).await;
        }
        myself.send_after(delay, move || DynamicMsg::Again(Box::new(child)));
    }
}
