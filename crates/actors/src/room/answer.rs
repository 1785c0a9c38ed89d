//! What the room says to its members besides their state. Answers to what is at hand are noted between their writing and
//! their sending: what may fail is before that, so that a room which comes back owes what was not sent, and does not send
//! twice what was.

use gamev1_protocol::{ErrorCode, Push, Reply, Seat, WireError, encode, push::InputRejected};
use tokio::time::Instant;

use super::{Running, patch::PerFormat, recovery::Progress};
use crate::{ask::Ask, outbox::Counted};

impl Running {
    /// What is known of how far the room has come with the item at hand.
    fn progress<T>(&self, look: impl FnOnce(&mut Progress) -> T) -> T {
        look(&mut self.cell.memory.lock().progress)
    }

    pub(super) fn answered(&self) -> bool {
        self.progress(|progress| progress.answered)
    }

    /// A new item is at hand.
    pub(super) fn nothing_done(&self) {
        self.progress(|progress| *progress = Progress::default());
    }

    /// The item at hand is done. A seat that was taken or freed with it is noted.
    pub(super) fn applied(&self, seat: Option<Seat>) {
        self.progress(|progress| (progress.applied, progress.seat) = (true, seat));
    }

    /// From here on some of the others may have heard of who takes a seat with the item at hand.
    pub(super) fn others_hear(&self) {
        self.progress(|progress| progress.told = true);
    }

    pub(super) fn answer(&self, ask: &Ask, reply: &Reply) {
        let Some(id) = ask.id else { return };
        if self.answered() {
            return;
        }
        let outbox = &ask.session.outbox;
        let frame = encode::reply(outbox.format(), id, reply);
        self.progress(|progress| progress.answered = true);
        outbox.send(frame, Counted::Yes);
    }

    pub(super) fn refuse(&self, ask: &Ask, error: &WireError) {
        if self.answered() {
            return;
        }
        let outbox = &ask.session.outbox;
        let frame = encode::refusal(outbox.format(), ask.id, ask.request, error);
        self.progress(|progress| progress.answered = true);
        outbox.send(frame, Counted::Yes);
    }

    /// Tells the sender of the input at hand that it was not applied, and answers it.
    pub(super) fn reject(&mut self, ask: &Ask, seat: Seat, seq: u32, error: &WireError) {
        if !self.progress(|progress| progress.told)
            && let Some(rejected) = self.rejection(seat, seq, error)
        {
            let outbox = &ask.session.outbox;
            let frame = encode::push(outbox.format(), &rejected);
            self.progress(|progress| progress.told = true);
            outbox.send(frame, Counted::Yes);
        }
        if ask.id.is_some() {
            self.refuse(ask, error);
        }
    }

    /// The same for an input that was told of long ago and comes to nothing now.
    pub(super) fn reject_late(&mut self, seat: Seat, seq: u32, error: &WireError) {
        if let Some(rejected) = self.rejection(seat, seq, error)
            && let Some(chair) = self.chairs.get(&seat)
        {
            chair.seated.session.outbox.push(&rejected);
        }
    }

    /// Five a second at most for each member: `None` beyond that.
    fn rejection(&mut self, seat: Seat, seq: u32, error: &WireError) -> Option<Push> {
        let more = self.chairs.get_mut(&seat)?.rejections.count(Instant::now())?;
        let WireError { code, message, details, .. } = error.clone();
        let room = self.cell.id;
        let rejected = InputRejected { room, seq, code, message, details, more };
        Some(Push::RoomInputRejected(rejected))
    }

    /// Pushes to all members, encoded once a format.
    pub(super) fn tell_all(&self, push: &Push) {
        self.tell_others(push, None);
    }

    pub(super) fn tell_others(&self, push: &Push, but: Option<Seat>) {
        let mut frames = PerFormat::default();
        for (seat, chair) in &self.chairs {
            if Some(*seat) != but {
                let outbox = &chair.seated.session.outbox;
                let frame = frames.get(outbox.format(), |format| encode::push(format, push));
                outbox.send(frame, Counted::Yes);
            }
        }
    }
}

/// The answer to a request that the room failed at.
pub(super) fn internal() -> WireError {
    WireError::new(ErrorCode::Internal, "the room failed at this request")
}

/// What is said of an input that failed the room.
pub(super) fn poison() -> WireError {
    WireError::new(ErrorCode::InputPoison, "this input failed the room and was set aside")
}
