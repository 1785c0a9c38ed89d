//! Opening a session for a socket, and taking one up again after a cut.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use gamev1_protocol::{
    CloseCode, ErrorCode, Format, Joined, Push,
    limits::{FRAME_IN_BYTES_MAX, HEARTBEAT_MS, RESUME_WINDOW_MS},
    push::{PlayerInfo, Resumed, ResumedRoom, Welcome, WelcomeLimits},
};
use parking_lot::Mutex;
use tokio::sync::{OwnedMutexGuard, oneshot};

use super::{SessionCell, SessionMsg, spawn, unix_ms};
use crate::{
    ports::{Identity, ResumeClaim},
    restore,
    room::{RoomCell, RoomItem},
    vault::Vault,
};

/// How long a resume waits for the former socket to be torn down, and for each room to say where the session sits.
const TAKEOVER_WITHIN: Duration = Duration::from_secs(5);
const DESCRIBE_WITHIN: Duration = Duration::from_secs(2);

/// What a new session needs to be told.
pub struct OpenSession {
    pub identity: Identity,
    pub format: Format,
    /// Name and version of the server's software, for the welcome.
    pub server: String,
}

/// A session with the right to serve its socket. While this lives no other socket serves it; when it is dropped the
/// session learns that the socket is gone.
pub struct Opened {
    pub session: Arc<SessionCell>,
    generation: u32,
    done: bool,
    socket: Option<OwnedMutexGuard<()>>,
}

/// Why a session cannot be taken up again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResumeError {
    /// No such session lives here, or its token has been used.
    Unknown,
    /// The token is another player's, or the socket speaks another format.
    Mismatch,
    /// Whether there is such a session cannot be looked up now, or its former socket does not go away.
    Unavailable,
}

impl ResumeError {
    pub fn code(self) -> ErrorCode {
        match self {
            ResumeError::Unknown => ErrorCode::ResumeUnknown,
            ResumeError::Mismatch => ErrorCode::ResumeMismatch,
            ResumeError::Unavailable => ErrorCode::Unavailable,
        }
    }
}

impl Opened {
    /// The client said that it will not come back: its seats are free at once.
    pub fn done(mut self) {
        self.done = true;
    }
}

/// A resume on its way. Should it not arrive, because it takes too long or its client hangs up, the session learns that
/// there is no socket.
struct Pending {
    session: Option<Arc<SessionCell>>,
    generation: u32,
}

impl Pending {
    fn opened(mut self, socket: OwnedMutexGuard<()>) -> Option<Opened> {
        let session = self.session.take()?;
        Some(Opened { session, generation: self.generation, done: false, socket: Some(socket) })
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if let Some(session) = &self.session {
            // Nothing was served: the client's token is as good as before.
            let generation = session.give_back_generation(self.generation);
            session.actor.cast(SessionMsg::Gone { generation, done: false });
        }
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        // A welcome that was never sent leaves the client with the token that it came with, which is good again.
        let told = self.generation == 0 || self.session.outbox.greeted();
        self.session.outbox.detach();
        // Free first: an incarnation that starts just now looks whether there is a socket.
        self.socket = None;
        let Opened { generation, done, .. } = *self;
        let generation =
            if told { generation } else { self.session.give_back_generation(generation) };
        self.session.set_done(done);
        self.session.actor.cast(SessionMsg::Gone { generation, done });
    }
}

/// A new session. Its welcome is the first frame of its outbox.
pub async fn open(vault: &Arc<Vault>, open: OpenSession) -> Opened {
    let OpenSession { identity, format, server } = open;
    let cell = SessionCell::new(identity, format, vault.limits.rooms_per_session);
    let session = Arc::new(cell);
    let socket = session.serve().await;
    session.outbox.open(&welcome(vault, &session, server, None));
    vault.insert_session(session.clone());
    spawn(vault, &session);
    // A ban or a revocation that came behind the door's look has not seen this session.
    vault.turn_away(&session);
    Opened { session, generation: 0, done: false, socket: Some(socket) }
}

/// Takes up a session that `claim` names, for a client that has received `received` counted frames. A socket that
/// still stands is closed with 4009 and torn down first.
///
/// Until the welcome has gone to the new socket the claim is not used up: when this fails, or what it gives is dropped
/// unserved, the client may come again with the same token.
///
/// # Errors
/// The session is gone, the claim has been used, it is not this client's, or the server stops.
pub async fn resume(
    vault: &Arc<Vault>,
    claim: ResumeClaim,
    received: u64,
    format: Format,
    server: String,
) -> Result<Opened, ResumeError> {
    if vault.stopping() {
        return Err(ResumeError::Unavailable);
    }
    let session = match vault.session(claim.session) {
        // Somebody else may have brought one of its rooms back, and the session with it.
        Some(live) if !live.rooms_unknown() => live,
        _ => {
            // Boxed: a resume within a process should not have to hold the room that only this needs.
            let restored = Box::pin(restore::session(vault, &claim)).await;
            let restored = restored.map_err(|_| ResumeError::Unavailable)?;
            restored.ok_or(ResumeError::Unknown)?
        }
    };
    session.catch_up(&claim);
    let ResumeClaim { player, sign_in, generation, .. } = session.resume_claim();
    if (player, sign_in) != (claim.player, claim.sign_in) || session.outbox.format() != format {
        return Err(ResumeError::Mismatch);
    }
    if claim.generation != generation || session.ended() || !session.next_generation(generation) {
        return Err(ResumeError::Unknown);
    }
    let pending = Pending { session: Some(session.clone()), generation: generation + 1 };
    if vault.stopping() {
        // Its image may have been taken already, and knows that the token may come back.
        return Err(ResumeError::Unavailable);
    }
    session.outbox.met(received);
    session.outbox.close(CloseCode::ResumedElsewhere, None);
    let taken_over = async {
        let socket = session.serve().await;
        session.outbox.detach();
        (socket, session.take_over().await)
    };
    let taken_over = tokio::time::timeout(TAKEOVER_WITHIN, taken_over).await;
    let Ok((socket, taken_up)) = taken_over else { return Err(ResumeError::Unavailable) };
    let taken_up = taken_up.map_err(|_| ResumeError::Unknown)?;

    let rooms = describe(&session).await;
    let messages_lost = session.outbox.take_uncounted_lost();
    let complete = !session.uncertain() && session.outbox.keeps_from(received);
    if !complete {
        // Should this welcome not arrive, the next one has to say so.
        session.set_uncertain(generation);
    }
    let resumed = Resumed {
        received: taken_up,
        complete,
        rooms: rooms
            .into_iter()
            .map(|(room, joined)| ResumedRoom {
                joined,
                messages_lost: messages_lost && room.spec.settings.sends,
            })
            .collect(),
        channels: Vec::new(),
    };
    session.outbox.reopen(&welcome(vault, &session, server, Some(resumed)), received);
    for room in session.rooms() {
        room.inbox.push_always(RoomItem::Show { session: session.clone() });
    }
    if session.ended() {
        return Err(ResumeError::Unknown);
    }
    vault.turn_away(&session);
    pending.opened(socket).ok_or(ResumeError::Unknown)
}

/// What each room would reply to a join of this session. A room that does not answer in time is left out.
async fn describe(session: &Arc<SessionCell>) -> Vec<(Arc<RoomCell>, Joined)> {
    let asked = session.rooms().into_iter().map(|room| {
        let (tell, told) = oneshot::channel();
        let tell = Arc::new(Mutex::new(Some(tell)));
        room.inbox.push_always(RoomItem::Describe { session: session.clone(), tell });
        async move {
            let joined = tokio::time::timeout(DESCRIBE_WITHIN, told).await.ok()?.ok()?;
            Some((room, joined))
        }
    });
    futures_util::future::join_all(asked).await.into_iter().flatten().collect()
}

fn welcome(vault: &Vault, session: &SessionCell, server: String, resume: Option<Resumed>) -> Push {
    let identity = session.identity();
    let limits = WelcomeLimits {
        frame_bytes: FRAME_IN_BYTES_MAX as u64,
        input_hz: vault.limits.gameplay.map_or(1_000, |rate| rate.per_second as u64),
        rooms: vault.limits.rooms_per_session as u64,
        channels: 0,
    };
    Push::SessionWelcome(Box::new(Welcome {
        protocol: 1,
        server,
        session: session.id,
        resumed: resume.is_some(),
        resume_token: vault.resume_tokens.mint(session.resume_claim()),
        resume_window_ms: RESUME_WINDOW_MS,
        player: PlayerInfo {
            id: identity.player,
            username: identity.username.clone(),
            role: identity.role.clone(),
        },
        heartbeat_ms: HEARTBEAT_MS,
        server_ms: unix_ms(SystemTime::now()),
        limits,
        resume,
    }))
}
