//! The room actor, one per live room. It moves messages: what the rules are stands in [`state`], which way back a
//! crash takes in [`recovery`], who is to get which view in [`views`].

mod answer;
mod aside;
mod cell;
mod child;
mod desk;
mod dissolve;
mod endings;
pub mod image;
mod keep;
mod patch;
pub mod record;
pub mod recovery;
pub mod replay;
mod revive;
mod schedule;
mod seating;
pub mod state;
#[cfg(test)]
mod tests;
mod timers;
pub mod views;

use std::{
    collections::{BTreeMap, HashMap},
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::Arc,
    time::Duration,
};

use gamev1_protocol::{Push, Seat, SessionId, WireError, push::ClosedReason};
use ractor::{Actor, ActorProcessingErr, ActorRef};
use tokio::time::Instant;

/// What rooms are called in the registry, and their messages.
pub const KIND: Kind =
    Kind::new("room", &["start", "wake", "tick", "empty", "close", "crash", "save", "drain"]);

pub use self::cell::{RoomCell, RoomInfo, RoomItem, RoomSpec, Seated, TellJoined};
pub(crate) use self::child::{child, close_stuck, label, spawn};
pub(crate) use self::keep::NOT_DETERMINISTIC;
pub(crate) use self::{desk::refuse_closed, endings::Endings};
use self::{
    dissolve::{End, dissolve},
    recovery::Site,
    state::{Entry, Room},
    views::Views,
};
use crate::{
    game::Said,
    observe::Tick,
    panics,
    registry::{ActorMeta, Kind},
    vault::Vault,
};

/// Items that are handled in one go, so that a tick is never far behind.
const ITEMS_A_ROUND: usize = 256;

pub struct RoomActor;

pub enum RoomMsg {
    /// The first message of an incarnation: make the game, or bring it back.
    Start,
    /// Something waits in the inbox.
    Wake,
    Tick,
    /// Nobody may have sat here for long enough.
    Empty,
    /// Closes the room by order.
    Close(ClosedReason, String),
    /// Its image may be due.
    Save,
    /// The server stops: a last checkpoint, and no more.
    Drain,
    /// Panics, on order: no input is to blame.
    Crash,
}

impl RoomMsg {
    /// Its place among the names in [`KIND`].
    fn number(&self) -> u8 {
        match self {
            RoomMsg::Start => 0,
            RoomMsg::Wake => 1,
            RoomMsg::Tick => 2,
            RoomMsg::Empty => 3,
            RoomMsg::Close(..) => 4,
            RoomMsg::Crash => 5,
            RoomMsg::Save => 6,
            RoomMsg::Drain => 7,
        }
    }
}

/// What a room works with between two messages. It dies with a panic; what must not stands in the [`RoomCell`].
pub struct Running {
    vault: Arc<Vault>,
    cell: Arc<RoomCell>,
    meta: Arc<ActorMeta>,
    /// `None` before [`RoomMsg::Start`] and after the end.
    room: Option<Room>,
    chairs: BTreeMap<Seat, Chair>,
    by_session: HashMap<SessionId, Seat>,
    views: Views,
    /// Whether a game without time has something new to show.
    changed: bool,
    /// Since when nobody sits here, in the room's age.
    empty_since: Option<Duration>,
    timers: timers::Timers,
    ticks_skipped: u64,
    told_too_large: bool,
    /// When its next image is due, in the room's age.
    save_due: Option<Duration>,
    /// When the replay was last looked at, in the room's age.
    replay_checked: Option<Duration>,
    /// When the last tick was made, in the room's age.
    ticked_at: Option<Duration>,
}

/// A member and what it has been sent.
struct Chair {
    seated: Seated,
    /// The tick whose view the member holds, as far as it has been sent.
    holds: Option<u64>,
    ack_sent: Option<u32>,
    synced_at: Option<Instant>,
    rejections: desk::Rejections,
}

impl Chair {
    fn new(seated: Seated) -> Chair {
        let rejections = desk::Rejections::default();
        Chair { seated, holds: None, ack_sent: None, synced_at: None, rejections }
    }
}

impl Actor for RoomActor {
    type Msg = RoomMsg;
    type State = Running;
    type Arguments = (Arc<Vault>, Arc<RoomCell>, Arc<ActorMeta>);

    async fn pre_start(
        &self,
        myself: ActorRef<RoomMsg>,
        (vault, cell, meta): Self::Arguments,
    ) -> Result<Running, ActorProcessingErr> {
        // Before anybody can find it: it comes first.
        let _ = myself.cast(RoomMsg::Start);
        cell.actor.set(myself.clone());
        let me = myself.clone();
        meta.crash_with(move || drop(me.cast(RoomMsg::Crash)));
        cell.inbox.attach(Box::new(move || drop(myself.cast(RoomMsg::Wake))));
        Ok(Running {
            vault,
            cell,
            meta,
            room: None,
            chairs: BTreeMap::new(),
            by_session: HashMap::new(),
            views: Views::default(),
            changed: false,
            empty_since: None,
            timers: timers::Timers::default(),
            ticks_skipped: 0,
            told_too_large: false,
            save_due: None,
            replay_checked: None,
            ticked_at: None,
        })
    }

    async fn handle(
        &self,
        myself: ActorRef<RoomMsg>,
        msg: RoomMsg,
        room: &mut Running,
    ) -> Result<(), ActorProcessingErr> {
        let ticks = matches!(msg, RoomMsg::Tick);
        room.meta.begin(msg.number());
        // Caught here, a panic unwinds through our own frames alone, which takes half the time. Nothing goes on with
        // what it left behind: the room fails all the same, and its next incarnation begins from the vault.
        match catch_unwind(AssertUnwindSafe(|| room.handle(msg, &myself))) {
            Ok(Ok(())) => {}
            Ok(Err(fault)) => {
                room.cell.memory.lock().failed = true;
                return Err(fault.into());
            }
            Err(payload) => {
                room.cell.memory.lock().failed = true;
                return Err(panics::words(&*payload).into());
            }
        }
        let took = room.meta.end();
        if ticks {
            room.ticked(took);
        }
        Ok(())
    }
}

impl Running {
    fn handle(&mut self, msg: RoomMsg, myself: &ActorRef<RoomMsg>) -> Result<(), Fault> {
        match msg {
            RoomMsg::Start => self.start(myself)?,
            RoomMsg::Wake => self.wake(myself)?,
            RoomMsg::Tick => self.tick(myself)?,
            RoomMsg::Empty => self.end_if_empty(myself),
            RoomMsg::Close(reason, message) => self.close(End::new(reason, message), myself),
            RoomMsg::Save => self.save_timer(myself)?,
            RoomMsg::Drain => self.drain(myself)?,
            RoomMsg::Crash => {
                self.at(Site::Order);
                panics::on_order();
            }
        }
        Ok(())
    }

    /// Counts a tick that took so long.
    fn ticked(&mut self, took: Duration) {
        let period = self.cell.spec.settings.tick_period();
        if let (Some(observer), Some(period)) = (self.meta.observer(), period) {
            let now = self.cell.age();
            let since_last = self.ticked_at.replace(now).map(|last| now.saturating_sub(last));
            observer.tick(&self.meta, Tick { took, period, since_last });
        }
    }

    fn age(&self) -> Duration {
        self.cell.age()
    }

    /// A room that was given up while it hung, and comes back from its game after all, does nothing more: its members
    /// have been told, and what it was at was answered.
    fn stop_if_given_up(&self) {
        if self.cell.closing() {
            resume_unwind(Box::new("given up while it hung"));
        }
    }

    /// Notes where the room is, so that its next incarnation knows where it panicked.
    fn at(&self, site: Site) {
        self.stop_if_given_up();
        self.cell.memory.lock().site = site;
    }

    /// What was begun is done: it goes into the log, and a panic from here on is the room's own. A game without state
    /// has no log: nothing would ever clear it.
    fn commit(&self, entry: Entry) {
        self.commit_with(entry, None);
    }

    /// The same of an input that the game may have refused.
    fn commit_with(&self, entry: Entry, refusal: Option<&WireError>) {
        self.stop_if_given_up();
        let mut memory = self.cell.memory.lock();
        memory.done();
        memory.progress.refusal = refusal.cloned();
        if self.cell.spec.settings.stateful {
            memory.log(entry, refusal.is_some());
        }
    }

    fn wake(&mut self, myself: &ActorRef<RoomMsg>) -> Result<(), Fault> {
        if self.pump(ITEMS_A_ROUND, myself) {
            let _ = myself.cast(RoomMsg::Wake);
        }
        if self.changed && self.cell.spec.settings.tick_hz == 0 {
            self.step(myself)?;
        }
        self.save_if_due(myself)
    }

    /// The inputs that have come, the step, and the next tick on the schedule.
    fn tick(&mut self, myself: &ActorRef<RoomMsg>) -> Result<(), Fault> {
        self.pump(usize::MAX, myself);
        self.step(myself)?;
        self.arm(myself);
        self.save_if_due(myself)
    }

    /// One step of the room's time: the game's tick, what it says, what it looks like.
    fn step(&mut self, myself: &ActorRef<RoomMsg>) -> Result<(), Fault> {
        self.make_tick(myself);
        self.show_step()
    }

    fn make_tick(&mut self, myself: &ActorRef<RoomMsg>) {
        let Some(room) = &mut self.room else { return };
        self.cell.memory.lock().site = Site::Tick;
        room.tick();
        let tick = room.tick_number();
        self.commit(Entry::Tick);
        self.changed = false;
        self.changed_at(self.age());
        self.say(tick, myself);
    }

    fn show_step(&mut self) -> Result<(), Fault> {
        self.patch()?;
        self.checkpoint_if_due()
    }

    /// Arms the next tick on the schedule, not a period from now.
    fn arm(&mut self, myself: &ActorRef<RoomMsg>) {
        let Some(period) = self.cell.spec.settings.tick_period() else { return };
        if self.room.is_none() {
            return;
        }
        let now = self.age();
        let due = {
            let mut memory = self.cell.memory.lock();
            let (due, missed) = schedule::next(memory.tick_due, period, now);
            memory.tick_due = due;
            self.ticks_skipped += missed;
            due
        };
        myself.send_after(due.saturating_sub(now), || RoomMsg::Tick);
    }

    /// Tells members what the game has said since the last time: it belongs to `tick`, whose state leaves after it.
    fn say(&mut self, tick: u64, myself: &ActorRef<RoomMsg>) {
        let Some(room) = &mut self.room else { return };
        let said: Vec<_> = room.take_said().collect();
        for said in said {
            match said {
                Said::Event(event) => {
                    self.tell_all(&Push::RoomEvent { room: self.cell.id, tick, event });
                }
                Said::End(result) => return self.close(End::of_the_game(result), myself),
            }
        }
    }

    fn checkpoint_if_due(&mut self) -> Result<(), Fault> {
        let Some(room) = &self.room else { return Ok(()) };
        let due =
            self.cell.spec.settings.stateful && self.cell.memory.lock().due(room.tick_number());
        if due { self.checkpoint() } else { Ok(()) }
    }

    fn checkpoint(&mut self) -> Result<(), Fault> {
        let Some(room) = &self.room else { return Ok(()) };
        self.at(Site::Checkpoint);
        let checkpoint = room.checkpoint(self.cell.spec.game.state_version()).map_err(Fault)?;
        self.at(Site::Own);
        self.check_replay(&checkpoint);
        self.cell.memory.lock().keep(checkpoint);
        Ok(())
    }

    fn close(&mut self, end: End, myself: &ActorRef<RoomMsg>) {
        let room = self.room.take();
        let stay = |seat| room.as_ref().and_then(|room| room.result(seat));
        dissolve(&self.vault, &self.cell, end, stay);
        self.chairs.clear();
        self.by_session.clear();
        myself.stop(Some("closed".into()));
    }
}

/// A fault of the game that is not a panic: the room fails with it, as with one.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Fault(String);
