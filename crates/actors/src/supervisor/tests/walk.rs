//! Random trees whose children end at random times in random ways: the real supervisors do what the model of OTP does,
//! in the same order and at the same time.

use std::ops::Range;

use proptest::{
    collection::vec,
    option,
    prelude::{BoxedStrategy, Just, ProptestConfig, Strategy as _, any, prop_oneof, proptest},
    sample::{Index, select},
};
use tokio::time::{Instant, sleep_until};

use super::{
    super::Exit,
    otp::{Child as Planned, Plot, Waits, World},
    *,
};
use crate::testing::on_paused_time;

/// Workers by place: of the top, and of the supervisors that stand there instead.
const WORKERS: [[&str; 4]; 4] = [
    ["a", "a1", "a2", "a3"],
    ["b", "b1", "b2", "b3"],
    ["c", "c1", "c2", "c3"],
    ["d", "d1", "d2", "d3"],
];
const SUPERVISORS: [&str; 4] = ["A", "B", "C", "D"];
/// Steps begin at different places within this, so that no two timers are due at once.
const GRID: u64 = 50;

#[derive(Debug, Clone)]
struct Step {
    /// Grids since the last one.
    gap: u64,
    who: Index,
    order: Order,
    /// A worker whose next starts fail, and how many.
    refuse: Option<(Index, u32)>,
    deafen: Option<Index>,
}

fn any_plot(nested: bool, deaf: bool, intensity: Range<u32>) -> BoxedStrategy<Plot> {
    let restart = || select(vec![Restart::Permanent, Restart::Transient, Restart::Temporary]);
    let strategy = || select(vec![Strategy::OneForOne, Strategy::OneForAll, Strategy::RestForOne]);
    let brutal = if deaf { 2 } else { 0 };
    let shutdown = prop_oneof![
        3 => Just(WITHIN),
        brutal + 1 => Just(Shutdown::BrutalKill)
    ];
    let worker = (restart(), shutdown).prop_map(|(restart, shutdown)| (restart, shutdown, None));
    let sup = (restart(), strategy(), intensity.clone(), 1u64..3_000, vec(worker.clone(), 1..4))
        .prop_map(|(restart, strategy, intensity, period, workers)| {
            (restart, Shutdown::Within(PATIENCE), Some((strategy, intensity, period, workers)))
        });
    let child = if nested {
        prop_oneof![worker.prop_map(|(restart, shutdown, _)| (restart, shutdown, None)), sup]
            .boxed()
    } else {
        worker
            .prop_map(|(restart, shutdown, _): (_, _, Option<()>)| (restart, shutdown, None))
            .boxed()
    };
    (strategy(), intensity, 1u64..5_000, vec(child, 1..5))
        .prop_map(|(strategy, intensity, period, children)| {
            let children =
                children.into_iter().enumerate().map(|(at, (restart, shutdown, below))| {
                    let below = below.map(|(strategy, intensity, period, workers)| {
                        let workers = workers.into_iter().enumerate().map(
                            |(n, (restart, shutdown, _)): (_, (_, _, Option<()>))| {
                                let name = WORKERS[at][n + 1];
                                Planned { name, restart, shutdown, below: None }
                            },
                        );
                        Plot { strategy, intensity, period, children: workers.collect() }
                    });
                    let name = if below.is_some() { SUPERVISORS[at] } else { WORKERS[at][0] };
                    Planned { name, restart, shutdown, below }
                });
            Plot { strategy, intensity, period, children: children.collect() }
        })
        .boxed()
}

fn any_step(deaf: bool) -> BoxedStrategy<Step> {
    use Order::{Fail, Panic, Shutdown, Stop};
    let order = select(vec![Panic, Panic, Fail, Stop, Shutdown, Order::Kill]);
    let refuse = option::weighted(0.3, (any::<Index>(), 1u32..4));
    let deafen =
        if deaf { option::weighted(0.4, any::<Index>()).boxed() } else { Just(None).boxed() };
    (0u64..12, any::<Index>(), order, refuse, deafen)
        .prop_map(|(gap, who, order, refuse, deafen)| Step { gap, who, order, refuse, deafen })
        .boxed()
}

fn workers(plot: &Plot) -> Vec<&'static str> {
    let below = |child: &Planned| match &child.below {
        Some(plot) => workers(plot),
        None => vec![child.name],
    };
    plot.children.iter().flat_map(below).collect()
}

fn made(stage: &Stage, plot: &Plot, backoff: Backoff) -> (StaticSpec, Vec<ChildSpec>) {
    let limit = RestartLimit { intensity: plot.intensity, period: ms(plot.period) };
    let spec = StaticSpec { strategy: plot.strategy, limit, backoff };
    let child = |child: &Planned| {
        let &Planned { name, restart, shutdown, .. } = child;
        match &child.below {
            Some(below) => {
                let (spec, children) = made(stage, below, backoff);
                ChildSpec { restart, shutdown, ..nested(name, spec, children) }
            }
            None => self::child(name, restart, shutdown, stage.start(name)),
        }
    };
    (spec, plot.children.iter().map(child).collect())
}

/// Walks the real tree and the model side by side.
struct Walk {
    stage: Stage,
    model: World,
    begin: Instant,
}

impl Walk {
    /// What the model says has happened, happens.
    async fn same(&mut self) {
        for (at, fact) in std::mem::take(&mut self.model.facts) {
            let real = self.stage.probe.recv().await;
            assert_eq!((self.begin.elapsed(), real), (ms(at), fact));
        }
    }

    async fn step(&mut self, at: u64, step: &Step, names: &[&'static str]) {
        let begins = (self.model.now / GRID + 1 + step.gap) * GRID + at;
        self.model.advance(begins);
        self.same().await;
        sleep_until(self.begin + ms(begins)).await;
        if let Some((who, times)) = step.refuse {
            let name = *who.get(names);
            self.model.refusals.insert(name, times);
            self.stage.refuse(name, times);
        }
        if let Some(name) = step.deafen.map(|who| *who.get(names))
            && self.model.worker(name) == (true, true)
        {
            self.model.deafen(name);
            self.stage.order(name, Order::Deaf);
        }
        let name = *step.who.get(names);
        let (runs, hears) = self.model.worker(name);
        if !runs {
            return;
        }
        let exit = match step.order {
            Order::Stop if hears => Exit::Normal,
            Order::Shutdown if hears => Exit::Shutdown,
            _ => Exit::Failed,
        };
        if !hears || step.order == Order::Kill {
            // That it has heard the order to be deaf is not sure before it has had its turn.
            tokio::task::yield_now().await;
            self.stage.actor(name).kill();
        } else {
            self.stage.order(name, step.order);
        }
        self.model.exits(name, exit);
        self.same().await;
    }
}

async fn walk(plot: Plot, steps: Vec<Step>, waits: Waits, first: Option<Index>) {
    let backoff = match waits {
        Some((young, initial, max)) => {
            Backoff { young: ms(young), initial: ms(initial), max: ms(max), ..BACKOFF }
        }
        None => AT_ONCE,
    };
    let stage = Stage::new().await;
    let (spec, children) = made(&stage, &plot, backoff);
    let model = World::new(&plot, waits);
    let mut walk = Walk { stage, model, begin: Instant::now() };
    let names: Vec<&'static str> = workers(&plot);
    if let Some(who) = first {
        let name = names[who.index(names.len())];
        walk.model.refusals.insert(name, 1);
        walk.stage.refuse(name, 1);
    }
    walk.model.start();
    let started = Actor::spawn(None, Supervisor, family("top", spec, children)).await;
    walk.same().await;
    let Ok((supervisor, handle)) = started else {
        assert!(!walk.model.up());
        return walk.stage.expect_nothing().await;
    };
    for (at, step) in steps.iter().enumerate() {
        walk.step(at as u64, step, &names).await;
        if !walk.model.up() {
            break;
        }
    }
    let running = Running { supervisor, handle };
    if walk.model.up() {
        let later = walk.model.now + 10_000;
        walk.model.advance(later);
        walk.same().await;
    }
    if walk.model.up() {
        sleep_until(walk.begin + ms(walk.model.now)).await;
        walk.model.stop();
        running.supervisor.stop(None);
        walk.same().await;
    }
    running.ended().await;
    walk.stage.expect_nothing().await;
}

fn run(plot: Plot, steps: Vec<Step>, waits: Waits, first: Option<Index>) {
    on_paused_time(walk(plot, steps, waits, first));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_supervisor_of_workers_does_what_otp_does(
        plot in any_plot(false, true, 0..5),
        steps in vec(any_step(true), 1..12),
        first in option::weighted(0.1, any::<Index>()),
    ) {
        run(plot, steps, None, first);
    }

    #[test]
    fn supervisors_under_a_supervisor_do_what_otp_does(
        plot in any_plot(true, true, 0..4),
        steps in vec(any_step(true), 1..20),
        first in option::weighted(0.1, any::<Index>()),
    ) {
        run(plot, steps, None, first);
    }

    #[test]
    fn back_off_changes_when_something_starts_and_nothing_else(
        plot in any_plot(true, false, 2..20),
        steps in vec(any_step(false), 1..30),
        young in 1u64..5_000,
    ) {
        run(plot, steps, Some((young, 100, 800)), None);
    }
}
