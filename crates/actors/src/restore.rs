//! Rooms and sessions of a former process, brought back when somebody asks for them. A room comes with all its seats:
//! for each a session without a socket, which waits as long as a cut one does.

use std::{
    collections::HashMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::{Duration, SystemTime},
};

use gamev1_protocol::{ErrorCode, Push, RoomId, SessionId, WireError, push::ClosedReason};
use tokio::{
    sync::{Mutex, OwnedMutexGuard, OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use crate::{
    lobby::LobbyItem,
    ports::{ClaimedRoom, ResumeClaim, RoomRecord, RoomStore, StoreError},
    room::{
        self, RoomCell, RoomSpec, Seated,
        image::{RoomImage, SeatImage},
    },
    session::{
        self, SessionCell,
        image::{Counts, SessionImage},
    },
    vault::Vault,
};

/// Rooms that are brought back at the same time. Whoever finds no turn for so long is refused.
const AT_ONCE: usize = 16;
const TURN_WITHIN: Duration = Duration::from_secs(3);
/// Of one room, or session, only one task at a time; others may share its place.
const PLACES: usize = 64;
/// A session whose access token has ended meanwhile may still bring a new one.
const TOKEN_GRACE: Duration = Duration::from_secs(60);

/// Who brings back what, so that nothing is brought back twice.
pub(crate) struct Restoring {
    turns: Arc<Semaphore>,
    places: Vec<Arc<Mutex<()>>>,
}

impl Default for Restoring {
    fn default() -> Restoring {
        let places = std::iter::repeat_with(Arc::default).take(PLACES).collect();
        Restoring { turns: Arc::new(Semaphore::new(AT_ONCE)), places }
    }
}

/// The right to bring one thing back, for as long as it lives.
type Turn = (OwnedMutexGuard<()>, OwnedSemaphorePermit);

impl Restoring {
    async fn enter(&self, key: u64) -> Result<Turn, WireError> {
        let entered = async {
            let place = self.places[(key % PLACES as u64) as usize].clone().lock_owned().await;
            (place, self.turns.clone().acquire_owned().await)
        };
        match timeout(TURN_WITHIN, entered).await {
            Ok((place, Ok(turn))) => Ok((place, turn)),
            Ok((_, Err(_))) => Err(stops()),
            Err(_) => Err(unavailable("too many rooms are being brought back")),
        }
    }

    /// The server stops: nothing more is brought back.
    pub(crate) fn shut(&self) {
        self.turns.close();
    }

    fn is_shut(&self) -> bool {
        self.turns.is_closed()
    }

    /// Whether anything is on its way.
    pub(crate) fn busy(&self) -> bool {
        self.turns.available_permits() < AT_ONCE
    }
}

fn stops() -> WireError {
    unavailable("the server stops")
}

fn unavailable(why: &str) -> WireError {
    WireError::new(ErrorCode::Unavailable, why).retry_after_ms(2_000)
}

fn store_failed(error: &StoreError) -> WireError {
    tracing::warn!(%error, "nothing can be brought back now");
    unavailable("the database does not answer")
}

/// Why a saved room cannot go on here.
struct Unusable(String);

/// Runs to its end even if whoever asked for it hangs up: what is read of the store is deleted there, and would be gone.
/// There are as many of these tasks as turns.
#[expect(
    clippy::disallowed_methods,
    reason = "it belongs to nobody who may end before it; its turn bounds it"
)]
async fn to_the_end<T: Send + 'static>(
    turn: Turn,
    work: impl Future<Output = Result<T, WireError>> + Send + 'static,
) -> Result<T, WireError> {
    let task = tokio::spawn(async move {
        let _turn = turn;
        work.await
    });
    task.await.unwrap_or_else(|_| Err(WireError::new(ErrorCode::Internal, "it does not come back")))
}

/// A room that lives, or one that was saved, which then lives again. `None` when there is none of that code.
///
/// # Errors
/// `unavailable` when the store does not answer, `room_closed` when this server cannot go on with it.
pub(crate) async fn room(
    vault: &Arc<Vault>,
    id: RoomId,
) -> Result<Option<Arc<RoomCell>>, WireError> {
    if let Some(live) = vault.room(id) {
        return Ok(Some(live));
    }
    let Some(store) = vault.store() else { return Ok(None) };
    let turn = vault.restoring.enter(id.bits()).await?;
    let (vault, store) = (vault.clone(), store.clone());
    to_the_end(turn, async move { bring_back(&vault, &store, id).await }).await
}

async fn bring_back(
    vault: &Arc<Vault>,
    store: &Arc<dyn RoomStore>,
    id: RoomId,
) -> Result<Option<Arc<RoomCell>>, WireError> {
    // In this order: a room leaves the vault when its end stands in the queue, and the queue when it is stored.
    if let Some(live) = vault.room(id) {
        return Ok(Some(live));
    }
    if vault.ends(id) {
        return Ok(None);
    }
    if vault.full() {
        return Err(WireError::new(ErrorCode::Overloaded, "this server has too many rooms")
            .retry_after_ms(5_000));
    }
    let claimed = store.claim(id, SystemTime::now()).await.map_err(|error| store_failed(&error))?;
    let Some(ClaimedRoom { owner_epoch, image, saved_at }) = claimed else { return Ok(None) };
    if vault.restoring.is_shut() {
        // The claim has taken nothing from the next process; what is read of the sessions would be gone for it.
        return Err(stops());
    }
    let image = match RoomImage::from_bytes(&image) {
        Ok(image) => image,
        Err(error) => {
            close(vault, id, &[], owner_epoch, &error.to_string());
            return Ok(None);
        }
    };
    let sessions = sessions(vault, store, &image.seats).await;
    match spec(vault, &image) {
        Ok(spec) => Ok(Some(go_on(vault, image, spec, owner_epoch, saved_at, &sessions))),
        Err(Unusable(why)) => {
            for cell in sessions.values() {
                cell.outbox.push(&Push::RoomClosed {
                    room: id,
                    reason: ClosedReason::Upgraded,
                    message: why.clone(),
                    result: None,
                });
            }
            close(vault, id, &image.seats, owner_epoch, &why);
            let error = WireError::new(ErrorCode::RoomClosed, why);
            Err(error.details(serde_json::json!({ "reason": "upgraded" })))
        }
    }
}

/// The session of that claim with its seats, from the time before this process. `None` when nothing is known of it.
///
/// # Errors
/// `unavailable` when the store does not answer.
pub(crate) async fn session(
    vault: &Arc<Vault>,
    claim: &ResumeClaim,
) -> Result<Option<Arc<SessionCell>>, WireError> {
    let Some(store) = vault.store() else { return Ok(vault.session(claim.session)) };
    let rooms = store.rooms_of_session(claim.session).await;
    for id in rooms.map_err(|error| store_failed(&error))? {
        match room(vault, id).await {
            // The session has been told of a room that cannot go on.
            Err(error) if error.code != ErrorCode::RoomClosed => return Err(error),
            Ok(_) | Err(_) => {}
        }
    }
    let found = match vault.session(claim.session) {
        Some(live) => Some(live),
        // It sat nowhere.
        None => {
            let turn = vault.restoring.enter(claim.session.as_uuid().as_u128() as u64).await?;
            let (vault, store, id) = (vault.clone(), store.clone(), claim.session);
            to_the_end(turn, async move { seatless(&vault, &store, id).await }).await?
        }
    };
    if let Some(session) = &found {
        session.rooms_are_known();
    }
    Ok(found)
}

async fn seatless(
    vault: &Arc<Vault>,
    store: &Arc<dyn RoomStore>,
    id: SessionId,
) -> Result<Option<Arc<SessionCell>>, WireError> {
    let saved = store.take_sessions(&[id]).await.map_err(|error| store_failed(&error))?;
    let image = saved.first().and_then(|save| SessionImage::from_bytes(&save.image).ok());
    let woken =
        image.map(|image| wake(vault, SessionCell::restored(&image, true, max_rooms(vault))));
    // Another resume may have been quicker.
    Ok(woken.or_else(|| vault.session(id)))
}

fn max_rooms(vault: &Vault) -> usize {
    vault.limits.rooms_per_session
}

/// Puts a session into the vault and starts its actor. One that is there already stays.
fn wake(vault: &Arc<Vault>, cell: SessionCell) -> Arc<SessionCell> {
    let (cell, new) = vault.find_or_insert_session(cell);
    if new {
        session::spawn(vault, &cell);
    }
    cell
}

/// The sessions of all seats.
async fn sessions(
    vault: &Arc<Vault>,
    store: &Arc<dyn RoomStore>,
    seats: &[SeatImage],
) -> HashMap<SessionId, Arc<SessionCell>> {
    let mut unknown: Vec<_> = seats.iter().map(|seat| seat.session).collect();
    unknown.retain(|&id| vault.session(id).is_none());
    let saved = match store.take_sessions(&unknown).await {
        Ok(saved) => saved,
        Err(error) => {
            tracing::warn!(%error, "what sessions had counted is not known: they begin anew");
            Vec::new()
        }
    };
    let read = |save: &crate::ports::SessionSave| SessionImage::from_bytes(&save.image).ok();
    let saved: HashMap<_, _> =
        saved.iter().filter_map(|save| Some((save.session, read(save)?))).collect();
    let soon = SystemTime::now() + TOKEN_GRACE;
    seats
        .iter()
        .map(|seat| {
            let (mut image, exact) = match saved.get(&seat.session) {
                Some(image) => (image.clone(), true),
                None => (SessionImage::of_seat(seat, Counts::default()), false),
            };
            image.expires_at = image.expires_at.max(soon);
            let cell = SessionCell::restored(&image, exact, max_rooms(vault));
            (seat.session, wake(vault, cell))
        })
        .collect()
}

/// What the room was made as, if this server still has the game and it reads the state.
fn spec(vault: &Vault, image: &RoomImage) -> Result<RoomSpec, Unusable> {
    let unusable = |error: WireError| Unusable(error.message);
    let game = vault.games.get(&image.game).map_err(unusable)?.clone();
    let mut settings = game.settings(&image.options).map_err(unusable)?;
    settings.seats_max = image.seats_max;
    if let Some(checkpoint) = &image.checkpoint
        && checkpoint.state_version != game.state_version()
    {
        let restore = || room::state::Room::restore(&*game, &settings, checkpoint).map(drop);
        let restored = catch_unwind(AssertUnwindSafe(restore));
        restored.unwrap_or_else(|_| Err("the game failed over it".into())).map_err(|why| {
            Unusable(format!("the game was upgraded and does not go on with older rooms: {why}"))
        })?;
    }
    Ok(RoomSpec {
        game,
        options: image.options.clone(),
        settings,
        private: image.private,
        metadata: image.metadata.clone(),
        maker: image.maker,
        seed: image.seed,
    })
}

fn go_on(
    vault: &Arc<Vault>,
    image: RoomImage,
    spec: RoomSpec,
    owner_epoch: u32,
    saved_at: SystemTime,
    sessions: &HashMap<SessionId, Arc<SessionCell>>,
) -> Arc<RoomCell> {
    let seated = image.seats.iter().filter_map(|seat| {
        let session = sessions.get(&seat.session)?.clone();
        let (player, username) = (seat.player, seat.username.clone());
        Some((seat.seat, Seated { seat: seat.seat, player, username, session, stay: seat.stay }))
    });
    let seated: std::collections::BTreeMap<_, _> = seated.collect();
    let holders: Vec<_> = seated.values().map(|seated| seated.session.clone()).collect();
    let n = vault.next_room_number();
    let cell = Arc::new(RoomCell::restored(n, spec, image, owner_epoch, seated));
    // Before the room can be found: a resume that finds it finds its seats.
    for session in &holders {
        // One that has ended since gives its seat back when its leave comes.
        if !session.hold(&cell) {
            let session = session.clone();
            cell.inbox.push_always(room::RoomItem::Leave { session, ask: None });
        }
    }
    vault.insert_restored(cell.clone());
    let age = saved_at.elapsed().unwrap_or_default();
    tracing::info!(room = %cell.id, owner_epoch, seats = holders.len(), ?age, "room restored");
    vault.lobby.push_always(LobbyItem::Restored(cell.id));
    room::spawn(vault, &cell);
    cell
}

/// Ends a saved room with which this server cannot go on, and the stays of those who sat there.
fn close(vault: &Vault, room: RoomId, seats: &[SeatImage], owner_epoch: u32, why: &str) {
    tracing::error!(%room, owner_epoch, why, "a saved room is closed");
    let (reason, at) = ("upgraded".into(), SystemTime::now());
    for seat in seats {
        vault.record(RoomRecord::SeatLeft { game_session: seat.stay, result: None, at });
    }
    vault.record(RoomRecord::Closed { room, reason, result: None, at });
}
