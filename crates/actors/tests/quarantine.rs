//! One room of a thousand crashes over and over: it is kept apart, and its siblings do not notice.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::{sync::Arc, time::Duration};

use gamev1_actors::{
    game::{Ctx, Game, Member, Refusal, Settings},
    protocol::Seat,
    registry::{ActorMeta, State},
    room::recovery::Site,
    testing::RoomHarness,
};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

const ROOMS: usize = 1_000;
const TICK_HZ: u32 = 10;
const PERIOD: Duration = Duration::from_millis(100);
/// The budget of a room in the compiled-in file.
const RESTARTS: u32 = 10;
/// Older than a child that is held back, and often enough to spend the budget.
const CRASH_EVERY: Duration = Duration::from_millis(300);

/// When each room made which tick. A game sees no clock: this is the test's, beside it.
static TICKS: [Mutex<Vec<(u64, Instant)>>; 2 * ROOMS] =
    [const { Mutex::new(Vec::new()) }; 2 * ROOMS];

#[derive(Serialize, Deserialize)]
struct Clock {
    n: usize,
    ticks: u64,
}

#[derive(Deserialize, Default)]
struct Options {
    n: usize,
}

impl Game for Clock {
    const NAME: &'static str = "clock";
    type Options = Options;
    type Input = ();
    type View = Value;
    type Event = Value;

    fn settings(_: &Options) -> Settings {
        Settings {
            tick_hz: TICK_HZ,
            patch_hz: TICK_HZ,
            seats_max: 2,
            seats_per_player: 1,
            sends: false,
            stateful: true,
        }
    }

    fn new(options: Options, _: &mut Ctx<'_, Value>) -> Result<Clock, Refusal> {
        Ok(Clock { n: options.n, ticks: 0 })
    }

    fn join(&mut self, _: &Member, _: &mut Ctx<'_, Value>) -> Result<(), Refusal> {
        Ok(())
    }

    fn leave(&mut self, _: Seat, _: &mut Ctx<'_, Value>) {}

    fn input(&mut self, _: Seat, (): (), _: &mut Ctx<'_, Value>) -> Result<(), Refusal> {
        Ok(())
    }

    fn tick(&mut self, _: &mut Ctx<'_, Value>) {
        self.ticks += 1;
        TICKS[self.n].lock().push((self.ticks, Instant::now()));
    }

    fn view(&self) -> Value {
        json!({ "ticks": self.ticks })
    }
}

/// A thousand rooms, the first of which will fail. `first` is its number among all that this process makes.
struct Hall {
    first: usize,
    rooms: Vec<RoomHarness>,
}

impl Hall {
    async fn new(first: usize) -> Hall {
        let bad = RoomHarness::new::<Clock>(json!({ "n": first }), 1).await;
        let mut rooms = Vec::with_capacity(ROOMS);
        for n in 1..ROOMS {
            rooms.push(bad.beside(json!({ "n": first + n }), 1));
        }
        rooms.insert(0, bad);
        Hall { first, rooms }
    }

    fn meta(&self, n: usize) -> Arc<ActorMeta> {
        let room = &self.rooms[n];
        room.vault.registry.named(&format!("room:{}", room.room.id)).unwrap()
    }

    /// Crashes the first room in its ticks until it is given up, and says how often.
    async fn crash(&self) -> u32 {
        let meta = self.meta(0);
        let mut crashes = 0;
        while meta.state() != State::Quarantined {
            self.rooms[0].crash_next(Site::Tick);
            crashes += 1;
            assert!(crashes <= 2 * RESTARTS, "it is not given up");
            sleep(CRASH_EVERY).await;
        }
        crashes
    }

    /// What the siblings have ticked so far, taken out: by room, in order.
    fn take(&self) -> Vec<Vec<(u64, Instant)>> {
        let siblings = self.first + 1..self.first + ROOMS;
        siblings.map(|n| std::mem::take(&mut *TICKS[n].lock())).collect()
    }

    /// No sibling has failed, and none has come back from anything.
    fn siblings_are_untouched(&self) {
        for n in 1..ROOMS {
            let meta = self.meta(n);
            let now = (meta.state(), meta.restarts(), meta.incarnation());
            assert_eq!(now, (State::Running, 0, 0), "room {n}");
        }
    }
}

/// Each tick once, none left out.
fn assert_in_order(ticks: &[Vec<(u64, Instant)>]) {
    for (n, ticks) in ticks.iter().enumerate() {
        assert!(!ticks.is_empty(), "room {n} stands still");
        assert!(ticks.windows(2).all(|pair| pair[1].0 == pair[0].0 + 1), "room {n}: {ticks:?}");
    }
}

/// How much later than on its schedule a tick was made: p50, p99 and the longest, in milliseconds. Where the schedule
/// lies is read from the ticks: the earliest lie on it.
fn lateness(all: &[Vec<(u64, Instant)>]) -> [f64; 3] {
    let mut late = Vec::new();
    for ticks in all {
        let begin = ticks[0].1;
        let off = |(_, at): &(u64, Instant)| {
            let nanos = at.duration_since(begin).as_nanos() as i64;
            let period = PERIOD.as_nanos() as i64;
            // Between half a period before and half a period behind the schedule of the first one.
            (nanos + period / 2).rem_euclid(period) - period / 2
        };
        let earliest = ticks.iter().map(off).min().unwrap_or_default();
        late.extend(ticks.iter().map(|tick| (off(tick) - earliest) as f64 / 1e6));
    }
    late.sort_by(f64::total_cmp);
    [0.5, 0.99, 1.0].map(|part| late[((late.len() - 1) as f64 * part) as usize])
}

#[tokio::test(start_paused = true)]
async fn no_sibling_of_a_room_that_is_given_up_loses_a_tick() {
    let hall = Hall::new(0).await;
    let mut alice = hall.rooms[0].join("alice").await.unwrap();
    let mut bob = hall.rooms[1].join("bob").await.unwrap();
    sleep(PERIOD / 2).await;
    hall.take();
    let begin = Instant::now();

    let crashes = hall.crash().await;

    assert_eq!(crashes, RESTARTS + 1);
    let expected = begin.elapsed().as_millis() / PERIOD.as_millis();
    let ticks = hall.take();
    assert_in_order(&ticks);
    assert!(ticks.iter().all(|ticks| ticks.len() as u128 == expected), "{expected} each");
    hall.siblings_are_untouched();
    // The members of the one are told and keep their session; those of the others go on.
    assert_eq!(alice.expect("room.closed").await["reason"], "crashed");
    let reached = u64::try_from(expected).unwrap();
    bob.reach(reached).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn how_late_the_ticks_of_the_siblings_are_before_and_meanwhile_is_printed_and_none_fails() {
    let hall = Hall::new(ROOMS).await;
    sleep(Duration::from_secs(1)).await;
    hall.take();
    sleep(CRASH_EVERY * (RESTARTS + 1)).await;
    let before = hall.take();

    let crashes = hall.crash().await;

    let during = hall.take();
    println!(
        "{ROOMS} rooms at {TICK_HZ} Hz, ms behind the schedule of ticks, over {crashes} crashes of one:"
    );
    for (name, ticks) in [("before", &before), ("during", &during)] {
        let [p50, p99, max] = lateness(ticks);
        let n: usize = ticks.iter().map(Vec::len).sum();
        println!("{name}: {n} ticks, p50 {p50:.2}, p99 {p99:.2}, max {max:.2}");
    }
    assert_in_order(&before);
    assert_in_order(&during);
    hall.siblings_are_untouched();
}

/// A bug that every replay and every checkpoint runs into.
#[tokio::test(start_paused = true)]
async fn a_room_that_knows_no_way_back_is_kept_apart_before_its_budget_is_spent() {
    let room = RoomHarness::new::<Clock>(json!({ "n": 0 }), 1).await;
    let mut alice = room.join("alice").await.unwrap();
    alice.reach(5).await;
    let label = format!("room:{}", room.room.id);
    let meta = room.vault.registry.named(&label).unwrap();
    room.crash_at_tick(10, u32::MAX);
    assert_eq!(alice.expect("room.closed").await["reason"], "crashed");
    assert_eq!(meta.state(), State::Quarantined);
    assert!(meta.restarts() < RESTARTS, "{}", meta.restarts());
    let incident = &room.vault.registry.incidents()[0];
    // Why it failed, not that it stopped.
    assert_eq!(
        (incident.decision.word(), incident.reason.as_str()),
        ("quarantine", "sabotaged tick 10")
    );
    let refused = room.vault.no_room(room.room.id);
    assert_eq!(refused.details.unwrap()["reason"], "crashed");
}
