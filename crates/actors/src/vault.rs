//! What must outlive an actor: sessions with their inboxes and outboxes, rooms with their seats, checkpoints and logs.
//! It is made above the root of the tree; its locks do not poison and are held for a push, a pop or a look.

mod bans;
mod saves;
mod sessions;
mod slot;

use std::{
    collections::HashMap,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
    },
    time::Duration,
    time::UNIX_EPOCH,
};

use gamev1_protocol::{ErrorCode, PlayerId, RoomId, WireError};
use parking_lot::{Mutex, RwLock};

pub use self::slot::Slot;
use self::{bans::Bans, saves::Saves, sessions::Sessions};
use crate::{
    game::GameRegistry,
    inbox::Inbox,
    lobby::LobbyItem,
    ports::{Authenticator, ResumeTokens, RoomRecord, RoomSave, RoomStore},
    presence::PresenceMsg,
    registry::{ActorRegistry, Depth, Gauge},
    restore::Restoring,
    room::record::CrashRecords,
    room::{self, Endings, RoomCell, RoomInfo},
    supervisor::{
        dynamic::DynamicMsg,
        quarantine::{Apart, Kept, Quarantine},
    },
};

/// Bounds that an operator may change.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    pub rooms_max: usize,
    /// Live rooms made by one player.
    pub rooms_per_player: usize,
    /// Rooms that one session may be in.
    pub rooms_per_session: usize,
    pub sockets_per_player: usize,
    /// Inputs and sends a second and session, in the long run; `None` lifts all rates.
    pub gameplay: Option<Rate>,
    /// Requests of a session other than `ping`, inputs and sends.
    pub requests: Option<Rate>,
    /// `room.create` a session.
    pub creates: Option<Rate>,
    /// Unknown members of a request are refused, and views with numbers that are not finite are told.
    pub dev: bool,
    /// How often a room looks whether its replay is exact; `None`: it is trusted.
    pub replay_check: Option<Duration>,
}

/// `per_second` in the long run, `burst` at once (GCRA).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    pub per_second: f64,
    pub burst: u32,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            rooms_max: 20_000,
            rooms_per_player: 10,
            rooms_per_session: 16,
            sockets_per_player: 5,
            gameplay: Some(Rate { per_second: 30.0, burst: 60 }),
            requests: Some(Rate { per_second: 5_000.0 / 60.0, burst: 2_000 }),
            creates: Some(Rate { per_second: 1.0, burst: 5 }),
            dev: false,
            replay_check: None,
        }
    }
}

/// Items that wait at the lobby, and rows at the store, at most.
const LOBBY_ITEMS_MAX: usize = 1_024;
const STORE_RECORDS_MAX: usize = 8_192;

pub struct Vault {
    pub registry: Arc<ActorRegistry>,
    pub games: GameRegistry,
    pub limits: Limits,
    pub(crate) authenticator: Arc<dyn Authenticator>,
    pub(crate) resume_tokens: Arc<dyn ResumeTokens>,
    pub(crate) lobby: Inbox<LobbyItem>,
    pub(crate) records: Inbox<RoomRecord>,
    pub(crate) bans: Bans,
    pub(crate) presence: Arc<Slot<PresenceMsg>>,
    pub(crate) room_supervisor: Arc<Slot<DynamicMsg>>,
    pub(crate) session_supervisor: Arc<Slot<DynamicMsg>>,
    /// Rooms that failed too often, by the names that the registry has for them.
    pub(crate) rooms_apart: Arc<Quarantine>,
    sessions: Sessions,
    rooms: RwLock<HashMap<RoomId, Arc<RoomCell>>>,
    sockets: Mutex<HashMap<PlayerId, usize>>,
    room_numbers: AtomicU32,
    records_lost: AtomicU64,
    pub(crate) saves: Saves,
    pub(crate) endings: Endings,
    /// Set when the tree starts.
    store: OnceLock<Arc<dyn RoomStore>>,
    pub(crate) restoring: Restoring,
    crash_records: OnceLock<Arc<dyn CrashRecords>>,
    stopping: AtomicBool,
}

/// How much there is of what, now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    pub sockets: usize,
    pub sessions: usize,
    pub players: usize,
    pub rooms: usize,
}

impl Vault {
    pub fn new(
        games: GameRegistry,
        limits: Limits,
        authenticator: Arc<dyn Authenticator>,
        resume_tokens: Arc<dyn ResumeTokens>,
    ) -> Arc<Vault> {
        Arc::new(Vault {
            registry: Arc::default(),
            games,
            limits,
            authenticator,
            resume_tokens,
            lobby: Inbox::new(LOBBY_ITEMS_MAX),
            records: Inbox::new(STORE_RECORDS_MAX),
            bans: Bans::default(),
            presence: Arc::default(),
            room_supervisor: Arc::default(),
            session_supervisor: Arc::default(),
            rooms_apart: Arc::default(),
            sessions: Sessions::default(),
            rooms: RwLock::default(),
            sockets: Mutex::default(),
            room_numbers: AtomicU32::new(1),
            records_lost: AtomicU64::new(0),
            saves: Saves::default(),
            endings: Endings::default(),
            store: OnceLock::new(),
            restoring: Restoring::default(),
            crash_records: OnceLock::new(),
            stopping: AtomicBool::new(false),
        })
    }

    /// Where the depth of the store's queue is read, and of the lobby's.
    pub(crate) fn records_gauge(self: &Arc<Vault>) -> Gauge {
        let vault = self.clone();
        Arc::new(move || Depth { now: vault.records.depth(), max: vault.records.depth_max() })
    }

    pub(crate) fn lobby_gauge(self: &Arc<Vault>) -> Gauge {
        let vault = self.clone();
        Arc::new(move || Depth { now: vault.lobby.depth(), max: vault.lobby.depth_max() })
    }

    pub fn counts(&self) -> Counts {
        let (sockets, players) = {
            let sockets = self.sockets.lock();
            (sockets.values().sum(), sockets.len())
        };
        let (sessions, rooms) = (self.sessions.len(), self.rooms.read().len());
        Counts { sockets, sessions, players, rooms }
    }

    /// Counts a socket of `player` for as long as the permit lives.
    ///
    /// # Errors
    /// `too_many_sockets`.
    pub fn admit(self: &Arc<Vault>, player: PlayerId) -> Result<SocketPermit, WireError> {
        let max = self.limits.sockets_per_player;
        let mut sockets = self.sockets.lock();
        let open = sockets.entry(player).or_insert(0);
        if *open >= max {
            let message = format!("this player has {open} sockets open, {max} are allowed");
            return Err(WireError::new(ErrorCode::TooManySockets, message).retry_after_ms(1_000));
        }
        *open += 1;
        if *open == 1 {
            // Under the lock, so that presence hears of changes in their order.
            self.presence.cast(PresenceMsg::Online(player));
        }
        Ok(SocketPermit { vault: self.clone(), player })
    }

    /// Sockets that `player` has open.
    pub fn sockets_of(&self, player: PlayerId) -> usize {
        self.sockets.lock().get(&player).copied().unwrap_or(0)
    }

    pub(crate) fn players_online(&self) -> Vec<PlayerId> {
        self.sockets.lock().keys().copied().collect()
    }

    pub fn room(&self, room: RoomId) -> Option<Arc<RoomCell>> {
        self.rooms.read().get(&room).cloned()
    }

    /// What is told to whoever asks for a room that is not there.
    pub fn no_room(&self, room: RoomId) -> WireError {
        let Some(Kept { why, until }) = self.rooms_apart.get(&room::label(room)) else {
            return WireError::new(ErrorCode::RoomNotFound, format!("there is no room {room}"));
        };
        let until = until.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as u64;
        let message = match why {
            Apart::Crashed => "the room failed too often and is kept apart",
            Apart::Stuck => "the room hangs and is kept apart",
        };
        let details = serde_json::json!({ "reason": why.word(), "until_ms": until });
        WireError::new(ErrorCode::RoomClosed, message).details(details)
    }

    pub fn rooms(&self) -> Vec<Arc<RoomCell>> {
        self.rooms.read().values().cloned().collect()
    }

    /// Live rooms that `player` has made.
    pub(crate) fn rooms_made_by(&self, player: PlayerId) -> usize {
        let rooms = self.rooms.read();
        rooms.values().filter(|room| room.spec.maker == Some(player) && !room.closing()).count()
    }

    /// What may be told of all public rooms, the newest first.
    pub fn room_infos(&self) -> Vec<RoomInfo> {
        let rooms = self.rooms.read();
        let mut infos: Vec<_> =
            rooms.values().filter(|room| !room.spec.private).map(|room| room.info()).collect();
        drop(rooms);
        infos.sort_by_key(|info| std::cmp::Reverse((info.created_at, info.n)));
        infos
    }

    pub fn room_info(&self, room: RoomId) -> Option<RoomInfo> {
        Some(self.room(room)?.info())
    }

    /// A place for a new room under a code that no live room has.
    ///
    /// # Errors
    /// `overloaded` when there are as many rooms as this server takes.
    pub(crate) fn insert_room(
        &self,
        make: impl FnOnce(RoomId, u32) -> RoomCell,
    ) -> Result<Arc<RoomCell>, WireError> {
        let mut rooms = self.rooms.write();
        if rooms.len() >= self.limits.rooms_max {
            let message = format!("this server has {} rooms, as many as it takes", rooms.len());
            return Err(WireError::new(ErrorCode::Overloaded, message).retry_after_ms(5_000));
        }
        let id = loop {
            let id = RoomId::from_bits(rand::random());
            if !rooms.contains_key(&id) {
                break id;
            }
        };
        let n = self.next_room_number();
        let cell = Arc::new(make(id, n));
        rooms.insert(id, cell.clone());
        Ok(cell)
    }

    pub(crate) fn next_room_number(&self) -> u32 {
        self.room_numbers.fetch_add(1, Ordering::Relaxed)
    }

    /// Whether there are as many rooms as this server takes.
    pub(crate) fn full(&self) -> bool {
        self.rooms.read().len() >= self.limits.rooms_max
    }

    /// A place for a room of a former process.
    pub(crate) fn insert_restored(&self, cell: Arc<RoomCell>) {
        self.rooms.write().insert(cell.id, cell);
    }

    pub(crate) fn remove_room(&self, room: RoomId) {
        self.rooms.write().remove(&room);
    }

    /// The server stops: sessions take up nothing more.
    pub(crate) fn set_stopping(&self) {
        self.stopping.store(true, Ordering::Release);
    }

    pub(crate) fn stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    /// Hands a row to the store. When the database has been away for so long that the queue is full, the row is
    /// dropped and counted: these rows are history, nobody was promised them. The end of a room is more, for it deletes
    /// what was saved of it: while nothing is stored there are no more saved rooms than the server takes, and for the
    /// end of each there is a place beyond the others. True if it was taken.
    pub(crate) fn record(&self, record: RoomRecord) -> bool {
        let places = match record {
            RoomRecord::Closed { .. } => STORE_RECORDS_MAX + self.limits.rooms_max,
            _ => STORE_RECORDS_MAX,
        };
        let taken = self.records.push_up_to(record, places).is_ok();
        if !taken {
            let lost = self.records_lost.fetch_add(1, Ordering::Relaxed) + 1;
            if lost.is_power_of_two() {
                tracing::error!(lost, "the store's queue is full: rows about rooms are lost");
            }
        }
        taken
    }

    /// Whether the end of that room waits to be stored.
    pub(crate) fn ends(&self, id: RoomId) -> bool {
        self.records.count(|row| matches!(row, RoomRecord::Closed { room, .. } if *room == id)) > 0
    }

    /// Whether every row and image is stored.
    pub(crate) fn all_stored(&self) -> bool {
        self.records.depth() == 0 && self.saves.is_empty()
    }

    /// What the store has not taken yet.
    pub(crate) fn unstored(&self) -> (Vec<RoomRecord>, Vec<RoomSave>) {
        (self.records.copy(), self.saves.all())
    }

    /// Where records of crashes go. Only the first call counts.
    pub fn set_crash_records(&self, records: Arc<dyn CrashRecords>) {
        // A vault has one data directory.
        let _ = self.crash_records.set(records);
    }

    pub(crate) fn crash_records(&self) -> Option<&Arc<dyn CrashRecords>> {
        self.crash_records.get()
    }

    pub(crate) fn set_store(&self, store: Arc<dyn RoomStore>) {
        // A second tree over the same vault has the same store.
        let _ = self.store.set(store);
    }

    pub(crate) fn store(&self) -> Option<&Arc<dyn RoomStore>> {
        self.store.get()
    }

    /// Rows about rooms that were dropped because the store's queue was full.
    pub fn records_lost(&self) -> u64 {
        self.records_lost.load(Ordering::Relaxed)
    }
}

/// One socket of a player, counted while this lives.
pub struct SocketPermit {
    vault: Arc<Vault>,
    player: PlayerId,
}

impl Drop for SocketPermit {
    fn drop(&mut self) {
        let mut sockets = self.vault.sockets.lock();
        let Some(open) = sockets.get_mut(&self.player) else { return };
        *open -= 1;
        if *open == 0 {
            sockets.remove(&self.player);
            self.vault.presence.cast(PresenceMsg::Offline(self.player));
        }
    }
}
