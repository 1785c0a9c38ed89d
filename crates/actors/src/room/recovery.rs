//! How a room comes back: what the vault remembers of it, and which way back a crash at which place asks for. Pure:
//! the actor carries it out.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    time::Duration,
};

use gamev1_protocol::PlayerId;

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

/// What outlives a room actor besides its seats: two checkpoints, the log since the newer one, and where it stood.
#[derive(Default)]
pub struct Memory {
    newest: Option<Checkpoint>,
    older: Option<Checkpoint>,
    log: VecDeque<Entry>,
    log_bytes: usize,
    /// Entries that wait until the tick that panicked has been made again.
    held: VecDeque<Entry>,
    pub site: Site,
    /// Whether the last incarnation failed. Otherwise it was stopped between two messages, because its supervisor or one
    /// before it failed, and is to blame for nothing.
    pub failed: bool,
    /// Where it was at the last crash.
    pub crashed_at: Site,
    /// Whether the game has been made.
    pub started: bool,
    /// The tick at which the last crash in `tick` was, so that a second one there is known.
    tick_crash: Option<u64>,
    /// When the room's own code last failed, in its age.
    own_crash: Option<Duration>,
    /// Whether an incarnation has begun to set poison aside and not come to the end of it.
    pub setting_aside: bool,
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

impl Memory {
    /// What a former process has saved.
    pub fn restored(
        newest: Option<Checkpoint>,
        log: Vec<Entry>,
        held: Vec<Entry>,
        barred: Vec<PlayerId>,
    ) -> Memory {
        let log_bytes = log.iter().map(Entry::bytes).sum();
        let (log, held) = (log.into(), held.into());
        let barred = barred.into_iter().collect();
        let (site, started, saved) = (Site::Order, true, true);
        Memory { newest, log, log_bytes, held, barred, site, started, saved, ..Memory::default() }
    }

    /// Whether the room has never run before.
    pub fn is_fresh(&self) -> bool {
        !self.started && self.site == Site::Own
    }

    pub fn keep(&mut self, checkpoint: Checkpoint) {
        self.older = self.newest.replace(checkpoint);
        self.log.clear();
        self.log_bytes = 0;
    }

    pub fn log(&mut self, entry: Entry) {
        self.log_bytes += entry.bytes();
        self.log.push_back(entry);
    }

    /// Whether a checkpoint is due at `tick`.
    pub fn due(&self, tick: u64) -> bool {
        self.log.len() >= LOG_ENTRIES_MAX
            || self.log_bytes >= LOG_BYTES_MAX
            || self.newest.as_ref().is_some_and(|newest| tick >= newest.tick + CHECKPOINT_TICKS)
    }

    pub fn newest(&self) -> Option<&Checkpoint> {
        self.newest.as_ref()
    }

    /// The entries since the newest checkpoint, oldest first.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.log.iter()
    }

    /// The entries that wait for the tick that is made again.
    pub fn held(&self) -> impl Iterator<Item = &Entry> {
        self.held.iter()
    }

    /// Players whose inputs have failed the room too often.
    pub fn all_barred(&self) -> impl Iterator<Item = PlayerId> {
        self.barred.iter().copied()
    }

    /// Decides which way back a crash asks for, `now` being the room's age, and remembers the decision.
    pub fn way_back(&mut self, now: Duration) -> Way {
        let site = match self.site {
            Site::Restore => Site::Restore,
            site if std::mem::take(&mut self.failed) => site,
            _ => Site::Order,
        };
        let way = match (site, self.newest.is_some()) {
            (_, false) => Way::Quarantine,
            (Site::Join | Site::Leave | Site::Input | Site::Order, true) => Way::Replay,
            (Site::Tick, true) => self.tick_crashed(),
            (Site::Restore, true) => Way::BackToOlder,
            (Site::Own, true) => self.own_crashed(now),
            (Site::Create | Site::View | Site::Checkpoint, true) => Way::BackToNewest,
        };
        self.crashed_at = site;
        let lately = self.went_back.is_some_and(|at| now.saturating_sub(at) < SETTLED_AFTER);
        let way = match way {
            Way::BackToNewest if lately => Way::BackToOlder,
            other => other,
        };
        match way {
            Way::BackToNewest => {
                self.went_back = Some(now);
                self.tick_crash = None;
            }
            Way::BackToOlder => {
                let Some(older) = self.older.take() else { return Way::Quarantine };
                self.newest = Some(older);
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

    /// Forgets what came after the newest checkpoint and says how many inputs are lost with it.
    pub fn drop_log(&mut self) -> u64 {
        let lost = self.log.drain(..).chain(self.held.drain(..));
        self.log_bytes = 0;
        lost.filter(|entry| matches!(entry, Entry::Input(_))).count() as u64
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
        let ticks = self.log.iter().filter(|entry| matches!(entry, Entry::Tick)).count() as u64;
        self.newest.as_ref().map_or(0, |newest| newest.tick) + ticks
    }

    /// Takes out what came after the last tick: it is applied, in order, after the tick that is made again.
    fn hold_back(&mut self) {
        let tick = self.log.iter().rposition(|entry| matches!(entry, Entry::Tick));
        let tail = self.log.split_off(tick.map_or(0, |at| at + 1));
        self.log_bytes -= tail.iter().map(Entry::bytes).sum::<usize>();
        self.held.extend(tail);
    }

    /// The next entry that was held back. It is gone with this: should it be what the room dies of, it is not tried
    /// again.
    pub fn next_held(&mut self) -> Option<Entry> {
        self.held.pop_front()
    }
}

#[cfg(test)]
#[path = "recovery/tests.rs"]
mod tests;
