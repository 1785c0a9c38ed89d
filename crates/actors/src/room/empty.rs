//! The end of a room in which nobody sits.

use std::time::Duration;

use gamev1_protocol::push::ClosedReason;
use ractor::ActorRef;

use super::{RoomItem, RoomMsg, Running};

/// A room that nobody sits in ends after this.
const EMPTY_FOR: Duration = Duration::from_secs(60);

impl Running {
    pub(super) fn arm_end_when_empty(&mut self, myself: &ActorRef<RoomMsg>) {
        if !self.chairs.is_empty() {
            self.empty_since = None;
            return;
        }
        let since = *self.empty_since.get_or_insert(self.cell.age());
        if !std::mem::replace(&mut self.empty_armed, true) {
            let left = EMPTY_FOR.saturating_sub(self.age().saturating_sub(since));
            myself.send_after(left.max(Duration::from_secs(1)), || RoomMsg::Empty);
        }
    }

    pub(super) fn end_if_empty(&mut self, myself: &ActorRef<RoomMsg>) {
        self.empty_armed = false;
        let empty_for = self.empty_since.map(|since| self.age().saturating_sub(since));
        let joins = |item: &RoomItem| matches!(item, RoomItem::Join { .. });
        if empty_for.is_some_and(|time| time >= EMPTY_FOR) && self.cell.inbox.count(joins) == 0 {
            self.close(ClosedReason::Empty, "nobody was in the room", None, myself);
        } else {
            self.arm_end_when_empty(myself);
        }
    }
}
