//! What the actors need from the world: the ports that `persistence` and `server` implement. Here the words are the
//! actors' own; no SQL, no HTTP, no token format.

use std::{future::Future, pin::Pin, time::SystemTime};

use gamev1_protocol::{PlayerId, RoomId, Seat, SessionId, SignInId};
use serde_json::Value;

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
#[derive(Debug, Clone, PartialEq)]
pub enum RoomRecord {
    Opened {
        room: RoomId,
        game: &'static str,
        options: Value,
        metadata: Value,
        private: bool,
        seats_max: u16,
        at: SystemTime,
    },
    Closed {
        room: RoomId,
        reason: &'static str,
        result: Option<Value>,
        at: SystemTime,
    },
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
    SeatLeft {
        game_session: uuid::Uuid,
        result: Option<Value>,
        at: SystemTime,
    },
}

/// The store of rooms and game sessions. Only the store actor holds it.
pub trait RoomStore: Send + Sync + 'static {
    /// Writes a batch in one transaction, in order. Writing the same batch again changes nothing.
    fn write<'a>(&'a self, batch: &'a [RoomRecord]) -> Answer<'a, Result<(), StoreError>>;
}

/// Who a session belongs to, as a verified token and the player's row say.
#[derive(Debug, Clone, PartialEq)]
pub struct Identity {
    pub player: PlayerId,
    pub username: String,
    pub role: String,
    pub sign_in: SignInId,
    /// When the access token ends; the session closes with 4001 unless it is refreshed.
    pub expires_at: SystemTime,
}

/// Verifies access tokens for `auth.refresh`.
pub trait Authenticator: Send + Sync + 'static {
    /// # Errors
    /// The refusal, as the client is to see it.
    fn verify<'a>(
        &'a self,
        token: &'a str,
    ) -> Answer<'a, Result<Identity, gamev1_protocol::WireError>>;
}

/// What a resume token says. It is true only under the server's MAC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResumeClaim {
    pub session: SessionId,
    pub player: PlayerId,
    pub sign_in: SignInId,
    /// Grows with each socket of the session; a generation is used once.
    pub generation: u32,
}

/// Makes resume tokens. Reading them is the edge's affair.
pub trait ResumeTokens: Send + Sync + 'static {
    fn mint(&self, claim: ResumeClaim) -> String;
}
