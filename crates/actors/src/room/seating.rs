//! Who sits where: joining, leaving, moving a seat between the sessions of a player.

use std::{sync::Arc, time::SystemTime};

use gamev1_protocol::{
    ErrorCode, Joined, MemberInfo, Push, Reply, Seat, WireError, push::ClosedReason,
};
use ractor::ActorRef;

use super::{Chair, RoomMsg, Running, Seated, TellJoined, recovery::Site, state::Entry};
use crate::{ask::Ask, game::Member, ports::RoomRecord, session::SessionCell};

/// A seat that was free, or the player's own, which another of its sessions had.
#[derive(Clone, Copy)]
pub(super) enum Taken {
    New(Seat),
    Moved(Seat),
}

impl Running {
    pub(super) fn describe(&self, session: &SessionCell, tell: &TellJoined) {
        let seat = self.by_session.get(&session.id);
        if let (Some(joined), Some(tell)) =
            (seat.and_then(|&seat| self.joined(seat)), tell.lock().take())
        {
            // Whoever has stopped waiting wants no answer.
            let _ = tell.send(joined);
        }
    }

    pub(super) fn show(&mut self, session: &SessionCell) {
        let seat = self.by_session.get(&session.id);
        if let Some(chair) = seat.and_then(|seat| self.chairs.get_mut(seat)) {
            chair.holds = None;
            session.outbox.take_state(self.cell.n);
            self.changed = true;
        }
    }

    pub(super) fn join(&mut self, ask: &Ask, reserved: bool, myself: &ActorRef<RoomMsg>) {
        match self.seat(ask, reserved) {
            Ok(taken) => {
                self.welcome(ask, taken);
                self.changed = true;
            }
            Err(error) => {
                self.refuse(ask, &error);
                self.arm_end_when_empty(myself);
            }
        }
    }

    /// Finds a seat for a player, or says why there is none. A seat that was set aside is given back then.
    fn seat(&mut self, ask: &Ask, reserved: bool) -> Result<Taken, WireError> {
        let free = |error| {
            if reserved {
                self.cell.release();
            }
            Err(error)
        };
        let session = &ask.session;
        let player = session.player();
        if self.by_session.contains_key(&session.id) {
            return free(WireError::new(ErrorCode::AlreadyJoined, "this session sits in the room"));
        }
        if self.cell.memory.lock().barred(player) {
            let message = "inputs of this player have crashed the room";
            return free(WireError::new(ErrorCode::Forbidden, message));
        }
        let settings = &self.cell.spec.settings;
        let own = || self.chairs.values().map(|chair| &chair.seated).filter(|s| s.player == player);
        // Stays are numbered in time.
        let oldest = own().min_by_key(|seated| seated.stay).map(|seated| seated.seat);
        if let Some(oldest) = oldest
            && own().count() >= usize::from(settings.seats_per_player)
        {
            if !session.hold(&self.cell) {
                return free(cannot_hold());
            }
            if reserved {
                self.cell.release();
            }
            return Ok(Taken::Moved(self.move_seat(oldest, session)));
        }
        if !reserved && !self.cell.reserve() {
            let max = settings.seats_max;
            return Err(WireError::new(ErrorCode::RoomFull, format!("all {max} seats are taken")));
        }
        let taken = self.take_seat(session);
        if taken.is_err() {
            self.cell.release();
        }
        taken.map(Taken::New)
    }

    fn take_seat(&mut self, session: &Arc<SessionCell>) -> Result<Seat, WireError> {
        let seats_max = self.cell.spec.settings.seats_max;
        let Some(room) = &mut self.room else { return Err(self.cell.closed()) };
        let Some(seat) = room.free_seat(seats_max) else {
            return Err(WireError::new(
                ErrorCode::RoomFull,
                format!("all {seats_max} seats are taken"),
            ));
        };
        let (player, username) = (session.player(), session.username());
        let member = Member { seat, player, username: username.clone() };
        if !session.hold(&self.cell) {
            return Err(cannot_hold());
        }
        self.cell.memory.lock().site = Site::Join;
        if let Err(refusal) = room.join(member.clone()) {
            self.at(Site::Own);
            session.let_go(self.cell.id);
            return Err(refusal.into_error(ErrorCode::Forbidden));
        }
        let stay = uuid::Uuid::now_v7();
        let seated = Seated { seat, player, username, session: session.clone(), stay };
        self.commit(Entry::Join(member));
        self.applied(Some(seat));
        self.cell.seated.lock().insert(seat, seated.clone());
        self.record_taken(&seated);
        self.sit(seated);
        Ok(seat)
    }

    pub(super) fn record_taken(&self, seated: &Seated) {
        self.vault.record(RoomRecord::SeatTaken {
            game_session: seated.stay,
            room: self.cell.id,
            seat: seated.seat,
            player: seated.player,
            session: seated.session.id,
            at: SystemTime::now(),
        });
    }

    /// Puts a member at the table of this incarnation.
    pub(super) fn sit(&mut self, seated: Seated) {
        self.empty_since = None;
        self.seats_changed();
        self.by_session.insert(seated.session.id, seated.seat);
        self.chairs.insert(seated.seat, Chair::new(seated));
    }

    /// The player's oldest seat goes over to another of its sessions, with its number and state.
    fn move_seat(&mut self, seat: Seat, to: &Arc<SessionCell>) -> Seat {
        let Some(mut chair) = self.chairs.remove(&seat) else { return seat };
        let from = std::mem::replace(&mut chair.seated.session, to.clone());
        self.by_session.remove(&from.id);
        *self.cell.moved_from.lock() = Some(from);
        self.cell.seated.lock().insert(seat, chair.seated.clone());
        self.applied(None);
        self.sit(chair.seated);
        self.tell_moved();
        seat
    }

    /// The session that had the seat is told; it stays noted until it is.
    pub(super) fn tell_moved(&self) {
        let Some(from) = self.cell.moved_from.lock().clone() else { return };
        from.let_go(self.cell.id);
        from.outbox.take_state(self.cell.n);
        from.outbox.push(&Push::RoomClosed {
            room: self.cell.id,
            reason: ClosedReason::Moved,
            message: "another session of this player has taken the seat".into(),
            result: None,
        });
        *self.cell.moved_from.lock() = None;
    }

    /// The reply comes before anything else of the room; the others learn of a newcomer.
    pub(super) fn welcome(&mut self, ask: &Ask, taken: Taken) {
        let (Taken::New(seat) | Taken::Moved(seat)) = taken;
        let Some(joined) = self.joined(seat) else { return };
        let new = joined.players.iter().find(|member| member.seat == seat).cloned();
        self.answer(ask, &Reply::Joined(Box::new(joined)));
        if let (Some(member), Taken::New(_)) = (new, taken) {
            self.others_hear();
            self.tell_others(&Push::joined(self.cell.id, &member), Some(seat));
        }
    }

    fn joined(&self, seat: Seat) -> Option<Joined> {
        let sitting = self.room.as_ref()?.sitting(seat)?;
        let spec = &self.cell.spec;
        let players = self.chairs.values().map(|chair| MemberInfo {
            seat: chair.seated.seat,
            player: chair.seated.player,
            username: chair.seated.username.clone(),
        });
        Some(Joined {
            room: self.cell.id,
            n: self.cell.n,
            game: spec.game.name().to_owned(),
            epoch: self.cell.epoch(),
            tick_hz: spec.settings.tick_hz,
            patch_hz: spec.settings.patch_hz.min(spec.settings.tick_hz),
            seat,
            players: players.collect(),
            metadata: spec.metadata.clone(),
            keep_messages: false,
            input_seq: sitting.ack,
        })
    }

    pub(super) fn leave(
        &mut self,
        session: &Arc<SessionCell>,
        ask: Option<&Ask>,
        myself: &ActorRef<RoomMsg>,
    ) {
        let Some(seat) = self.by_session.get(&session.id).copied() else {
            if let Some(ask) = ask {
                let message = "this session does not sit in the room";
                self.refuse(ask, &WireError::new(ErrorCode::NotJoined, message));
            }
            return;
        };
        let Some(room) = &mut self.room else { return };
        self.cell.memory.lock().site = Site::Leave;
        let result = room.result(seat);
        room.leave(seat);
        self.commit(Entry::Leave(seat));
        self.applied(Some(seat));
        self.changed = true;
        self.vacate(seat, result);
        if let Some(ask) = ask {
            self.answer(ask, &Reply::Done {});
        }
        self.arm_end_when_empty(myself);
    }

    /// Takes a member from the table and from the vault, and tells the others.
    pub(super) fn vacate(&mut self, seat: Seat, result: Option<serde_json::Value>) {
        if self.stand_up(seat, result).is_some() {
            self.tell_all(&Push::RoomLeft { room: self.cell.id, seat });
        }
    }

    /// The same without a word to the others: who never heard that somebody came need not hear that it went.
    pub(super) fn stand_up(
        &mut self,
        seat: Seat,
        result: Option<serde_json::Value>,
    ) -> Option<Seated> {
        let chair = self.chairs.remove(&seat)?;
        let session = &chair.seated.session;
        self.by_session.remove(&session.id);
        self.cell.seated.lock().remove(&seat);
        self.cell.release();
        session.outbox.take_state(self.cell.n);
        session.let_go(self.cell.id);
        self.seats_changed();
        let at = SystemTime::now();
        self.vault.record(RoomRecord::SeatLeft { game_session: chair.seated.stay, result, at });
        Some(chair.seated)
    }
}

/// The session has ended meanwhile, or sits in as many rooms as it may.
fn cannot_hold() -> WireError {
    WireError::new(ErrorCode::Conflict, "this session is in as many rooms as it may be")
}
