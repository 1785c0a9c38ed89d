//! The lanes of an outbox, as a value: what is queued, what is kept for a resume, and in which order it leaves.

use std::collections::VecDeque;

use bytes::Bytes;
use gamev1_protocol::{
    CloseCode, StateTail,
    limits::{RELIABLE_BYTES_MAX, RELIABLE_FRAMES_MAX},
};

use super::Counted;

/// A state on its way to one member. `ack` is the member's own, the tail is shared.
#[derive(Debug, Clone)]
pub struct StateFrame {
    pub ack: u32,
    pub tail: StateTail,
    /// The tick that the member holds once it has this frame.
    pub tick: u64,
    /// The tick that it must hold before; `None` for a snapshot.
    pub base: Option<u64>,
}

/// How the socket is to close.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Close {
    pub code: CloseCode,
    pub retry_after_ms: Option<u64>,
}

/// What came of emptying an outbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drained {
    /// Whether anything was put into the sink.
    pub moved: bool,
    /// Whether nothing is left.
    pub empty: bool,
    /// How the socket is to close once nothing is left.
    pub close: Option<Close>,
}

/// Where frames go: the socket's write buffer.
pub trait Sink {
    /// Whether one more frame may be put in.
    fn has_room(&self) -> bool;
    fn frame(&mut self, frame: &[u8]);
    fn state(&mut self, frame: &StateFrame);
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pushed {
    WakeSocket,
    Quiet,
}

#[derive(Default)]
pub(super) struct Lanes {
    /// The welcome: it leaves before everything else and is not lost to an overflow, for it names the next resume.
    welcome: Option<Bytes>,
    reliable: VecDeque<(Bytes, Counted)>,
    reliable_bytes: usize,
    /// How many at the front of `reliable` are sent again; they do not count against its bounds.
    replayed: usize,
    states: Vec<(u32, StateFrame)>,
    close: Option<Close>,
    /// Counted frames that the client has not confirmed, the oldest first.
    kept: VecDeque<Bytes>,
    kept_bytes: usize,
    /// The count of the frame at the front of `kept`, less one.
    before_kept: u64,
    attached: bool,
    uncounted_lost: bool,
    /// Whether the last welcome has gone to the socket, and with it the token that it names.
    greeted: bool,
    /// The last welcome tells of uncounted frames that were lost.
    telling_lost: bool,
    /// The count of frames at the farewell. It counts, but is not kept: it names a token that the next welcome replaces.
    farewell_at: Option<u64>,
    /// Whether the socket's task knows that something waits.
    awake: bool,
}

/// What is kept for a resume. More than may be unsent: a client that was closed for being slow finds it all.
const KEPT_BYTES_MAX: usize = 2 * RELIABLE_BYTES_MAX;
const KEPT_FRAMES_MAX: usize = 2 * RELIABLE_FRAMES_MAX;

impl Lanes {
    pub(super) fn push(&mut self, frame: Bytes, counted: Counted) -> Pushed {
        if counted == Counted::Yes {
            self.keep(frame.clone());
        }
        if !self.attached || self.close.is_some() {
            self.uncounted_lost |= counted == Counted::No;
            return Pushed::Quiet;
        }
        if self.reliable.len() - self.replayed >= RELIABLE_FRAMES_MAX
            || self.reliable_bytes + frame.len() > RELIABLE_BYTES_MAX
        {
            // What is queued would only arrive late; the resume brings what counts.
            self.uncounted_lost |= counted == Counted::No;
            self.drop_unsent();
            return self.close(Close { code: CloseCode::TooSlow, retry_after_ms: None });
        }
        self.reliable_bytes += frame.len();
        self.reliable.push_back((frame, counted));
        self.wake()
    }

    /// The last frame before the process ends. Only a client that has read it counts it; one that is away may have read
    /// that of the process before.
    pub(super) fn farewell(&mut self, frame: Bytes) -> Pushed {
        if !self.attached || self.close.is_some() {
            return Pushed::Quiet;
        }
        self.farewell_at = Some(self.before_kept + self.kept.len() as u64);
        self.reliable_bytes += frame.len();
        self.reliable.push_back((frame, Counted::Yes));
        self.wake()
    }

    pub(super) fn farewell_at(&self) -> Option<u64> {
        self.farewell_at
    }

    /// A client of a former process says how much it has: with the farewell, its count is one ahead of what is kept.
    pub(super) fn met(&mut self, received: u64) {
        let Some(at) = self.farewell_at.take() else { return };
        if received == at + 1 {
            self.confirm(at);
            self.before_kept += 1;
        }
    }

    /// A resume has used the token up that the client holds; until the welcome is sent it knows of no other.
    pub(super) fn expect_greeting(&mut self) {
        self.greeted = false;
    }

    pub(super) fn greeted(&self) -> bool {
        self.greeted
    }

    /// That welcome was never sent: the client holds the token from before, and knows nothing of what was lost.
    pub(super) fn not_greeted(&mut self) {
        self.greeted = true;
        self.uncounted_lost |= std::mem::take(&mut self.telling_lost);
    }

    fn drop_unsent(&mut self) {
        self.uncounted_lost |= self.reliable.iter().any(|(_, counted)| *counted == Counted::No);
        self.reliable.clear();
        self.reliable_bytes = 0;
        self.replayed = 0;
    }

    /// Beyond the bound the oldest goes: a resume from before it is no longer complete.
    fn keep(&mut self, frame: Bytes) {
        self.kept_bytes += frame.len();
        self.kept.push_back(frame);
        while self.kept_bytes > KEPT_BYTES_MAX || self.kept.len() > KEPT_FRAMES_MAX {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        if let Some(frame) = self.kept.pop_front() {
            self.kept_bytes -= frame.len();
            self.before_kept += 1;
        }
    }

    pub(super) fn replace_state(
        &mut self,
        n: u32,
        next: impl FnOnce(Option<StateFrame>) -> Option<StateFrame>,
    ) -> Option<Pushed> {
        if !self.attached || self.close.is_some() {
            return None;
        }
        let unsent = self.take_state(n);
        match next(unsent) {
            Some(frame) => {
                self.states.push((n, frame));
                Some(self.wake())
            }
            None => Some(Pushed::Quiet),
        }
    }

    pub(super) fn take_state(&mut self, n: u32) -> Option<StateFrame> {
        let at = self.states.iter().position(|(room, _)| *room == n)?;
        Some(self.states.remove(at).1)
    }

    pub(super) fn close(&mut self, close: Close) -> Pushed {
        self.close.get_or_insert(close);
        self.wake()
    }

    pub(super) fn confirm(&mut self, received: u64) {
        while self.before_kept < received && !self.kept.is_empty() {
            self.forget_oldest();
        }
    }

    pub(super) fn attach(&mut self) {
        self.attached = true;
        self.close = None;
    }

    pub(super) fn open(&mut self, welcome: Bytes) -> Pushed {
        self.attach();
        self.welcome = Some(welcome);
        self.wake()
    }

    pub(super) fn reopen(&mut self, welcome: Bytes, received: u64) -> Pushed {
        self.detach();
        if !self.keeps_from(received) {
            // Some are lost, and the client knows. From here on both count from what it has.
            let beyond = received > self.before_kept;
            if beyond {
                self.confirm(u64::MAX);
            }
            self.before_kept = received;
        }
        self.confirm(received);
        self.reliable.extend(self.kept.iter().map(|frame| (frame.clone(), Counted::Yes)));
        self.replayed = self.reliable.len();
        self.open(welcome)
    }

    pub(super) fn detach(&mut self) {
        self.attached = false;
        self.welcome = None;
        self.drop_unsent();
        self.states.clear();
    }

    pub(super) fn keeps_from(&self, received: u64) -> bool {
        (self.before_kept..=self.before_kept + self.kept.len() as u64).contains(&received)
    }

    pub(super) fn kept(&self, bytes_max: usize) -> (u64, Vec<Bytes>) {
        if self.kept_bytes > bytes_max {
            return (self.before_kept + self.kept.len() as u64, Vec::new());
        }
        (self.before_kept, self.kept.iter().cloned().collect())
    }

    pub(super) fn restore(&mut self, before_kept: u64, kept: &[Bytes], farewell_at: Option<u64>) {
        (self.before_kept, self.farewell_at, self.greeted) = (before_kept, farewell_at, true);
        kept.iter().for_each(|frame| self.keep(frame.clone()));
    }

    pub(super) fn take_uncounted_lost(&mut self) -> bool {
        self.telling_lost |= std::mem::take(&mut self.uncounted_lost);
        self.telling_lost
    }

    pub(super) fn drain(&mut self, sink: &mut impl Sink) -> Drained {
        let mut moved = false;
        while sink.has_room() {
            if let Some(welcome) = self.welcome.take() {
                (self.greeted, self.telling_lost) = (true, false);
                sink.frame(&welcome);
            } else if let Some((frame, _)) = self.reliable.pop_front() {
                match self.replayed.checked_sub(1) {
                    Some(left) => self.replayed = left,
                    None => self.reliable_bytes -= frame.len(),
                }
                sink.frame(&frame);
            } else if !self.states.is_empty() {
                sink.state(&self.states.remove(0).1);
            } else {
                break;
            }
            moved = true;
        }
        let empty = self.welcome.is_none() && self.reliable.is_empty() && self.states.is_empty();
        if empty {
            self.awake = false;
        }
        Drained { moved, empty, close: self.close }
    }

    fn wake(&mut self) -> Pushed {
        match std::mem::replace(&mut self.awake, true) {
            true => Pushed::Quiet,
            false => Pushed::WakeSocket,
        }
    }
}
