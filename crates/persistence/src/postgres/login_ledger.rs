//! Failed logins and known devices in PostgreSQL.

use std::{collections::BTreeMap, time::SystemTime};

use gamev1_actors::ports::{Answer, StoreError};
use gamev1_protocol::PlayerId;
use tokio_postgres::{Client, Row, types::Type};

use super::{
    Postgres,
    fault::Fault,
    pool::Class,
    row::{get, hash, millis, number, time},
    sql::login_ledger as sql,
};
use crate::{
    accounts::SecretHash,
    login_ledger::{Failures, KNOWN_DEVICES_MAX, Kind, LoginLedger, Who},
};

/// Rows forgotten at once, so that the writers behind do not wait long.
const FORGOTTEN_MAX: i64 = 500;

impl LoginLedger for Postgres {
    fn failures(&self, limit: u32) -> Answer<'_, Result<Vec<(Who, Failures)>, StoreError>> {
        Box::pin(self.pool.read(move |client| {
            Box::pin(async move {
                let limit = [(&i64::from(limit) as _, Type::INT8)];
                let found = client.query_typed(sql::FAILURES, &limit).await?;
                found.iter().map(read).collect()
            })
        }))
    }

    fn keep_failures<'a>(
        &'a self,
        changed: &'a [(Who, Option<Failures>)],
    ) -> Answer<'a, Result<(), StoreError>> {
        // The last of each: a statement may not write a row twice.
        let changed: BTreeMap<Who, Option<Failures>> = changed.iter().copied().collect();
        Box::pin(self.pool.transaction(Class::Write, move |client| {
            Box::pin(async move { keep(client, &changed).await })
        }))
    }

    fn forget_failures(&self, before: SystemTime) -> Answer<'_, Result<usize, StoreError>> {
        Box::pin(self.pool.write(move |client| {
            Box::pin(async move {
                let values =
                    [(&millis(before) as _, Type::INT8), (&FORGOTTEN_MAX as _, Type::INT8)];
                let forgotten = client.execute_typed(sql::FORGET_FAILURES, &values).await?;
                Ok(usize::try_from(forgotten).unwrap_or(usize::MAX))
            })
        }))
    }

    fn knows_device(
        &self,
        player: PlayerId,
        device: SecretHash,
    ) -> Answer<'_, Result<bool, StoreError>> {
        Box::pin(self.pool.read(move |client| {
            Box::pin(async move {
                let values =
                    [(player.as_uuid() as _, Type::UUID), (&&device[..] as _, Type::BYTEA)];
                Ok(client.query_typed_opt(sql::KNOWS_DEVICE, &values).await?.is_some())
            })
        }))
    }

    fn meet_device(
        &self,
        player: PlayerId,
        device: SecretHash,
        now: SystemTime,
    ) -> Answer<'_, Result<(), StoreError>> {
        Box::pin(self.pool.transaction(Class::Write, move |client| {
            Box::pin(async move {
                let values = [
                    (player.as_uuid() as _, Type::UUID),
                    (&&device[..] as _, Type::BYTEA),
                    (&millis(now) as _, Type::INT8),
                ];
                client.execute_typed(sql::MEET_DEVICE, &values).await?;
                let kept = i64::from(KNOWN_DEVICES_MAX);
                let values = [(player.as_uuid() as _, Type::UUID), (&kept as _, Type::INT8)];
                client.execute_typed(sql::FORGET_KNOWN_DEVICES, &values).await?;
                Ok(())
            })
        }))
    }
}

async fn keep(client: &Client, changed: &BTreeMap<Who, Option<Failures>>) -> Result<(), Fault> {
    let mut cleared: Vec<&[u8]> = Vec::new();
    let (mut hashes, mut kinds, mut counts) = (Vec::<&[u8]>::new(), Vec::new(), Vec::new());
    let (mut forgiven, mut lasts) = (Vec::new(), Vec::new());
    for (who, failures) in changed {
        let Some(Failures { count, forgiven_to, last }) = failures else {
            cleared.push(&who.hash);
            continue;
        };
        hashes.push(&who.hash);
        kinds.push(who.kind.word());
        counts.push(i64::from(*count));
        forgiven.push(millis(*forgiven_to));
        lasts.push(millis(*last));
    }
    client.execute_typed(sql::CLEAR_FAILURES, &[(&cleared as _, Type::BYTEA_ARRAY)]).await?;
    let values = [
        (&hashes as _, Type::BYTEA_ARRAY),
        (&kinds as _, Type::TEXT_ARRAY),
        (&counts as _, Type::INT8_ARRAY),
        (&forgiven as _, Type::INT8_ARRAY),
        (&lasts as _, Type::INT8_ARRAY),
    ];
    client.execute_typed(sql::KEEP_FAILURES, &values).await?;
    Ok(())
}

fn read(found: &Row) -> Result<(Who, Failures), Fault> {
    let word: &str = get(found, "kind")?;
    let kind = Kind::ALL.into_iter().find(|kind| kind.word() == word);
    let kind = kind.ok_or_else(|| Fault::Unreadable(format!("failures of kind {word:?}")))?;
    let failures = Failures {
        count: number(found, "fails")?,
        forgiven_to: time(found, "forgiven_to_ms")?,
        last: time(found, "last_ms")?,
    };
    Ok((Who { kind, hash: hash(get(found, "hash")?)? }, failures))
}
