//! What was stored of rooms and of players' stays in them, read back. Live rooms are the actors' affair, not this.

use std::time::SystemTime;

use gamev1_actors::ports::{Answer, StoreError};
use gamev1_protocol::{PlayerId, RoomId, Seat, SessionId};
use serde_json::Value;
use uuid::Uuid;

/// A room as stored.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredRoom {
    pub room: RoomId,
    pub game: String,
    pub options: Value,
    pub metadata: Value,
    pub private: bool,
    pub seats_max: u16,
    /// Grows when another process takes the room.
    pub owner_epoch: u32,
    pub opened_at: SystemTime,
    /// `None` while it is open, and when the process died with it.
    pub closed: Option<RoomEnd>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct RoomEnd {
    pub at: SystemTime,
    pub reason: String,
    pub result: Option<Value>,
}

/// A player's stay on a seat of a room: a game session.
#[derive(Debug, Clone, PartialEq)]
pub struct Stay {
    pub game_session: Uuid,
    pub room: RoomId,
    /// `None` when the account was deleted.
    pub player: Option<PlayerId>,
    pub seat: Seat,
    pub session: SessionId,
    pub started_at: SystemTime,
    pub ended: Option<StayEnd>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct StayEnd {
    pub at: SystemTime,
    pub result: Option<Value>,
}

/// Reads the records of [`gamev1_actors::ports::RoomStore`].
pub trait History: Send + Sync + 'static {
    fn room(&self, room: RoomId) -> Answer<'_, Result<Option<StoredRoom>, StoreError>>;

    /// The last `limit` rooms of a game, the latest first.
    fn rooms_of_game<'a>(
        &'a self,
        game: &'a str,
        limit: u32,
    ) -> Answer<'a, Result<Vec<StoredRoom>, StoreError>>;

    /// The first `limit` stays in a room, in the order in which they began.
    fn stays_in_room(&self, room: RoomId, limit: u32) -> Answer<'_, Result<Vec<Stay>, StoreError>>;

    /// The last `limit` stays of a player, the latest first.
    fn stays_of_player(
        &self,
        player: PlayerId,
        limit: u32,
    ) -> Answer<'_, Result<Vec<Stay>, StoreError>>;
}
