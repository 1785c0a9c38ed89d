//! A session as the vault holds it: whose it is, what waits to be read and to be sent, and where it sits.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
    },
    time::SystemTime,
};

use bytes::Bytes;
use gamev1_protocol::{Format, PlayerId, RoomId, SessionId};
use parking_lot::Mutex;
use tokio::sync::oneshot;

use super::{
    SessionMsg,
    image::{Counts, SessionImage},
    joins::Joins,
};
use crate::{
    inbox::Inbox,
    observe::SpanRef,
    outbox::Outbox,
    ports::{Identity, ResumeClaim},
    room::RoomCell,
    vault::Slot,
};

/// Frames that wait at a session, at most. While it is full its socket is not read.
const SESSION_FRAMES_MAX: usize = 64;

/// Frames of one socket that belong to the trace of its client.
const TRACED_FRAMES_MAX: u32 = 100;

pub struct SessionCell {
    pub id: SessionId,
    identity: Identity,
    epoch: AtomicU32,
    /// Unix seconds at which the access token ends; moved by `auth.refresh`.
    expires_at: Mutex<SystemTime>,
    pub inbox: Inbox<Bytes>,
    pub outbox: Outbox,
    pub(crate) actor: Slot<SessionMsg>,
    rooms: Mutex<Rooms>,
    rooms_max: usize,
    /// Rooms that it asked to join and that are still looked for.
    pub(crate) joins: Joins,
    /// Counted requests that have been taken up.
    received: AtomicU64,
    generation: AtomicU32,
    restarted: AtomicBool,
    /// What was sent under this generation is not known, or not kept, and its client has not been told: the generation
    /// and one more, 0 when there is none.
    uncertain_until: AtomicU64,
    /// It comes from a process that died without a word, which may have given out a later generation than it saved.
    generation_unknown: AtomicBool,
    /// It comes from a former process, and not all the rooms in which it sat then may live here yet.
    rooms_unknown: AtomicBool,
    /// It comes from a process that stopped in the middle of a resume: the client may hold the next generation.
    may_hold_next: AtomicBool,
    /// The span of the client that opened the last socket, and how many more frames belong to its trace.
    traceparent: Mutex<Option<(SpanRef, u32)>>,
    traces: AtomicBool,
    /// The client of the last socket said that it will not come back.
    done: AtomicBool,
    /// A resume that waits for the actor. Here and not in a message, which would be lost between two incarnations.
    takeover: Mutex<Option<oneshot::Sender<u64>>>,
    /// Held by the task that serves the socket: there is one at a time.
    socket: Arc<tokio::sync::Mutex<()>>,
}

#[derive(Default)]
struct Rooms {
    ended: bool,
    held: Vec<Arc<RoomCell>>,
}

impl SessionCell {
    pub(crate) fn new(identity: Identity, format: Format, rooms_max: usize) -> SessionCell {
        SessionCell::with_id(SessionId::new(), identity, format, rooms_max)
    }

    /// A session of a former process. `exact`: that process has stopped in order, so that all its counts are known.
    pub(crate) fn restored(image: &SessionImage, exact: bool, rooms_max: usize) -> SessionCell {
        let (identity, format) = (image.identity(), image.format());
        let cell = SessionCell::with_id(image.session, identity, format, rooms_max);
        cell.generation.store(image.generation, Ordering::Release);
        cell.generation_unknown.store(!exact || image.generation_unknown, Ordering::Release);
        cell.rooms_unknown.store(true, Ordering::Release);
        cell.may_hold_next.store(image.may_hold_next, Ordering::Release);
        if !exact || image.uncertain {
            cell.set_uncertain(image.generation);
        }
        cell.received.store(image.counts.received, Ordering::Relaxed);
        let Counts { before_kept, kept, farewell_at, .. } = &image.counts;
        cell.outbox.restore(*before_kept, kept, *farewell_at);
        cell
    }

    fn with_id(id: SessionId, identity: Identity, format: Format, rooms_max: usize) -> SessionCell {
        SessionCell {
            id,
            epoch: AtomicU32::new(identity.epoch),
            expires_at: Mutex::new(identity.expires_at),
            identity,
            inbox: Inbox::new(SESSION_FRAMES_MAX),
            outbox: Outbox::new(format),
            actor: Slot::default(),
            rooms: Mutex::default(),
            rooms_max,
            joins: Joins::default(),
            received: AtomicU64::new(0),
            generation: AtomicU32::new(0),
            restarted: AtomicBool::new(false),
            uncertain_until: AtomicU64::new(0),
            generation_unknown: AtomicBool::new(false),
            rooms_unknown: AtomicBool::new(false),
            may_hold_next: AtomicBool::new(false),
            traceparent: Mutex::default(),
            traces: AtomicBool::new(false),
            done: AtomicBool::new(false),
            takeover: Mutex::default(),
            socket: Arc::default(),
        }
    }

    pub fn player(&self) -> PlayerId {
        self.identity.player
    }

    pub fn username(&self) -> String {
        self.identity.username.clone()
    }

    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    pub fn expires_at(&self) -> SystemTime {
        *self.expires_at.lock()
    }

    pub(super) fn extend(&self, expires_at: SystemTime) {
        *self.expires_at.lock() = expires_at;
    }

    /// The session takes a seat in `room`. False when it has ended or is in as many rooms as it may be.
    pub(crate) fn hold(&self, room: &Arc<RoomCell>) -> bool {
        let mut rooms = self.rooms.lock();
        if rooms.ended || rooms.held.len() >= self.rooms_max {
            return false;
        }
        rooms.held.push(room.clone());
        true
    }

    pub(crate) fn let_go(&self, room: RoomId) {
        self.rooms.lock().held.retain(|held| held.id != room);
    }

    pub(super) fn held(&self, room: RoomId) -> Option<Arc<RoomCell>> {
        self.rooms.lock().held.iter().find(|held| held.id == room).cloned()
    }

    /// The rooms in which it holds a seat.
    pub fn room_ids(&self) -> Vec<RoomId> {
        self.rooms.lock().held.iter().map(|held| held.id).collect()
    }

    pub(super) fn rooms(&self) -> Vec<Arc<RoomCell>> {
        self.rooms.lock().held.clone()
    }

    /// The session is over: no room takes it any more. Gives the rooms that it must leave.
    pub(super) fn end(&self) -> Vec<Arc<RoomCell>> {
        let mut rooms = self.rooms.lock();
        rooms.ended = true;
        rooms.held.clone()
    }

    pub fn ended(&self) -> bool {
        self.rooms.lock().ended
    }

    pub(super) fn count_request(&self) {
        self.received.fetch_add(1, Ordering::Relaxed);
    }

    /// Counted requests that have been taken up, as a resumed welcome tells the client.
    pub fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    /// Asks the actor how many requests it has taken up. What it has not by then is dropped, and the client sends it
    /// again.
    pub(super) fn take_over(&self) -> oneshot::Receiver<u64> {
        let (tell, told) = oneshot::channel();
        *self.takeover.lock() = Some(tell);
        self.actor.cast(SessionMsg::TakeOver);
        told
    }

    /// The actor's answer to that, between two frames.
    pub(super) fn tell_taken_up(&self) {
        if let Some(tell) = self.takeover.lock().take() {
            self.inbox.clear();
            // Whoever has stopped waiting wants no answer.
            let _ = tell.send(self.received());
        }
    }

    /// What the token of the present socket says.
    pub fn resume_claim(&self) -> ResumeClaim {
        ResumeClaim {
            session: self.id,
            player: self.identity.player,
            sign_in: self.identity.sign_in,
            epoch: self.epoch.load(Ordering::Acquire),
            generation: self.generation.load(Ordering::Acquire),
        }
    }

    /// The client traces its own work: the next frames belong to that trace, so many that no trace grows without an end.
    pub fn set_traceparent(&self, parent: Option<SpanRef>) {
        self.traces.store(parent.is_some(), Ordering::Release);
        *self.traceparent.lock() = parent.map(|parent| (parent, TRACED_FRAMES_MAX));
    }

    /// Whether the next frame belongs to a trace of the client's.
    pub(super) fn traced(&self) -> bool {
        self.traces.load(Ordering::Relaxed)
    }

    pub(super) fn take_traceparent(&self) -> Option<SpanRef> {
        if !self.traced() {
            return None;
        }
        let mut traceparent = self.traceparent.lock();
        let (parent, left) = (*traceparent)?;
        *traceparent = left.checked_sub(1).map(|left| (parent, left));
        self.traces.store(traceparent.is_some(), Ordering::Release);
        Some(parent)
    }

    /// A former process did not keep the epoch, and one that died without a word may have given out a later generation
    /// than the one that it saved.
    pub(super) fn catch_up(&self, ResumeClaim { epoch, generation, .. }: &ResumeClaim) {
        let (set, get) = (Ordering::AcqRel, Ordering::Acquire);
        // A session of this process has its own, which is the one in the claim.
        let _ = self.epoch.compare_exchange(ResumeClaim::EPOCH_UNKNOWN, *epoch, set, get);
        let (present, _) = self.held_generation();
        let unknown = self.generation_unknown.load(get);
        if unknown || (self.may_hold_next.load(get) && present.checked_add(1) == Some(*generation))
        {
            self.generation.fetch_max(*generation, set);
            if self.uncertain_until.load(get) > 0 {
                self.set_uncertain(*generation);
            }
        }
    }

    /// What whoever holds that generation, or an earlier one, was sent or had done is not known.
    pub(super) fn set_uncertain(&self, generation: u32) {
        self.uncertain_until.fetch_max(u64::from(generation) + 1, Ordering::AcqRel);
    }

    pub(super) fn generation_unknown(&self) -> bool {
        self.generation_unknown.load(Ordering::Acquire)
    }

    /// Whether rooms of a former process, in which it sits, may still have to be brought back.
    pub(crate) fn rooms_unknown(&self) -> bool {
        self.rooms_unknown.load(Ordering::Acquire)
    }

    pub(crate) fn rooms_are_known(&self) {
        self.rooms_unknown.store(false, Ordering::Release);
    }

    /// Whether the client is to be told that what came before is not known. It is told by the welcome of the next
    /// generation, once that is sent.
    pub(super) fn uncertain(&self) -> bool {
        let (held, _) = self.held_generation();
        u64::from(held) < self.uncertain_until.load(Ordering::Acquire)
    }

    /// The generation that the client holds for certain, and whether it may hold the next one: one that was used up is
    /// good until the welcome with the next has gone out.
    pub(crate) fn held_generation(&self) -> (u32, bool) {
        let greeted = self.outbox.greeted();
        match self.generation.load(Ordering::Acquire) {
            0 => (0, false),
            present if greeted => (present, false),
            present => (present - 1, true),
        }
    }

    /// Uses up a generation. False when it is not the present one.
    pub(super) fn next_generation(&self, from: u32) -> bool {
        let (set, get) = (Ordering::AcqRel, Ordering::Acquire);
        let Ok(_) = self.generation.compare_exchange(from, from + 1, set, get) else {
            return false;
        };
        self.outbox.expect_greeting();
        // From here on generations are this process's own.
        self.generation_unknown.store(false, Ordering::Release);
        self.may_hold_next.store(false, Ordering::Release);
        true
    }

    pub(super) fn set_done(&self, done: bool) {
        self.done.store(done, Ordering::Release);
    }

    pub(super) fn done(&self) -> bool {
        self.done.load(Ordering::Acquire)
    }

    /// Takes a generation back that nobody was told of. Gives the present one.
    pub(super) fn give_back_generation(&self, from: u32) -> u32 {
        let (set, get) = (Ordering::AcqRel, Ordering::Acquire);
        match self.generation.compare_exchange(from, from - 1, set, get) {
            Ok(_) => {
                self.outbox.not_greeted();
                from - 1
            }
            Err(present) => present,
        }
    }

    /// True for every incarnation but the first.
    pub(super) fn restarting(&self) -> bool {
        self.restarted.swap(true, Ordering::AcqRel)
    }

    /// The right to serve this session's socket. Waits until the former socket is torn down.
    pub async fn serve(&self) -> tokio::sync::OwnedMutexGuard<()> {
        self.socket.clone().lock_owned().await
    }

    pub fn has_socket(&self) -> bool {
        self.socket.try_lock().is_err()
    }
}
