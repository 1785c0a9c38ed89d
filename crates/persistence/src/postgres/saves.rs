//! Rooms and sessions as they are kept between two processes, in PostgreSQL. Each function is the inside of a
//! transaction.

use std::{
    collections::{BTreeMap, HashMap},
    time::SystemTime,
};

use gamev1_actors::ports::{ClaimedRoom, RoomSave, SessionSave};
use gamev1_protocol::{RoomId, SessionId};
use tokio_postgres::{Client, types::Type};
use uuid::Uuid;

use super::{
    fault::Fault,
    row::{self, get, millis, number, parsed, time},
    sql,
};

/// Writes the images of rooms. Gives those that another process has taken since.
pub(super) async fn save_rooms(client: &Client, saves: &[RoomSave]) -> Result<Vec<RoomId>, Fault> {
    if saves.is_empty() {
        return Ok(Vec::new());
    }
    let (mut latest, mut fenced) = latest(saves);
    let ids: Vec<_> = latest.keys().cloned().collect();
    let before = client.query_typed(sql::SAVED_OWNERS, &[(&ids as _, Type::TEXT_ARRAY)]).await?;
    let mut members_before = HashMap::new();
    for row in &before {
        let (id, owner): (String, u32) = (get(row, "room_id")?, number(row, "owner_epoch")?);
        if latest.get(&id).is_some_and(|save| owner > save.owner_epoch) {
            fenced.extend(latest.remove(&id).map(|save| save.room));
        } else {
            members_before.insert(id, get::<Vec<u8>>(row, "members")?);
        }
    }
    let written = write_images(client, &latest).await?;
    // Those that another process took between the look and the write.
    let taken = latest.iter().filter(|(id, _)| !written.contains(id)).map(|(_, save)| save.room);
    fenced.extend(taken);
    let changed = latest.iter().filter(|(id, save)| {
        written.contains(id) && members_before.get(*id) != Some(&members_bytes(save))
    });
    write_members(client, &changed.map(|(_, save)| *save).collect::<Vec<_>>()).await?;
    Ok(fenced)
}

/// Of each room the save that stands in the end, and the rooms of those that come under a lower epoch than one before
/// them.
fn latest(saves: &[RoomSave]) -> (BTreeMap<String, &RoomSave>, Vec<RoomId>) {
    let (mut latest, mut fenced) = (BTreeMap::<String, &RoomSave>::new(), Vec::new());
    for save in saves {
        let id = save.room.to_string();
        if latest.get(&id).is_some_and(|before| before.owner_epoch > save.owner_epoch) {
            fenced.push(save.room);
        } else {
            latest.insert(id, save);
        }
    }
    (latest, fenced)
}

fn members_bytes(save: &RoomSave) -> Vec<u8> {
    save.members.iter().flat_map(|session| *session.as_uuid().as_bytes()).collect()
}

async fn write_images(
    client: &Client,
    saves: &BTreeMap<String, &RoomSave>,
) -> Result<Vec<String>, Fault> {
    let ids: Vec<_> = saves.keys().collect();
    let owners: Vec<_> = saves.values().map(|save| i64::from(save.owner_epoch)).collect();
    let ats: Vec<_> = saves.values().map(|save| millis(save.at)).collect();
    let members: Vec<_> = saves.values().map(|save| members_bytes(save)).collect();
    let images: Vec<_> = saves.values().map(|save| &save.image[..]).collect();
    let values = [
        (&ids as _, Type::TEXT_ARRAY),
        (&owners as _, Type::INT8_ARRAY),
        (&ats as _, Type::INT8_ARRAY),
        (&members as _, Type::BYTEA_ARRAY),
        (&images as _, Type::BYTEA_ARRAY),
    ];
    let written = client.query_typed(sql::SAVE_ROOMS, &values).await?;
    written.iter().map(|row| get(row, "room_id")).collect()
}

async fn write_members(client: &Client, saves: &[&RoomSave]) -> Result<(), Fault> {
    if saves.is_empty() {
        return Ok(());
    }
    let ids: Vec<_> = saves.iter().map(|save| save.room.to_string()).collect();
    client.execute_typed(sql::FORGET_MEMBERS, &[(&ids as _, Type::TEXT_ARRAY)]).await?;
    let (mut sessions, mut rooms) = (Vec::<Uuid>::new(), Vec::new());
    for (save, id) in saves.iter().zip(&ids) {
        for session in &save.members {
            sessions.push(*session.as_uuid());
            rooms.push(id);
        }
    }
    let values = [(&sessions as _, Type::UUID_ARRAY), (&rooms as _, Type::TEXT_ARRAY)];
    client.execute_typed(sql::ADD_MEMBERS, &values).await?;
    Ok(())
}

pub(super) async fn forget_rooms(client: &Client, rooms: &[String]) -> Result<(), Fault> {
    for statement in [sql::FORGET_ROOMS, sql::FORGET_MEMBERS] {
        client.execute_typed(statement, &[(&rooms as _, Type::TEXT_ARRAY)]).await?;
    }
    Ok(())
}

pub(super) async fn is_saved(client: &Client, room: RoomId) -> Result<bool, Fault> {
    let values = [(&room.to_string() as _, Type::TEXT)];
    Ok(client.query_typed_opt(sql::IS_SAVED, &values).await?.is_some())
}

pub(super) async fn claim(
    client: &Client,
    room: RoomId,
    now: SystemTime,
) -> Result<Option<ClaimedRoom>, Fault> {
    let room = room.to_string();
    let values = [(&room as _, Type::TEXT), (&millis(now) as _, Type::INT8)];
    let Some(claimed) = client.query_typed_opt(sql::CLAIM_ROOM, &values).await? else {
        return Ok(None);
    };
    let claimed = ClaimedRoom {
        owner_epoch: number(&claimed, "owner_epoch")?,
        saved_at: time(&claimed, "saved_at_ms")?,
        image: get::<Vec<u8>>(&claimed, "image")?.into(),
    };
    let owner = i64::from(claimed.owner_epoch);
    let values = [(&room as _, Type::TEXT), (&owner as _, Type::INT8)];
    client.execute_typed(sql::OWN_ROOM, &values).await?;
    Ok(Some(claimed))
}

pub(super) async fn rooms_of(client: &Client, session: SessionId) -> Result<Vec<RoomId>, Fault> {
    let values = [(session.as_uuid() as _, Type::UUID)];
    let rooms = client.query_typed(sql::ROOMS_OF_SESSION, &values).await?;
    rooms.iter().map(|row| parsed(row, "room_id")).collect()
}

pub(super) async fn save_sessions(client: &Client, saves: &[SessionSave]) -> Result<(), Fault> {
    // The last of each: a statement may not write a row twice.
    let latest: BTreeMap<Uuid, &SessionSave> =
        saves.iter().map(|save| (*save.session.as_uuid(), save)).collect();
    let ids: Vec<_> = latest.keys().copied().collect();
    let ats: Vec<_> = latest.values().map(|save| millis(save.at)).collect();
    let images: Vec<_> = latest.values().map(|save| &save.image[..]).collect();
    let values = [
        (&ids as _, Type::UUID_ARRAY),
        (&ats as _, Type::INT8_ARRAY),
        (&images as _, Type::BYTEA_ARRAY),
    ];
    client.execute_typed(sql::SAVE_SESSIONS, &values).await?;
    Ok(())
}

/// In the order asked for.
pub(super) async fn take_sessions(
    client: &Client,
    sessions: &[SessionId],
) -> Result<Vec<SessionSave>, Fault> {
    let ids: Vec<_> = sessions.iter().map(|session| *session.as_uuid()).collect();
    let taken = client.query_typed(sql::TAKE_SESSIONS, &[(&ids as _, Type::UUID_ARRAY)]).await?;
    let mut found = HashMap::new();
    for row in &taken {
        let session = SessionId::from_uuid(get(row, "session_id")?);
        let image = get::<Vec<u8>>(row, "image")?.into();
        found.insert(session, SessionSave { session, at: time(row, "saved_at_ms")?, image });
    }
    Ok(sessions.iter().filter_map(|session| found.remove(session)).collect())
}

pub(super) async fn end_unclaimed(
    client: &Client,
    before: SystemTime,
    now: SystemTime,
    limit: u32,
) -> Result<usize, Fault> {
    let (before, limit) = (millis(before), i64::from(limit));
    let bounds = [(&before as _, Type::INT8), (&limit as _, Type::INT8)];
    let unclaimed = client.query_typed(sql::UNCLAIMED, &bounds).await?;
    let rooms: Vec<String> =
        unclaimed.iter().map(|row| get(row, "room_id")).collect::<Result<_, _>>()?;
    if !rooms.is_empty() {
        let (reasons, results) =
            (vec!["unclaimed"; rooms.len()], vec![None::<String>; rooms.len()]);
        let now = row::millis(now);
        let values = [
            (&rooms as _, Type::TEXT_ARRAY),
            (&reasons as _, Type::TEXT_ARRAY),
            (&results as _, Type::TEXT_ARRAY),
            (&vec![now; rooms.len()] as _, Type::INT8_ARRAY),
        ];
        client.execute_typed(sql::ROOMS_CLOSED, &values).await?;
        let values = [(&rooms as _, Type::TEXT_ARRAY), (&now as _, Type::INT8)];
        client.execute_typed(sql::END_STAYS, &values).await?;
        forget_rooms(client, &rooms).await?;
    }
    client.execute_typed(sql::FORGET_SESSIONS, &bounds).await?;
    Ok(rooms.len())
}
