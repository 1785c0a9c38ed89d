//! What the actors need from the world: the ports that `persistence` and `server` implement. Here the words are the
//! actors' own; no SQL, no HTTP, no token format.

pub mod audit;

use std::{borrow::Cow, future::Future, io, pin::Pin, time::SystemTime};

use bytes::Bytes;
use gamev1_protocol::{PlayerId, RoomId, Seat, SessionId, SignInId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use self::audit::AuditEntry;

pub type Answer<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Why the store did not do it. All of these are faults of the infrastructure, never of the data.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    #[error("the database does not answer: {0}")]
    Unavailable(String),
    #[error("the database refused: {0}")]
    Refused(String),
}

/// Something about rooms that is to be stored. Each names its row, so that writing it twice does no harm.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum RoomRecord {
    Opened {
        room: RoomId,
        game: Cow<'static, str>,
        options: Value,
        metadata: Value,
        private: bool,
        seats_max: u16,
        at: SystemTime,
    },
    /// The room is no more: what was saved of it goes too.
    Closed { room: RoomId, reason: Cow<'static, str>, result: Option<Value>, at: SystemTime },
    /// A player took a seat: begins a game session, one row for a player's stay in a room.
    SeatTaken {
        game_session: uuid::Uuid,
        room: RoomId,
        seat: Seat,
        player: PlayerId,
        session: SessionId,
        at: SystemTime,
    },
    /// The stay is over; `result` is what the game says of it.
    SeatLeft { game_session: uuid::Uuid, result: Option<Value>, at: SystemTime },
}

/// A room as it is kept between processes. The image is the actors' own; nobody else reads it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomSave {
    pub room: RoomId,
    /// The number of the process that owns the room; it only grows.
    pub owner_epoch: u32,
    pub at: SystemTime,
    pub image: Bytes,
    /// The sessions that hold a seat, in order.
    pub members: Vec<SessionId>,
}

/// A room that this process has taken over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedRoom {
    /// The new one, which fences the former owner's writes.
    pub owner_epoch: u32,
    pub saved_at: SystemTime,
    pub image: Bytes,
}

/// A session over a planned restart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionSave {
    pub session: SessionId,
    pub at: SystemTime,
    pub image: Bytes,
}

/// The store of rooms and game sessions.
pub trait RoomStore: Send + Sync + 'static {
    /// Writes the records in order, then the saves, in one transaction. Writing the same again changes nothing. Gives
    /// the rooms whose save was refused because another process has taken them.
    fn write<'a>(
        &'a self,
        records: &'a [RoomRecord],
        saves: &'a [RoomSave],
    ) -> Answer<'a, Result<Vec<RoomId>, StoreError>>;

    /// Takes over a room that was saved. `None` when there is none.
    fn claim(
        &self,
        room: RoomId,
        now: SystemTime,
    ) -> Answer<'_, Result<Option<ClaimedRoom>, StoreError>>;

    /// The saved rooms in which that session holds a seat.
    fn rooms_of_session(&self, session: SessionId) -> Answer<'_, Result<Vec<RoomId>, StoreError>>;

    /// Saves these sessions. One that was saved later than that stays as it is.
    fn save_sessions<'a>(&'a self, saves: &'a [SessionSave]) -> Answer<'a, Result<(), StoreError>>;

    /// Reads what was saved of these sessions and deletes it: it is good once.
    fn take_sessions<'a>(
        &'a self,
        sessions: &'a [SessionId],
    ) -> Answer<'a, Result<Vec<SessionSave>, StoreError>>;

    /// Ends at most `limit` rooms that were neither saved nor claimed since `before`, and forgets sessions saved before
    /// it. Gives how many rooms that were.
    fn end_unclaimed(
        &self,
        before: SystemTime,
        now: SystemTime,
        limit: u32,
    ) -> Answer<'_, Result<usize, StoreError>>;
}

/// Where everything goes when the store does not answer and the process must end. It is read first at the next start.
pub trait Spool: Send + Sync + 'static {
    /// Blocks, and needs no runtime: a thread that watches over a stuck one calls it.
    ///
    /// # Errors
    /// The disk refuses it: what was given is lost.
    fn write(&self, spooled: &Spooled) -> io::Result<()>;
}

/// What a spool keeps.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Spooled {
    pub records: Vec<RoomRecord>,
    pub rooms: Vec<RoomSave>,
    pub sessions: Vec<SessionSave>,
}

/// What a player may not do for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SanctionKind {
    Ban,
    Mute,
}

impl SanctionKind {
    pub fn word(self) -> &'static str {
        match self {
            SanctionKind::Ban => "ban",
            SanctionKind::Mute => "mute",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sanction {
    /// Sorts by the time at which it was imposed.
    pub id: uuid::Uuid,
    pub player: PlayerId,
    pub kind: SanctionKind,
    /// `None` until it is lifted.
    pub until: Option<SystemTime>,
    pub reason: String,
    pub by: Option<PlayerId>,
    pub at: SystemTime,
}

/// The store of sanctions. Each write and its entry in the audit log are one transaction.
pub trait SanctionStore: Send + Sync + 'static {
    /// Those that hold at `now`, by id, behind `after`.
    fn active(
        &self,
        now: SystemTime,
        after: Option<uuid::Uuid>,
        limit: u32,
    ) -> Answer<'_, Result<Vec<Sanction>, StoreError>>;

    /// Imposes a sanction; the same one again changes nothing.
    fn impose<'a>(
        &'a self,
        sanction: &'a Sanction,
        audit: &'a AuditEntry,
    ) -> Answer<'a, Result<(), StoreError>>;

    /// Lifts all sanctions of that kind that a player has, by the one and at the time that the entry names; it is
    /// filled in with what was lifted. False when there was none, and then nothing is written.
    fn lift<'a>(
        &'a self,
        player: PlayerId,
        kind: SanctionKind,
        audit: &'a AuditEntry,
    ) -> Answer<'a, Result<bool, StoreError>>;
}

/// What has ended before its time, and with it every token and socket that rests on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Revoked {
    SignIn(SignInId),
    /// All that was given to the player under a lower epoch than this.
    Player {
        player: PlayerId,
        epoch: u32,
    },
}

/// A line of the log of revocations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revocation {
    /// Grows in the order in which revocations become visible, whichever process made them.
    pub id: u64,
    pub what: Revoked,
    /// From then on nothing is alive that it concerns: it may be forgotten.
    pub until: SystemTime,
}

/// The log of revocations, as each process reads it.
pub trait RevocationLog: Send + Sync + 'static {
    /// Those behind `after` that still concern something at `now`, by id.
    fn since(
        &self,
        after: u64,
        now: SystemTime,
        limit: u32,
    ) -> Answer<'_, Result<Vec<Revocation>, StoreError>>;
}

/// Who a session belongs to, as a verified token and the player's row say.
#[derive(Debug, Clone, PartialEq)]
pub struct Identity {
    pub player: PlayerId,
    pub username: String,
    pub role: String,
    pub sign_in: SignInId,
    /// The player's epoch that the token was signed under.
    pub epoch: u32,
    /// When the access token ends; the session closes with 4001 unless it is refreshed.
    pub expires_at: SystemTime,
}

/// Verifies access tokens for `auth.refresh`, and knows what was revoked.
pub trait Authenticator: Send + Sync + 'static {
    /// # Errors
    /// The refusal, as the client is to see it.
    fn verify<'a>(
        &'a self,
        token: &'a str,
    ) -> Answer<'a, Result<Identity, gamev1_protocol::WireError>>;

    /// Whether what a session rests on was revoked, as far as this process has heard. It looks into memory alone.
    fn revoked(&self, player: PlayerId, sign_in: SignInId, epoch: u32) -> bool;
}

/// What a resume token says. It is true only under the server's MAC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResumeClaim {
    pub session: SessionId,
    pub player: PlayerId,
    pub sign_in: SignInId,
    /// The player's epoch when the session was opened.
    pub epoch: u32,
    /// Grows with each socket of the session; a generation is used once.
    pub generation: u32,
}

impl ResumeClaim {
    /// The epoch of a session of a former process until its client comes back and shows it. A token of it is good for
    /// nothing.
    pub const EPOCH_UNKNOWN: u32 = u32::MAX;
}

/// Makes resume tokens. Reading them is the edge's affair.
pub trait ResumeTokens: Send + Sync + 'static {
    fn mint(&self, claim: ResumeClaim) -> String;
}
