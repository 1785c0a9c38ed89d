//! Whatever has happened in a room and wherever it crashes: after the recovery it is in the state of a room that did
//! not crash and that never got what the other one died of.

#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "recovery_property/dice.rs"]
mod dice;

use std::{sync::Arc, time::Duration};

use gamev1_actors::{
    game::{GameRegistry, GameType, Member, RawInput, Settings},
    protocol::{PlayerId, Raw, Seat},
    room::{
        recovery::{Memory, Site, Way},
        state::{Checkpoint, Entry, Room},
    },
    testing::{RoomHarness, TestMember},
};
use proptest::{collection::vec, prelude::*};
use serde_json::{Map, Value, json};
use tokio::time::{Instant, sleep, sleep_until};

use self::dice::Dice;

/// Something that happens to a room. Members are meant by their place among those who sit.
#[derive(Debug, Clone)]
enum Op {
    Join,
    RefusedJoin,
    Leave(usize),
    Input(usize, Value),
    /// An input over the limit.
    Dropped(usize),
    Tick,
}

fn op() -> impl Strategy<Value = Op> {
    let value = prop_oneof![4 => (0i64..50).prop_map(Value::from), 1 => Just(json!(-1)), 1 => Just(json!("x"))];
    prop_oneof![
        2 => Just(Op::Join),
        1 => Just(Op::RefusedJoin),
        1 => (0usize..5).prop_map(Op::Leave),
        6 => (0usize..5, value).prop_map(|(who, value)| Op::Input(who, value)),
        1 => (0usize..5).prop_map(Op::Dropped),
        5 => Just(Op::Tick),
    ]
}

/// A room and its memory, handled as the actor handles them, and beside it what happened as it ought to have.
struct Run {
    game: Arc<dyn GameType>,
    settings: Settings,
    room: Room,
    memory: Memory,
    /// With whether it is an input that was refused.
    history: Vec<(Entry, bool)>,
    players: u32,
    now: Duration,
}

impl Run {
    fn new() -> Run {
        let game = GameRegistry::new().with::<Dice>().get("dice").unwrap().clone();
        let settings = game.settings(&Map::new()).unwrap();
        let room = Room::create(&*game, &Map::new(), &settings, [3; 32]).unwrap();
        let mut memory = Memory::default();
        memory.keep(room.checkpoint(1).unwrap());
        let (history, players, now) = (Vec::new(), 0, Duration::ZERO);
        Run { game, settings, room, memory, history, players, now }
    }

    fn seat(&self, who: usize) -> Option<(Seat, u32)> {
        let sittings: Vec<_> = self.room.sittings().collect();
        let sitting = sittings.get(who % sittings.len().max(1))?;
        Some((sitting.member.seat, sitting.ack))
    }

    fn member(&mut self, username: &str) -> Option<Member> {
        self.players += 1;
        let seat = self.room.free_seat(self.settings.seats_max)?;
        Some(Member { seat, player: PlayerId::new(), username: username.to_owned() })
    }

    /// What the log will have of it; `None` when it comes to nothing.
    fn entry(&mut self, op: &Op) -> Option<Entry> {
        match op {
            Op::Join => Some(Entry::Join(self.member("somebody")?)),
            Op::RefusedJoin => {
                let member = self.member("nobody")?;
                self.room.join(member).unwrap_err();
                None
            }
            Op::Leave(who) => Some(Entry::Leave(self.seat(*who)?.0)),
            Op::Input(who, value) => {
                let (seat, ack) = self.seat(*who)?;
                let input = Raw::json(value).unwrap();
                Some(Entry::Input(RawInput { seat, seq: ack + 1, input }))
            }
            Op::Dropped(who) => {
                let (seat, ack) = self.seat(*who)?;
                Some(Entry::Settle { seat, seq: ack + 1 })
            }
            Op::Tick => Some(Entry::Tick),
        }
    }

    /// As the actor does it: apply, log, and keep a checkpoint when one is due.
    fn commit(&mut self, entry: Entry) -> bool {
        self.now += Duration::from_millis(50);
        let refused = self.room.apply(&entry).is_some();
        let ticked = entry == Entry::Tick;
        self.memory.done();
        self.memory.log(entry, refused);
        if ticked && self.memory.due(self.room.tick_number()) {
            self.memory.keep(self.room.checkpoint(1).unwrap());
        }
        refused
    }

    fn happens(&mut self, entry: Entry) {
        let refused = self.commit(entry.clone());
        self.history.push((entry, refused));
    }

    /// The room dies of `entry`, half of it done, and comes back.
    fn dies_of(&mut self, entry: Entry) -> Way {
        self.memory.site = match entry {
            Entry::Join(_) => Site::Join,
            Entry::Leave(_) => Site::Leave,
            Entry::Input(_) => Site::Input,
            Entry::Tick => Site::Tick,
            other => panic!("no game call is made for {other:?}"),
        };
        self.room.apply(&entry);
        self.memory.failed = true;
        let site = self.memory.crashed();
        let way = self.memory.way_back(site, self.now);
        let newest = self.memory.newest().unwrap();
        self.room = Room::restore(&*self.game, &self.settings, newest).unwrap();
        for entry in self.memory.entries() {
            self.room.apply(entry);
        }
        match entry {
            Entry::Leave(seat) => self.happens(Entry::Forget(seat)),
            Entry::Input(RawInput { seat, seq, .. }) => {
                self.happens(Entry::Settle { seat, seq });
            }
            Entry::Tick => {
                let is_tick = |(entry, _): &(Entry, bool)| *entry == Entry::Tick;
                let behind = self.history.iter().rposition(is_tick).map_or(0, |at| at + 1);
                for (entry, refused) in &mut self.history[behind..] {
                    // Whoever was told no is not told otherwise behind the tick.
                    if let (Entry::Input(input), true) = (&entry, &refused) {
                        *entry = Entry::Settle { seat: input.seat, seq: input.seq };
                        *refused = false;
                    }
                }
                self.history.insert(behind, (Entry::Tick, false));
                self.commit(Entry::Tick);
                while let Some(held) = self.memory.next_held() {
                    self.commit(held);
                }
            }
            _ => {}
        }
        way
    }

    /// The state that all of history makes when nothing ever crashes.
    fn without_a_crash(&self) -> Checkpoint {
        let mut room = Room::create(&*self.game, &Map::new(), &self.settings, [3; 32]).unwrap();
        for (entry, _) in &self.history {
            room.apply(entry);
        }
        room.checkpoint(1).unwrap()
    }
}

proptest! {
    #[test]
    fn a_recovered_room_is_where_it_would_be_without_the_crash(
        ops in vec((op(), prop::bool::weighted(0.05)), 1..400),
    ) {
        let mut run = Run::new();
        let mut tick_crash = None;
        for (op, crashes) in ops {
            let Some(entry) = run.entry(&op) else { continue };
            // A second panic in a tick goes back without the log; that is another rule.
            let tick = run.room.tick_number() + 1;
            let again = entry == Entry::Tick && tick_crash.is_some_and(|last| tick <= last + 1);
            if !crashes || again || matches!(entry, Entry::Settle { .. }) {
                run.happens(entry);
                continue;
            }
            let ticked = entry == Entry::Tick;
            if ticked {
                tick_crash = Some(tick);
            }
            let way = run.dies_of(entry);
            prop_assert_eq!(way, if ticked { Way::ReplayTick } else { Way::Replay });
            prop_assert_eq!(run.room.checkpoint(1).unwrap(), run.without_a_crash());
        }
        prop_assert_eq!(run.room.checkpoint(1).unwrap(), run.without_a_crash());
    }
}

/// A real room with its actor and its supervisor. A tick is made after each period.
struct Table {
    room: RoomHarness,
    /// Sits from the beginning to the end, and is what is compared.
    watcher: TestMember,
    members: Vec<TestMember>,
}

/// What the room is to die of: the tick after a period, or what comes at that place in it.
#[derive(Debug, Clone, Copy)]
struct Crash {
    period: usize,
    at: Option<usize>,
}

impl Table {
    async fn happens(&mut self, op: &Op) {
        let who = |who: usize| (!self.members.is_empty()).then(|| who % self.members.len());
        match op {
            Op::Join => {
                let name = format!("member {}", self.members.len());
                self.members.extend(self.room.join(&name).await.ok());
            }
            Op::RefusedJoin => assert!(self.room.join("nobody").await.is_err()),
            Op::Leave(at) => {
                if let Some(at) = who(*at) {
                    self.room.leave(&self.members.remove(at));
                }
            }
            Op::Input(at, value) => {
                if let Some(at) = who(*at) {
                    self.room.input(&mut self.members[at], value);
                }
            }
            Op::Dropped(at) => self.settle(who(*at)),
            Op::Tick => {}
        }
        // Whatever it was, it is done before the next thing happens.
        sleep(Duration::from_millis(1)).await;
    }

    /// An input that only moves the ack.
    fn settle(&mut self, at: Option<usize>) {
        if let Some(at) = at {
            self.room.input(&mut self.members[at], &json!("no number"));
        }
    }

    /// Where the game would be if it died of `op` now; `None` when `op` does not come to the game.
    fn site(&self, op: &Op) -> Option<Site> {
        match op {
            Op::Join | Op::RefusedJoin => (self.members.len() < 4).then_some(Site::Join),
            Op::Leave(_) => (!self.members.is_empty()).then_some(Site::Leave),
            Op::Input(..) => (!self.members.is_empty()).then_some(Site::Input),
            Op::Dropped(_) | Op::Tick => None,
        }
    }

    /// The room dies of `op`; or, for comparison, only what is left of it happens.
    async fn poison(&mut self, op: &Op, dies: bool) {
        let site = self.site(op);
        if let Some(site) = site.filter(|_| dies) {
            self.room.crash_next(site);
        }
        match (op, site) {
            (Op::Join | Op::RefusedJoin, Some(_)) if !dies => {}
            (Op::Input(at, _), Some(_)) if !dies => self.happens(&Op::Dropped(*at)).await,
            (op, _) => self.happens(op).await,
        }
    }
}

/// What the watcher sees at the end.
async fn play(periods: &[Vec<Op>], crash: Crash, dies: bool) -> (u64, Value) {
    let room = RoomHarness::new::<Dice>(json!({}), 5).await;
    let watcher = room.join("watcher").await.unwrap();
    let mut table = Table { room, watcher, members: Vec::new() };
    // Past the first tick, and from here on between two of them.
    sleep(Duration::from_millis(70)).await;
    let began = Instant::now();
    for (at, period) in periods.iter().enumerate() {
        for (nth, op) in period.iter().enumerate() {
            match (crash.period == at, crash.at == Some(nth)) {
                (true, true) => table.poison(op, dies).await,
                _ => table.happens(op).await,
            }
        }
        if dies && crash.period == at && crash.at.is_none() {
            table.room.crash_next(Site::Tick);
        }
        sleep_until(began + Duration::from_millis(50) * (at as u32 + 1)).await;
    }
    let watcher = &mut table.watcher;
    watcher.reach(periods.len() as u64 + 3).await;
    let crashed = u32::from(dies) * u32::from(table.room.room.restarts() > 0);
    assert_eq!(table.room.room.restarts(), crashed);
    (watcher.tick, watcher.view.clone())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn members_of_a_real_room_see_nothing_of_a_crash_but_that_the_poison_is_gone(
        periods in vec(vec(op(), 0..6), 1..12),
        at in any::<prop::sample::Index>(),
        in_tick in prop::bool::weighted(0.25),
        nth in any::<prop::sample::Index>(),
    ) {
        let period = at.index(periods.len());
        let ops = &periods[period];
        let at = (!in_tick && !ops.is_empty()).then(|| nth.index(ops.len()));
        // A tick that panics moves what came since the last one behind it: nothing is to come there.
        let mut periods = periods.clone();
        if at.is_none() {
            periods[period].clear();
        }
        let crash = Crash { period, at };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .unwrap();
        let with = runtime.block_on(play(&periods, crash, true));
        let without = runtime.block_on(play(&periods, crash, false));
        prop_assert_eq!(with, without);
    }
}
