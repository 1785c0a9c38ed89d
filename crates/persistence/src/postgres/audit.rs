//! The audit log in PostgreSQL, and what is done in one transaction with its entries.

use std::borrow::Cow;

use gamev1_actors::ports::{
    Answer, StoreError,
    audit::{AuditActor, AuditEntry, AuditTarget},
};
use gamev1_protocol::PlayerId;
use serde_json::{Value, json};
use tokio_postgres::{Client, Row, types::Type};
use uuid::Uuid;

use super::{
    Postgres,
    accounts::player,
    credentials,
    fault::Fault,
    pool::Class,
    revocations,
    row::{get, maybe_json, millis, time},
    sql::{self, audit as log},
};
use crate::{
    accounts::{Player, Role},
    audit::{Audit, RoleRefused, Wanted},
    credentials::{Registration, Taken},
    revocations::Why,
};

/// Whoever changes roles holds this lock: two admins must not take the role from each other at the same time.
const ROLES: i64 = 0x0067_616d_6576_3102;

impl Audit for Postgres {
    fn append<'a>(&'a self, entry: &'a AuditEntry) -> Answer<'a, Result<(), StoreError>> {
        let entry = entry.clone();
        Box::pin(
            self.pool.write(move |client| Box::pin(async move { append(client, &entry).await })),
        )
    }

    fn entries<'a>(
        &'a self,
        wanted: &'a Wanted,
        limit: u32,
    ) -> Answer<'a, Result<Vec<AuditEntry>, StoreError>> {
        let Wanted { actor, target, action, before } = wanted.clone();
        Box::pin(self.pool.read(move |client| {
            Box::pin(async move {
                let query = match (&target, &actor, &action) {
                    (Some(_), ..) => log::ENTRIES_BY_TARGET,
                    (None, Some(_), _) => log::ENTRIES_BY_ACTOR,
                    (None, None, Some(_)) => log::ENTRIES_BY_ACTION,
                    (None, None, None) => log::ENTRIES,
                };
                let values = [
                    (&before.unwrap_or(Uuid::max()) as _, Type::UUID),
                    (&actor.map(|actor| *actor.as_uuid()) as _, Type::UUID),
                    (&target as _, Type::TEXT),
                    (&action as _, Type::TEXT),
                    (&i64::from(limit) as _, Type::INT8),
                ];
                let found = client.query_typed(query, &values).await?;
                found.iter().map(read).collect()
            })
        }))
    }

    fn change_role<'a>(
        &'a self,
        player: PlayerId,
        role: Role,
        entry: &'a AuditEntry,
    ) -> Answer<'a, Result<Result<Player, RoleRefused>, StoreError>> {
        let entry = entry.clone();
        Box::pin(self.pool.transaction(Class::Write, move |client| {
            Box::pin(change_role(client, player, role, entry))
        }))
    }

    fn register_admin<'a>(
        &'a self,
        id: PlayerId,
        new: Registration,
        entry: &'a AuditEntry,
    ) -> Answer<'a, Result<Result<Player, Taken>, StoreError>> {
        let entry = entry.clone();
        Box::pin(self.pool.transaction(Class::Write, move |client| {
            Box::pin(register_admin(client, id, new, entry))
        }))
    }

    fn sign_out<'a>(
        &'a self,
        player: PlayerId,
        entry: &'a AuditEntry,
    ) -> Answer<'a, Result<Option<Player>, StoreError>> {
        let entry = entry.clone();
        Box::pin(
            self.pool
                .transaction(Class::Write, move |client| Box::pin(sign_out(client, player, entry))),
        )
    }
}

/// Writes an entry; to be called in the transaction of its deed.
pub(super) async fn append(client: &Client, entry: &AuditEntry) -> Result<(), Fault> {
    let AuditEntry { id, at, actor, action, target, before, after, reason } = entry;
    let text = |json: &Option<Value>| json.as_ref().map(Value::to_string);
    let values = [
        (id as _, Type::UUID),
        (&millis(*at) as _, Type::INT8),
        (&&*actor.kind as _, Type::TEXT),
        (&actor.player.map(|player| *player.as_uuid()) as _, Type::UUID),
        (&&**action as _, Type::TEXT),
        (&&*target.kind as _, Type::TEXT),
        (&target.id as _, Type::TEXT),
        (&text(before) as _, Type::TEXT),
        (&text(after) as _, Type::TEXT),
        (reason as _, Type::TEXT),
    ];
    client.execute_typed(log::APPEND, &values).await?;
    Ok(())
}

/// Whether nobody else is an admin; false of who is none. Until the transaction ends nobody becomes one or stops to be.
pub(super) async fn is_last_admin(client: &Client, id: PlayerId) -> Result<bool, Fault> {
    if player(client, id).await?.is_none_or(|player| player.role != Role::Admin) {
        return Ok(false);
    }
    client.query_typed(sql::ONE_AT_A_TIME, &[(&ROLES as _, Type::INT8)]).await?;
    let whom = [(id.as_uuid() as _, Type::UUID)];
    Ok(client.query_typed_opt(log::OTHER_ADMIN, &whom).await?.is_none())
}

async fn change_role(
    client: &Client,
    id: PlayerId,
    role: Role,
    mut entry: AuditEntry,
) -> Result<Result<Player, RoleRefused>, Fault> {
    client.query_typed(sql::ONE_AT_A_TIME, &[(&ROLES as _, Type::INT8)]).await?;
    let Some(found) = player(client, id).await? else { return Ok(Err(RoleRefused::NoPlayer)) };
    if found.role == role {
        return Ok(Ok(found));
    }
    let whom = [(id.as_uuid() as _, Type::UUID)];
    if found.role == Role::Admin && client.query_typed_opt(log::OTHER_ADMIN, &whom).await?.is_none()
    {
        return Ok(Err(RoleRefused::LastAdmin));
    }
    set_role(client, id, role, &entry).await?;
    entry.before = Some(json!({ "role": found.role.as_str() }));
    entry.after = Some(json!({ "role": role.as_str() }));
    append(client, &entry).await?;
    let Some(changed) = player(client, id).await? else { return Ok(Err(RoleRefused::NoPlayer)) };
    revocations::log_epoch(client, &changed, entry.at).await?;
    Ok(Ok(changed))
}

async fn register_admin(
    client: &Client,
    id: PlayerId,
    new: Registration,
    entry: AuditEntry,
) -> Result<Result<Player, Taken>, Fault> {
    let made = match credentials::register(client, id, &new, entry.at).await? {
        Ok(made) => made,
        Err(taken) => return Ok(Err(taken)),
    };
    // Nothing was given out under the role that it had for the moment.
    set_role(client, id, Role::Admin, &entry).await?;
    let after = json!({ "username": made.username, "role": Role::Admin.as_str() });
    append(client, &entry.after(after)).await?;
    Ok(Ok(player(client, id).await?.unwrap_or(made)))
}

async fn set_role(
    client: &Client,
    id: PlayerId,
    role: Role,
    entry: &AuditEntry,
) -> Result<(), Fault> {
    let values = [
        (id.as_uuid() as _, Type::UUID),
        (&role.as_str() as _, Type::TEXT),
        (&millis(entry.at) as _, Type::INT8),
    ];
    client.execute_typed(sql::SET_ROLE, &values).await?;
    Ok(())
}

async fn sign_out(
    client: &Client,
    id: PlayerId,
    entry: AuditEntry,
) -> Result<Option<Player>, Fault> {
    let known = [(&entry.id as _, Type::UUID)];
    if client.query_typed_opt(log::KNOWN, &known).await?.is_some() {
        return player(client, id).await;
    }
    let ended = revocations::end_all(client, id, None, Why::Operator, entry.at).await?;
    let Some(ended) = ended else { return Ok(None) };
    append(client, &entry).await?;
    Ok(Some(ended.player))
}

fn read(row: &Row) -> Result<AuditEntry, Fault> {
    let word = |column| get::<String>(row, column).map(Cow::Owned);
    let actor: Option<Uuid> = get(row, "actor_id")?;
    Ok(AuditEntry {
        id: get(row, "id")?,
        at: time(row, "at_ms")?,
        actor: AuditActor { kind: word("actor_kind")?, player: actor.map(PlayerId::from_uuid) },
        action: word("action")?,
        target: AuditTarget { kind: word("target_kind")?, id: get(row, "target_id")? },
        before: maybe_json(row, "before_json")?,
        after: maybe_json(row, "after_json")?,
        reason: get(row, "reason")?,
    })
}
