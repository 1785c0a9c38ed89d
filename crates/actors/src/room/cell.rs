//! A room as the vault holds it: what everyone may read, the queue before it, and what its next incarnation needs.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicU16, AtomicU32, Ordering},
    },
    time::{Duration, SystemTime},
};

use gamev1_protocol::{
    ErrorCode, Joined, PlayerId, Raw, RoomId, Seat, SessionId, StateOf, WireError,
    push::ClosedReason,
};
use parking_lot::Mutex;
use serde_json::{Map, Value};
use tokio::{sync::oneshot, time::Instant};

use super::{
    RoomMsg,
    image::RoomImage,
    record::CrashRecord,
    recovery::{Memory, Saved},
};
use crate::{
    ask::Ask,
    game::{GameType, Settings},
    inbox::Inbox,
    observe::SpanRef,
    session::SessionCell,
    vault::Slot,
};

/// Items that wait at a room, at most. Beyond it a request answers `overloaded` and an input is dropped.
pub(super) const ROOM_ITEMS_MAX: usize = 1_024;

/// What a room was made as. It does not change.
pub struct RoomSpec {
    pub game: Arc<dyn GameType>,
    pub options: Map<String, Value>,
    pub settings: Settings,
    pub private: bool,
    pub metadata: Map<String, Value>,
    pub maker: Option<PlayerId>,
    pub seed: [u8; 32],
}

/// Something that a room is to do.
#[derive(Clone)]
pub enum RoomItem {
    /// `reserved`: a seat has been set aside for it.
    Join {
        ask: Ask,
        reserved: bool,
    },
    Leave {
        session: Arc<SessionCell>,
        ask: Option<Ask>,
    },
    Input {
        ask: Ask,
        seq: u32,
        input: Raw,
    },
    /// An input that was over the player's rate: settled, not applied.
    Dropped {
        ask: Ask,
        seq: u32,
    },
    Send {
        ask: Ask,
        payload: Raw,
        to: Option<Arc<[Seat]>>,
    },
    Sync {
        ask: Ask,
    },
    /// Says what a join of this session would be answered with, for a resume.
    Describe {
        session: Arc<SessionCell>,
        tell: TellJoined,
    },
    /// The session has a new socket, which holds no view yet.
    Show {
        session: Arc<SessionCell>,
    },
}

impl RoomItem {
    /// What it was asked for by, and in which span, if that is traced.
    pub(super) fn traced(&self) -> Option<(&'static str, SpanRef)> {
        let ask = match self {
            RoomItem::Join { ask, .. }
            | RoomItem::Input { ask, .. }
            | RoomItem::Dropped { ask, .. }
            | RoomItem::Send { ask, .. }
            | RoomItem::Sync { ask } => ask,
            RoomItem::Leave { ask, .. } => ask.as_ref()?,
            RoomItem::Describe { .. } | RoomItem::Show { .. } => return None,
        };
        ask.traced.as_deref().map(|span| (ask.request, *span))
    }

    /// Who waits for an answer to it, if anybody does.
    pub fn into_ask(self) -> Option<Ask> {
        match self {
            RoomItem::Join { ask, .. }
            | RoomItem::Input { ask, .. }
            | RoomItem::Dropped { ask, .. }
            | RoomItem::Send { ask, .. }
            | RoomItem::Sync { ask } => Some(ask),
            RoomItem::Leave { ask, .. } => ask,
            RoomItem::Describe { .. } | RoomItem::Show { .. } => None,
        }
    }
}

/// Where a description goes; in a place of its own, so that the item can be cloned.
pub type TellJoined = Arc<Mutex<Option<oneshot::Sender<Joined>>>>;

/// Who sits where: what a restarted room takes over.
#[derive(Clone)]
pub struct Seated {
    pub seat: Seat,
    pub player: PlayerId,
    pub username: String,
    pub session: Arc<SessionCell>,
    /// The row of this stay.
    pub stay: uuid::Uuid,
}

pub struct RoomCell {
    pub id: RoomId,
    /// The room's number in this process.
    pub n: u32,
    pub spec: RoomSpec,
    pub created_at: SystemTime,
    pub inbox: Inbox<RoomItem>,
    pub(crate) actor: Slot<RoomMsg>,
    pub(super) seated: Mutex<BTreeMap<Seat, Seated>>,
    pub(super) memory: Mutex<Memory>,
    /// Whose seat has just gone over to another session of the same player, and who has not been told of it yet.
    pub(super) moved_from: Mutex<Option<Arc<SessionCell>>>,
    /// What the room last failed at, where the way back may have lost it.
    pub(super) last_crash: Mutex<Option<Box<CrashRecord>>>,
    /// Seats taken or set aside.
    taken: AtomicU16,
    recovering: AtomicBool,
    /// Why it takes nothing more, once it does not.
    closing: OnceLock<ClosedReason>,
    /// Whether a server that stops need not wait for it: it has made its last checkpoint, or come to its end.
    drained: AtomicBool,
    /// Those who asked to leave it between its end and the word of it. `None` once that is out.
    pub(super) leavers: Mutex<Option<Vec<Ask>>>,
    /// From the database when a process takes the room; a new room begins with 1.
    owner_epoch: u32,
    incarnation: AtomicU32,
    born: Instant,
}

/// A room as lists show it.
#[derive(Debug, Clone, PartialEq)]
pub struct RoomInfo {
    pub room: RoomId,
    pub n: u32,
    pub game: &'static str,
    pub players: u16,
    pub players_max: u16,
    pub private: bool,
    pub locked: bool,
    pub state: &'static str,
    pub metadata: Map<String, Value>,
    pub created_at: SystemTime,
}

impl RoomCell {
    pub fn new(id: RoomId, n: u32, spec: RoomSpec, created_at: SystemTime) -> RoomCell {
        RoomCell {
            id,
            n,
            spec,
            created_at,
            inbox: Inbox::new(ROOM_ITEMS_MAX),
            actor: Slot::default(),
            seated: Mutex::default(),
            memory: Mutex::default(),
            moved_from: Mutex::default(),
            last_crash: Mutex::default(),
            taken: AtomicU16::new(0),
            recovering: AtomicBool::new(false),
            closing: OnceLock::new(),
            drained: AtomicBool::new(false),
            leavers: Mutex::new(Some(Vec::new())),
            owner_epoch: 1,
            incarnation: AtomicU32::new(0),
            born: Instant::now(),
        }
    }

    /// A room of a former process, which its first incarnation here brings back as after a crash between two messages.
    pub(crate) fn restored(
        n: u32,
        spec: RoomSpec,
        image: RoomImage,
        owner_epoch: u32,
        seated: BTreeMap<Seat, Seated>,
    ) -> RoomCell {
        let cell = RoomCell::new(image.room, n, spec, image.created_at);
        cell.taken.store(seated.len() as u16, Ordering::Release);
        *cell.seated.lock() = seated;
        *cell.memory.lock() = Memory::restored(Saved {
            newest: image.checkpoint,
            log: image.log,
            refused: image.refused,
            held: image.held,
            tick_again: image.tick_again,
            barred: image.barred,
        });
        RoomCell { owner_epoch, ..cell }
    }

    pub(crate) fn owner_epoch(&self) -> u32 {
        self.owner_epoch
    }

    pub fn info(&self) -> RoomInfo {
        let players = self.seated.lock().len() as u16;
        let players_max = self.spec.settings.seats_max;
        let state = match () {
            () if self.closing() => "closing",
            () if self.recovering.load(Ordering::Acquire) => "recovering",
            () if players >= players_max => "full",
            () => "open",
        };
        RoomInfo {
            room: self.id,
            n: self.n,
            game: self.spec.game.name(),
            players,
            players_max,
            private: self.spec.private,
            locked: false,
            state,
            metadata: self.spec.metadata.clone(),
            created_at: self.created_at,
        }
    }

    /// `owner epoch × 65 536 + incarnation`: it only grows.
    pub fn epoch(&self) -> u64 {
        let incarnation = self.incarnation.load(Ordering::Acquire).min(0xFFFF);
        u64::from(self.owner_epoch) << 16 | u64::from(incarnation)
    }

    pub(super) fn state_of(&self) -> StateOf {
        StateOf { room: self.id, n: self.n, epoch: self.epoch() }
    }

    /// How long the room has been there, over all its incarnations.
    pub(super) fn age(&self) -> Duration {
        self.born.elapsed()
    }

    /// How many times the room has been restarted in place.
    pub fn restarts(&self) -> u32 {
        self.incarnation.load(Ordering::Acquire)
    }

    pub(super) fn next_incarnation(&self) {
        self.incarnation.fetch_add(1, Ordering::AcqRel);
        self.recovering.store(true, Ordering::Release);
    }

    pub(super) fn recovered(&self) {
        self.recovering.store(false, Ordering::Release);
    }

    pub fn closing(&self) -> bool {
        self.closing.get().is_some()
    }

    pub(super) fn set_drained(&self) {
        self.drained.store(true, Ordering::Release);
    }

    pub(crate) fn drained(&self) -> bool {
        self.drained.load(Ordering::Acquire)
    }

    /// True for the one who closes it.
    pub(super) fn set_closing(&self, reason: ClosedReason) -> bool {
        self.closing.set(reason).is_ok()
    }

    /// What is told to whoever comes too late.
    pub(crate) fn closed(&self) -> WireError {
        let error = WireError::new(ErrorCode::RoomClosed, "the room is closed");
        match self.closing.get() {
            Some(reason) => error.details(serde_json::json!({ "reason": reason.word() })),
            None => error,
        }
    }

    /// Sets a seat aside, unless all are taken.
    pub fn reserve(&self) -> bool {
        let max = self.spec.settings.seats_max;
        let more = |taken| (taken < max).then_some(taken + 1);
        self.taken.fetch_update(Ordering::AcqRel, Ordering::Acquire, more).is_ok()
    }

    /// A seat is free again, or was set aside for nothing.
    pub(crate) fn release(&self) {
        let less = |taken: u16| taken.checked_sub(1);
        // Below zero it would only be a lost count, which the next recovery mends.
        let _ = self.taken.fetch_update(Ordering::AcqRel, Ordering::Acquire, less);
    }

    /// Counts the taken seats anew: a crash may have come between a reservation and its use.
    pub(super) fn recount(&self) {
        let waiting =
            self.inbox.count(|item| matches!(item, RoomItem::Join { reserved: true, .. }));
        let seated = self.seated.lock().len();
        self.taken.store((seated + waiting) as u16, Ordering::Release);
    }

    /// Whether the session sits here.
    pub(crate) fn holds(&self, session: SessionId) -> bool {
        self.seated.lock().values().any(|seated| seated.session.id == session)
    }
}
