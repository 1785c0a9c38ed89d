//! All that is stored of one player, read from SQLite.

use gamev1_protocol::{PlayerId, SignInId};
use rusqlite::{Connection, OptionalExtension, Row};

use super::{accounts, history, row, sql};
use crate::credentials::{EXPORTED_STAYS_MAX, Export, ExportedSanction, ExportedSignIn};

/// Devices, sign-ins and sanctions, each. Who has more of them is told of the latest.
const ROWS_MAX: u32 = 1_000;

pub(super) fn read(sqlite: &Connection, id: PlayerId) -> rusqlite::Result<Option<Export>> {
    let Some(player) = accounts::player(sqlite, id)? else { return Ok(None) };
    let key = id.as_uuid().as_bytes();
    let mut password = sqlite.prepare_cached(sql::credentials::ACCOUNT)?;
    let password_set_at =
        password.query_row((key,), |found| row::time(found, "password_set_at_ms")).optional()?;
    let all = (key, ROWS_MAX);
    let devices = history::all(sqlite, sql::credentials::DEVICES_OF, all, |found| {
        row::time(found, "created_at_ms")
    })?;
    let sign_ins = history::all(sqlite, sql::credentials::SIGN_INS_OF, all, sign_in)?;
    let sanctions = history::all(sqlite, sql::credentials::SANCTIONS_OF, all, sanction)?;
    let one_more = EXPORTED_STAYS_MAX + 1;
    let mut stays =
        history::all(sqlite, sql::STAYS_OF_PLAYER, (key, one_more), history::read_stay)?;
    let stays_max = EXPORTED_STAYS_MAX as usize;
    let more_stays = stays.len() > stays_max;
    stays.truncate(stays_max);
    Ok(Some(Export { player, password_set_at, devices, sign_ins, stays, more_stays, sanctions }))
}

fn sign_in(found: &Row<'_>) -> rusqlite::Result<ExportedSignIn> {
    Ok(ExportedSignIn {
        id: SignInId::from_uuid(row::uuid(found, "id")?),
        created_at: row::time(found, "created_at_ms")?,
        expires_at: row::time(found, "expires_at_ms")?,
        revoked_at: found.get::<_, Option<i64>>("revoked_at_ms")?.map(row::from_millis),
        revoked_reason: found.get("revoked_reason")?,
    })
}

fn sanction(found: &Row<'_>) -> rusqlite::Result<ExportedSanction> {
    Ok(ExportedSanction {
        id: row::uuid(found, "id")?,
        kind: found.get("kind")?,
        until: found.get::<_, Option<i64>>("until_ms")?.map(row::from_millis),
        reason: found.get("reason")?,
        created_at: row::time(found, "created_at_ms")?,
        lifted_at: found.get::<_, Option<i64>>("lifted_at_ms")?.map(row::from_millis),
    })
}
