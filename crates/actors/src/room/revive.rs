//! The first message of an incarnation: a new game, or the way back after a crash. Which way is decided in
//! [`super::recovery`].

use gamev1_protocol::{ErrorCode, Push, Seat, WireError, push::ClosedReason};
use ractor::ActorRef;

use super::{
    Fault, RoomItem, RoomMsg, Running, Seated,
    recovery::{Site, Way},
    state::{Checkpoint, Entry, Room},
};
use crate::{game::Member, supervisor::dynamic::NO_WAY_BACK};

/// What a way back has cost.
#[derive(Default)]
struct Lost {
    ticks: u64,
    inputs: u64,
}

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
                self.close(ClosedReason::Ended, "the game refused its options", None, myself);
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
        self.cell.memory.lock().started = true;
        let died_of = self.cell.inbox.current();
        let was_at = self.cell.memory.lock().tick();
        let seated: Vec<_> = self.cell.seated.lock().values().cloned().collect();
        let (way, lost) = if self.cell.spec.settings.stateful {
            match self.way_back(&seated)? {
                Some((way, inputs)) => {
                    let now_at = self.room.as_ref().map_or(0, Room::tick_number);
                    (way, Lost { ticks: was_at.saturating_sub(now_at), inputs })
                }
                None => {
                    // Its supervisor gives it up and keeps it apart.
                    myself.stop(Some(NO_WAY_BACK.into()));
                    return Ok(());
                }
            }
        } else {
            self.begin_anew(&seated)?;
            (Way::Replay, Lost::default())
        };
        for member in seated {
            // A state that still waits to be sent is of the former incarnation.
            member.session.outbox.take_state(self.cell.n);
            self.sit(member);
        }
        self.cell.recount();
        self.cell.recovered();
        if !std::mem::take(&mut self.cell.memory.lock().saved) {
            self.tell_recovered(&lost);
        }
        self.set_poison_aside(died_of, way, myself);
        self.cell.inbox.commit();
        self.cell.memory.lock().setting_aside = false;
        if way == Way::ReplayTick {
            self.step(myself)?;
            self.arm(myself);
        } else {
            self.arm_again(myself);
        }
        self.apply_held();
        self.changed = true;
        self.arm_end_when_empty(myself);
        Ok(())
    }

    /// Takes ways back until one leads somewhere. `None`: there is none left.
    fn way_back(&mut self, seated: &[Seated]) -> Result<Option<(Way, u64)>, Fault> {
        loop {
            let (way, held_from) = {
                let mut memory = self.cell.memory.lock();
                let way = memory.way_back(self.cell.age());
                memory.site = Site::Restore;
                let inputs = match way {
                    Way::BackToNewest | Way::BackToOlder => memory.drop_log(),
                    _ => 0,
                };
                (way, inputs)
            };
            let replays = match way {
                Way::Quarantine => return Ok(None),
                Way::Replay | Way::ReplayTick => true,
                Way::BackToNewest | Way::BackToOlder => false,
            };
            let restored = self.restore();
            match restored {
                Ok(mut room) if replays => {
                    self.replay(&mut room);
                    self.room = Some(room);
                }
                Ok(room) => {
                    self.room = Some(room);
                    self.reconcile(seated)?;
                }
                Err(error) => {
                    tracing::error!(room = %self.cell.id, error, "a checkpoint cannot be read");
                    continue;
                }
            }
            self.at(Site::Own);
            return Ok(Some((way, held_from)));
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

    /// After going back without the log: members who came since join again, who left since leave again.
    fn reconcile(&mut self, seated: &[Seated]) -> Result<(), Fault> {
        let epoch = self.cell.epoch();
        let Some(room) = &mut self.room else { return Ok(()) };
        let mut entries = vec![Entry::Reseed(epoch)];
        let gone = |seat: Seat| !seated.iter().any(|s| s.seat == seat);
        entries.extend(
            room.sittings().filter(|s| gone(s.member.seat)).map(|s| Entry::Leave(s.member.seat)),
        );
        entries.extend(seated.iter().filter(|s| room.sitting(s.seat).is_none()).map(|s| {
            Entry::Join(Member { seat: s.seat, player: s.player, username: s.username.clone() })
        }));
        for entry in &entries {
            room.apply(entry);
        }
        let refused = seated.iter().find(|s| room.sitting(s.seat).is_none());
        entries.into_iter().for_each(|entry| self.log(entry));
        match refused {
            Some(refused) => Err(Fault(format!("seat {} was refused its own room", refused.seat))),
            None => Ok(()),
        }
    }

    /// A game without state is made anew, with the members it had.
    fn begin_anew(&mut self, seated: &[Seated]) -> Result<(), Fault> {
        let spec = &self.cell.spec;
        let room = Room::create(&*spec.game, &spec.options, &spec.settings, spec.seed);
        self.room = Some(room.map_err(|error| Fault(error.message))?);
        self.reconcile(seated)?;
        self.at(Site::Own);
        Ok(())
    }

    /// A game without state has no log: nothing would ever clear it.
    fn log(&self, entry: Entry) {
        if self.cell.spec.settings.stateful {
            self.cell.memory.lock().log(entry);
        }
    }

    fn tell_recovered(&self, lost: &Lost) {
        let tick = self.room.as_ref().map_or(0, Room::tick_number);
        let (room, epoch) = (self.cell.id, self.cell.epoch());
        tracing::warn!(%room, epoch, tick, ticks_lost = lost.ticks, inputs_lost = lost.inputs, "room recovered");
        let (ticks_lost, inputs_lost) = (lost.ticks, lost.inputs);
        self.tell_all(&Push::RoomRecovered { room, epoch, tick, ticks_lost, inputs_lost });
    }

    /// What was being handled when the room died is answered, and never handled again.
    fn set_poison_aside(
        &mut self,
        died_of: Option<RoomItem>,
        way: Way,
        myself: &ActorRef<RoomMsg>,
    ) {
        let internal = || WireError::new(ErrorCode::Internal, "the room failed at this request");
        match died_of {
            Some(RoomItem::Input { ask, seq, .. }) => {
                if let Some(&seat) = self.by_session.get(&ask.session.id) {
                    self.poisoned(seat, seq, way, myself);
                }
                if ask.id.is_some() {
                    ask.refuse(&WireError::new(
                        ErrorCode::InputPoison,
                        "this input failed the room",
                    ));
                }
            }
            Some(RoomItem::Leave { session, ask }) => {
                if let Some(&seat) = self.by_session.get(&session.id) {
                    self.forget(seat, myself);
                }
                if let Some(ask) = ask {
                    ask.reply(&gamev1_protocol::Reply::Done {});
                }
            }
            Some(RoomItem::Join { ask, .. }) => {
                if !self.by_session.contains_key(&ask.session.id) {
                    ask.session.let_go(self.cell.id);
                }
                ask.refuse(&internal());
            }
            Some(RoomItem::Send { ask, .. } | RoomItem::Sync { ask }) => ask.refuse(&internal()),
            Some(RoomItem::Dropped { .. } | RoomItem::Describe { .. } | RoomItem::Show { .. })
            | None => {}
        }
    }

    /// The sender of an input that killed the room is told, and loses the seat the second time within a minute.
    fn poisoned(&mut self, seat: Seat, seq: u32, way: Way, myself: &ActorRef<RoomMsg>) {
        let Some(room) = &mut self.room else { return };
        if room.settle(seat, seq) {
            self.log(Entry::Settle { seat, seq });
        }
        let error =
            WireError::new(ErrorCode::InputPoison, "this input failed the room and was set aside");
        self.reject(seat, seq, &error);
        let Some(chair) = self.chairs.get(&seat) else { return };
        let (player, session) = (chair.seated.player, chair.seated.session.clone());
        let charged = {
            let mut memory = self.cell.memory.lock();
            let guilty = way == Way::Replay && memory.crashed_at == Site::Input;
            guilty && memory.charge(player, self.cell.age())
        };
        if charged {
            session.outbox.push(&Push::RoomClosed {
                room: self.cell.id,
                reason: ClosedReason::Kicked,
                message: "inputs of this player have failed the room twice within a minute".into(),
                result: None,
            });
            self.forget(seat, myself);
        }
    }

    /// Frees a seat without asking the game's `leave`.
    fn forget(&mut self, seat: Seat, myself: &ActorRef<RoomMsg>) {
        let Some(room) = &mut self.room else { return };
        // Once: a `forget` that panics as well is not tried again.
        let tried = std::mem::replace(&mut self.cell.memory.lock().setting_aside, true);
        let entry = if tried { Entry::Unseat(seat) } else { Entry::Forget(seat) };
        room.apply(&entry);
        self.log(entry);
        self.vacate(seat, None);
        self.arm_end_when_empty(myself);
    }

    /// What came before the tick that panicked comes after its second try. Its effects were told the first time.
    fn apply_held(&mut self) {
        while let Some(room) = &mut self.room {
            let Some(entry) = self.cell.memory.lock().next_held() else { return };
            self.cell.memory.lock().site = Site::Input;
            room.apply(&entry);
            self.commit(entry);
        }
    }

    /// The tick that the last incarnation was waiting for; at once if it has fallen due meanwhile.
    fn arm_again(&mut self, myself: &ActorRef<RoomMsg>) {
        if self.cell.spec.settings.tick_hz > 0 {
            let wait = self.cell.memory.lock().tick_due.saturating_sub(self.age());
            myself.send_after(wait, || RoomMsg::Tick);
        }
    }
}
