//! What waits to leave on one socket. It belongs to the session and outlives the socket and the actor: a cut
//! connection leaves the frames that count here until the client has said that it has them.

mod lanes;
#[cfg(test)]
mod tests;

use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::task::AtomicWaker;
use gamev1_protocol::{CloseCode, Format, Push, Reply, WireError, encode};
use parking_lot::Mutex;

pub use self::lanes::{Close, Drained, Sink, StateFrame};
use self::lanes::{Lanes, Pushed};

/// The queue of one session's frames, filled by rooms and the session, emptied by the socket's task.
pub struct Outbox {
    format: Format,
    lanes: Mutex<Lanes>,
    socket: AtomicWaker,
}

/// Whether a frame counts for a resume: whether it must reach the client even over a cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    Yes,
    No,
}

impl Outbox {
    pub fn new(format: Format) -> Outbox {
        Outbox { format, lanes: Mutex::default(), socket: AtomicWaker::new() }
    }

    pub fn format(&self) -> Format {
        self.format
    }

    pub fn push(&self, push: &Push) {
        self.send(encode::push(self.format, push), Counted::Yes);
    }

    pub fn reply(&self, id: Option<u64>, reply: &Reply) {
        if let Some(id) = id {
            let counted =
                if matches!(reply, Reply::Pong { .. }) { Counted::No } else { Counted::Yes };
            self.send(encode::reply(self.format, id, reply), counted);
        }
    }

    pub fn refuse(&self, id: Option<u64>, request: &str, error: &WireError) {
        self.send(encode::refusal(self.format, id, request, error), Counted::Yes);
    }

    /// Queues a frame of the reliable lane. When the lane is full the socket closes with 4008 and the client resumes.
    pub fn send(&self, frame: Bytes, counted: Counted) {
        let pushed = self.lanes.lock().push(frame, counted);
        self.wake(pushed);
    }

    /// Queues the state of room `n` that `next` makes of the one that is still unsent, if there is one. False when
    /// there is no socket that it could go to; `next` is not asked then.
    pub fn replace_state(
        &self,
        n: u32,
        next: impl FnOnce(Option<StateFrame>) -> Option<StateFrame>,
    ) -> bool {
        let Some(pushed) = self.lanes.lock().replace_state(n, next) else { return false };
        self.wake(pushed);
        true
    }

    /// Queues the state of room `n` in place of one that is still unsent. False when there is no socket.
    pub fn put_state(&self, n: u32, frame: StateFrame) -> bool {
        self.replace_state(n, |_| Some(frame))
    }

    /// Takes back the state of room `n` if it is still unsent.
    pub fn take_state(&self, n: u32) -> Option<StateFrame> {
        self.lanes.lock().take_state(n)
    }

    /// Asks the socket to close once what is queued has left. The first reason stands.
    pub fn close(&self, code: CloseCode, retry_after_ms: Option<u64>) {
        let pushed = self.lanes.lock().close(Close { code, retry_after_ms });
        self.wake(pushed);
    }

    /// The client has every counted frame up to `received`.
    pub fn confirm(&self, received: u64) {
        self.lanes.lock().confirm(received);
    }

    /// A new session's socket begins to empty this; the welcome is its first frame and does not count.
    pub fn open(&self, welcome: &Push) {
        let welcome = encode::push(self.format, welcome);
        let pushed = self.lanes.lock().open(welcome);
        self.wake(pushed);
    }

    /// As [`Outbox::open`], without a welcome: for those who read it in a socket's place.
    pub fn attach(&self) {
        self.lanes.lock().attach();
    }

    /// A client that has `received` counted frames comes back on a new socket: the welcome leaves first, then the
    /// frames that it lacks, then what comes from now on. In one step, so that nothing gets in between.
    pub fn reopen(&self, welcome: &Push, received: u64) {
        let welcome = encode::push(self.format, welcome);
        let pushed = self.lanes.lock().reopen(welcome, received);
        self.wake(pushed);
    }

    /// The socket is gone: from here on only frames that count are kept.
    pub fn detach(&self) {
        self.lanes.lock().detach();
    }

    /// Queues the frame that tells a client to come back to the next process.
    pub(crate) fn farewell(&self, push: &Push) {
        let frame = encode::push(self.format, push);
        let pushed = self.lanes.lock().farewell(frame);
        self.wake(pushed);
    }

    /// How many frames had counted when the farewell was queued.
    pub(crate) fn farewell_at(&self) -> Option<u64> {
        self.lanes.lock().farewell_at()
    }

    /// A client that has `received` counted frames wants to come back.
    pub(crate) fn met(&self, received: u64) {
        self.lanes.lock().met(received);
    }

    /// A resume is on its way: until its welcome is sent the client knows only the token that it came with.
    pub(crate) fn expect_greeting(&self) {
        self.lanes.lock().expect_greeting();
    }

    /// Whether the last welcome has gone to the socket.
    pub(crate) fn greeted(&self) -> bool {
        self.lanes.lock().greeted()
    }

    /// The last welcome was never sent, and what it would have told is still to be told.
    pub(crate) fn not_greeted(&self) {
        self.lanes.lock().not_greeted();
    }

    /// Whether every counted frame after the first `received` is still kept.
    pub fn keeps_from(&self, received: u64) -> bool {
        self.lanes.lock().keeps_from(received)
    }

    /// Whether frames that do not count were dropped for want of a socket since a welcome last told of it.
    pub fn take_uncounted_lost(&self) -> bool {
        self.lanes.lock().take_uncounted_lost()
    }

    /// The frames that the client has not confirmed and the count before them; no frame when they are more than
    /// `bytes_max`, so that a resume learns that some are missing.
    pub(crate) fn kept(&self, bytes_max: usize) -> (u64, Vec<Bytes>) {
        self.lanes.lock().kept(bytes_max)
    }

    /// Takes over what a former process had kept.
    pub(crate) fn restore(&self, before_kept: u64, kept: &[Bytes], farewell_at: Option<u64>) {
        self.lanes.lock().restore(before_kept, kept, farewell_at);
    }

    /// Moves frames into `sink` until it is full: reliable ones first, then states. When nothing is left, the task is
    /// woken by the next push.
    pub fn drain(&self, cx: &Context<'_>, sink: &mut impl Sink) -> Drained {
        self.socket.register(cx.waker());
        self.lanes.lock().drain(sink)
    }

    /// The same for those who do nothing else: ready when something has moved or the socket is to close.
    pub fn poll_drain(&self, cx: &Context<'_>, sink: &mut impl Sink) -> Poll<Option<Close>> {
        let Drained { moved, empty, close } = self.drain(cx, sink);
        match close {
            Some(close) if empty => Poll::Ready(Some(close)),
            _ if moved => Poll::Ready(None),
            _ => Poll::Pending,
        }
    }

    fn wake(&self, pushed: Pushed) {
        if pushed == Pushed::WakeSocket {
            self.socket.wake();
        }
    }
}
