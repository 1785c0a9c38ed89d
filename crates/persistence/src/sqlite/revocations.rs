//! Revocations in SQLite, and the log of them. The functions are for other transactions that revoke something.

use std::time::SystemTime;

use gamev1_actors::ports::{Answer, Revocation, RevocationLog, Revoked, StoreError};
use gamev1_protocol::{PlayerId, SignInId};
use rusqlite::{Connection, OptionalExtension, Row};

use super::{
    Sqlite,
    accounts::read_player,
    row::{millis, time},
    sql,
};
use crate::{
    accounts::Player,
    revocations::{EndedAll, REVOKED_FOR, Revocations, Why},
};

/// Lines forgotten at once, so that the writers behind do not wait long.
const FORGOTTEN_MAX: u32 = 500;

impl RevocationLog for Sqlite {
    fn since(
        &self,
        after: u64,
        now: SystemTime,
        limit: u32,
    ) -> Answer<'_, Result<Vec<Revocation>, StoreError>> {
        Box::pin(self.readers.call(move |sqlite| {
            let mut since = sqlite.prepare_cached(sql::REVOCATIONS_SINCE)?;
            let after = i64::try_from(after).unwrap_or(i64::MAX);
            since.query_map((after, millis(now), limit), read)?.collect()
        }))
    }
}

impl Revocations for Sqlite {
    fn end_sign_in(
        &self,
        sign_in: SignInId,
        why: Why,
        now: SystemTime,
    ) -> Answer<'_, Result<Option<Revocation>, StoreError>> {
        Box::pin(self.writer.transaction(move |sqlite| end_sign_in(sqlite, sign_in, why, now)))
    }

    fn end_all(
        &self,
        player: PlayerId,
        except: Option<SignInId>,
        why: Why,
        now: SystemTime,
    ) -> Answer<'_, Result<Option<EndedAll>, StoreError>> {
        Box::pin(self.writer.transaction(move |sqlite| end_all(sqlite, player, except, why, now)))
    }

    fn forget_revocations(&self, now: SystemTime) -> Answer<'_, Result<usize, StoreError>> {
        Box::pin(self.writer.transaction(move |sqlite| {
            let mut forget = sqlite.prepare_cached(sql::FORGET_REVOCATIONS)?;
            forget.execute((millis(now), FORGOTTEN_MAX))
        }))
    }
}

/// Ends a sign-in and says so in the log. `None` when there is none that stands.
pub(super) fn end_sign_in(
    sqlite: &Connection,
    sign_in: SignInId,
    why: Why,
    now: SystemTime,
) -> rusqlite::Result<Option<Revocation>> {
    let id = sign_in.as_uuid().as_bytes();
    let mut revoke = sqlite.prepare_cached(sql::REVOKE_SIGN_IN)?;
    if revoke.execute((id, millis(now), why.word()))? == 0 {
        return Ok(None);
    }
    let mut log = sqlite.prepare_cached(sql::LOG_SIGN_IN)?;
    log.query_row((id, millis(now), millis(now + REVOKED_FOR)), read).map(Some)
}

/// Ends everything of a player and says so in the log. `None` when there is no such player.
pub(super) fn end_all(
    sqlite: &Connection,
    player: PlayerId,
    except: Option<SignInId>,
    why: Why,
    now: SystemTime,
) -> rusqlite::Result<Option<EndedAll>> {
    let id = player.as_uuid().as_bytes();
    let mut raise = sqlite.prepare_cached(sql::RAISE_EPOCH)?;
    let raised = raise.query_row((id, millis(now)), read_player).optional()?;
    let Some(player) = raised else { return Ok(None) };
    let except = except.as_ref().map(|sign_in| sign_in.as_uuid().as_bytes());
    let mut revoke = sqlite.prepare_cached(sql::REVOKE_SIGN_INS)?;
    revoke.execute((id, millis(now), why.word(), except))?;
    let revocation = log_epoch(sqlite, &player, now)?;
    Ok(Some(EndedAll { player, revocation }))
}

/// Says in the log that the player's epoch is now that of the row.
pub(super) fn log_epoch(
    sqlite: &Connection,
    player: &Player,
    now: SystemTime,
) -> rusqlite::Result<Revocation> {
    let mut log = sqlite.prepare_cached(sql::LOG_EPOCH)?;
    let id = player.id.as_uuid().as_bytes();
    log.query_row((id, player.epoch, millis(now), millis(now + REVOKED_FOR)), read)
}

fn read(row: &Row<'_>) -> rusqlite::Result<Revocation> {
    let uuid = |column| {
        Ok::<_, rusqlite::Error>(
            row.get::<_, Option<[u8; 16]>>(column)?.map(uuid::Uuid::from_bytes),
        )
    };
    let what = match (uuid("sign_in_id")?, uuid("player_id")?) {
        (Some(sign_in), _) => Revoked::SignIn(SignInId::from_uuid(sign_in)),
        (None, player) => Revoked::Player {
            // The schema has one of the two in each row.
            player: PlayerId::from_uuid(player.unwrap_or_default()),
            epoch: row.get("epoch")?,
        },
    };
    let id = row.get::<_, i64>("id")?.unsigned_abs();
    Ok(Revocation { id, what, until: time(row, "until_ms")? })
}
