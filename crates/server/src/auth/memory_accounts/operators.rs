//! What operators do to the accounts in memory, with their audit log.

use std::{sync::Arc, time::Duration};

use gamev1_actors::ports::{Answer, StoreError, audit::AuditEntry};
use gamev1_persistence::{
    ClassCondition, Condition, Operations, Phase, WaitObserver,
    accounts::{Player, Role},
    audit::{Audit, RoleRefused, Wanted},
    credentials::{Credentials, Registration, Taken},
    names::email_key,
    players::Players,
};
use gamev1_protocol::PlayerId;
use serde_json::json;

use super::MemoryAccounts;

impl Audit for MemoryAccounts {
    fn append<'a>(&'a self, entry: &'a AuditEntry) -> Answer<'a, Result<(), StoreError>> {
        self.answer(|rows| rows.audit.push(entry.clone()))
    }

    fn entries<'a>(
        &'a self,
        wanted: &'a Wanted,
        limit: u32,
    ) -> Answer<'a, Result<Vec<AuditEntry>, StoreError>> {
        let Wanted { actor, target, action, before } = wanted;
        self.answer(|rows| {
            let entries = rows.audit.iter().rev();
            let entries = entries.filter(|it| before.is_none_or(|before| it.id < before));
            let entries = entries.filter(|it| actor.is_none() || it.actor.player == *actor);
            let entries = entries.filter(|it| target.as_ref().is_none_or(|id| it.target.id == *id));
            let entries =
                entries.filter(|it| action.as_ref().is_none_or(|word| it.action == *word));
            entries.take(limit as usize).cloned().collect()
        })
    }

    fn change_role<'a>(
        &'a self,
        player: PlayerId,
        role: Role,
        entry: &'a AuditEntry,
    ) -> Answer<'a, Result<Result<Player, RoleRefused>, StoreError>> {
        self.answer(|rows| {
            let is_other_admin = |it: &Player| it.role == Role::Admin && it.id != player;
            let other_admin = rows.players.values().any(is_other_admin);
            let found = rows.players.get_mut(&player).ok_or(RoleRefused::NoPlayer)?;
            if found.role == role {
                return Ok(found.clone());
            }
            if found.role == Role::Admin && !other_admin {
                return Err(RoleRefused::LastAdmin);
            }
            let before = Some(json!({ "role": found.role.as_str() }));
            found.role = role;
            found.epoch += 1;
            let after = Some(json!({ "role": role.as_str() }));
            rows.audit.push(AuditEntry { before, after, ..entry.clone() });
            Ok(found.clone())
        })
    }

    fn register_admin<'a>(
        &'a self,
        id: PlayerId,
        new: Registration,
        entry: &'a AuditEntry,
    ) -> Answer<'a, Result<Result<Player, Taken>, StoreError>> {
        Box::pin(async move {
            let mut made = match self.register(id, new, entry.at).await? {
                Ok(made) => made,
                Err(taken) => return Ok(Err(taken)),
            };
            made.role = Role::Admin;
            self.answer(|rows| {
                rows.players.insert(id, made.clone());
                rows.audit.push(entry.clone());
                Ok(made)
            })
            .await
        })
    }

    fn sign_out<'a>(
        &'a self,
        player: PlayerId,
        entry: &'a AuditEntry,
    ) -> Answer<'a, Result<Option<Player>, StoreError>> {
        self.answer(|rows| {
            let found = rows.players.get_mut(&player)?;
            found.epoch += 1;
            let theirs = rows.sign_ins.values_mut().filter(|(it, _)| it.player == player);
            theirs.for_each(|(_, revoked)| *revoked = true);
            rows.audit.push(entry.clone());
            Some(found.clone())
        })
    }
}

impl Players for MemoryAccounts {
    fn search<'a>(
        &'a self,
        prefix: &'a str,
        after: Option<&'a str>,
        limit: u32,
    ) -> Answer<'a, Result<Vec<Player>, StoreError>> {
        self.answer(|rows| {
            let fits = |player: &&Player| {
                player.username.starts_with(prefix)
                    && after.is_none_or(|after| *player.username > *after)
            };
            let mut found: Vec<_> = rows.players.values().filter(fits).cloned().collect();
            found.sort_by(|one, other| one.username.cmp(&other.username));
            found.truncate(limit as usize);
            found
        })
    }

    fn by_email<'a>(&'a self, email: &'a str) -> Answer<'a, Result<Option<Player>, StoreError>> {
        let is_it = |it: &&Player| it.email.as_deref().map(email_key) == Some(email_key(email));
        self.answer(|rows| rows.players.values().find(is_it).cloned())
    }
}

/// Memory has no connections and is waited for by nobody.
impl Operations for MemoryAccounts {
    fn condition(&self) -> Condition {
        let classes = ["read", "write"].map(|class| ClassCondition {
            class,
            breaker: Phase::Closed,
            waiting: 0,
            answered: 0,
            failed: 0,
            refused: 0,
        });
        Condition { idle: 0, used: 0, max: 0, attempts: 0, retries: 0, classes }
    }

    fn observe_waits(&self, _: Arc<WaitObserver>) {}

    fn stall(&self, _: Duration) {}
}
