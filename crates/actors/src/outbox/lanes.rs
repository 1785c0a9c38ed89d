//! The lanes of an outbox, as a value: what is queued, what is kept for a resume, and in which order it leaves.

use std::{collections::VecDeque, task::Poll};

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
    reliable: VecDeque<Bytes>,
    reliable_bytes: usize,
    states: Vec<(u32, StateFrame)>,
    close: Option<Close>,
    /// Counted frames that the client has not confirmed, the oldest first.
    kept: VecDeque<Bytes>,
    kept_bytes: usize,
    /// The count of the frame at the front of `kept`, less one.
    before_kept: u64,
    attached: bool,
    uncounted_lost: bool,
    /// Whether the socket's task knows that something waits.
    awake: bool,
}

impl Lanes {
    pub(super) fn push(&mut self, frame: Bytes, counted: Counted) -> Pushed {
        if counted == Counted::Yes {
            self.keep(frame.clone());
        }
        if !self.attached || self.close.is_some() {
            self.uncounted_lost |= counted == Counted::No;
            return Pushed::Quiet;
        }
        if self.reliable.len() >= RELIABLE_FRAMES_MAX
            || self.reliable_bytes + frame.len() > RELIABLE_BYTES_MAX
        {
            // What is queued would only arrive late; the resume brings what counts.
            self.reliable.clear();
            self.reliable_bytes = 0;
            return self.close(Close { code: CloseCode::TooSlow, retry_after_ms: None });
        }
        self.reliable_bytes += frame.len();
        self.reliable.push_back(frame);
        self.wake()
    }

    /// Beyond the bound the oldest goes: a resume from before it is no longer complete.
    fn keep(&mut self, frame: Bytes) {
        self.kept_bytes += frame.len();
        self.kept.push_back(frame);
        while self.kept_bytes > RELIABLE_BYTES_MAX || self.kept.len() > RELIABLE_FRAMES_MAX {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        if let Some(frame) = self.kept.pop_front() {
            self.kept_bytes -= frame.len();
            self.before_kept += 1;
        }
    }

    pub(super) fn put_state(&mut self, n: u32, frame: StateFrame) -> Option<Pushed> {
        if !self.attached || self.close.is_some() {
            return None;
        }
        self.states.push((n, frame));
        Some(self.wake())
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
        self.reliable_bytes += welcome.len();
        self.reliable.push_front(welcome);
        self.wake()
    }

    pub(super) fn reopen(&mut self, welcome: Bytes, received: u64) -> Pushed {
        self.detach();
        self.confirm(received);
        self.reliable.extend(self.kept.iter().cloned());
        self.reliable_bytes = self.kept_bytes;
        self.open(welcome)
    }

    pub(super) fn detach(&mut self) {
        self.attached = false;
        self.reliable.clear();
        self.reliable_bytes = 0;
        self.states.clear();
    }

    pub(super) fn keeps_from(&self, received: u64) -> bool {
        (self.before_kept..=self.before_kept + self.kept.len() as u64).contains(&received)
    }

    pub(super) fn take_uncounted_lost(&mut self) -> bool {
        std::mem::take(&mut self.uncounted_lost)
    }

    pub(super) fn drain(&mut self, sink: &mut impl Sink) -> Poll<Option<Close>> {
        let mut moved = false;
        while sink.has_room() {
            if let Some(frame) = self.reliable.pop_front() {
                self.reliable_bytes -= frame.len();
                sink.frame(&frame);
            } else if !self.states.is_empty() {
                sink.state(&self.states.remove(0).1);
            } else {
                break;
            }
            moved = true;
        }
        if self.reliable.is_empty() && self.states.is_empty() {
            self.awake = false;
            if self.close.is_some() {
                return Poll::Ready(self.close);
            }
        }
        if moved { Poll::Ready(None) } else { Poll::Pending }
    }

    fn wake(&mut self) -> Pushed {
        match std::mem::replace(&mut self.awake, true) {
            true => Pushed::Quiet,
            false => Pushed::WakeSocket,
        }
    }
}
