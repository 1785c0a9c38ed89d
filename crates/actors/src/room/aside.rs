//! What a room died of, seen to by its next incarnation: answered, and never handled again. What had been done when it
//! died is not refused, and what had been said is not said again.

use std::sync::Arc;

use gamev1_protocol::{Push, Reply, Seat, push::ClosedReason};

use super::{
    RoomItem, Running,
    answer::{internal, poison},
    desk::too_many,
    recovery::{Failed, Site},
    seating::Taken,
    state::Entry,
};
use crate::{ask::Ask, session::SessionCell};

impl Running {
    /// Sees to what the last incarnation failed at: an entry that it applied on its way back, or an item of its inbox.
    /// What is to be done in the game waits until all that is behind it.
    pub(super) fn set_aside(&mut self, site: Site) {
        let failed = self.cell.memory.lock().failed_at_hand();
        match failed {
            Some(Failed::Join(member)) => self.lose_seat(member.seat),
            Some(Failed::Input(input)) => {
                self.reject_late(input.seat, input.seq, &poison());
                self.kick_if_barred(input.seat);
            }
            None => {}
        }
        self.cell.memory.lock().told_failed();
        let Some(item) = self.cell.inbox.current() else { return };
        let (applied, seat) = {
            let progress = &self.cell.memory.lock().progress;
            (progress.applied, progress.seat)
        };
        match item {
            // A newcomer is welcomed when the room is back.
            RoomItem::Join { .. } if applied => return,
            RoomItem::Join { ask, .. } => {
                if !self.by_session.contains_key(&ask.session.id) {
                    ask.session.let_go(self.cell.id);
                }
                self.refuse(&ask, &internal());
            }
            RoomItem::Leave { session, ask } => {
                self.left(&session, applied, seat, site);
                if let Some(ask) = ask {
                    self.answer(&ask, &Reply::Done {});
                }
            }
            RoomItem::Input { ask, seq, .. } if applied => self.input_was_done(&ask, seq),
            RoomItem::Input { ask, seq, .. } => self.poisoned(&ask, seq),
            RoomItem::Dropped { ask, seq } => self.was_dropped(&ask, seq, applied),
            // Everybody is to get a snapshot now.
            RoomItem::Sync { ask } => self.answer(&ask, &Reply::Done {}),
            RoomItem::Send { ask, .. } => self.refuse(&ask, &internal()),
            RoomItem::Describe { .. } | RoomItem::Show { .. } => {}
        }
        self.cell.inbox.commit();
    }

    /// The seat is free, whatever the game has to say to it.
    fn left(&mut self, session: &Arc<SessionCell>, applied: bool, freed: Option<Seat>, site: Site) {
        match (self.by_session.get(&session.id).copied(), freed) {
            (Some(seat), _) => {
                if !applied {
                    let failed = site == Site::Leave;
                    let entry = if failed { Entry::Forget(seat) } else { Entry::Leave(seat) };
                    self.cell.memory.lock().hold(entry);
                }
                self.vacate(seat, None);
            }
            (None, Some(seat)) => {
                session.let_go(self.cell.id);
                self.tell_all(&Push::RoomLeft { room: self.cell.id, seat });
            }
            (None, None) => {}
        }
    }

    fn input_was_done(&mut self, ask: &Ask, seq: u32) {
        let Some(&seat) = self.by_session.get(&ask.session.id) else { return };
        let refusal = self.cell.memory.lock().progress.refusal.clone();
        self.input_done(ask, seat, seq, refusal);
    }

    /// The sender of an input that killed the room is told, and loses the seat the second time within a minute.
    fn poisoned(&mut self, ask: &Ask, seq: u32) {
        let Some(&seat) = self.by_session.get(&ask.session.id) else {
            return self.refuse(ask, &poison());
        };
        self.cell.memory.lock().hold(Entry::Settle { seat, seq });
        self.reject(ask, seat, seq, &poison());
        self.kick_if_barred(seat);
    }

    fn was_dropped(&mut self, ask: &Ask, seq: u32, applied: bool) {
        if let Some(&seat) = self.by_session.get(&ask.session.id) {
            if !applied {
                self.cell.memory.lock().hold(Entry::Settle { seat, seq });
            }
            self.reject(ask, seat, seq, &too_many());
        } else if ask.id.is_some() {
            self.refuse(ask, &too_many());
        }
    }

    /// A crash in the game's `input` is its sender's. Noted before anything else can fail.
    pub(super) fn charge(&self, site: Site) {
        if site != Site::Input {
            return;
        }
        let at_hand = match self.cell.memory.lock().at_hand() {
            Some(Entry::Input(input)) => Some(input.seat),
            _ => None,
        };
        let player = match (at_hand, self.cell.inbox.current()) {
            (Some(seat), _) => self.cell.seated.lock().get(&seat).map(|seated| seated.player),
            (None, Some(RoomItem::Input { ask, .. })) => Some(ask.session.player()),
            (None, _) => None,
        };
        if let Some(player) = player {
            self.cell.memory.lock().charge(player, self.cell.age());
        }
    }

    /// The member is gone before the game is asked to let it go: a `leave` that panics does not keep it.
    fn kick_if_barred(&mut self, seat: Seat) {
        let Some(chair) = self.chairs.get(&seat) else { return };
        if !self.cell.memory.lock().barred(chair.seated.player) {
            return;
        }
        self.cell.memory.lock().hold(Entry::Leave(seat));
        let message = "inputs of this player have failed the room twice within a minute";
        self.tell_closed(seat, ClosedReason::Kicked, message);
        self.vacate(seat, None);
    }

    fn tell_closed(&self, seat: Seat, reason: ClosedReason, message: &str) {
        let Some(chair) = self.chairs.get(&seat) else { return };
        let (room, message) = (self.cell.id, message.to_owned());
        let closed = Push::RoomClosed { room, reason, message, result: None };
        chair.seated.session.outbox.push(&closed);
    }

    /// A member whom the game does not take in again, now that the room is back.
    pub(super) fn lose_seat(&mut self, seat: Seat) {
        let newcomer = self.newcomer().filter(|(newcomer, _)| *newcomer == seat);
        if newcomer.is_none() || self.answered() {
            let message = "the room failed, and its game did not take the player in again";
            self.tell_closed(seat, ClosedReason::Crashed, message);
        }
        match newcomer {
            Some((_, ask)) => {
                self.stand_up(seat, None);
                self.refuse(&ask, &internal());
                self.cell.inbox.commit();
            }
            None => self.vacate(seat, None),
        }
    }

    /// Who has taken a seat with the item at hand, and of whom the others have not been told.
    pub(super) fn newcomer(&self) -> Option<(Seat, Ask)> {
        let Some(RoomItem::Join { ask, .. }) = self.cell.inbox.current() else { return None };
        let seat = *self.by_session.get(&ask.session.id)?;
        let progress = &self.cell.memory.lock().progress;
        (progress.applied && !progress.told).then_some((seat, ask))
    }

    /// A join that was done, and not told to the end.
    pub(super) fn finish_join(&mut self) {
        let Some(RoomItem::Join { ask, .. }) = self.cell.inbox.current() else { return };
        match self.by_session.get(&ask.session.id).copied() {
            Some(seat) => {
                let new = self.cell.memory.lock().progress.seat.is_some();
                if let Some(chair) = self.chairs.get(&seat).filter(|_| new) {
                    self.record_taken(&chair.seated);
                }
                self.tell_moved();
                self.welcome(&ask, if new { Taken::New(seat) } else { Taken::Moved(seat) });
            }
            None => {
                ask.session.let_go(self.cell.id);
                self.refuse(&ask, &internal());
            }
        }
        self.cell.inbox.commit();
    }
}
