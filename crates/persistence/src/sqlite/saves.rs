//! Rooms and sessions as they are kept between two processes, in SQLite. Each function is the inside of a transaction.

use std::time::SystemTime;

use gamev1_actors::ports::{ClaimedRoom, RoomSave, SessionSave};
use gamev1_protocol::{RoomId, SessionId};
use rusqlite::{Connection, OptionalExtension};

use super::{
    row::{millis, parsed, time},
    sql,
};

/// Writes the images of rooms. Gives those that another process has taken since.
pub(super) fn save_rooms(sqlite: &Connection, saves: &[RoomSave]) -> rusqlite::Result<Vec<RoomId>> {
    let mut fenced = Vec::new();
    for save in saves {
        if !save_room(sqlite, save)? {
            fenced.push(save.room);
        }
    }
    Ok(fenced)
}

fn save_room(sqlite: &Connection, save: &RoomSave) -> rusqlite::Result<bool> {
    let RoomSave { room, owner_epoch, at, image, members } = save;
    let room = room.to_string();
    let members_bytes: Vec<u8> =
        members.iter().flat_map(|session| *session.as_uuid().as_bytes()).collect();
    let mut saved = sqlite.prepare_cached(sql::SAVED_OWNER)?;
    let saved: Option<(u32, Vec<u8>)> =
        saved.query_row((&room,), |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    if saved.as_ref().is_some_and(|(owner, _)| owner > owner_epoch) {
        return Ok(false);
    }
    let values = (&room, owner_epoch, millis(*at), &members_bytes, &image[..]);
    sqlite.prepare_cached(sql::SAVE_ROOM)?.execute(values)?;
    if saved.is_none_or(|(_, members)| members != members_bytes) {
        sqlite.prepare_cached(sql::FORGET_MEMBERS)?.execute((&room,))?;
        let mut add = sqlite.prepare_cached(sql::ADD_MEMBER)?;
        for session in members {
            add.execute((session.as_uuid().as_bytes(), &room))?;
        }
    }
    Ok(true)
}

pub(super) fn forget_room(sqlite: &Connection, room: &str) -> rusqlite::Result<()> {
    sqlite.prepare_cached(sql::FORGET_ROOM)?.execute((room,))?;
    sqlite.prepare_cached(sql::FORGET_MEMBERS)?.execute((room,))?;
    Ok(())
}

pub(super) fn is_saved(sqlite: &Connection, room: RoomId) -> rusqlite::Result<bool> {
    sqlite.prepare_cached(sql::SAVED_OWNER)?.exists((room.to_string(),))
}

pub(super) fn claim(
    sqlite: &Connection,
    room: RoomId,
    now: SystemTime,
) -> rusqlite::Result<Option<ClaimedRoom>> {
    let room = room.to_string();
    let mut claim = sqlite.prepare_cached(sql::CLAIM_ROOM)?;
    let claimed = claim.query_row((&room, millis(now)), |row| {
        Ok(ClaimedRoom {
            owner_epoch: row.get("owner_epoch")?,
            saved_at: time(row, "saved_at_ms")?,
            image: row.get::<_, Vec<u8>>("image")?.into(),
        })
    });
    let claimed = claimed.optional()?;
    if let Some(claimed) = &claimed {
        sqlite.prepare_cached(sql::OWN_ROOM)?.execute((&room, claimed.owner_epoch))?;
    }
    Ok(claimed)
}

pub(super) fn rooms_of(sqlite: &Connection, session: SessionId) -> rusqlite::Result<Vec<RoomId>> {
    let mut rooms = sqlite.prepare_cached(sql::ROOMS_OF_SESSION)?;
    let session = session.as_uuid().as_bytes();
    rooms.query_map((session,), |row| parsed(row, "room_id"))?.collect()
}

pub(super) fn save_sessions(sqlite: &Connection, saves: &[SessionSave]) -> rusqlite::Result<()> {
    let mut save = sqlite.prepare_cached(sql::SAVE_SESSION)?;
    for SessionSave { session, at, image } in saves {
        save.execute((session.as_uuid().as_bytes(), millis(*at), &image[..]))?;
    }
    Ok(())
}

pub(super) fn take_sessions(
    sqlite: &Connection,
    sessions: &[SessionId],
) -> rusqlite::Result<Vec<SessionSave>> {
    let mut take = sqlite.prepare_cached(sql::TAKE_SESSION)?;
    let mut all = Vec::new();
    for &session in sessions {
        let taken = take.query_row((session.as_uuid().as_bytes(),), |row| {
            let image = row.get::<_, Vec<u8>>("image")?.into();
            Ok(SessionSave { session, at: time(row, "saved_at_ms")?, image })
        });
        all.extend(taken.optional()?);
    }
    Ok(all)
}

pub(super) fn end_unclaimed(
    sqlite: &Connection,
    before: SystemTime,
    now: SystemTime,
    limit: u32,
) -> rusqlite::Result<usize> {
    let before = millis(before);
    let unclaimed: Vec<String> = sqlite
        .prepare_cached(sql::UNCLAIMED)?
        .query_map((before, limit), |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    for room in &unclaimed {
        let values = (room, "unclaimed", None::<String>, millis(now));
        sqlite.prepare_cached(sql::ROOM_CLOSED)?.execute(values)?;
        sqlite.prepare_cached(sql::END_STAYS)?.execute((room, millis(now)))?;
        forget_room(sqlite, room)?;
    }
    sqlite.prepare_cached(sql::FORGET_SESSIONS)?.execute((before, limit))?;
    Ok(unclaimed.len())
}
