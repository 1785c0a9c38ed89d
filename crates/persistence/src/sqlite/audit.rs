//! The audit log in SQLite, and what is done in one transaction with its entries.

use std::borrow::Cow;

use gamev1_actors::ports::{
    Answer, StoreError,
    audit::{AuditActor, AuditEntry, AuditTarget},
};
use gamev1_protocol::PlayerId;
use rusqlite::{Connection, Row};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    Sqlite,
    accounts::player,
    credentials, revocations,
    row::{maybe_json, maybe_uuid, millis, time, uuid},
    sql::{self, audit as log},
};
use crate::{
    accounts::{Player, Role},
    audit::{Audit, RoleRefused, Wanted},
    credentials::{Registration, Taken},
    revocations::Why,
};

impl Audit for Sqlite {
    fn append<'a>(&'a self, entry: &'a AuditEntry) -> Answer<'a, Result<(), StoreError>> {
        let entry = entry.clone();
        Box::pin(self.writer.transaction(move |sqlite| append(sqlite, &entry)))
    }

    fn entries<'a>(
        &'a self,
        wanted: &'a Wanted,
        limit: u32,
    ) -> Answer<'a, Result<Vec<AuditEntry>, StoreError>> {
        let Wanted { actor, target, action, before } = wanted.clone();
        Box::pin(self.readers.call(move |sqlite| {
            let query = match (&target, &actor, &action) {
                (Some(_), ..) => log::ENTRIES_BY_TARGET,
                (None, Some(_), _) => log::ENTRIES_BY_ACTOR,
                (None, None, Some(_)) => log::ENTRIES_BY_ACTION,
                (None, None, None) => log::ENTRIES,
            };
            let before = before.unwrap_or(Uuid::max());
            let actor = actor.as_ref().map(|actor| actor.as_uuid().as_bytes());
            let mut entries = sqlite.prepare_cached(query)?;
            entries.query_map((before.as_bytes(), actor, target, action, limit), read)?.collect()
        }))
    }

    fn change_role<'a>(
        &'a self,
        player: PlayerId,
        role: Role,
        entry: &'a AuditEntry,
    ) -> Answer<'a, Result<Result<Player, RoleRefused>, StoreError>> {
        let entry = entry.clone();
        Box::pin(self.writer.transaction(move |sqlite| change_role(sqlite, player, role, entry)))
    }

    fn register_admin<'a>(
        &'a self,
        id: PlayerId,
        new: Registration,
        entry: &'a AuditEntry,
    ) -> Answer<'a, Result<Result<Player, Taken>, StoreError>> {
        let entry = entry.clone();
        Box::pin(self.writer.transaction(move |sqlite| register_admin(sqlite, id, &new, &entry)))
    }

    fn sign_out<'a>(
        &'a self,
        player: PlayerId,
        entry: &'a AuditEntry,
    ) -> Answer<'a, Result<Option<Player>, StoreError>> {
        let entry = entry.clone();
        Box::pin(self.writer.transaction(move |sqlite| sign_out(sqlite, player, &entry)))
    }
}

/// Writes an entry; to be called in the transaction of its deed.
pub(super) fn append(sqlite: &Connection, entry: &AuditEntry) -> rusqlite::Result<()> {
    let AuditEntry { id, at, actor, action, target, before, after, reason } = entry;
    let text = |json: &Option<Value>| json.as_ref().map(Value::to_string);
    let values = (
        id.as_bytes(),
        millis(*at),
        &actor.kind,
        actor.player.as_ref().map(|player| player.as_uuid().as_bytes()),
        action,
        &target.kind,
        &target.id,
        text(before),
        text(after),
        reason,
    );
    sqlite.prepare_cached(log::APPEND)?.execute(values).map(drop)
}

/// Whether nobody else is an admin; false of who is none.
pub(super) fn is_last_admin(sqlite: &Connection, id: PlayerId) -> rusqlite::Result<bool> {
    let is_admin = player(sqlite, id)?.is_some_and(|player| player.role == Role::Admin);
    Ok(is_admin && !sqlite.prepare_cached(log::OTHER_ADMIN)?.exists((id.as_uuid().as_bytes(),))?)
}

fn change_role(
    sqlite: &Connection,
    id: PlayerId,
    role: Role,
    mut entry: AuditEntry,
) -> rusqlite::Result<Result<Player, RoleRefused>> {
    let Some(found) = player(sqlite, id)? else { return Ok(Err(RoleRefused::NoPlayer)) };
    if found.role == role {
        return Ok(Ok(found));
    }
    let bytes = id.as_uuid().as_bytes();
    // The one writer that there is: no other admin can lose the role meanwhile.
    if is_last_admin(sqlite, id)? {
        return Ok(Err(RoleRefused::LastAdmin));
    }
    let mut set = sqlite.prepare_cached(sql::SET_ROLE)?;
    set.execute((bytes, role.as_str(), millis(entry.at)))?;
    entry.before = Some(json!({ "role": found.role.as_str() }));
    entry.after = Some(json!({ "role": role.as_str() }));
    append(sqlite, &entry)?;
    let Some(changed) = player(sqlite, id)? else { return Ok(Err(RoleRefused::NoPlayer)) };
    revocations::log_epoch(sqlite, &changed, entry.at)?;
    Ok(Ok(changed))
}

fn register_admin(
    sqlite: &Connection,
    id: PlayerId,
    new: &Registration,
    entry: &AuditEntry,
) -> rusqlite::Result<Result<Player, Taken>> {
    let made = match credentials::register(sqlite, id, new, entry.at)? {
        Ok(made) => made,
        Err(taken) => return Ok(Err(taken)),
    };
    // Nothing was given out under the role that it had for the moment.
    let values = (id.as_uuid().as_bytes(), Role::Admin.as_str(), millis(entry.at));
    sqlite.prepare_cached(sql::SET_ROLE)?.execute(values)?;
    let after = json!({ "username": made.username, "role": Role::Admin.as_str() });
    append(sqlite, &entry.clone().after(after))?;
    Ok(Ok(player(sqlite, id)?.unwrap_or(made)))
}

fn sign_out(
    sqlite: &Connection,
    id: PlayerId,
    entry: &AuditEntry,
) -> rusqlite::Result<Option<Player>> {
    if sqlite.prepare_cached(log::KNOWN)?.exists((entry.id.as_bytes(),))? {
        return player(sqlite, id);
    }
    let Some(ended) = revocations::end_all(sqlite, id, None, Why::Operator, entry.at)? else {
        return Ok(None);
    };
    append(sqlite, entry)?;
    Ok(Some(ended.player))
}

fn read(row: &Row<'_>) -> rusqlite::Result<AuditEntry> {
    let word = |column| row.get::<_, String>(column).map(Cow::Owned);
    Ok(AuditEntry {
        id: uuid(row, "id")?,
        at: time(row, "at_ms")?,
        actor: AuditActor {
            kind: word("actor_kind")?,
            player: maybe_uuid(row, "actor_id")?.map(PlayerId::from_uuid),
        },
        action: word("action")?,
        target: AuditTarget { kind: word("target_kind")?, id: row.get("target_id")? },
        before: maybe_json(row, "before_json")?,
        after: maybe_json(row, "after_json")?,
        reason: row.get("reason")?,
    })
}
