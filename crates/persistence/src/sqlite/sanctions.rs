//! Sanctions in SQLite.

use std::time::SystemTime;

use gamev1_actors::ports::{Answer, Sanction, SanctionKind, SanctionStore, StoreError};
use gamev1_protocol::PlayerId;
use rusqlite::{Row, types::Type};
use uuid::Uuid;

use super::{
    Sqlite,
    row::{from_millis, millis, time, uuid},
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

    fn impose<'a>(&'a self, sanction: &'a Sanction) -> Answer<'a, Result<(), StoreError>> {
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
            sqlite.prepare_cached(sql::IMPOSE_SANCTION)?.execute(values).map(drop)
        }))
    }

    fn lift(
        &self,
        player: PlayerId,
        kind: SanctionKind,
        by: Option<PlayerId>,
        at: SystemTime,
    ) -> Answer<'_, Result<bool, StoreError>> {
        Box::pin(self.writer.transaction(move |sqlite| {
            let by = by.as_ref().map(|by| by.as_uuid().as_bytes());
            let values = (player.as_uuid().as_bytes(), kind.word(), by, millis(at));
            Ok(sqlite.prepare_cached(sql::LIFT_SANCTIONS)?.execute(values)? > 0)
        }))
    }
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
    let by: Option<[u8; 16]> = row.get("by_player_id")?;
    Ok(Sanction {
        id: uuid(row, "id")?,
        player: PlayerId::from_uuid(uuid(row, "player_id")?),
        kind,
        until: row.get::<_, Option<i64>>("until_ms")?.map(from_millis),
        reason: row.get("reason")?,
        by: by.map(|by| PlayerId::from_uuid(Uuid::from_bytes(by))),
        at: time(row, "created_at_ms")?,
    })
}
