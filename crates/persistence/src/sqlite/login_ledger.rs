//! Failed logins and known devices in SQLite.

use std::time::SystemTime;

use gamev1_actors::ports::{Answer, StoreError};
use gamev1_protocol::PlayerId;
use rusqlite::{Row, types::Type};

use super::{
    Sqlite, history,
    row::{millis, time},
    sql::login_ledger as sql,
};
use crate::{
    accounts::SecretHash,
    login_ledger::{Failures, KNOWN_DEVICES_MAX, Kind, LoginLedger, Who},
};

/// Rows forgotten at once, so that the writers behind do not wait long.
const FORGOTTEN_MAX: u32 = 500;

impl LoginLedger for Sqlite {
    fn failures(&self, limit: u32) -> Answer<'_, Result<Vec<(Who, Failures)>, StoreError>> {
        Box::pin(
            self.readers.call(move |sqlite| history::all(sqlite, sql::FAILURES, (limit,), read)),
        )
    }

    fn keep_failures<'a>(
        &'a self,
        changed: &'a [(Who, Option<Failures>)],
    ) -> Answer<'a, Result<(), StoreError>> {
        let changed = changed.to_vec();
        Box::pin(self.writer.transaction(move |sqlite| {
            for (Who { kind, hash }, failures) in changed {
                match failures {
                    Some(Failures { count, forgiven_to, last }) => {
                        let values = (hash, kind.word(), count, millis(forgiven_to), millis(last));
                        sqlite.prepare_cached(sql::KEEP_FAILURES)?.execute(values)?;
                    }
                    None => {
                        sqlite.prepare_cached(sql::CLEAR_FAILURES)?.execute((hash,))?;
                    }
                }
            }
            Ok(())
        }))
    }

    fn forget_failures(&self, before: SystemTime) -> Answer<'_, Result<usize, StoreError>> {
        Box::pin(self.writer.transaction(move |sqlite| {
            sqlite.prepare_cached(sql::FORGET_FAILURES)?.execute((millis(before), FORGOTTEN_MAX))
        }))
    }

    fn knows_device(
        &self,
        player: PlayerId,
        device: SecretHash,
    ) -> Answer<'_, Result<bool, StoreError>> {
        Box::pin(self.readers.call(move |sqlite| {
            let mut knows = sqlite.prepare_cached(sql::KNOWS_DEVICE)?;
            knows.exists((player.as_uuid().as_bytes(), device))
        }))
    }

    fn meet_device(
        &self,
        player: PlayerId,
        device: SecretHash,
        now: SystemTime,
    ) -> Answer<'_, Result<(), StoreError>> {
        Box::pin(self.writer.transaction(move |sqlite| {
            let player = player.as_uuid().as_bytes();
            let mut meet = sqlite.prepare_cached(sql::MEET_DEVICE)?;
            meet.execute((player, device, millis(now)))?;
            let mut forget = sqlite.prepare_cached(sql::FORGET_KNOWN_DEVICES)?;
            forget.execute((player, KNOWN_DEVICES_MAX)).map(drop)
        }))
    }
}

fn read(found: &Row<'_>) -> rusqlite::Result<(Who, Failures)> {
    let word: String = found.get("kind")?;
    let kind = Kind::ALL.into_iter().find(|kind| kind.word() == word).ok_or_else(|| {
        let unknown = format!("failures of kind {word:?}");
        rusqlite::Error::FromSqlConversionFailure(1, Type::Text, unknown.into())
    })?;
    let failures = Failures {
        count: found.get("fails")?,
        forgiven_to: time(found, "forgiven_to_ms")?,
        last: time(found, "last_ms")?,
    };
    Ok((Who { kind, hash: found.get("hash")? }, failures))
}
