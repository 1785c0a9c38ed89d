//! Both supervisors as processes. Here: children that end on order and say so; the tests stand beside.

mod dynamic;
mod escalation;
mod fixed;
mod model;
mod otp;
mod overlap;
mod walk;

use std::{collections::HashMap, sync::Arc, time::Duration};

use parking_lot::Mutex;
use ractor::{Actor, ActorCell, ActorProcessingErr, ActorRef, concurrency::JoinHandle};

use super::{
    Backoff, ChildSpec, Family, Remains, Restart, RestartLimit, Shutdown, Start, Started,
    StaticSpec, Strategy, Supervisor, SupervisorMsg,
};
use super::{
    DynamicSpec,
    dynamic::{DynamicChild, DynamicMsg, Nursery},
};
use crate::{
    registry::{ActorMeta, ActorRegistry, Kind},
    testing::Probe,
    vault::Slot,
};

/// How long a test waits for an end: of paused time.
const PATIENCE: Duration = Duration::from_secs(60);
/// A child's time to stop before it is killed.
const SHUTDOWN: Duration = Duration::from_secs(5);
const LINGER: Duration = Duration::from_secs(1);
const WITHIN: Shutdown = Shutdown::Within(SHUTDOWN);
/// Far more restarts than a test makes.
const PLENTY: RestartLimit = RestartLimit { intensity: 1_000, period: ms(5_000) };
/// Nobody is young, so nobody waits.
const AT_ONCE: Backoff = Backoff { young: ms(0), ..BACKOFF };
const BACKOFF: Backoff =
    Backoff { young: ms(250), initial: ms(50), factor: 2.0, max: ms(5_000), jitter: 0.0 };

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// What a child is told to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Panic,
    Fail,
    Stop,
    /// As a supervisor that gives up.
    Shutdown,
    /// Is not told but killed.
    Kill,
    /// Stops and takes its time over it.
    Linger,
    /// Hears nothing any more but a kill.
    Deaf,
}

/// What has become of a child.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fact {
    Started(&'static str),
    /// It was to start and did not.
    Refused(&'static str),
    /// All that it held is dropped.
    Ended(&'static str),
    GaveUp(&'static str),
    Lingered(&'static str),
}
use Fact::{Ended, GaveUp, Lingered, Refused, Started as Began};

/// Makes children, orders them about and reads what becomes of them.
struct Stage {
    probe: Probe<Fact>,
    shared: Arc<Shared>,
}

struct Shared {
    facts: ActorRef<Fact>,
    children: Mutex<HashMap<&'static str, ActorRef<Order>>>,
    refusals: Mutex<HashMap<&'static str, u32>>,
}

const KIND: Kind = Kind::new("child", &["order"]);

struct Child(&'static str);

/// What a child holds while it lives, and whether it lingers when it stops.
struct Life(&'static str, Arc<Shared>, bool);

impl Drop for Life {
    fn drop(&mut self) {
        self.1.tell(Ended(self.0));
    }
}

impl Shared {
    /// A test that has ended reads no more.
    fn tell(&self, fact: Fact) {
        drop(self.facts.cast(fact));
    }
}

impl Actor for Child {
    type Msg = Order;
    type State = Life;
    type Arguments = Arc<Shared>;

    async fn pre_start(
        &self,
        myself: ActorRef<Order>,
        shared: Arc<Shared>,
    ) -> Result<Life, ActorProcessingErr> {
        if let Some(left) = shared.refusals.lock().get_mut(self.0).filter(|left| **left > 0) {
            *left -= 1;
            shared.tell(Refused(self.0));
            return Err("refused on order".into());
        }
        shared.children.lock().insert(self.0, myself);
        shared.tell(Began(self.0));
        Ok(Life(self.0, shared, false))
    }

    async fn handle(
        &self,
        myself: ActorRef<Order>,
        order: Order,
        life: &mut Life,
    ) -> Result<(), ActorProcessingErr> {
        match order {
            Order::Panic => panic!("on order"),
            Order::Fail => return Err("on order".into()),
            Order::Stop => myself.stop(None),
            Order::Shutdown => myself.stop(Some("shutdown: on order".into())),
            Order::Kill => myself.kill(),
            Order::Linger => {
                life.2 = true;
                myself.stop(None);
            }
            Order::Deaf => std::future::pending().await,
        }
        Ok(())
    }

    async fn post_stop(
        &self,
        _: ActorRef<Order>,
        life: &mut Life,
    ) -> Result<(), ActorProcessingErr> {
        if life.2 {
            tokio::time::sleep(LINGER).await;
            life.1.tell(Lingered(self.0));
        }
        Ok(())
    }
}

impl Stage {
    async fn new() -> Stage {
        let probe = Probe::spawn().await;
        let facts = probe.actor();
        let (children, refusals) = Default::default();
        Stage { probe, shared: Arc::new(Shared { facts, children, refusals }) }
    }

    fn start(&self, name: &'static str) -> Start {
        let shared = self.shared.clone();
        Arc::new(move |supervisor: ActorCell, _| {
            let shared = shared.clone();
            Box::pin(async move {
                let (actor, handle) =
                    Actor::spawn_linked(None, Child(name), shared, supervisor).await?;
                Ok::<Started, _>((actor.get_cell(), handle))
            })
        })
    }

    fn child(&self, name: &'static str, restart: Restart) -> ChildSpec {
        child(name, restart, WITHIN, self.start(name))
    }

    /// Permanent children of these names, in this order.
    fn permanent(&self, names: &[&'static str]) -> Vec<ChildSpec> {
        names.iter().map(|name| self.child(name, Restart::Permanent)).collect()
    }

    fn order(&self, name: &'static str, order: Order) {
        self.actor(name).cast(order).unwrap();
    }

    fn actor(&self, name: &'static str) -> ActorRef<Order> {
        self.shared.children.lock()[name].clone()
    }

    /// The next `times` starts of that child fail.
    fn refuse(&self, name: &'static str, times: u32) {
        self.shared.refusals.lock().insert(name, times);
    }

    /// These facts and no others come next, in this order.
    async fn expect(&mut self, facts: impl IntoIterator<Item = Fact>) {
        for (at, fact) in facts.into_iter().enumerate() {
            assert_eq!(self.probe.recv().await, fact, "fact {at}");
        }
    }

    async fn expect_nothing(&mut self) {
        self.probe.assert_silent_for(PATIENCE).await;
    }
}

/// A static supervisor without a parent.
struct Running {
    supervisor: ActorRef<SupervisorMsg>,
    handle: JoinHandle<()>,
}

impl Running {
    async fn start(spec: StaticSpec, children: Vec<ChildSpec>) -> Running {
        let family = family("top", spec, children);
        let (supervisor, handle) = Actor::spawn(None, Supervisor, family).await.unwrap();
        Running { supervisor, handle }
    }

    async fn stop(self) {
        self.supervisor.stop(None);
        self.ended().await;
    }

    async fn ended(self) {
        tokio::time::timeout(PATIENCE, self.handle).await.expect("an end in time").unwrap();
    }
}

fn spec(strategy: Strategy) -> StaticSpec {
    StaticSpec { strategy, limit: PLENTY, backoff: AT_ONCE }
}

/// A static supervisor as a child of another.
fn nested(name: &'static str, spec: StaticSpec, children: Vec<ChildSpec>) -> ChildSpec {
    let remains = Arc::<Remains>::default();
    let start: Start = Arc::new(move |parent, meta| {
        let remains = remains.clone();
        let family = Family { meta, remains, ..family(name, spec, children.clone()) };
        Box::pin(async move {
            let (actor, handle) = Actor::spawn_linked(None, Supervisor, family, parent).await?;
            Ok::<Started, _>((actor.get_cell(), handle))
        })
    });
    child(name, Restart::Permanent, Shutdown::Within(PATIENCE), start)
}

fn child(name: &'static str, restart: Restart, shutdown: Shutdown, start: Start) -> ChildSpec {
    ChildSpec { name, kind: &KIND, restart, strategy: None, shutdown, inbox: None, start }
}

fn family(name: &'static str, spec: StaticSpec, children: Vec<ChildSpec>) -> Family {
    let registry = Arc::<ActorRegistry>::default();
    let (meta, remains) = (ActorMeta::alone(&super::KIND), Arc::default());
    Family { name, spec, children, meta, registry, remains }
}

fn nursery(
    spec: DynamicSpec,
    slot: &Arc<Slot<DynamicMsg>>,
    known: Arc<dyn Fn() -> Vec<DynamicChild> + Send + Sync>,
) -> Nursery {
    let (registry, meta) = (Arc::default(), ActorMeta::alone(&super::KIND));
    let (slot, remains, quarantine) = (slot.clone(), Arc::default(), Arc::default());
    Nursery { spec, slot, known, registry, meta, remains, quarantine }
}
