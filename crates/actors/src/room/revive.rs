//! The first message of an incarnation: a new game, or the way back after a crash. Which way is decided in
//! [`super::recovery`].

use gamev1_protocol::{Push, WireError, push::ClosedReason};
use ractor::ActorRef;

use super::{
    Fault, RoomMsg, Running, Seated,
    dissolve::End,
    recovery::{Lost, Site, Way},
    state::{Checkpoint, Entry, Room},
};
use crate::{
    game::{Member, RawInput},
    supervisor::dynamic::NO_WAY_BACK,
};

impl Running {
    pub(super) fn start(&mut self, myself: &ActorRef<RoomMsg>) -> Result<(), Fault> {
        if self.cell.memory.lock().is_fresh() {
            self.create(myself)?;
        } else {
            self.recover(myself)?;
        }
        self.wake(myself)
    }

    fn create(&mut self, myself: &ActorRef<RoomMsg>) -> Result<(), Fault> {
        self.at(Site::Create);
        let spec = &self.cell.spec;
        match Room::create(&*spec.game, &spec.options, &spec.settings, spec.seed) {
            Ok(room) => self.room = Some(room),
            Err(error) => {
                self.refuse_joins(&error);
                self.close(End::new(ClosedReason::Ended, "the game refused its options"), myself);
                return Ok(());
            }
        }
        self.at(Site::Own);
        if self.cell.spec.settings.stateful {
            self.checkpoint()?;
        }
        self.begin_schedule();
        self.arm_end_when_empty(myself);
        self.arm(myself);
        Ok(())
    }

    /// The first tick is due one period after the room was made.
    fn begin_schedule(&self) {
        let age = self.age();
        let mut memory = self.cell.memory.lock();
        memory.tick_due = age;
        memory.started = true;
    }

    /// Whoever made the room is told why there is none.
    fn refuse_joins(&self, error: &WireError) {
        while let Some(item) = self.cell.inbox.begin() {
            if let Some(ask) = item.into_ask() {
                ask.refuse(error);
            }
            self.cell.inbox.commit();
        }
    }

    fn recover(&mut self, myself: &ActorRef<RoomMsg>) -> Result<(), Fault> {
        self.cell.next_incarnation();
        let site = {
            let mut memory = self.cell.memory.lock();
            memory.started = true;
            memory.crashed()
        };
        self.charge(site);
        let seated: Vec<_> = self.cell.seated.lock().values().cloned().collect();
        if !self.cell.spec.settings.stateful {
            self.begin_anew(members(&seated))?;
        } else if !self.way_back(site, &members(&seated)) {
            // Its supervisor gives it up and keeps it apart.
            myself.stop(Some(NO_WAY_BACK.into()));
            return Ok(());
        }
        for member in seated {
            // A state that still waits to be sent is of the former incarnation.
            member.session.outbox.take_state(self.cell.n);
            self.sit(member);
        }
        self.set_aside(site);
        self.cell.recount();
        self.cell.recovered();
        self.tell_recovered();
        let tick_again = self.cell.memory.lock().tick_again();
        if tick_again {
            self.make_tick(myself);
        }
        self.apply_held();
        self.agree_on_seats();
        self.finish_join();
        if tick_again {
            self.show_step()?;
            self.arm(myself);
        } else {
            self.arm_again(myself);
        }
        self.changed = true;
        self.arm_end_when_empty(myself);
        self.say_the_end(myself);
        Ok(())
    }

    /// Takes ways back until one leads somewhere. False: there is none left.
    fn way_back(&mut self, mut site: Site, seated: &[Member]) -> bool {
        loop {
            let way = {
                let mut memory = self.cell.memory.lock();
                let way = memory.way_back(site, self.cell.age());
                if matches!(way, Way::BackToNewest | Way::BackToOlder) {
                    memory.go_back(way, self.cell.epoch(), seated);
                }
                memory.site = Site::Restore;
                way
            };
            if way == Way::Quarantine {
                return false;
            }
            match self.restore() {
                Ok(mut room) => {
                    // There is none after going back.
                    self.replay(&mut room);
                    self.room = Some(room);
                    self.at(Site::Own);
                    return true;
                }
                Err(error) => {
                    tracing::error!(room = %self.cell.id, error, "a checkpoint cannot be read");
                    site = Site::Restore;
                }
            }
        }
    }

    fn restore(&self) -> Result<Room, String> {
        let newest: Option<Checkpoint> = self.cell.memory.lock().newest().cloned();
        let checkpoint = newest.ok_or("there is no checkpoint")?;
        Room::restore(&*self.cell.spec.game, &self.cell.spec.settings, &checkpoint)
    }

    /// The log again.
    fn replay(&self, room: &mut Room) {
        let entries: Vec<Entry> = self.cell.memory.lock().entries().cloned().collect();
        for entry in &entries {
            room.apply(entry);
        }
    }

    /// A game without state is made anew, with the members it had.
    fn begin_anew(&mut self, seated: Vec<Member>) -> Result<(), Fault> {
        self.at(Site::Create);
        let spec = &self.cell.spec;
        let room = Room::create(&*spec.game, &spec.options, &spec.settings, spec.seed);
        self.room = Some(room.map_err(|error| Fault(error.message))?);
        self.at(Site::Own);
        self.cell.memory.lock().begin_anew(seated);
        Ok(())
    }

    fn tell_recovered(&self) {
        let tick = self.room.as_ref().map_or(0, Room::tick_number);
        let (room, epoch) = (self.cell.id, self.cell.epoch());
        let (lost, saved) = {
            let mut memory = self.cell.memory.lock();
            (memory.lost(), std::mem::take(&mut memory.saved))
        };
        let Lost { ticks: ticks_lost, inputs: inputs_lost } = lost;
        if !saved || lost != Lost::default() {
            tracing::warn!(%room, epoch, tick, ticks_lost, inputs_lost, "room recovered");
            let push = Push::RoomRecovered { room, epoch, tick, ticks_lost, inputs_lost };
            // The reply to a join is the first that a member hears of the room.
            let waits = self.newcomer().filter(|_| !self.answered()).map(|(seat, _)| seat);
            self.tell_others(&push, waits);
        }
        self.cell.memory.lock().told_lost();
    }

    /// What came before the tick that panicked comes after its second try, and its effects were told the first time;
    /// what tells the game who sits there now comes after going back.
    fn apply_held(&mut self) {
        while let Some(room) = &mut self.room {
            let Some(entry) = self.cell.memory.lock().next_held() else { return };
            let gone = matches!(&entry, Entry::Input(i) if room.sitting(i.seat).is_none());
            let refusal = room.apply(&entry);
            match (entry, refusal) {
                (Entry::Join(member), Some(_)) => {
                    // A refusal leaves nothing behind that would have to be in the log.
                    self.done_without_a_log();
                    self.lose_seat(member.seat);
                }
                // Its sender has lost the seat.
                (Entry::Input(_), _) if gone => self.done_without_a_log(),
                (Entry::Input(input), Some(error)) => {
                    let RawInput { seat, seq, .. } = input;
                    self.commit_with(Entry::Input(input), Some(&error));
                    self.reject_late(seat, seq, &error);
                }
                (entry, _) => self.commit(entry),
            }
        }
    }

    fn done_without_a_log(&self) {
        self.stop_if_given_up();
        self.cell.memory.lock().done();
    }

    /// Game and room agree on who sits there. That they do not takes a crash between two steps of the room's own.
    fn agree_on_seats(&mut self) {
        let Some(room) = &self.room else { return };
        let sitting = room.sittings().map(|sitting| sitting.member.seat);
        let unknown: Vec<_> = sitting.filter(|seat| !self.chairs.contains_key(seat)).collect();
        let seats = self.chairs.keys().copied();
        let without: Vec<_> = seats.filter(|&seat| room.sitting(seat).is_none()).collect();
        for seat in unknown {
            self.cell.memory.lock().hold(Entry::Leave(seat));
        }
        for seat in without {
            self.lose_seat(seat);
        }
        self.apply_held();
    }

    /// A game that was over when the room failed, or is by what was applied since, ends now.
    fn say_the_end(&mut self, myself: &ActorRef<RoomMsg>) {
        let tick = self.room.as_ref().map_or(0, Room::tick_number);
        self.say(tick, myself);
    }

    /// The tick that the last incarnation was waiting for; at once if it has fallen due meanwhile.
    fn arm_again(&mut self, myself: &ActorRef<RoomMsg>) {
        if self.cell.spec.settings.tick_hz > 0 {
            let wait = self.cell.memory.lock().tick_due.saturating_sub(self.age());
            myself.send_after(wait, || RoomMsg::Tick);
        }
    }
}

/// Who sits there, in the order in which they came.
fn members(seated: &[Seated]) -> Vec<Member> {
    let mut seated: Vec<_> = seated.iter().collect();
    // Stays are numbered in time.
    seated.sort_by_key(|seated| seated.stay);
    let member = |seated: &Seated| Member {
        seat: seated.seat,
        player: seated.player,
        username: seated.username.clone(),
    };
    seated.into_iter().map(member).collect()
}
