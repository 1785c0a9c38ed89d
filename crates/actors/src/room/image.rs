//! A room between two processes: what the vault holds of it, as bytes. Made without asking the game, so that it can be
//! made of a room that hangs.

use std::time::SystemTime;

use gamev1_protocol::{Format, PlayerId, RoomId, Seat, SessionId, SignInId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::ports::RoomSave;

use super::{
    RoomCell, Seated,
    state::{Checkpoint, Entry},
};

/// Grows when the shape of [`RoomImage`] changes in a way that an older server cannot read.
const VERSION: u32 = 1;

/// See the module. MessagePack with field names, so that a later version may add some.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RoomImage {
    version: u32,
    pub room: RoomId,
    pub game: String,
    pub options: Map<String, Value>,
    pub metadata: Map<String, Value>,
    pub private: bool,
    pub seats_max: u16,
    pub maker: Option<PlayerId>,
    pub seed: [u8; 32],
    pub created_at: SystemTime,
    /// `None` of a game without state.
    pub checkpoint: Option<Checkpoint>,
    /// What came since, in the order applied.
    pub log: Vec<Entry>,
    /// The places in the log of inputs that the game had refused.
    #[serde(default)]
    pub refused: Vec<u32>,
    /// What is applied before the room goes on.
    pub held: Vec<Entry>,
    /// Whether the tick that panicked is to be made again before that.
    #[serde(default)]
    pub tick_again: bool,
    pub seats: Vec<SeatImage>,
    /// Whose inputs have failed the room too often.
    pub barred: Vec<PlayerId>,
}

/// A member, and the session that the seat is kept for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SeatImage {
    pub seat: Seat,
    pub player: PlayerId,
    pub username: String,
    pub role: String,
    pub session: SessionId,
    pub sign_in: SignInId,
    /// Of the session's last socket, as far as was known then.
    pub generation: u32,
    pub msgpack: bool,
    /// When the session's access token ends.
    pub expires_at: SystemTime,
    /// The row of this stay.
    pub stay: uuid::Uuid,
}

/// The bytes are not an image that this server reads.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an image that this server reads: {0}")]
pub struct ImageError(String);

impl ImageError {
    pub(crate) fn unreadable(error: impl std::error::Error) -> ImageError {
        ImageError(error.to_string())
    }

    pub(crate) fn version(expected: u32, got: u32) -> ImageError {
        ImageError(format!("expected version {expected}, got {got}"))
    }
}

impl RoomImage {
    /// The room as it stands in the vault, to be saved.
    ///
    /// # Errors
    /// As [`RoomImage::to_bytes`].
    pub fn save(cell: &RoomCell, at: SystemTime) -> Result<RoomSave, ImageError> {
        let image = RoomImage::of(cell);
        let mut members: Vec<_> = image.seats.iter().map(|seat| seat.session).collect();
        members.sort_unstable();
        let (room, owner_epoch) = (cell.id, cell.owner_epoch());
        Ok(RoomSave { room, owner_epoch, at, image: image.to_bytes()?.into(), members })
    }

    /// The room as it stands in the vault.
    pub fn of(cell: &RoomCell) -> RoomImage {
        let seats = cell.seated.lock().values().map(SeatImage::of).collect();
        let memory = cell.memory.lock();
        let spec = &cell.spec;
        RoomImage {
            version: VERSION,
            room: cell.id,
            game: spec.game.name().to_owned(),
            options: spec.options.clone(),
            metadata: spec.metadata.clone(),
            private: spec.private,
            seats_max: spec.settings.seats_max,
            maker: spec.maker,
            seed: spec.seed,
            created_at: cell.created_at,
            checkpoint: memory.newest().cloned(),
            log: memory.entries().cloned().collect(),
            refused: memory.refused(),
            held: memory.held().cloned().collect(),
            tick_again: memory.tick_again(),
            seats,
            barred: memory.all_barred().collect(),
        }
    }

    /// # Errors
    /// The options or metadata cannot be written, which those that came over the wire always can.
    pub fn to_bytes(&self) -> Result<Vec<u8>, ImageError> {
        rmp_serde::to_vec_named(self).map_err(ImageError::unreadable)
    }

    /// # Errors
    /// The bytes are no image, or of a later version.
    pub fn from_bytes(bytes: &[u8]) -> Result<RoomImage, ImageError> {
        let image: RoomImage = rmp_serde::from_slice(bytes).map_err(ImageError::unreadable)?;
        match image.version {
            VERSION => Ok(image),
            other => Err(ImageError::version(VERSION, other)),
        }
    }
}

impl SeatImage {
    fn of(seated: &Seated) -> SeatImage {
        let identity = seated.session.identity();
        SeatImage {
            seat: seated.seat,
            player: seated.player,
            username: seated.username.clone(),
            role: identity.role.clone(),
            session: seated.session.id,
            sign_in: identity.sign_in,
            generation: seated.session.held_generation().0,
            msgpack: seated.session.outbox.format() == Format::MsgPack,
            expires_at: seated.session.expires_at(),
            stay: seated.stay,
        }
    }
}

#[cfg(test)]
mod tests {
    use gamev1_protocol::Raw;

    use super::*;

    #[test]
    fn an_image_read_back_is_the_same_and_a_later_version_is_refused() {
        let input = Raw::json(&serde_json::json!({ "move": [0.5, -1.0] })).unwrap();
        let seat = SeatImage {
            seat: Seat(3),
            player: PlayerId::new(),
            username: "ada".into(),
            role: "player".into(),
            session: SessionId::new(),
            sign_in: SignInId::new(),
            generation: 7,
            msgpack: true,
            expires_at: SystemTime::UNIX_EPOCH,
            stay: uuid::Uuid::now_v7(),
        };
        let mut image = RoomImage {
            version: VERSION,
            room: RoomId::from_bits(5),
            game: "arena".into(),
            options: Map::from_iter([("walls".to_owned(), Value::from(2))]),
            metadata: Map::new(),
            private: true,
            seats_max: 4,
            maker: None,
            seed: [9; 32],
            created_at: SystemTime::UNIX_EPOCH,
            checkpoint: None,
            log: vec![Entry::Tick, Entry::input(Seat(3), 1, input), Entry::Reseed(1 << 40)],
            refused: vec![1],
            held: vec![Entry::Settle { seat: Seat(3), seq: 2 }],
            tick_again: true,
            seats: vec![seat],
            barred: Vec::new(),
        };
        let bytes = image.to_bytes().unwrap();
        assert_eq!(RoomImage::from_bytes(&bytes).unwrap(), image);
        // As servers wrote it that kept neither.
        let mut fields = rmpv::decode::read_value(&mut &bytes[..]).unwrap();
        let rmpv::Value::Map(named) = &mut fields else { unreachable!() };
        named.retain(|(name, _)| !["refused", "tick_again"].contains(&name.as_str().unwrap()));
        let mut older = Vec::new();
        rmpv::encode::write_value(&mut older, &fields).unwrap();
        assert!(older.len() < bytes.len());
        let before = RoomImage::from_bytes(&older).unwrap();
        let (refused, tick_again) = (Vec::new(), false);
        assert_eq!(before, RoomImage { refused, tick_again, ..image.clone() });
        image.version += 1;
        let refused = RoomImage::from_bytes(&image.to_bytes().unwrap()).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "not an image that this server reads: expected version 1, got 2"
        );
        assert!(RoomImage::from_bytes(&bytes[1..]).is_err());
    }
}
