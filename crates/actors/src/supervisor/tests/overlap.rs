//! Two incarnations of a child never overlap: the next one starts when all that the dead one held is dropped. Real
//! threads and real time, because the paused clock has one thread only.

use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Condvar;

use super::{
    super::{Remains, dynamic::*},
    *,
};

/// How many incarnations there are at once, at most.
#[derive(Default)]
struct Census {
    alive: Mutex<usize>,
    born: Condvar,
    most: AtomicUsize,
}

/// What a child holds. It takes a while to drop, unless the next incarnation is there already.
struct Clinging(Arc<Census>);

impl Clinging {
    fn to(census: &Arc<Census>) -> Clinging {
        let mut alive = census.alive.lock();
        *alive += 1;
        census.most.fetch_max(*alive, Ordering::SeqCst);
        census.born.notify_all();
        Clinging(census.clone())
    }
}

impl Drop for Clinging {
    fn drop(&mut self) {
        let mut alive = self.0.alive.lock();
        if *alive == 1 {
            self.0.born.wait_for(&mut alive, ms(100));
        }
        *alive -= 1;
    }
}

struct Clinger;

impl Actor for Clinger {
    type Msg = Order;
    type State = Clinging;
    type Arguments = (Arc<Census>, ActorRef<ActorRef<Order>>);

    async fn pre_start(
        &self,
        myself: ActorRef<Order>,
        (census, born): Self::Arguments,
    ) -> Result<Clinging, ActorProcessingErr> {
        drop(born.cast(myself));
        Ok(Clinging::to(&census))
    }

    async fn handle(
        &self,
        _: ActorRef<Order>,
        _: Order,
        _: &mut Clinging,
    ) -> Result<(), ActorProcessingErr> {
        panic!("on order")
    }
}

fn clinger(census: &Arc<Census>, born: &Probe<ActorRef<Order>>) -> Start {
    let args = (census.clone(), born.actor());
    Arc::new(move |supervisor, _| {
        let args = args.clone();
        Box::pin(async move {
            let (actor, handle) = Actor::spawn_linked(None, Clinger, args, supervisor).await?;
            Ok::<Started, _>((actor.get_cell(), handle))
        })
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_static_supervisor_starts_the_next_incarnation_when_the_last_is_dropped() {
    let (census, mut born) = (Arc::<Census>::default(), Probe::spawn().await);
    let start = clinger(&census, &born);
    let child = child("a", Restart::Permanent, WITHIN, start);
    let running = Running::start(spec(Strategy::OneForOne), vec![child]).await;
    for _ in 0..5 {
        born.recv().await.cast(Order::Panic).unwrap();
    }
    born.recv().await;
    running.stop().await;
    assert_eq!(census.most.load(Ordering::SeqCst), 1);
    assert_eq!(*census.alive.lock(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dynamic_supervisor_starts_the_next_incarnation_when_the_last_is_dropped() {
    let (census, mut born) = (Arc::<Census>::default(), Probe::spawn().await);
    let start = clinger(&census, &born);
    let gave_up = Arc::new(|_: &super::super::dynamic::GaveUp| ());
    let child = DynamicChild {
        label: "a".into(),
        kind: &KIND,
        inbox: None,
        start,
        failed: Arc::new(|_| ()),
        gave_up,
    };
    let spec = super::dynamic::spec(Restart::Transient);
    let nursery = nursery(spec, &Arc::default(), Arc::new(move || vec![child.clone()]));
    let (supervisor, handle) = Actor::spawn(None, DynamicSupervisor, nursery).await.unwrap();
    for _ in 0..5 {
        born.recv().await.cast(Order::Panic).unwrap();
    }
    born.recv().await;
    supervisor.stop(None);
    tokio::time::timeout(PATIENCE, handle).await.expect("an end in time").unwrap();
    assert_eq!(census.most.load(Ordering::SeqCst), 1);
    assert_eq!(*census.alive.lock(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_static_supervisor_that_died_itself_starts_its_children_when_the_last_ones_are_dropped() {
    let (census, mut born) = (Arc::<Census>::default(), Probe::spawn().await);
    let start = clinger(&census, &born);
    let inner = nested(
        "inner",
        spec(Strategy::OneForOne),
        vec![child("a", Restart::Permanent, WITHIN, start)],
    );
    let family = family("top", spec(Strategy::OneForOne), vec![inner]);
    let registry = family.registry.clone();
    let (supervisor, handle) = Actor::spawn(None, Supervisor, family).await.unwrap();
    for _ in 0..5 {
        born.recv().await;
        assert!(registry.named("inner").unwrap().crash());
    }
    born.recv().await;
    Running { supervisor, handle }.stop().await;
    assert_eq!(census.most.load(Ordering::SeqCst), 1);
    assert_eq!(*census.alive.lock(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dynamic_supervisor_that_died_itself_starts_its_children_when_the_last_ones_are_dropped()
{
    let (census, mut born) = (Arc::<Census>::default(), Probe::spawn().await);
    let start = clinger(&census, &born);
    let gave_up = Arc::new(|_: &super::super::dynamic::GaveUp| ());
    let child = DynamicChild {
        label: "a".into(),
        kind: &KIND,
        inbox: None,
        start,
        failed: Arc::new(|_| ()),
        gave_up,
    };
    let spec = super::dynamic::spec(Restart::Transient);
    let (slot, remains) = (Arc::<Slot<DynamicMsg>>::default(), Arc::<Remains>::default());
    for _ in 0..5 {
        let child = child.clone();
        let nursery = nursery(spec, &slot, Arc::new(move || vec![child.clone()]));
        let nursery = Nursery { remains: remains.clone(), ..nursery };
        let (supervisor, handle) = Actor::spawn(None, DynamicSupervisor, nursery).await.unwrap();
        born.recv().await;
        supervisor.cast(DynamicMsg::Crash).unwrap();
        tokio::time::timeout(PATIENCE, handle).await.expect("an end in time").unwrap();
    }
    remains.clear().await;
    assert_eq!(census.most.load(Ordering::SeqCst), 1);
    assert_eq!(*census.alive.lock(), 0);
}
