//! Rooms that have come to their end, whose members have not been told. They hear of it when the end is stored: what a
//! client knows of a game then outlives the process, and no room comes back that somebody saw end. While the store
//! fails nobody waits for it: the row stands in the queue, which a stop in order spools.

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use gamev1_protocol::{Push, Reply, RoomId, encode};
use parking_lot::Mutex;

use super::{RoomCell, cell::ROOM_ITEMS_MAX, patch::PerFormat};
use crate::{
    ask::Ask, lobby::LobbyItem, outbox::Counted, ports::RoomRecord, session::SessionCell,
    vault::Vault,
};

/// A room that has ended, and what its members are told of it.
pub(crate) struct Ending {
    pub cell: Arc<RoomCell>,
    pub members: Vec<Arc<SessionCell>>,
    pub pushes: Vec<Push>,
}

impl Ending {
    /// The room leaves the vault, and its members hear of it.
    pub(super) fn tell(self, vault: &Vault) {
        let Ending { cell, members, pushes } = self;
        for session in &members {
            session.let_go(cell.id);
        }
        // Before the word of it: whoever has been told and asks again is answered as anybody else. Whoever does not find
        // the room here finds its end in the queue or in the store, and does not bring it back.
        vault.remove_room(cell.id);
        vault.lobby.push_always(LobbyItem::Closed(cell.id));
        for push in &pushes {
            let mut frames = PerFormat::default();
            for outbox in members.iter().map(|session| &session.outbox) {
                let frame = frames.get(outbox.format(), |format| encode::push(format, push));
                // One that cannot be told keeps nobody else from it, nor whoever tells it from the rest of its work.
                let sent = catch_unwind(AssertUnwindSafe(|| outbox.send(frame, Counted::Yes)));
                if sent.is_err() {
                    tracing::error!(room = %cell.id, "a member may not have heard of the end");
                }
            }
        }
        let leavers = cell.leavers.lock().take();
        leavers.into_iter().flatten().for_each(|ask| ask.reply(&Reply::Done {}));
    }
}

/// Somebody has left a room that has ended. The answer comes behind the word of the end: nothing of the room comes after.
pub(super) fn left(cell: &RoomCell, ask: Ask) {
    match &mut *cell.leavers.lock() {
        Some(leavers) if leavers.len() < ROOM_ITEMS_MAX => leavers.push(ask),
        Some(_) => ask.refuse(&cell.closed()),
        None => ask.reply(&Reply::Done {}),
    }
}

/// See the module. These rooms are still in the vault: as many as that takes are the bound.
#[derive(Default)]
pub(crate) struct Endings(Mutex<BTreeMap<RoomId, Ending>>);

impl Endings {
    /// Hands the end of a room to the store, which tells of it. There is no word without a row, nor a row without one.
    pub(super) fn end(&self, vault: &Vault, ending: Ending, row: RoomRecord) {
        let mut waiting = self.0.lock();
        if vault.record(row) {
            waiting.insert(ending.cell.id, ending);
        } else {
            ending.tell(vault);
        }
    }

    /// These rows are stored.
    pub(crate) fn stored(&self, vault: &Vault, rows: &[RoomRecord]) {
        let mut waiting = self.0.lock();
        for row in rows {
            if let RoomRecord::Closed { room, .. } = row
                && let Some(ending) = waiting.remove(room)
            {
                ending.tell(vault);
            }
        }
    }

    /// The store fails, or the server stops: nobody waits any longer. All have been told when this returns.
    pub(crate) fn tell_all(&self, vault: &Vault) {
        let mut waiting = self.0.lock();
        while let Some((_, ending)) = waiting.pop_first() {
            ending.tell(vault);
        }
    }
}
