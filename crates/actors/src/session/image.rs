//! A session between two processes: whose it is, what was counted, and what its client has not confirmed.

use std::time::SystemTime;

use bytes::Bytes;
use gamev1_protocol::{Format, PlayerId, SessionId, SignInId};
use serde::{Deserialize, Serialize};

use super::SessionCell;
use crate::{
    ports::{Identity, ResumeClaim},
    room::image::{ImageError, SeatImage},
};

/// Grows when the shape changes in a way that an older server cannot read.
const VERSION: u32 = 1;
/// Frames kept of one session. Beyond it a resume is told that some are missing.
const KEPT_BYTES_MAX: usize = 16 * 1024;

/// See the module. MessagePack with field names.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SessionImage {
    version: u32,
    pub session: SessionId,
    pub player: PlayerId,
    pub username: String,
    pub role: String,
    pub sign_in: SignInId,
    pub expires_at: SystemTime,
    pub msgpack: bool,
    /// Of the token that the client holds for certain.
    pub generation: u32,
    /// A resume was on its way: the client may hold the next one already.
    #[serde(default)]
    pub may_hold_next: bool,
    /// The client may hold any later one: the process that gave it out has died without a word.
    #[serde(default)]
    pub generation_unknown: bool,
    /// What the client was sent, and which of its requests are done, is not known for certain.
    #[serde(default)]
    pub uncertain: bool,
    pub counts: Counts,
}

/// How far both sides have come, and the frames that the client has not confirmed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Counts {
    /// Counted requests that were taken up.
    pub received: u64,
    /// Counted frames before those that are kept.
    pub before_kept: u64,
    pub kept: Vec<Bytes>,
    /// How many frames had counted when the client was told to come back: that frame counts and is not kept.
    #[serde(default)]
    pub farewell_at: Option<u64>,
}

impl SessionImage {
    /// The session as it stands. `room_for` is what all images together may still take of frames; `at_rest` says that
    /// nothing takes requests up any more.
    pub fn of(cell: &SessionCell, at_rest: bool, room_for: &mut usize) -> SessionImage {
        let (generation, may_hold_next) = cell.held_generation();
        let Identity { player, username, role, sign_in, .. } = cell.identity().clone();
        let kept_max = KEPT_BYTES_MAX.min(*room_for);
        let (before_kept, kept) = cell.outbox.kept(kept_max);
        *room_for -= kept.iter().map(Bytes::len).sum::<usize>();
        let (received, farewell_at) = (cell.received(), cell.outbox.farewell_at());
        // A request that it is at has been counted, and may never be done.
        let busy = cell.inbox.current().is_some() || cell.joins.any();
        let uncertain = !at_rest || cell.uncertain() || busy;
        SessionImage {
            version: VERSION,
            session: cell.id,
            player,
            username,
            role,
            sign_in,
            expires_at: cell.expires_at(),
            msgpack: cell.outbox.format() == Format::MsgPack,
            generation,
            may_hold_next,
            generation_unknown: cell.generation_unknown(),
            uncertain,
            counts: Counts { received, before_kept, kept, farewell_at },
        }
    }

    /// # Errors
    /// Never, as far as is known: there is nothing in it that MessagePack cannot write.
    pub fn to_bytes(&self) -> Result<Vec<u8>, ImageError> {
        rmp_serde::to_vec_named(self).map_err(ImageError::unreadable)
    }

    /// # Errors
    /// The bytes are no image, or of a later version.
    pub fn from_bytes(bytes: &[u8]) -> Result<SessionImage, ImageError> {
        let image: SessionImage = rmp_serde::from_slice(bytes).map_err(ImageError::unreadable)?;
        match image.version {
            VERSION => Ok(image),
            other => Err(ImageError::version(VERSION, other)),
        }
    }

    /// What the image of a room tells of a session that was not saved by itself.
    pub(crate) fn of_seat(seat: &SeatImage, counts: Counts) -> SessionImage {
        SessionImage {
            version: VERSION,
            session: seat.session,
            player: seat.player,
            username: seat.username.clone(),
            role: seat.role.clone(),
            sign_in: seat.sign_in,
            expires_at: seat.expires_at,
            msgpack: seat.msgpack,
            generation: seat.generation,
            may_hold_next: false,
            generation_unknown: true,
            uncertain: true,
            counts,
        }
    }

    pub(crate) fn identity(&self) -> Identity {
        Identity {
            player: self.player,
            username: self.username.clone(),
            role: self.role.clone(),
            sign_in: self.sign_in,
            epoch: ResumeClaim::EPOCH_UNKNOWN,
            expires_at: self.expires_at,
        }
    }

    pub(crate) fn format(&self) -> Format {
        if self.msgpack { Format::MsgPack } else { Format::Json }
    }
}
