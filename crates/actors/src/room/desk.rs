//! What the room does with each item of its inbox: inputs, sends, asking for the state. Joins and leaves are in
//! `seating.rs`.

use std::time::Duration;

use gamev1_protocol::{ErrorCode, Raw, Reply, Seat, WireError, encode};
use ractor::ActorRef;
use tokio::time::Instant;

use super::{
    RoomCell, RoomItem, RoomMsg, Running, endings,
    patch::PerFormat,
    recovery::Site,
    state::{Entry, Settled},
};
use crate::{
    ask::Ask,
    game::RawInput,
    observe::{SpanRef, Work},
    outbox::Counted,
};

/// A member may ask for a snapshot this often.
const SYNC_EVERY: Duration = Duration::from_secs(1);
/// Rejected inputs that a member is told of, a second.
const REJECTIONS_A_SECOND: u32 = 5;

/// How many rejections a member has been told in the present second, and how many it was spared.
#[derive(Default)]
pub(super) struct Rejections {
    since: Option<Instant>,
    told: u32,
    spared: u64,
}

impl Rejections {
    /// Whether this one is told, and how many were not since the last that was.
    pub(super) fn count(&mut self, now: Instant) -> Option<Option<u64>> {
        if self.since.is_none_or(|since| now - since >= Duration::from_secs(1)) {
            self.since = Some(now);
            self.told = 0;
        }
        if self.told == REJECTIONS_A_SECOND {
            self.spared += 1;
            return None;
        }
        self.told += 1;
        let spared = std::mem::take(&mut self.spared);
        Some((spared > 0).then_some(spared))
    }
}

/// The answer to an input over the limit.
pub(super) fn too_many() -> WireError {
    WireError::new(ErrorCode::RateLimited, "more inputs than the limit allows")
}

/// Answers somebody whose item came too late. Who wants to leave has left.
pub(crate) fn refuse_closed(room: &RoomCell, item: RoomItem) {
    let leaving = matches!(item, RoomItem::Leave { .. });
    match item.into_ask() {
        Some(ask) if leaving => endings::left(room, ask),
        Some(ask) => ask.refuse(&room.closed()),
        None => {}
    }
}

impl Running {
    /// Handles at most `n` items. True when more may wait.
    pub(super) fn pump(&mut self, n: usize, myself: &ActorRef<RoomMsg>) -> bool {
        for _ in 0..n {
            // What happens between two ticks belongs to the one that comes.
            let Some(tick) = self.room.as_ref().map(|room| room.tick_number() + 1) else {
                return false;
            };
            let Some(item) = self.cell.inbox.begin() else { return false };
            self.nothing_done();
            let traced = item.traced().and_then(|(request, span)| self.trace(request, span));
            match item {
                RoomItem::Input { ask, seq, input } => self.input(&ask, seq, &input),
                RoomItem::Send { ask, payload, to } => self.send(&ask, &payload, to.as_deref()),
                RoomItem::Dropped { ask, seq } => self.dropped(&ask, seq),
                RoomItem::Join { ask, reserved } => self.join(&ask, reserved, myself),
                RoomItem::Leave { session, ask } => self.leave(&session, ask.as_ref(), myself),
                RoomItem::Sync { ask } => self.sync(&ask),
                RoomItem::Describe { session, tell } => self.describe(&session, &tell),
                RoomItem::Show { session } => self.show(&session),
            }
            self.cell.inbox.commit();
            self.say(tick, myself);
            if traced.is_some() {
                self.meta.set_cause(None);
            }
        }
        true
    }

    /// The span of an item, open while it is handled.
    fn trace(&self, request: &'static str, parent: SpanRef) -> Option<Box<dyn Work>> {
        let work = self.meta.observer()?.handling(&self.meta, request, parent);
        self.meta.set_cause(Some(work.span()));
        Some(work)
    }

    fn seat_of(&self, ask: &Ask) -> Result<Seat, WireError> {
        self.by_session.get(&ask.session.id).copied().ok_or_else(|| {
            WireError::new(ErrorCode::NotJoined, "this session does not sit in the room")
        })
    }

    fn input(&mut self, ask: &Ask, seq: u32, input: &Raw) {
        let seat = match self.seat_of(ask) {
            Ok(seat) => seat,
            Err(error) => return self.refuse(ask, &error),
        };
        let Some(room) = &mut self.room else { return };
        // The log keeps it: in memory of its own, lest a short input keeps a read buffer alive.
        let input = RawInput { seat, seq, input: input.detached() };
        self.cell.memory.lock().site = Site::Input;
        let refusal = match room.input(&input) {
            Settled::Ignored => {
                self.at(Site::Own);
                return self.answer(ask, &Reply::Done {});
            }
            Settled::Applied => None,
            Settled::Rejected(error) => Some(error),
        };
        self.commit_with(Entry::Input(input), refusal.as_ref());
        self.changed = true;
        self.input_done(ask, seat, seq, refusal);
    }

    /// Tells the sender of an input what became of it.
    pub(super) fn input_done(
        &mut self,
        ask: &Ask,
        seat: Seat,
        seq: u32,
        refusal: Option<WireError>,
    ) {
        match refusal {
            Some(error) => self.reject(ask, seat, seq, &error),
            None => self.answer(ask, &Reply::Done {}),
        }
    }

    fn dropped(&mut self, ask: &Ask, seq: u32) {
        let error = too_many();
        if let (Ok(seat), Some(room)) = (self.seat_of(ask), &mut self.room)
            && room.settle(seat, seq)
        {
            self.commit(Entry::Settle { seat, seq });
            self.changed = true;
            return self.reject(ask, seat, seq, &error);
        }
        if ask.id.is_some() {
            self.refuse(ask, &error);
        }
    }

    fn send(&mut self, ask: &Ask, payload: &Raw, to: Option<&[Seat]>) {
        let seat = match self.seat_of(ask) {
            Ok(seat) if self.cell.spec.settings.sends => seat,
            Ok(_) => {
                let message = format!("{} takes inputs, not sends", self.cell.spec.game.name());
                return self.refuse(ask, &WireError::new(ErrorCode::Forbidden, message));
            }
            Err(error) => return self.refuse(ask, &error),
        };
        let seats_max = self.cell.spec.settings.seats_max;
        if let Some(to) = to.filter(|to| to.len() > usize::from(seats_max)) {
            let (expected, got) = (format!("at most {seats_max} seats"), to.len().to_string());
            return self.refuse(ask, &WireError::bad_request("/data/to", &expected, &got));
        }
        let room = self.cell.id;
        let receives = |other: &Seat| to.map_or(*other != seat, |to| to.contains(other));
        let mut frames = PerFormat::default();
        for (_, chair) in self.chairs.iter().filter(|(other, _)| receives(other)) {
            let outbox = &chair.seated.session.outbox;
            let format = outbox.format();
            match frames.try_get(format, || encode::room_message(format, room, seat, payload)) {
                Ok(frame) => outbox.send(frame, Counted::No),
                Err(error) => return self.refuse(ask, &error),
            }
        }
        self.answer(ask, &Reply::Done {});
    }

    fn sync(&mut self, ask: &Ask) {
        let seat = match self.seat_of(ask) {
            Ok(seat) => seat,
            Err(error) => return self.refuse(ask, &error),
        };
        let Some(chair) = self.chairs.get_mut(&seat) else { return };
        let now = Instant::now();
        let wait = chair.synced_at.map_or(Duration::ZERO, |at| SYNC_EVERY.saturating_sub(now - at));
        if !wait.is_zero() {
            let error =
                WireError::new(ErrorCode::RateLimited, "one snapshot a second may be asked for");
            return self.refuse(ask, &error.retry_after_ms(wait.as_millis() as u64 + 1));
        }
        chair.synced_at = Some(now);
        chair.holds = None;
        chair.seated.session.outbox.take_state(self.cell.n);
        self.answer(ask, &Reply::Done {});
        self.changed = true;
    }
}
