//! Whatever happens in a room and wherever it crashes, however often: it is where the table says, members are told the
//! numbers of it, and nobody's outbox closes.

#![allow(clippy::unwrap_used)]

#[path = "losses_property/abacus.rs"]
mod abacus;
#[path = "losses_property/model.rs"]
mod model;
#[path = "losses_property/ops.rs"]
mod ops;

use std::time::Duration;

use gamev1_actors::{
    protocol::ErrorCode,
    room::{RoomItem, recovery::Site},
    testing::{RoomHarness, TestMember},
};
use proptest::{collection::vec, prelude::*};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, sleep_until};

use self::{
    abacus::{Abacus, SEATS},
    model::{Entry, Model, Then, Told},
    ops::{Crash, Op, op},
};

const PERIOD: Duration = Duration::from_millis(50);
/// So much happens between two ticks at most: each takes a millisecond of its own.
const OPS_A_TICK: u32 = 20;
/// A room that crashed is old enough after so many ticks to be started again at once.
const OLD_ENOUGH: u64 = 6;
/// Short of the budget of ten in ten seconds.
const RESTARTS_MAX: u32 = 8;

struct Table {
    room: RoomHarness,
    /// Sits at seat 0 from the beginning to the end, and sends nothing.
    watcher: TestMember,
    members: Vec<Player>,
    players: u32,
    model: Model,
    began: Instant,
    /// Ticks that have fallen due since.
    slot: u64,
    ops: u32,
    crashed_in: u64,
    events: Vec<Value>,
}

struct Player {
    member: TestMember,
    number: u32,
    seq: u32,
}

impl Table {
    async fn set() -> Table {
        let room = RoomHarness::new::<Abacus>(json!({}), 5).await;
        let began = Instant::now();
        let watcher = room.join("watcher").await.unwrap();
        let mut model = Model::default();
        model.happens(Entry::Join(0));
        let (slot, ops, crashed_in, players) = (0, 0, 0, 0);
        let (members, events) = (Vec::new(), Vec::new());
        Table { room, watcher, members, players, model, began, slot, ops, crashed_in, events }
    }

    fn who(&self, who: usize) -> Option<usize> {
        (!self.members.is_empty()).then(|| who % self.members.len())
    }

    fn seat(&self, at: usize) -> u16 {
        self.members[at].member.seat().0
    }

    /// False when the room is closed.
    async fn happens(&mut self, op: &Op) -> bool {
        self.ops += 1;
        match op {
            Op::Join => self.join().await,
            Op::Leave(who) => {
                if let Some(at) = self.who(*who) {
                    self.leave(at).await;
                }
            }
            Op::Input(who, value) => {
                if let Some(at) = self.who(*who) {
                    let add = value.as_i64().filter(|add| *add >= 0);
                    self.input(at, value, add).await;
                }
            }
            Op::Dropped(who) => {
                if let Some(at) = self.who(*who) {
                    self.dropped(at).await;
                }
            }
            Op::Tick => self.tick().await,
            Op::Checkpoint => {
                for _ in 0..self.model.ticks_to_checkpoint() {
                    self.tick().await;
                }
            }
            Op::Crash(crash) => return self.crash(crash).await,
        }
        if self.ops == OPS_A_TICK {
            self.tick().await;
        }
        true
    }

    async fn join(&mut self) {
        if self.members.len() + 1 == usize::from(SEATS) {
            return;
        }
        let member = self.room.join("somebody").await.unwrap();
        let state = self.model.state();
        let free = (0..SEATS).find(|seat| !state.seats.contains_key(seat));
        assert_eq!(Some(member.seat().0), free);
        assert_eq!(member.joined.input_seq, 0);
        self.model.happens(Entry::Join(member.seat().0));
        self.players += 1;
        self.members.push(Player { member, number: self.players, seq: 0 });
        moment().await;
    }

    async fn leave(&mut self, at: usize) {
        self.room.leave(&self.members[at].member);
        self.model.happens(Entry::Leave(self.seat(at)));
        self.members.remove(at);
        moment().await;
    }

    fn next_seq(&mut self, at: usize) -> u32 {
        self.members[at].seq += 1;
        self.members[at].seq
    }

    async fn input(&mut self, at: usize, value: &Value, add: Option<i64>) {
        let (seat, seq) = (self.seat(at), self.next_seq(at));
        self.room.input(&mut self.members[at].member, value);
        self.model.happens(Entry::Input { seat, seq, add });
        moment().await;
    }

    async fn dropped(&mut self, at: usize) {
        let (seat, seq) = (self.seat(at), self.next_seq(at));
        let member = &mut self.members[at].member;
        assert_eq!(member.next_seq(), seq);
        let ask = self.room.ask(&member.session, 9, "room.input");
        self.room.put(RoomItem::Dropped { ask, seq });
        self.model.happens(Entry::Input { seat, seq, add: None });
        moment().await;
    }

    /// Lets the next tick fall due, and says when that was.
    async fn next_slot(&mut self) -> Duration {
        self.slot += 1;
        self.ops = 0;
        let due = PERIOD * self.slot as u32;
        sleep_until(self.began + due).await;
        moment().await;
        due
    }

    async fn tick(&mut self) {
        self.next_slot().await;
        self.model.tick();
        self.check(&[], true);
    }

    async fn crash(&mut self, crash: &Crash) -> bool {
        if self.room.room.restarts() >= RESTARTS_MAX {
            return true;
        }
        while self.slot < self.crashed_in + OLD_ENOUGH {
            self.tick().await;
        }
        let now = PERIOD * (self.slot as u32 + 1);
        let told = match crash {
            Crash::Input(who) => match self.who(*who) {
                Some(at) => self.poison(at).await,
                None => return true,
            },
            Crash::Join if self.members.len() + 1 == usize::from(SEATS) => return true,
            Crash::Join => {
                self.room.crash_next(Site::Join);
                let refused = self.room.join("nobody").await.err().unwrap();
                assert_eq!(refused.code, ErrorCode::Internal);
                Told::exact()
            }
            Crash::Leave(who) => match self.who(*who) {
                Some(at) => {
                    self.room.crash_next(Site::Leave);
                    self.leave(at).await;
                    Told::exact()
                }
                None => return true,
            },
            Crash::Tick | Crash::TickTwice => {
                // What goes back at once makes another tick, which does not panic.
                let twice = matches!(crash, Crash::TickTwice) && !self.model.tick_goes_back();
                let times = if twice { 2 } else { 1 };
                self.room.crash_at_tick(self.model.state().tick + 1, times);
                let told = self.model.tick_panics(times, now);
                self.next_slot().await;
                told
            }
            Crash::View(Some(then)) if !self.model.would_tell(*then, now) => return true,
            Crash::View(then) => self.view_panics(*then).await,
            Crash::Checkpoint => {
                for _ in 1..self.model.ticks_to_checkpoint() {
                    self.tick().await;
                }
                self.room.crash_next(Site::Checkpoint);
                let now = self.next_slot().await;
                self.model.view_panics(None, now)
            }
            Crash::Restore => {
                let now = self.began.elapsed();
                self.room.crash_next(Site::Restore);
                self.room.crash_next(Site::Order);
                moment().await;
                self.model.restore_panics(now)
            }
            Crash::Own(who) => {
                let members = self.members.iter_mut().map(|player| &mut player.member);
                let mut all: Vec<_> = std::iter::once(&mut self.watcher).chain(members).collect();
                let at = who % all.len();
                all[at].crash_at_next_frame();
                let now = self.next_slot().await;
                self.model.own_code_panics(now)
            }
            Crash::Order => {
                self.room.crash_next(Site::Order);
                moment().await;
                Told::exact()
            }
        };
        self.crashed_in = self.slot;
        self.after(&told)
    }

    async fn poison(&mut self, at: usize) -> Told {
        let now = self.began.elapsed();
        self.room.crash_next(Site::Input);
        self.input(at, &json!(1), None).await;
        if self.model.charge(self.members[at].number, now) {
            self.model.happens(Entry::Leave(self.seat(at)));
            let mut kicked = self.members.remove(at);
            assert!(kicked.member.has("room.closed"));
        }
        Told::exact()
    }

    async fn view_panics(&mut self, then: Option<Then>) -> Told {
        self.room.crash_next(Site::View);
        match then {
            Some(Then::Leave) => self.room.crash_next(Site::Leave),
            Some(Then::Join) => self.room.crash_next(Site::Join),
            Some(Then::Restore) => self.room.crash_next(Site::Restore),
            None => {}
        }
        let now = self.next_slot().await;
        self.model.view_panics(then, now)
    }

    /// Everybody has been told what the table says. False when that is the end of the room.
    fn after(&mut self, told: &Told) -> bool {
        if let Some(seat) = told.unseated {
            let at = self.members.iter().position(|player| player.member.seat().0 == seat);
            let mut lost = self.members.remove(at.unwrap());
            assert!(lost.member.has("room.closed"));
        }
        if told.closed {
            let members = self.members.iter_mut().map(|player| &mut player.member);
            for member in std::iter::once(&mut self.watcher).chain(members) {
                assert!(member.has("room.closed"));
            }
            return false;
        }
        self.check(&told.recovered, false);
        true
    }

    /// What members have heard since the last time, and what they see when a tick has just been made.
    fn check(&mut self, recovered: &[(u64, u64)], ticked: bool) {
        let state = self.model.state();
        let members = self.members.iter_mut().map(|player| &mut player.member);
        for member in std::iter::once(&mut self.watcher).chain(members) {
            let (mut heard, watches) = (Vec::new(), member.seat().0 == 0);
            for frame in member.heard() {
                let data = &frame["data"];
                match frame["type"].as_str() {
                    Some("room.recovered") => {
                        let lost = |key: &str| data[key].as_u64().unwrap();
                        heard.push((lost("ticks_lost"), lost("inputs_lost")));
                    }
                    Some("room.event") if watches => self.events.push(data["event"].clone()),
                    Some("room.closed") => assert_eq!(frame, Value::Null, "nobody was to lose it"),
                    _ => {}
                }
            }
            assert_eq!(heard, recovered, "seat {}", member.seat());
            if ticked {
                assert_eq!(member.tick, state.tick);
                assert_eq!(member.view, state.view());
                assert_eq!(member.ack, u64::from(state.seats[&member.seat().0].1));
            }
        }
        assert_eq!(self.events, self.model.events);
    }
}

async fn moment() {
    sleep(Duration::from_millis(1)).await;
}

async fn play(ops: &[Op]) {
    let mut table = Table::set().await;
    table.tick().await;
    for op in ops {
        if !table.happens(op).await {
            assert_eq!(table.room.vault.counts().rooms, 0);
            return;
        }
    }
    table.tick().await;
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn a_room_is_where_the_table_says_and_says_so(ops in vec(op(), 1..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(play(&ops));
    }
}
