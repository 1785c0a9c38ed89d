//! The record of a crash: the room as it was when it failed, and what it failed at. `gamev1 replay` runs it again.

use std::{sync::Arc, time::SystemTime};

use serde::{Deserialize, Serialize};

use super::{
    RoomCell, RoomItem,
    image::{ImageError, RoomImage},
    recovery::Site,
    state::Entry,
};
use crate::{
    game::{Member, RawInput},
    supervisor::dynamic::GaveUp,
};

const VERSION: u32 = 1;

/// See the module. MessagePack with field names.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CrashRecord {
    version: u32,
    /// Name and version of the software that failed.
    pub server: String,
    pub at: SystemTime,
    pub state_version: u32,
    pub site: Site,
    /// What was being applied: it is in no log yet.
    pub fatal: Option<Entry>,
    /// What the panic said, or the error, and where in the code that was.
    pub message: String,
    pub location: Option<String>,
    pub image: RoomImage,
}

/// Where records go. It may not block: a supervisor calls it between two incarnations.
pub trait CrashRecords: Send + Sync + 'static {
    fn keep(&self, record: CrashRecord);
    /// Whether every crash of a room is kept, and not only one that ends it.
    fn all(&self) -> bool;
}

impl CrashRecord {
    /// The room as it failed, before anything is done about it.
    pub(super) fn of(cell: &Arc<RoomCell>, why: &GaveUp) -> CrashRecord {
        let image = RoomImage::of(cell);
        let site = cell.memory.lock().site;
        CrashRecord {
            version: VERSION,
            server: concat!("gamev1/", env!("CARGO_PKG_VERSION")).to_owned(),
            at: SystemTime::now(),
            state_version: cell.spec.game.state_version(),
            site,
            fatal: fatal(cell, site),
            message: why.panicked.as_ref().map_or(&why.reason, |p| &p.message).clone(),
            location: why.panicked.as_ref().map(|panicked| panicked.location.clone()),
            image,
        }
    }

    /// # Errors
    /// As [`RoomImage::to_bytes`].
    pub fn to_bytes(&self) -> Result<Vec<u8>, ImageError> {
        rmp_serde::to_vec_named(self).map_err(ImageError::unreadable)
    }

    /// # Errors
    /// The bytes are no record, or of a later version.
    pub fn from_bytes(bytes: &[u8]) -> Result<CrashRecord, ImageError> {
        let record: CrashRecord = rmp_serde::from_slice(bytes).map_err(ImageError::unreadable)?;
        match record.version {
            VERSION => Ok(record),
            other => Err(ImageError::version(VERSION, other)),
        }
    }
}

/// What the room was applying: from where it stood, and from what it had taken out of its inbox.
fn fatal(cell: &RoomCell, site: Site) -> Option<Entry> {
    if site == Site::Tick {
        return Some(Entry::Tick);
    }
    if let Some(entry) = cell.memory.lock().at_hand() {
        return Some(entry.clone());
    }
    let item = cell.inbox.current()?;
    let seated = cell.seated.lock();
    let seat_of = |session| seated.values().find(|s| s.session.id == session).map(|s| s.seat);
    match (site, item) {
        (Site::Input, RoomItem::Input { ask, seq, input }) => {
            let seat = seat_of(ask.session.id)?;
            Some(Entry::Input(RawInput { seat, seq, input: input.detached() }))
        }
        (Site::Leave, RoomItem::Leave { session, .. }) => Some(Entry::Leave(seat_of(session.id)?)),
        (Site::Join, RoomItem::Join { ask, .. }) => {
            // The lowest free one, as a room gives it.
            let free = |seat: &gamev1_protocol::Seat| !seated.contains_key(seat);
            let seat = (0..cell.spec.settings.seats_max).map(gamev1_protocol::Seat).find(free)?;
            let (player, username) = (ask.session.player(), ask.session.username());
            Some(Entry::Join(Member { seat, player, username }))
        }
        _ => None,
    }
}
