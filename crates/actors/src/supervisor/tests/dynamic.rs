//! The dynamic supervisor: children that come and go, each with a budget of its own.

use tokio::time::Instant;

use super::{
    super::{DynamicSpec, dynamic::*, quarantine::Apart},
    *,
};
use crate::{registry::State, vault::Slot};

pub(super) fn spec(restart: Restart) -> DynamicSpec {
    let quarantine = Duration::ZERO;
    DynamicSpec { restart, limit: PLENTY, backoff: AT_ONCE, shutdown: WITHIN, quarantine }
}

/// A dynamic supervisor, and the children that its vault would know.
struct Nest {
    slot: Arc<Slot<DynamicMsg>>,
    handle: JoinHandle<()>,
}

impl Stage {
    fn newborn(&self, name: &'static str) -> DynamicChild {
        let shared = self.shared.clone();
        let gave_up = Arc::new(move |_: &super::super::dynamic::GaveUp| shared.tell(GaveUp(name)));
        let (kind, inbox) = (&super::KIND, None);
        DynamicChild {
            label: name.into(),
            kind,
            inbox,
            start: self.start(name),
            failed: Arc::new(|_| ()),
            gave_up,
        }
    }

    async fn nest(&self, spec: DynamicSpec) -> Nest {
        let slot = Arc::<Slot<DynamicMsg>>::default();
        let nursery = nursery(spec, &slot, Arc::new(Vec::new));
        let (_, handle) = Actor::spawn(None, DynamicSupervisor, nursery).await.unwrap();
        Nest { slot, handle }
    }

    async fn add(&mut self, nest: &Nest, name: &'static str) {
        nest.slot.cast(DynamicMsg::Start(self.newborn(name)));
        self.expect([Began(name)]).await;
    }
}

impl Nest {
    async fn stop(self) {
        self.slot.get().unwrap().stop(None);
        tokio::time::timeout(PATIENCE, self.handle).await.expect("an end in time").unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_child_that_spends_its_own_budget_is_given_up_and_its_siblings_live_on() {
    let mut stage = Stage::new().await;
    let limit = RestartLimit { intensity: 3, period: ms(10_000) };
    let nest = stage.nest(DynamicSpec { limit, ..spec(Restart::Transient) }).await;
    for name in ["a", "b", "c"] {
        stage.add(&nest, name).await;
    }
    for _ in 0..3 {
        for name in ["a", "b"] {
            stage.order(name, Order::Panic);
            stage.expect([Ended(name), Began(name)]).await;
        }
    }

    stage.order("a", Order::Panic);

    stage.expect([Ended("a"), GaveUp("a")]).await;
    tokio::time::sleep(ms(10_001)).await;
    stage.order("b", Order::Fail);
    stage.expect([Ended("b"), Began("b")]).await;
    nest.stop().await;
    let mut last = [stage.probe.recv().await, stage.probe.recv().await];
    last.sort_by_key(|fact| *fact == Ended("c"));
    assert_eq!(last, [Ended("b"), Ended("c")]);
    stage.expect_nothing().await;
}

#[tokio::test(start_paused = true)]
async fn a_child_comes_back_or_is_given_up_as_its_restart_type_says() {
    let table = [
        (Restart::Transient, Order::Stop, vec![Ended("a")]),
        (Restart::Transient, Order::Panic, vec![Ended("a"), Began("a")]),
        (Restart::Transient, Order::Fail, vec![Ended("a"), Began("a")]),
        (Restart::Temporary, Order::Stop, vec![Ended("a")]),
        (Restart::Temporary, Order::Panic, vec![Ended("a"), GaveUp("a")]),
        (Restart::Permanent, Order::Stop, vec![Ended("a"), Began("a")]),
    ];
    for (restart, order, facts) in table {
        println!("{restart:?} {order:?}");
        let mut stage = Stage::new().await;
        let nest = stage.nest(spec(restart)).await;
        stage.add(&nest, "a").await;
        stage.order("a", order);
        stage.expect(facts).await;
        stage.expect_nothing().await;
        nest.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_killed_child_has_failed() {
    let mut stage = Stage::new().await;
    let nest = stage.nest(spec(Restart::Transient)).await;
    stage.add(&nest, "a").await;
    stage.actor("a").kill();
    stage.expect([Ended("a"), Began("a")]).await;
    stage.order("a", Order::Deaf);
    stage.actor("a").kill();
    stage.expect([Ended("a"), Began("a")]).await;
    nest.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_child_that_keeps_failing_young_waits_longer_each_time() {
    let mut stage = Stage::new().await;
    let nest = stage.nest(DynamicSpec { backoff: BACKOFF, ..spec(Restart::Transient) }).await;
    stage.add(&nest, "a").await;
    for (lived, wait) in [(300, 0), (10, 0), (10, 50), (10, 100), (300, 0), (10, 0), (10, 50)] {
        tokio::time::sleep(ms(lived)).await;
        stage.order("a", Order::Panic);
        stage.expect([Ended("a")]).await;
        let ended = Instant::now();
        stage.expect([Began("a")]).await;
        assert_eq!(ended.elapsed(), ms(wait), "after a life of {lived} ms");
    }
    nest.stop().await;
}

#[tokio::test(start_paused = true)]
async fn one_that_is_held_back_holds_up_nobody_else() {
    let mut stage = Stage::new().await;
    let nest = stage.nest(DynamicSpec { backoff: BACKOFF, ..spec(Restart::Transient) }).await;
    stage.add(&nest, "a").await;
    stage.order("a", Order::Panic);
    stage.expect([Ended("a"), Began("a")]).await;
    stage.order("a", Order::Panic);
    stage.expect([Ended("a")]).await;
    let held_back = Instant::now();
    stage.add(&nest, "b").await;
    assert_eq!(held_back.elapsed(), ms(0));
    stage.expect([Began("a")]).await;
    assert_eq!(held_back.elapsed(), ms(50));
    nest.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_child_that_does_not_start_again_is_tried_again_less_and_less_often() {
    let mut stage = Stage::new().await;
    let limit = RestartLimit { intensity: 5, period: ms(10_000) };
    let spec = DynamicSpec { limit, backoff: BACKOFF, ..spec(Restart::Transient) };
    let nest = stage.nest(spec).await;
    stage.add(&nest, "a").await;
    tokio::time::sleep(ms(60_000)).await;
    stage.refuse("a", 5);

    stage.order("a", Order::Panic);

    stage.expect([Ended("a")]).await;
    let ended = Instant::now();
    for wait in [0, 0, 50, 150, 350] {
        stage.expect([Refused("a")]).await;
        assert_eq!(ended.elapsed(), ms(wait));
    }
    stage.expect([GaveUp("a")]).await;
    nest.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_child_that_fails_whenever_it_starts_spends_its_budget_however_long_it_waits_in_between()
{
    let mut stage = Stage::new().await;
    let limit = RestartLimit { intensity: 10, period: ms(10_000) };
    let spec = DynamicSpec { limit, backoff: BACKOFF, ..spec(Restart::Transient) };
    let nest = stage.nest(spec).await;
    stage.add(&nest, "a").await;
    let begin = Instant::now();
    for _ in 0..10 {
        stage.order("a", Order::Panic);
        stage.expect([Ended("a"), Began("a")]).await;
    }
    stage.order("a", Order::Panic);
    stage.expect([Ended("a"), GaveUp("a")]).await;
    assert_eq!(begin.elapsed(), ms(50 + 100 + 200 + 400 + 800 + 1_600 + 3_200 + 5_000 + 5_000));
    nest.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_kept_apart_is_not_started_until_its_time_is_over() {
    let mut stage = Stage::new().await;
    let (limit, quarantine) = (RestartLimit { intensity: 0, period: ms(10_000) }, ms(600_000));
    let nest = stage.nest(DynamicSpec { limit, quarantine, ..spec(Restart::Transient) }).await;
    stage.add(&nest, "a").await;
    stage.order("a", Order::Panic);
    stage.expect([Ended("a"), GaveUp("a")]).await;
    // Whoever asks for it is told at once, and again after the supervisor has been made anew.
    nest.slot.cast(DynamicMsg::Start(stage.newborn("a")));
    stage.expect([GaveUp("a")]).await;
    stage.add(&nest, "b").await;
    tokio::time::sleep(quarantine).await;
    stage.add(&nest, "a").await;
    nest.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_child_that_hangs_is_left_to_itself_and_kept_apart_as_stuck() {
    let mut stage = Stage::new().await;
    let slot = Arc::<Slot<DynamicMsg>>::default();
    let spec = DynamicSpec { quarantine: ms(600_000), ..spec(Restart::Transient) };
    let nursery = nursery(spec, &slot, Arc::new(Vec::new));
    let (registry, quarantine) = (nursery.registry.clone(), nursery.quarantine.clone());
    let (_, handle) = Actor::spawn(None, DynamicSupervisor, nursery).await.unwrap();
    let nest = Nest { slot, handle };
    stage.add(&nest, "a").await;
    stage.order("a", Order::Deaf);

    nest.slot.cast(DynamicMsg::Abandon { label: "a".into() });

    // This one can be killed, where a loop without an end could not; nobody waits for either.
    stage.expect([Ended("a")]).await;
    assert_eq!(quarantine.get("a").unwrap().why, Apart::Stuck);
    assert_eq!(registry.named("a").unwrap().state(), State::Quarantined);
    nest.slot.cast(DynamicMsg::Start(stage.newborn("a")));
    stage.expect([GaveUp("a")]).await;
    nest.stop().await;
    stage.expect_nothing().await;
}

#[tokio::test(start_paused = true)]
async fn a_child_that_hung_and_ended_in_the_middle_of_its_message_is_at_none() {
    let mut stage = Stage::new().await;
    let slot = Arc::<Slot<DynamicMsg>>::default();
    let spec = DynamicSpec { quarantine: ms(600_000), ..spec(Restart::Transient) };
    let nursery = nursery(spec, &slot, Arc::new(Vec::new));
    let registry = nursery.registry.clone();
    let (_, handle) = Actor::spawn(None, DynamicSupervisor, nursery).await.unwrap();
    let nest = Nest { slot, handle };
    stage.add(&nest, "a").await;
    let meta = registry.named("a").unwrap();
    meta.begin(0);
    stage.order("a", Order::Deaf);

    nest.slot.cast(DynamicMsg::Abandon { label: "a".into() });

    stage.expect([Ended("a")]).await;
    let at_rest = async {
        while meta.current().is_some() {
            tokio::time::sleep(ms(1)).await;
        }
    };
    tokio::time::timeout(PATIENCE, at_rest).await.expect("its thread is free, and it is known");
    nest.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_child_that_knows_no_way_back_is_given_up() {
    let mut stage = Stage::new().await;
    let nest = stage.nest(spec(Restart::Transient)).await;
    stage.add(&nest, "a").await;
    stage.actor("a").stop(Some(NO_WAY_BACK.into()));
    stage.expect([Ended("a"), GaveUp("a")]).await;
    nest.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_supervisor_that_holds_a_child_back_stops_at_once() {
    let mut stage = Stage::new().await;
    let nest = stage.nest(DynamicSpec { backoff: BACKOFF, ..spec(Restart::Transient) }).await;
    stage.add(&nest, "a").await;
    stage.order("a", Order::Panic);
    stage.expect([Ended("a"), Began("a")]).await;
    stage.order("a", Order::Panic);
    stage.expect([Ended("a")]).await;
    let asked = Instant::now();
    nest.stop().await;
    assert_eq!(asked.elapsed(), ms(0));
    stage.expect_nothing().await;
}

#[tokio::test(start_paused = true)]
async fn children_are_stopped_all_at_once_and_killed_when_their_time_is_over() {
    let mut stage = Stage::new().await;
    let nest = stage.nest(spec(Restart::Transient)).await;
    for name in ["a", "b", "c"] {
        stage.add(&nest, name).await;
        stage.order(name, Order::Deaf);
    }
    let asked = Instant::now();
    nest.stop().await;
    assert_eq!(asked.elapsed(), SHUTDOWN);
    let mut ended = Vec::new();
    for _ in 0..3 {
        ended.push(stage.probe.recv().await);
    }
    for name in ["a", "b", "c"] {
        assert!(ended.contains(&Ended(name)), "{ended:?}");
    }
}

/// A dynamic supervisor under a static one, with a vault that knows these children.
async fn supervised(stage: &Stage, known: &[&'static str]) -> (Running, Arc<Slot<DynamicMsg>>) {
    let slot = Arc::<Slot<DynamicMsg>>::default();
    let known: Vec<_> = known.iter().map(|name| stage.newborn(name)).collect();
    let start: Start = {
        let slot = slot.clone();
        Arc::new(move |parent, meta| {
            let known = known.clone();
            let known = Arc::new(move || known.clone());
            let nursery = Nursery { meta, ..nursery(spec(Restart::Transient), &slot, known) };
            Box::pin(async move {
                let (actor, handle) =
                    Actor::spawn_linked(None, DynamicSupervisor, nursery, parent).await?;
                Ok::<Started, _>((actor.get_cell(), handle))
            })
        })
    };
    let child = child("nest", Restart::Permanent, Shutdown::Within(PATIENCE), start);
    (Running::start(super::spec(Strategy::OneForOne), vec![child]).await, slot)
}

#[tokio::test(start_paused = true)]
async fn a_restarted_supervisor_starts_the_children_that_the_vault_knows_and_is_found_again() {
    let mut stage = Stage::new().await;
    let (running, slot) = supervised(&stage, &["a", "b"]).await;
    stage.expect([Began("a"), Began("b")]).await;
    let first = slot.get().unwrap();

    first.kill();

    let mut facts = Vec::new();
    for _ in 0..4 {
        facts.push(stage.probe.recv().await);
    }
    for fact in [Ended("a"), Ended("b"), Began("a"), Began("b")] {
        assert!(facts.contains(&fact), "{facts:?}");
    }
    assert_ne!(slot.get().unwrap().get_id(), first.get_id());
    slot.cast(DynamicMsg::Start(stage.newborn("c")));
    stage.expect([Began("c")]).await;
    stage.order("a", Order::Panic);
    stage.expect([Ended("a"), Began("a")]).await;
    running.stop().await;
}
