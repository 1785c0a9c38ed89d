//! Sanctions in SQLite.

use std::time::SystemTime;

use gamev1_actors::ports::{
    Answer, Sanction, SanctionKind, SanctionStore, StoreError, audit::AuditEntry,
};
use gamev1_protocol::PlayerId;
use rusqlite::{Row, types::Type};
use serde_json::json;
use uuid::Uuid;

use super::{
    Sqlite, audit,
    row::{from_millis, maybe_uuid, millis, time, uuid},
    sql,
};

impl SanctionStore for Sqlite {
    fn active(
        &self,
        now: SystemTime,
        after: Option<Uuid>,
        limit: u32,
    ) -> Answer<'_, Result<Vec<Sanction>, StoreError>> {
        Box::pin(self.readers.call(move |sqlite| {
            let after = after.unwrap_or(Uuid::nil());
            let mut active = sqlite.prepare_cached(sql::ACTIVE_SANCTIONS)?;
            active.query_map((after.as_bytes(), millis(now), limit), read)?.collect()
        }))
    }

    fn impose<'a>(
        &'a self,
        sanction: &'a Sanction,
        audit: &'a AuditEntry,
    ) -> Answer<'a, Result<(), StoreError>> {
        let entry = audit.clone();
        let Sanction { id, player, kind, until, reason, by, at } = sanction.clone();
        Box::pin(self.writer.transaction(move |sqlite| {
            let values = (
                id.as_bytes(),
                player.as_uuid().as_bytes(),
                kind.word(),
                until.map(millis),
                reason,
                by.as_ref().map(|by| by.as_uuid().as_bytes()),
                millis(at),
            );
            sqlite.prepare_cached(sql::IMPOSE_SANCTION)?.execute(values)?;
            audit::append(sqlite, &entry)
        }))
    }

    fn lift<'a>(
        &'a self,
        player: PlayerId,
        kind: SanctionKind,
        audit: &'a AuditEntry,
    ) -> Answer<'a, Result<bool, StoreError>> {
        let mut entry = audit.clone();
        Box::pin(self.writer.transaction(move |sqlite| {
            let by = entry.actor.player;
            let by = by.as_ref().map(|by| by.as_uuid().as_bytes());
            let values = (player.as_uuid().as_bytes(), kind.word(), by, millis(entry.at));
            let mut lift = sqlite.prepare_cached(sql::LIFT_SANCTIONS)?;
            let lifted: Vec<_> = lift.query_map(values, lifted)?.collect::<Result<_, _>>()?;
            if lifted.is_empty() {
                return Ok(false);
            }
            entry.before = Some(lifted.into());
            audit::append(sqlite, &entry).map(|()| true)
        }))
    }
}

/// What an entry says of a sanction that was lifted.
fn lifted(row: &Row<'_>) -> rusqlite::Result<serde_json::Value> {
    let until_ms: Option<i64> = row.get("until_ms")?;
    Ok(json!({ "id": uuid(row, "id")?.to_string(), "until_ms": until_ms }))
}

fn read(row: &Row<'_>) -> rusqlite::Result<Sanction> {
    let kind = match row.get_ref("kind")?.as_str()? {
        "ban" => SanctionKind::Ban,
        "mute" => SanctionKind::Mute,
        other => {
            let unknown = format!("a sanction of kind {other:?}");
            return Err(rusqlite::Error::FromSqlConversionFailure(2, Type::Text, unknown.into()));
        }
    };
    Ok(Sanction {
        id: uuid(row, "id")?,
        player: PlayerId::from_uuid(uuid(row, "player_id")?),
        kind,
        until: row.get::<_, Option<i64>>("until_ms")?.map(from_millis),
        reason: row.get("reason")?,
        by: maybe_uuid(row, "by_player_id")?.map(PlayerId::from_uuid),
        at: time(row, "created_at_ms")?,
    })
}
