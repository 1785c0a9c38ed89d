//! The way out: rooms make a last checkpoint, clients are told, and what must outlive the process is stored, or spooled
//! when the store does not answer.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, SystemTime},
};

use gamev1_protocol::{CloseCode, ErrorCode, Push, WireError};
use tokio::time::{Instant, sleep, timeout_at};

use crate::{
    lobby,
    ports::{RoomStore, SessionSave, Spool, Spooled},
    room::{RoomMsg, image::RoomImage},
    session::{SessionCell, image::SessionImage},
    store,
    vault::Vault,
};

/// How long rooms may take for their last checkpoint, and sessions for the request that they are at.
const ROOMS_WITHIN: Duration = Duration::from_secs(2);
const SESSIONS_WITHIN: Duration = Duration::from_secs(1);
/// Nobody tells when the last of them is done, and a server stops once.
const LOOK_EVERY: Duration = Duration::from_millis(2);
/// Unconfirmed frames of all sessions together that are kept over a restart.
const FRAMES_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Sessions that are stored at once, and records and rooms.
const BATCH_MAX: usize = 500;
/// When clients come back: not all in the same instant.
const COME_BACK_AFTER_MS: u64 = 1_000;
const COME_BACK_WITHIN_MS: u64 = 2_000;

/// What became of everything that was to be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    Stored,
    /// The store did not answer in time.
    Spooled,
    /// Nor could the spool be written.
    Lost,
}

/// Lets rooms finish, tells clients, and stores everything by `deadline`, or spools it.
pub(crate) async fn keep(vault: &Vault, spool: &Arc<dyn Spool>, deadline: Instant) -> Kept {
    vault.set_stopping();
    sessions_rest(vault).await;
    restoring_rests(vault).await;
    lobby_rest(vault).await;
    rooms_drain(vault).await;
    send_away(vault);
    let sessions = session_saves(vault, true);
    let half = Instant::now() + deadline.saturating_duration_since(Instant::now()) / 2;
    let rows = store::drained(vault, half.saturating_duration_since(Instant::now())).await;
    if rows && store_sessions(vault, &sessions, half).await {
        return Kept::Stored;
    }
    let (records, rooms) = vault.unstored();
    spooled(spool, Spooled { records, rooms, sessions }).await
}

/// The same after the tree is gone: nobody is left to drain anything, and the vault has it all.
pub(crate) async fn keep_remains(vault: &Vault, spool: &Arc<dyn Spool>, deadline: Instant) -> Kept {
    vault.set_stopping();
    joins_shut(vault);
    lobby_shut(vault);
    send_away(vault);
    let spooled_all = remains(vault, true);
    let half = Instant::now() + deadline.saturating_duration_since(Instant::now()) / 2;
    if let Some(store) = vault.store()
        && timeout_at(half, put(store, &spooled_all)).await.is_ok_and(|stored| stored)
    {
        return Kept::Stored;
    }
    spooled(spool, spooled_all).await
}

/// All that a next process needs, read from the vault without asking an actor. Some of them go on meanwhile: no more
/// requests are taken up, but what a session has done is not known for certain.
pub fn everything(vault: &Vault) -> Spooled {
    vault.set_stopping();
    vault.endings.tell_all(vault);
    remains(vault, false)
}

/// `at_rest`: no actor runs any more.
fn remains(vault: &Vault, at_rest: bool) -> Spooled {
    let at = SystemTime::now();
    let (records, _) = vault.unstored();
    let rooms = vault.rooms();
    let open = rooms.iter().filter(|room| !room.closing());
    let rooms = open.filter_map(|room| match RoomImage::save(room, at) {
        Ok(save) => Some(save),
        Err(error) => {
            tracing::error!(room = %room.id, %error, "the room is not saved");
            None
        }
    });
    Spooled { records, rooms: rooms.collect(), sessions: session_saves(vault, at_rest) }
}

/// Waits until no session is at a request, or waits for a room that it asked for: what it has counted is then what it
/// has done. A room that is not found by then is refused.
async fn sessions_rest(vault: &Vault) {
    let deadline = Instant::now() + SESSIONS_WITHIN;
    let busy = |session: &SessionCell| session.inbox.current().is_some() || session.joins.any();
    let any_busy = || vault.sessions().iter().any(|session| busy(session));
    while any_busy() && Instant::now() < deadline {
        sleep(LOOK_EVERY).await;
    }
    joins_shut(vault);
}

fn joins_shut(vault: &Vault) {
    let error = WireError::new(ErrorCode::Unavailable, "the server stops");
    let error = error.retry_after_ms(COME_BACK_AFTER_MS);
    for session in vault.sessions() {
        session.joins.shut(&error);
    }
}

/// Waits until what is on its way back from the store is here: its seats are kept with all others.
async fn restoring_rests(vault: &Vault) {
    vault.restoring.shut();
    let deadline = Instant::now() + SESSIONS_WITHIN;
    while vault.restoring.busy() && Instant::now() < deadline {
        sleep(LOOK_EVERY).await;
    }
}

/// Waits until the lobby has passed on what sessions asked of it: that has been counted, and the client does not ask
/// again. What it does not get to is refused.
async fn lobby_rest(vault: &Vault) {
    let deadline = Instant::now() + SESSIONS_WITHIN;
    let busy = || vault.lobby.depth() > 0 || vault.lobby.current().is_some();
    while busy() && Instant::now() < deadline {
        sleep(LOOK_EVERY).await;
    }
    lobby_shut(vault);
}

fn lobby_shut(vault: &Vault) {
    for item in vault.lobby.close() {
        let error = WireError::new(ErrorCode::Unavailable, "the server stops");
        lobby::refuse(item, &error.retry_after_ms(COME_BACK_AFTER_MS));
    }
}

/// Has every room make its last checkpoint. One that does not answer is saved as the vault knows it.
async fn rooms_drain(vault: &Vault) {
    let rooms = vault.rooms();
    let mut told = HashMap::new();
    let deadline = Instant::now() + ROOMS_WITHIN;
    loop {
        let mut waiting = false;
        for room in rooms.iter().filter(|room| !room.drained()) {
            waiting = true;
            // One that has just been made, or failed, has no actor yet: it is told when it has. One that is at its end is
            // waited for.
            let Some(actor) = room.actor.get() else { continue };
            if told.insert(room.id, actor.get_id()) != Some(actor.get_id()) {
                let _ = actor.cast(RoomMsg::Drain);
            }
        }
        if !waiting || Instant::now() >= deadline {
            break;
        }
        sleep(LOOK_EVERY).await;
    }
    for room in rooms.iter().filter(|room| !room.drained() && !room.closing()) {
        tracing::warn!(room = %room.id, "the room did not come to its end: it is saved as it was");
        match RoomImage::save(room, SystemTime::now()) {
            Ok(save) => vault.save(room, save),
            Err(error) => tracing::error!(room = %room.id, %error, "the room is not saved"),
        }
    }
}

fn send_away(vault: &Vault) {
    vault.endings.tell_all(vault);
    for session in vault.sessions() {
        session.outbox.farewell(&Push::SessionGoingAway {
            reason: "shutdown".into(),
            resume_token: vault.resume_tokens.mint(session.resume_claim()),
            after_ms: COME_BACK_AFTER_MS,
            jitter_ms: COME_BACK_WITHIN_MS,
        });
        session.outbox.close(CloseCode::GoingAway, None);
    }
}

fn session_saves(vault: &Vault, at_rest: bool) -> Vec<SessionSave> {
    let at = SystemTime::now();
    let mut room_for = FRAMES_BYTES_MAX;
    let live = vault.sessions().into_iter().filter(|session| !session.ended());
    live.filter_map(|session| {
        let image = SessionImage::of(&session, at_rest, &mut room_for).to_bytes();
        match image {
            Ok(image) => Some(SessionSave { session: session.id, at, image: image.into() }),
            Err(error) => {
                tracing::error!(session = %session.id, %error, "the session is not saved");
                None
            }
        }
    })
    .collect()
}

async fn store_sessions(vault: &Vault, saves: &[SessionSave], deadline: Instant) -> bool {
    let Some(store) = vault.store() else { return saves.is_empty() };
    for batch in saves.chunks(BATCH_MAX) {
        match timeout_at(deadline, store.save_sessions(batch)).await {
            Ok(Ok(())) => {}
            _ => return false,
        }
    }
    true
}

async fn put(store: &Arc<dyn RoomStore>, all: &Spooled) -> bool {
    for records in all.records.chunks(BATCH_MAX) {
        if store.write(records, &[]).await.is_err() {
            return false;
        }
    }
    for rooms in all.rooms.chunks(BATCH_MAX) {
        if store.write(&[], rooms).await.is_err() {
            return false;
        }
    }
    for sessions in all.sessions.chunks(BATCH_MAX) {
        if store.save_sessions(sessions).await.is_err() {
            return false;
        }
    }
    true
}

async fn spooled(spool: &Arc<dyn Spool>, all: Spooled) -> Kept {
    let (rooms, sessions) = (all.rooms.len(), all.sessions.len());
    tracing::error!(rooms, sessions, "the database did not answer in time: everything is spooled");
    let spool = spool.clone();
    let written = tokio::task::spawn_blocking(move || spool.write(&all)).await;
    match written {
        Ok(Ok(())) => Kept::Spooled,
        Ok(Err(error)) => {
            tracing::error!(%error, "the spool cannot be written: what was not stored is lost");
            Kept::Lost
        }
        Err(_) => Kept::Lost,
    }
}
