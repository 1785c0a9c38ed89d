//! Rooms that a session asks to join and that a former process may have saved. They are looked for beside the session's
//! actor, so that what its client does elsewhere does not wait for the store; what the client asks of such a room
//! meanwhile waits here, in order. It stands in the vault: neither a cut nor a crash of the session loses it.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use gamev1_protocol::{ErrorCode, RoomId, WireError};
use parking_lot::Mutex;
use tokio::sync::Semaphore;

use super::{
    SessionCell,
    requests::{put, refuse},
};
use crate::{
    restore,
    room::{RoomCell, RoomItem},
    vault::Vault,
};

/// Rooms that are looked for at the same time: one session must not take all turns there are.
const AT_ONCE: usize = 4;
/// Requests that wait for such rooms, the joins among them.
const ITEMS_MAX: usize = 64;

/// See the module.
pub(crate) struct Joins {
    /// Whether there is such a room, for a look at every request.
    any: AtomicBool,
    waiting: Mutex<Waiting>,
    turns: Semaphore,
}

#[derive(Default)]
struct Waiting {
    shut: bool,
    rooms: BTreeMap<RoomId, Vec<RoomItem>>,
}

impl Default for Joins {
    fn default() -> Joins {
        let turns = Semaphore::new(AT_ONCE);
        Joins { any: AtomicBool::new(false), waiting: Mutex::default(), turns }
    }
}

/// What becomes of an item for a room.
pub(super) enum Held {
    Yes,
    /// Too much waits.
    Full(RoomItem),
    /// The room is not looked for.
    No(RoomItem),
}

impl Waiting {
    fn full(&self) -> bool {
        self.rooms.values().map(Vec::len).sum::<usize>() >= ITEMS_MAX
    }
}

impl Joins {
    /// Whether any room is looked for.
    pub(crate) fn any(&self) -> bool {
        self.any.load(Ordering::Acquire)
    }

    pub(super) fn awaits(&self, room: RoomId) -> bool {
        self.any() && self.waiting.lock().rooms.contains_key(&room)
    }

    /// Keeps an item back behind the join of its room.
    pub(super) fn hold(&self, room: RoomId, item: RoomItem) -> Held {
        if !self.any() {
            return Held::No(item);
        }
        let mut waiting = self.waiting.lock();
        let full = waiting.full();
        match waiting.rooms.get_mut(&room) {
            Some(_) if full => Held::Full(item),
            Some(items) => {
                items.push(item);
                Held::Yes
            }
            None => Held::No(item),
        }
    }

    /// Notes that `room` is looked for, with the join that asks for it.
    fn begin(&self, room: RoomId, join: RoomItem, max: usize) -> Result<(), (RoomItem, WireError)> {
        let mut waiting = self.waiting.lock();
        if waiting.shut {
            return Err((join, WireError::new(ErrorCode::Unavailable, "the server stops")));
        }
        if waiting.rooms.len() >= max || waiting.full() {
            return Err((join, too_many()));
        }
        waiting.rooms.insert(room, vec![join]);
        self.any.store(true, Ordering::Release);
        Ok(())
    }

    /// The room is there, or is not: what waited for it goes there, or is refused. All of it before the lock is free,
    /// so that nothing that comes later gets in between.
    fn settle(&self, room: RoomId, found: &Result<Arc<RoomCell>, WireError>) {
        let mut waiting = self.waiting.lock();
        for item in waiting.rooms.remove(&room).into_iter().flatten() {
            match found {
                Ok(room) => put(room, item),
                Err(error) => refuse(Err((item, error.clone()))),
            }
        }
        self.any.store(!waiting.rooms.is_empty(), Ordering::Release);
    }

    /// The session is over: nobody waits any more.
    pub(super) fn clear(&self) {
        let rooms = std::mem::take(&mut self.waiting.lock().rooms);
        self.any.store(false, Ordering::Release);
        drop(rooms);
    }

    /// The server stops: what waits has been counted, and the client does not ask for it again. It is refused.
    pub(crate) fn shut(&self, error: &WireError) {
        let rooms = {
            let mut waiting = self.waiting.lock();
            waiting.shut = true;
            std::mem::take(&mut waiting.rooms)
        };
        for item in rooms.into_values().flatten() {
            refuse(Err((item, error.clone())));
        }
        // Last: whoever sees that nothing waits finds the answers in the outbox.
        self.any.store(false, Ordering::Release);
    }
}

/// Looks for a room that does not live here and passes the join on to it, or answers it.
#[expect(
    clippy::disallowed_methods,
    reason = "the actor may end before it, and the join is answered all the same; there are as many as rooms that wait"
)]
pub(super) fn begin(vault: &Arc<Vault>, session: &Arc<SessionCell>, room: RoomId, join: RoomItem) {
    let search = match Search::begin(session, room, join, vault.limits.rooms_per_session) {
        Ok(search) => search,
        Err(refused) => return refuse(Err(refused)),
    };
    let vault = vault.clone();
    tokio::spawn(async move {
        let session = search.session.clone();
        let turn = session.joins.turns.acquire().await;
        if !session.joins.awaits(room) {
            return search.ends(None);
        }
        let found = restore::room(&vault, room).await;
        drop(turn);
        search.ends(Some(found.and_then(|it| it.ok_or_else(|| vault.no_room(room)))));
    });
}

/// A room that is looked for. However that ends, what waits for it is answered.
pub(super) struct Search {
    session: Arc<SessionCell>,
    room: RoomId,
    over: bool,
}

impl Search {
    pub(super) fn begin(
        session: &Arc<SessionCell>,
        room: RoomId,
        join: RoomItem,
        max: usize,
    ) -> Result<Search, (RoomItem, WireError)> {
        session.joins.begin(room, join, max)?;
        Ok(Search { session: session.clone(), room, over: false })
    }

    fn ends(mut self, found: Option<Result<Arc<RoomCell>, WireError>>) {
        if let Some(found) = found {
            self.session.joins.settle(self.room, &found);
        }
        self.over = true;
    }
}

impl Drop for Search {
    fn drop(&mut self) {
        if !self.over {
            // A bug, or the end of the runtime.
            let error = WireError::new(ErrorCode::Internal, "the room could not be looked for");
            self.session.joins.settle(self.room, &Err(error));
        }
    }
}

pub(super) fn too_many() -> WireError {
    let error = WireError::new(ErrorCode::Overloaded, "too much waits for rooms that come back");
    error.retry_after_ms(1_000)
}
