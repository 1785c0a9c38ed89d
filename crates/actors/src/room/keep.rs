//! Keeping a room between processes: when its image is due, and the last one when the server stops.

use std::time::{Duration, SystemTime};

use ractor::ActorRef;

use super::{Fault, RoomMsg, Running, image::RoomImage, replay, state::Checkpoint};

/// A room that changes is saved this often …
const EVERY: Duration = Duration::from_secs(10);
/// … and this soon when somebody has taken or left a seat: a seat that was never saved is lost with the process.
const SEATS_WITHIN: Duration = Duration::from_secs(1);

/// What an incident of a game that breaks the rules is called.
pub(crate) const NOT_DETERMINISTIC: &str = "game_not_deterministic";

impl Running {
    /// Something has changed that the next process should know of.
    pub(super) fn changed_at(&mut self, now: Duration) {
        self.save_due.get_or_insert(now + EVERY);
    }

    pub(super) fn seats_changed(&mut self) {
        let soon = self.age() + SEATS_WITHIN;
        self.save_due = Some(self.save_due.map_or(soon, |at| at.min(soon)));
    }

    /// Saves the room if that is due; otherwise sees to it that somebody looks again.
    pub(super) fn save_if_due(&mut self, myself: &ActorRef<RoomMsg>) -> Result<(), Fault> {
        let Some(at) = self.save_due else { return Ok(()) };
        let now = self.age();
        if now >= at {
            return self.save();
        }
        if self.cell.spec.settings.tick_hz == 0 {
            self.timers.save_at(at, || myself.send_after(at - now, || RoomMsg::Save));
        }
        Ok(())
    }

    pub(super) fn save_timer(&mut self, myself: &ActorRef<RoomMsg>) -> Result<(), Fault> {
        self.timers.save_is_over();
        self.save_if_due(myself)
    }

    /// A checkpoint of now, and its way to the store.
    fn save(&mut self) -> Result<(), Fault> {
        self.save_due = None;
        if self.vault.store().is_none() {
            return Ok(());
        }
        if self.cell.spec.settings.stateful {
            self.checkpoint()?;
        }
        match RoomImage::save(&self.cell, SystemTime::now()) {
            Ok(save) => self.vault.save(&self.cell, save),
            Err(error) => tracing::error!(room = %self.cell.id, %error, "the room is not saved"),
        }
        Ok(())
    }

    /// Replays what came since the last checkpoint and compares: in dev mode once a minute, in tests at each checkpoint.
    pub(super) fn check_replay(&mut self, now: &Checkpoint) {
        let Some(every) = self.vault.limits.replay_check else { return };
        let age = self.age();
        if self.replay_checked.is_some_and(|last| age.saturating_sub(last) < every) {
            return;
        }
        self.replay_checked = Some(age);
        let (from, log) = {
            let memory = self.cell.memory.lock();
            let Some(from) = memory.newest().cloned() else { return };
            (from, memory.entries().cloned().collect::<Vec<_>>())
        };
        let spec = &self.cell.spec;
        let found = match replay::difference(&*spec.game, &spec.settings, &from, &log, now) {
            Ok(None) => return,
            Ok(Some(difference)) => difference,
            Err(why) => format!("the replay fails: {why}"),
        };
        let game = spec.game.name();
        self.vault.registry.note(&self.meta, format!("{NOT_DETERMINISTIC}: {game} {found}"));
    }

    /// The server stops: what waits is applied, the room is saved, and that is all. Its members keep their seats.
    pub(super) fn drain(&mut self, myself: &ActorRef<RoomMsg>) -> Result<(), Fault> {
        while self.pump(usize::MAX, myself) {}
        if self.room.is_some() {
            self.save()?;
        }
        self.cell.set_drained();
        self.room = None;
        self.chairs.clear();
        myself.stop(Some("drained".into()));
        Ok(())
    }
}
