//! Sanctions in PostgreSQL.

use std::time::SystemTime;

use gamev1_actors::ports::{
    Answer, Sanction, SanctionKind, SanctionStore, StoreError, audit::AuditEntry,
};
use gamev1_protocol::PlayerId;
use serde_json::json;
use tokio_postgres::{Row, types::Type};
use uuid::Uuid;

use super::{
    Postgres, audit,
    fault::Fault,
    pool::Class,
    row::{from_millis, get, millis, time},
    sql,
};

impl SanctionStore for Postgres {
    fn active(
        &self,
        now: SystemTime,
        after: Option<Uuid>,
        limit: u32,
    ) -> Answer<'_, Result<Vec<Sanction>, StoreError>> {
        Box::pin(self.pool.read(move |client| {
            Box::pin(async move {
                let values = [
                    (&after.unwrap_or(Uuid::nil()) as _, Type::UUID),
                    (&millis(now) as _, Type::INT8),
                    (&i64::from(limit) as _, Type::INT8),
                ];
                let active = client.query_typed(sql::ACTIVE_SANCTIONS, &values).await?;
                active.iter().map(read).collect()
            })
        }))
    }

    fn impose<'a>(
        &'a self,
        sanction: &'a Sanction,
        audit: &'a AuditEntry,
    ) -> Answer<'a, Result<(), StoreError>> {
        let entry = audit.clone();
        let Sanction { id, player, kind, until, reason, by, at } = sanction.clone();
        Box::pin(self.pool.transaction(Class::Write, move |client| {
            Box::pin(async move {
                let values = [
                    (&id as _, Type::UUID),
                    (player.as_uuid() as _, Type::UUID),
                    (&kind.word() as _, Type::TEXT),
                    (&until.map(millis) as _, Type::INT8),
                    (&reason as _, Type::TEXT),
                    (&by.map(|by| *by.as_uuid()) as _, Type::UUID),
                    (&millis(at) as _, Type::INT8),
                ];
                client.execute_typed(sql::IMPOSE_SANCTION, &values).await?;
                audit::append(client, &entry).await
            })
        }))
    }

    fn lift<'a>(
        &'a self,
        player: PlayerId,
        kind: SanctionKind,
        audit: &'a AuditEntry,
    ) -> Answer<'a, Result<bool, StoreError>> {
        let mut entry = audit.clone();
        Box::pin(self.pool.transaction(Class::Write, move |client| {
            Box::pin(async move {
                let values = [
                    (player.as_uuid() as _, Type::UUID),
                    (&kind.word() as _, Type::TEXT),
                    (&entry.actor.player.map(|by| *by.as_uuid()) as _, Type::UUID),
                    (&millis(entry.at) as _, Type::INT8),
                ];
                let lifted = client.query_typed(sql::LIFT_SANCTIONS, &values).await?;
                if lifted.is_empty() {
                    return Ok(false);
                }
                let lifted: Vec<_> = lifted.iter().map(lifted_one).collect::<Result<_, _>>()?;
                entry.before = Some(lifted.into());
                audit::append(client, &entry).await?;
                Ok(true)
            })
        }))
    }
}

/// What an entry says of a sanction that was lifted.
fn lifted_one(row: &Row) -> Result<serde_json::Value, Fault> {
    let (id, until_ms): (Uuid, Option<i64>) = (get(row, "id")?, get(row, "until_ms")?);
    Ok(json!({ "id": id.to_string(), "until_ms": until_ms }))
}

fn read(row: &Row) -> Result<Sanction, Fault> {
    let kind = match get(row, "kind")? {
        "ban" => SanctionKind::Ban,
        "mute" => SanctionKind::Mute,
        other => return Err(Fault::Unreadable(format!("a sanction of kind {other:?}"))),
    };
    let by: Option<Uuid> = get(row, "by_player_id")?;
    Ok(Sanction {
        id: get(row, "id")?,
        player: PlayerId::from_uuid(get(row, "player_id")?),
        kind,
        until: get::<Option<i64>>(row, "until_ms")?.map(from_millis),
        reason: get(row, "reason")?,
        by: by.map(PlayerId::from_uuid),
        at: time(row, "created_at_ms")?,
    })
}
