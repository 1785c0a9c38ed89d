//! How a room comes back: what the vault remembers of it, and which way back a crash at which place asks for. Pure:
//! the actor carries it out.

mod held;
mod log;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    time::Duration,
};

use gamev1_protocol::{PlayerId, Seat, WireError};

pub use self::held::Failed;
use self::log::{Log, Passed};
use super::state::{Checkpoint, Entry};

/// Where a room was when it panicked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Site {
    /// The room's own code, outside any game call.
    #[default]
    Own,
    /// A crash on order, between two messages.
    Order,
    Create,
    Join,
    Leave,
    Input,
    Tick,
    View,
    Checkpoint,
    Restore,
}

/// The way back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// The log again, without the entry that was being applied. Exact.
    Replay,
    /// The log again up to the last tick; what came behind it moves past the tick that panicked. Exact.
    ReplayTick,
    /// The last checkpoint, without the log.
    BackToNewest,
    /// The checkpoint before it, without the log.
    BackToOlder,
    /// No way: the room is closed and kept apart.
    Quarantine,
}

/// How long a room must live after going back before it may go back to the same checkpoint again.
const SETTLED_AFTER: Duration = Duration::from_secs(5);
/// A second crash by the same player's input within this time costs the seat.
const CHARGED_FOR: Duration = Duration::from_secs(60);
/// A checkpoint is due after this many ticks …
pub const CHECKPOINT_TICKS: u64 = 100;
/// … or entries, or bytes of log, whichever is first.
pub const LOG_ENTRIES_MAX: usize = 1_024;
pub const LOG_BYTES_MAX: usize = 64 * 1024;

/// What going back has cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Lost {
    pub ticks: u64,
    /// Inputs that the game had taken. Those that it had refused, and those that failed it, have changed nothing.
    pub inputs: u64,
}

/// How far a room has come with the item at the head of its inbox, so that what was done is not refused, and what was
/// said is not said again.
#[derive(Debug, Default)]
pub struct Progress {
    /// It is done, as far as the game has a part in it.
    pub applied: bool,
    /// The game refused it, with these words.
    pub refusal: Option<WireError>,
    /// The seat that was taken or freed with it.
    pub seat: Option<Seat>,
    /// Of an input, its sender has been told that it was not applied; of a join, others that somebody came.
    pub told: bool,
    /// The request is answered.
    pub answered: bool,
}

/// What outlives a room actor besides its seats: two checkpoints, the log since the newer one, and where it stood.
#[derive(Default)]
pub struct Memory {
    newest: Option<Checkpoint>,
    older: Option<Checkpoint>,
    log: Log,
    /// What came between the two checkpoints: it is lost with the newer one.
    between: Passed,
    /// Entries that are to be applied before the room goes on.
    held: VecDeque<Entry>,
    /// The one of them that is being applied.
    at_hand: Option<Entry>,
    /// Whether the tick that panicked is to be made again before they are.
    tick_again: bool,
    lost: Lost,
    pub progress: Progress,
    pub site: Site,
    /// Whether the last incarnation failed. Otherwise it was stopped between two messages, because its supervisor or one
    /// before it failed, and is to blame for nothing.
    pub failed: bool,
    /// Whether the game has been made.
    pub started: bool,
    /// The tick at which the last crash in `tick` was, so that a second one there is known.
    tick_crash: Option<u64>,
    /// When the room's own code last failed, in its age.
    own_crash: Option<Duration>,
    /// When the room last went back without its log, in its own age.
    went_back: Option<Duration>,
    /// When each player's input last crashed the room, in its age.
    charged: BTreeMap<PlayerId, Duration>,
    barred: BTreeSet<PlayerId>,
    /// Whether this is the first incarnation in another process: members learn of it by their welcome.
    pub saved: bool,
    /// When the next tick is due, in the room's age. It outlives a crash, so that the schedule does.
    pub tick_due: Duration,
}

/// What a former process has saved of a room's memory.
pub struct Saved {
    pub newest: Option<Checkpoint>,
    pub log: Vec<Entry>,
    /// The places in the log of inputs that the game had refused.
    pub refused: Vec<u32>,
    pub held: Vec<Entry>,
    pub tick_again: bool,
    pub barred: Vec<PlayerId>,
}

impl Memory {
    /// What a former process has saved.
    pub fn restored(saved: Saved) -> Memory {
        Memory {
            newest: saved.newest,
            log: Log::restored(saved.log, &saved.refused),
            held: saved.held.into(),
            tick_again: saved.tick_again,
            barred: saved.barred.into_iter().collect(),
            site: Site::Order,
            started: true,
            saved: true,
            ..Memory::default()
        }
    }

    /// Whether the room has never run before.
    pub fn is_fresh(&self) -> bool {
        !self.started && self.site == Site::Own
    }

    pub fn keep(&mut self, checkpoint: Checkpoint) {
        self.between = self.log.passed();
        self.older = self.newest.replace(checkpoint);
        self.log.clear();
    }

    /// What was begun is done, and what comes now is the room's own code.
    pub fn done(&mut self) {
        self.site = Site::Own;
        self.at_hand = None;
        self.progress.applied = true;
    }

    /// `refused`: it is an input that the game said no to.
    pub fn log(&mut self, entry: Entry, refused: bool) {
        self.tick_again &= entry != Entry::Tick;
        self.log.push(entry, refused);
    }

    /// Whether a checkpoint is due at `tick`.
    pub fn due(&self, tick: u64) -> bool {
        self.log.len() >= LOG_ENTRIES_MAX
            || self.log.bytes() >= LOG_BYTES_MAX
            || self.newest.as_ref().is_some_and(|newest| tick >= newest.tick + CHECKPOINT_TICKS)
    }

    pub fn newest(&self) -> Option<&Checkpoint> {
        self.newest.as_ref()
    }

    /// The entries since the newest checkpoint, oldest first.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.log.entries()
    }

    /// The places in the log of inputs that the game had refused.
    pub fn refused(&self) -> Vec<u32> {
        self.log.refused()
    }

    /// Whether the tick that panicked is to be made again.
    pub fn tick_again(&self) -> bool {
        self.tick_again
    }

    /// Players whose inputs have failed the room too often.
    pub fn all_barred(&self) -> impl Iterator<Item = PlayerId> {
        self.barred.iter().copied()
    }

    /// Where the last incarnation failed; [`Site::Order`] when it was stopped. What comes now is the room's own code.
    pub fn crashed(&mut self) -> Site {
        let failed = std::mem::take(&mut self.failed);
        match std::mem::replace(&mut self.site, Site::Own) {
            Site::Restore => Site::Restore,
            site if failed => site,
            _ => Site::Order,
        }
    }

    /// Decides which way back a crash at `site` asks for, `now` being the room's age, and remembers the decision. Going
    /// back is done by [`Memory::go_back`].
    pub fn way_back(&mut self, site: Site, now: Duration) -> Way {
        let way = match (site, self.newest.is_some()) {
            (_, false) => Way::Quarantine,
            (Site::Join | Site::Leave | Site::Input | Site::Order, true) => Way::Replay,
            (Site::Tick, true) => self.tick_crashed(),
            (Site::Restore, true) => Way::BackToOlder,
            (Site::Own, true) => self.own_crashed(now),
            (Site::Create | Site::View | Site::Checkpoint, true) => Way::BackToNewest,
        };
        let lately = self.went_back.is_some_and(|at| now.saturating_sub(at) < SETTLED_AFTER);
        let way = match way {
            Way::BackToNewest if lately => Way::BackToOlder,
            other => other,
        };
        match way {
            Way::BackToOlder if self.older.is_none() => return Way::Quarantine,
            Way::BackToNewest | Way::BackToOlder => {
                self.tick_crash = None;
                self.went_back = Some(now);
            }
            Way::Replay | Way::ReplayTick | Way::Quarantine => {}
        }
        way
    }

    /// Outside a game call everything that was begun is in the log, so that a replay is exact. What fails there again
    /// soon is in the replayed state itself.
    fn own_crashed(&mut self, now: Duration) -> Way {
        match self.own_crash.replace(now) {
            Some(before) if now.saturating_sub(before) < SETTLED_AFTER => Way::BackToNewest,
            _ => Way::Replay,
        }
    }

    /// The first panic in a tick is tried again without the inputs of that tick; a second one is not, be it in that
    /// tick or in the next one, to which those inputs have moved.
    fn tick_crashed(&mut self) -> Way {
        let tick = self.tick() + 1;
        match self.tick_crash.replace(tick) {
            Some(before) if tick <= before + 1 => Way::BackToNewest,
            _ => {
                self.hold_back();
                Way::ReplayTick
            }
        }
    }

    /// Charges a crash to the player whose input caused it. True for the second within a minute: the player loses
    /// the seat and is barred from the room.
    pub fn charge(&mut self, player: PlayerId, now: Duration) -> bool {
        self.charged.retain(|_, &mut at| now.saturating_sub(at) < CHARGED_FOR);
        let again = self.charged.insert(player, now).is_some();
        if again {
            self.barred.insert(player);
        }
        again
    }

    pub fn barred(&self, player: PlayerId) -> bool {
        self.barred.contains(&player)
    }

    /// The tick that the room had reached.
    pub fn tick(&self) -> u64 {
        self.newest.as_ref().map_or(0, |newest| newest.tick) + self.log.ticks()
    }
}
