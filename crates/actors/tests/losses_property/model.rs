//! What a room ought to be after whatever has happened to it, from the table alone.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use serde_json::{Value, json};

/// A checkpoint is made after so many ticks.
pub(crate) const CHECKPOINT_TICKS: u64 = 100;
const SETTLED_AFTER: Duration = Duration::from_secs(5);
const CHARGED_FOR: Duration = Duration::from_secs(60);

#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct State {
    pub(crate) tick: u64,
    /// By seat: the value, and how far inputs are settled.
    pub(crate) seats: BTreeMap<u16, (i64, u32)>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Entry {
    Join(u16),
    Leave(u16),
    /// `add` is what the game took; `None`: it refused, or was not asked.
    Input {
        seat: u16,
        seq: u32,
        add: Option<i64>,
    },
    Tick,
    /// The room went back.
    Mark,
}

impl State {
    fn apply(&mut self, entry: &Entry) {
        match *entry {
            Entry::Join(seat) => drop(self.seats.insert(seat, (0, 0))),
            Entry::Leave(seat) => drop(self.seats.remove(&seat)),
            Entry::Input { seat, seq, add } => {
                let Some((value, ack)) = self.seats.get_mut(&seat) else { return };
                *ack = seq;
                if let Some(add) = add {
                    *value = (*value * 3 + add) % 1_000_003;
                }
            }
            Entry::Tick => {
                self.tick += 1;
                self.seats.values_mut().for_each(|(value, _)| *value += 1);
            }
            Entry::Mark => {}
        }
    }

    pub(crate) fn view(&self) -> Value {
        let values: BTreeMap<_, _> =
            self.seats.iter().map(|(seat, (value, _))| (seat.to_string(), *value)).collect();
        json!({ "values": values, "ticks": self.tick })
    }
}

/// What members are told of a crash: ticks and inputs lost, of each recovery that comes to an end.
#[derive(Debug, Default)]
pub(crate) struct Told {
    pub(crate) recovered: Vec<(u64, u64)>,
    pub(crate) closed: bool,
    /// Whom the game does not take in again.
    pub(crate) unseated: Option<u16>,
}

impl Told {
    pub(crate) fn exact() -> Told {
        Told { recovered: vec![(0, 0)], ..Told::default() }
    }
}

#[derive(Default)]
pub(crate) struct Model {
    newest: State,
    older: Option<State>,
    /// What came between the two.
    between: Vec<Entry>,
    log: Vec<Entry>,
    /// In the order in which they came.
    seated: Vec<u16>,
    went_back: Option<Duration>,
    own_crash: Option<Duration>,
    tick_crash: Option<u64>,
    charged: BTreeMap<u32, Duration>,
    /// What the game has told.
    pub(crate) events: Vec<Value>,
}

fn taken(entries: &[Entry]) -> u64 {
    entries.iter().filter(|entry| matches!(entry, Entry::Input { add: Some(_), .. })).count() as u64
}

fn joined(entries: &[Entry]) -> impl Iterator<Item = u16> {
    entries.iter().filter_map(|entry| match entry {
        Entry::Join(seat) => Some(*seat),
        _ => None,
    })
}

impl Model {
    pub(crate) fn state(&self) -> State {
        let mut state = self.newest.clone();
        self.log.iter().for_each(|entry| state.apply(entry));
        state
    }

    pub(crate) fn happens(&mut self, entry: Entry) {
        match entry {
            Entry::Join(seat) => self.seated.push(seat),
            Entry::Leave(seat) => self.seated.retain(|other| *other != seat),
            Entry::Input { seat, add: Some(add), .. } => {
                self.events.push(json!({ "seat": seat, "add": add }));
            }
            Entry::Input { .. } | Entry::Tick | Entry::Mark => {}
        }
        self.log.push(entry);
    }

    /// A tick, and the checkpoint that it may make due.
    pub(crate) fn tick(&mut self) {
        self.make_tick();
        self.checkpoint_if_due();
    }

    fn make_tick(&mut self) {
        self.happens(Entry::Tick);
        self.events.push(json!({ "tick": self.state().tick }));
    }

    pub(crate) fn ticks_to_checkpoint(&self) -> u64 {
        self.newest.tick + CHECKPOINT_TICKS - self.state().tick
    }

    fn checkpoint_if_due(&mut self) {
        let now = self.state();
        if now.tick >= self.newest.tick + CHECKPOINT_TICKS {
            self.older = Some(std::mem::replace(&mut self.newest, now));
            self.between = std::mem::take(&mut self.log);
        }
    }

    /// True when it costs the seat.
    pub(crate) fn charge(&mut self, player: u32, now: Duration) -> bool {
        let before = self.charged.insert(player, now);
        before.is_some_and(|at| now - at < CHARGED_FOR)
    }

    /// `None`: there is no checkpoint to go back to.
    fn go_back(&mut self, older: bool, now: Duration) -> Option<(u64, u64)> {
        let lately = self.went_back.is_some_and(|at| now - at < SETTLED_AFTER);
        let reached = self.state().tick;
        let mut inputs = taken(&self.log);
        let mut came: BTreeSet<_> = joined(&self.log).collect();
        if older || lately {
            self.newest = self.older.take()?;
            inputs += taken(&self.between);
            came.extend(joined(&self.between));
        }
        self.went_back = Some(now);
        self.tick_crash = None;
        let stays = |seat: &u16| {
            self.newest.seats.contains_key(seat)
                && self.seated.contains(seat)
                && !came.contains(seat)
        };
        self.log = vec![Entry::Mark];
        self.log.extend(
            self.newest.seats.keys().filter(|seat| !stays(seat)).map(|&seat| Entry::Leave(seat)),
        );
        self.log
            .extend(self.seated.iter().filter(|seat| !stays(seat)).map(|&seat| Entry::Join(seat)));
        Some((reached - self.newest.tick, inputs))
    }

    /// Goes back, and makes the tick at once that the room had been at.
    fn goes_back(&mut self, told: &mut Told, older: bool, now: Duration) {
        match self.go_back(older, now) {
            Some(lost) => told.recovered.push(lost),
            None => told.closed = true,
        }
    }

    /// Whether a panic in the next tick is the second one there.
    pub(crate) fn tick_goes_back(&self) -> bool {
        let tick = self.state().tick + 1;
        self.tick_crash.is_some_and(|before| tick <= before + 1)
    }

    /// The next tick panics, `times` in a row.
    pub(crate) fn tick_panics(&mut self, times: u32, now: Duration) -> Told {
        let mut told = Told::default();
        for _ in 0..times {
            let again = self.tick_goes_back();
            self.tick_crash = Some(self.state().tick + 1);
            if again {
                self.goes_back(&mut told, false, now);
                if !told.closed {
                    self.tick();
                }
                return told;
            }
            told.recovered.push((0, 0));
        }
        let since = |entry: &Entry| matches!(entry, Entry::Tick | Entry::Mark);
        let behind = self.log.iter().rposition(since).map_or(0, |at| at + 1);
        self.log.insert(behind, Entry::Tick);
        self.events.push(json!({ "tick": self.state().tick }));
        self.checkpoint_if_due();
        told
    }

    /// What comes behind the next tick panics: the view, or the checkpoint. `then`: so does the first `leave` or `join`
    /// of those by which the game learns who sits there.
    pub(crate) fn view_panics(&mut self, then: Option<Then>, now: Duration) -> Told {
        let mut told = Told::default();
        self.make_tick();
        self.goes_back(&mut told, false, now);
        if told.closed {
            return told;
        }
        match then {
            Some(Then::Restore) => {
                let before = told.recovered.pop();
                self.goes_back(&mut told, true, now);
                if let (Some((ticks, inputs)), Some(lost)) = (before, told.recovered.first_mut()) {
                    *lost = (lost.0 + ticks, lost.1 + inputs);
                }
            }
            // The game forgets instead, and ends up the same.
            Some(Then::Leave) => told.recovered.push((0, 0)),
            Some(Then::Join) => {
                told.recovered.push((0, 0));
                let at = self.log.iter().position(|entry| matches!(entry, Entry::Join(_)));
                if let Some(Entry::Join(seat)) = at.map(|at| self.log.remove(at)) {
                    self.seated.retain(|other| *other != seat);
                    told.unseated = Some(seat);
                }
            }
            None => {}
        }
        if !told.closed {
            self.tick();
        }
        told
    }

    /// Whether going back now would have the game told of a leave, or of a join.
    pub(crate) fn would_tell(&self, then: Then, now: Duration) -> bool {
        let mut trial = Model {
            newest: self.newest.clone(),
            older: self.older.clone(),
            between: self.between.clone(),
            log: self.log.clone(),
            seated: self.seated.clone(),
            went_back: self.went_back,
            ..Model::default()
        };
        let there_is = trial.go_back(false, now).is_some();
        let leaves = trial.log.iter().any(|entry| matches!(entry, Entry::Leave(_)));
        match then {
            Then::Leave => there_is && leaves,
            // The one at seat 0 stays to the end.
            Then::Join => there_is && joined(&trial.log).next().is_some_and(|seat| seat > 0),
            Then::Restore => there_is,
        }
    }

    /// The room's own code fails behind the next tick.
    pub(crate) fn own_code_panics(&mut self, now: Duration) -> Told {
        let mut told = Told::default();
        self.make_tick();
        match self.own_crash.replace(now) {
            Some(before) if now - before < SETTLED_AFTER => self.goes_back(&mut told, false, now),
            _ => told.recovered.push((0, 0)),
        }
        if !told.closed {
            self.tick();
        }
        told
    }

    /// The newest checkpoint cannot be restored after a crash between two messages.
    pub(crate) fn restore_panics(&mut self, now: Duration) -> Told {
        let mut told = Told::default();
        self.goes_back(&mut told, true, now);
        told
    }
}

/// What fails while the room goes back.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Then {
    Leave,
    Join,
    Restore,
}
