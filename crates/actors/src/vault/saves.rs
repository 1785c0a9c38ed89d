//! Images of rooms on their way to the store: of each room the latest only, so that as many as there are rooms is the
//! bound.

use std::collections::BTreeMap;

use gamev1_protocol::RoomId;
use parking_lot::Mutex;

use super::Vault;
use crate::{ports::RoomSave, room::RoomCell};

/// See the module.
#[derive(Default)]
pub(crate) struct Saves(Mutex<Pending>);

#[derive(Default)]
struct Pending {
    /// Grows with each save, so that one that was replaced is told from one that was stored.
    made: u64,
    waiting: BTreeMap<RoomId, (u64, RoomSave)>,
}

impl Saves {
    /// The room is closed: what waits to be saved of it would bring it back.
    pub(crate) fn forget(&self, room: RoomId) {
        self.0.lock().waiting.remove(&room);
    }

    /// Images that wait to be stored, at most `count` of them and about `bytes` together.
    pub(crate) fn pending(&self, count: usize, bytes: usize) -> Vec<(u64, RoomSave)> {
        let mut left = bytes;
        let fits = |(_, save): &&(u64, RoomSave)| {
            let fits = left > 0;
            left = left.saturating_sub(save.image.len());
            fits
        };
        self.0.lock().waiting.values().take(count).take_while(fits).cloned().collect()
    }

    /// These are stored. One that was replaced meanwhile stays.
    pub(crate) fn stored(&self, stored: &[(u64, RoomSave)]) {
        let waiting = &mut self.0.lock().waiting;
        for (number, save) in stored {
            if waiting.get(&save.room).is_some_and(|(waits, _)| waits == number) {
                waiting.remove(&save.room);
            }
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.lock().waiting.is_empty()
    }

    pub(super) fn all(&self) -> Vec<RoomSave> {
        self.0.lock().waiting.values().map(|(_, save)| save.clone()).collect()
    }
}

impl Vault {
    /// Hands the image of a room to the store; the latest takes the place of one that still waits. A room that is closed
    /// is not saved any more.
    pub(crate) fn save(&self, cell: &RoomCell, save: RoomSave) {
        let mut pending = self.saves.0.lock();
        if cell.closing() {
            return;
        }
        pending.made += 1;
        let number = pending.made;
        pending.waiting.insert(save.room, (number, save));
        drop(pending);
        self.records.nudge();
    }
}
