//! What a room waits for besides its ticks: that nobody sits in it for long, and that its image falls due.

use std::time::Duration;

use gamev1_protocol::push::ClosedReason;
use ractor::{ActorRef, MessagingErr, concurrency::JoinHandle};

use super::{RoomItem, RoomMsg, Running, dissolve::End};

/// A room that nobody sits in ends after this.
const EMPTY_FOR: Duration = Duration::from_secs(60);

/// A timer holds its actor until it is over: of a dead room for a minute, and of rooms that come and go by the thousand
/// all at once.
#[derive(Default)]
pub(super) struct Timers {
    empty: Option<Timer>,
    /// With the time at which it is over, in the room's age.
    save: Option<(Duration, Timer)>,
}

impl Timers {
    /// Sees to it that the room looks at its image at that time, or sooner.
    pub(super) fn save_at(&mut self, at: Duration, arm: impl FnOnce() -> Timer) {
        if self.save.as_ref().is_none_or(|(armed, _)| at < *armed) {
            let later = self.save.replace((at, arm()));
            later.iter().for_each(|(_, timer)| timer.abort());
        }
    }

    pub(super) fn save_is_over(&mut self) {
        self.save = None;
    }
}

pub(super) type Timer = JoinHandle<Result<(), MessagingErr<RoomMsg>>>;

impl Drop for Timers {
    fn drop(&mut self) {
        let save = self.save.iter().map(|(_, timer)| timer);
        self.empty.iter().chain(save).for_each(JoinHandle::abort);
    }
}

impl Running {
    pub(super) fn arm_end_when_empty(&mut self, myself: &ActorRef<RoomMsg>) {
        if !self.chairs.is_empty() {
            self.empty_since = None;
            return;
        }
        let since = *self.empty_since.get_or_insert(self.cell.age());
        if self.timers.empty.is_none() {
            let left = EMPTY_FOR.saturating_sub(self.age().saturating_sub(since));
            let left = left.max(Duration::from_secs(1));
            self.timers.empty = Some(myself.send_after(left, || RoomMsg::Empty));
        }
    }

    pub(super) fn end_if_empty(&mut self, myself: &ActorRef<RoomMsg>) {
        self.timers.empty = None;
        let empty_for = self.empty_since.map(|since| self.age().saturating_sub(since));
        let joins = |item: &RoomItem| matches!(item, RoomItem::Join { .. });
        if empty_for.is_some_and(|time| time >= EMPTY_FOR) && self.cell.inbox.count(joins) == 0 {
            self.close(End::new(ClosedReason::Empty, "nobody was in the room"), myself);
        } else {
            self.arm_end_when_empty(myself);
        }
    }
}
