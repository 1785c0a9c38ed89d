//! The session actor, one per authenticated client. It reads what its socket has queued, sends it on to rooms and the
//! lobby, and answers what concerns the session alone. It lives on for the resume window when the socket is cut.

mod cell;
pub mod image;
mod joins;
mod open;
mod requests;
pub mod state;
#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    sync::{Arc, Weak},
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use gamev1_protocol::{
    CloseCode, ErrorCode, RoomId, WireError,
    decode::{self, DecodeError, Incoming, Rules},
    limits::RESUME_WINDOW_MS,
};
use ractor::{Actor, ActorProcessingErr, ActorRef, MessagingErr, concurrency::JoinHandle};
use tokio::time::Instant;

use self::state::{Flood, Gcra};
pub use self::{
    cell::SessionCell,
    open::{OpenSession, Opened, ResumeError, open, resume},
};
use crate::{
    panics,
    registry::{ActorMeta, Depth, Kind},
    room::{RoomCell, RoomItem},
    supervisor::{
        Started,
        dynamic::{DynamicChild, DynamicMsg, GaveUp},
    },
    vault::{Rate, Vault},
};

/// How often a room is told that an input was over the rate, so that a flood does not fill its inbox.
const DROPS_TOLD: Rate = Rate { per_second: 5.0, burst: 5 };
/// Frames that are handled in one go.
const FRAMES_A_ROUND: usize = 64;

/// What sessions are called in the registry, and their messages.
pub const KIND: Kind = Kind::new(
    "session",
    &[
        "start",
        "wake",
        "gone",
        "window_over",
        "take_over",
        "settle",
        "check_token",
        "close",
        "crash",
    ],
);

pub struct SessionActor;

pub enum SessionMsg {
    /// The first message of an incarnation.
    Start,
    /// Something waits in the inbox.
    Wake,
    /// The socket of this generation is gone. `done`: the client said that it will not come back.
    Gone { generation: u32, done: bool },
    /// The resume window of this generation is over.
    WindowOver { generation: u32 },
    /// A resume waits to be told how many requests were taken up.
    TakeOver,
    /// The end of a flood of inputs is to be settled.
    Settle,
    /// The access token may have ended.
    CheckToken,
    /// Ends the session and closes its socket.
    Close(CloseCode),
    /// Panics, on order.
    Crash,
}

impl SessionMsg {
    /// Its place among the names in [`KIND`].
    fn number(&self) -> u8 {
        match self {
            SessionMsg::Start => 0,
            SessionMsg::Wake => 1,
            SessionMsg::Gone { .. } => 2,
            SessionMsg::WindowOver { .. } => 3,
            SessionMsg::TakeOver => 4,
            SessionMsg::Settle => 5,
            SessionMsg::CheckToken => 6,
            SessionMsg::Close(_) => 7,
            SessionMsg::Crash => 8,
        }
    }
}

/// What a session works with between two messages.
pub struct Desk {
    vault: Arc<Vault>,
    cell: Arc<SessionCell>,
    meta: Arc<ActorMeta>,
    born: Instant,
    gameplay: Gcra,
    requests: Gcra,
    creates: Gcra,
    flood: Flood,
    /// Inputs over the rate of which the room is told.
    drops_told: Gcra,
    /// The highest input over the rate of which its room has not been told.
    unsettled: BTreeMap<RoomId, (Arc<RoomCell>, u32)>,
    /// The room that the last request named.
    last_room: Weak<RoomCell>,
    token_check: Option<JoinHandle<Result<(), MessagingErr<SessionMsg>>>>,
}

impl Drop for Desk {
    /// The timer would keep a dead session's cell for minutes.
    fn drop(&mut self) {
        if let Some(timer) = &self.token_check {
            timer.abort();
        }
    }
}

impl Actor for SessionActor {
    type Msg = SessionMsg;
    type State = Desk;
    type Arguments = (Arc<Vault>, Arc<SessionCell>, Arc<ActorMeta>);

    async fn pre_start(
        &self,
        myself: ActorRef<SessionMsg>,
        (vault, cell, meta): Self::Arguments,
    ) -> Result<Desk, ActorProcessingErr> {
        cell.actor.set(myself.clone());
        let me = myself.clone();
        meta.crash_with(move || drop(me.cast(SessionMsg::Crash)));
        let _ = myself.cast(SessionMsg::Start);
        cell.inbox.attach(Box::new(move || drop(myself.cast(SessionMsg::Wake))));
        let requests = Gcra::new(vault.limits.requests);
        let (gameplay, creates) =
            (Gcra::new(vault.limits.gameplay), Gcra::new(vault.limits.creates));
        let (born, flood) = (Instant::now(), Flood::default());
        let drops_told = Gcra::new(Some(DROPS_TOLD));
        Ok(Desk {
            vault,
            cell,
            meta,
            born,
            gameplay,
            requests,
            creates,
            flood,
            drops_told,
            unsettled: BTreeMap::new(),
            last_room: Weak::new(),
            token_check: None,
        })
    }

    async fn handle(
        &self,
        myself: ActorRef<SessionMsg>,
        msg: SessionMsg,
        desk: &mut Desk,
    ) -> Result<(), ActorProcessingErr> {
        desk.meta.begin(msg.number());
        match msg {
            SessionMsg::Start => desk.start(&myself).await,
            SessionMsg::Wake => desk.wake(&myself).await,
            SessionMsg::Gone { generation, done } => desk.gone(generation, done, &myself),
            SessionMsg::WindowOver { generation } => desk.window_over(generation, &myself),
            SessionMsg::TakeOver => desk.cell.tell_taken_up(),
            SessionMsg::Settle => desk.settle(),
            SessionMsg::CheckToken => desk.check_token(&myself),
            SessionMsg::Close(code) => desk.end(code, &myself),
            SessionMsg::Crash => panics::on_order(),
        }
        desk.meta.end();
        Ok(())
    }
}

/// How the `sessions` supervisor starts, and gives up, this session.
pub(crate) fn child(vault: &Arc<Vault>, cell: &Arc<SessionCell>) -> DynamicChild {
    let start = {
        let (vault, cell) = (vault.clone(), cell.clone());
        Arc::new(move |supervisor, meta| {
            let args = (vault.clone(), cell.clone(), meta);
            Box::pin(async move {
                let (actor, handle) =
                    Actor::spawn_linked(None, SessionActor, args, supervisor).await?;
                Ok::<Started, _>((actor.get_cell(), handle))
            }) as futures_util::future::BoxFuture<'static, _>
        })
    };
    let gave_up = {
        let (vault, cell) = (vault.clone(), cell.clone());
        Arc::new(move |_: &GaveUp| leave_all(&vault, &cell, Some(CloseCode::SessionFailed)))
    };
    let inbox = {
        let cell = cell.clone();
        Arc::new(move || Depth { now: cell.inbox.depth(), max: cell.inbox.depth_max() })
    };
    let label = format!("session:{}", cell.id);
    let failed = Arc::new(|_: &GaveUp| ());
    DynamicChild { label, kind: &KIND, inbox: Some(inbox), start, failed, gave_up }
}

/// Starts the actor of a session that stands in the vault.
pub(crate) fn spawn(vault: &Arc<Vault>, cell: &Arc<SessionCell>) {
    vault.session_supervisor.cast(DynamicMsg::Start(child(vault, cell)));
}

/// The session is over: it leaves its rooms and the vault, and its socket closes.
fn leave_all(vault: &Vault, cell: &Arc<SessionCell>, close: Option<CloseCode>) {
    for room in cell.end() {
        room.inbox.push_always(RoomItem::Leave { session: cell.clone(), ask: None });
    }
    cell.joins.clear();
    vault.remove_session(cell.id);
    cell.inbox.close();
    if let Some(code) = close {
        cell.outbox.close(code, None);
    }
}

impl Desk {
    async fn start(&mut self, myself: &ActorRef<SessionMsg>) {
        if self.cell.restarting()
            && let Some(poison) = self.cell.inbox.take_current()
        {
            // Whatever it was, it is not tried again; who waits for its reply is told.
            let error = WireError::new(ErrorCode::Internal, "the session failed at this request");
            let (id, request) = match self.decode(&poison) {
                Ok(Incoming { id, request }) => (id, request.name().to_owned()),
                Err(DecodeError::Refused { id, request, .. }) => (id, request),
                Err(DecodeError::NotAnEnvelope(_)) => (None, String::new()),
            };
            self.cell.outbox.refuse(id, &request, &error);
        }
        self.cell.tell_taken_up();
        self.arm_token_check(myself);
        if !self.cell.has_socket() {
            self.gone(self.cell.resume_claim().generation, self.cell.done(), myself);
        }
        self.wake(myself).await;
    }

    fn decode(&self, frame: &Bytes) -> Result<Incoming, DecodeError> {
        let rules = Rules { strict: self.vault.limits.dev };
        decode::decode(self.cell.outbox.format(), frame, rules)
    }

    async fn wake(&mut self, myself: &ActorRef<SessionMsg>) {
        for _ in 0..FRAMES_A_ROUND {
            if self.vault.stopping() {
                // What was counted so far is what the client is told after the restart; it sends the rest again.
                return;
            }
            let Some(frame) = self.cell.inbox.begin() else { return };
            match self.decode(&frame) {
                Ok(incoming) => {
                    if incoming.request.counted() {
                        self.cell.count_request();
                    }
                    if self.vault.registry.draw() || self.cell.traced() {
                        // Boxed: every idle session would have to hold the room that only this needs.
                        Box::pin(self.handle_traced(incoming)).await;
                    } else {
                        self.handle(incoming, None).await;
                    }
                }
                Err(DecodeError::Refused { id, request, counted, error }) => {
                    if counted {
                        self.cell.count_request();
                    }
                    self.cell.outbox.refuse(id, &request, &error);
                }
                Err(DecodeError::NotAnEnvelope(_)) => {
                    self.cell.outbox.close(CloseCode::NotAnEnvelope, None);
                }
            }
            self.cell.inbox.commit();
            // A resume does not wait for what is behind this: its client sends that again.
            self.cell.tell_taken_up();
        }
        let _ = myself.cast(SessionMsg::Wake);
    }

    /// A frame that was drawn, or whose client traces.
    async fn handle_traced(&mut self, incoming: Incoming) {
        let parent = self.cell.take_traceparent();
        let Some(observer) = self.vault.registry.observer().cloned() else {
            return self.handle(incoming, None).await;
        };
        let received = observer.received(parent);
        let name = incoming.request.name();
        let handling = observer.handling(&self.meta, name, received.span());
        self.meta.set_cause(Some(handling.span()));
        self.handle(incoming, Some(handling.span())).await;
        self.meta.set_cause(None);
    }

    fn gone(&mut self, generation: u32, done: bool, myself: &ActorRef<SessionMsg>) {
        if generation != self.cell.resume_claim().generation {
            return; // A newer socket has taken over.
        }
        if done {
            self.end(CloseCode::Done, myself);
        } else {
            let window = Duration::from_millis(RESUME_WINDOW_MS);
            myself.send_after(window, move || SessionMsg::WindowOver { generation });
        }
    }

    fn window_over(&mut self, generation: u32, myself: &ActorRef<SessionMsg>) {
        if generation != self.cell.resume_claim().generation {
            return;
        }
        if self.cell.has_socket() {
            // Its end may come unannounced, so this looks again.
            self.gone(generation, false, myself);
        } else {
            self.end(CloseCode::Done, myself);
        }
    }

    fn arm_token_check(&mut self, myself: &ActorRef<SessionMsg>) {
        let left = self.cell.expires_at().duration_since(SystemTime::now()).unwrap_or_default();
        self.token_check = Some(myself.send_after(left, || SessionMsg::CheckToken));
    }

    fn check_token(&mut self, myself: &ActorRef<SessionMsg>) {
        if self.cell.expires_at() <= SystemTime::now() {
            self.end(CloseCode::SignedOut, myself);
        } else {
            self.arm_token_check(myself);
        }
    }

    fn end(&mut self, code: CloseCode, myself: &ActorRef<SessionMsg>) {
        leave_all(&self.vault, &self.cell, Some(code));
        myself.stop(Some(code.word().into()));
    }
}

pub(crate) fn unix_ms(at: SystemTime) -> u64 {
    at.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}
