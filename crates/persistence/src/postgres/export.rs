//! All that is stored of one player, read from PostgreSQL.

use gamev1_protocol::{PlayerId, SignInId};
use tokio_postgres::{Client, Row, types::Type};

use super::{
    accounts,
    fault::Fault,
    history,
    row::{from_millis, get, time},
    sql,
};
use crate::credentials::{EXPORTED_STAYS_MAX, Export, ExportedSanction, ExportedSignIn};

/// At the beginning of the transaction in which [`read`] is called.
pub(super) const SNAPSHOT: &str = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// Devices, sign-ins and sanctions, each. Who has more of them is told of the latest.
const ROWS_MAX: i64 = 1_000;

pub(super) async fn read(client: &Client, id: PlayerId) -> Result<Option<Export>, Fault> {
    let Some(player) = accounts::player(client, id).await? else { return Ok(None) };
    let key = [(id.as_uuid() as _, Type::UUID)];
    let password = client.query_typed_opt(sql::credentials::ACCOUNT, &key).await?;
    let password_set_at =
        password.as_ref().map(|found| time(found, "password_set_at_ms")).transpose()?;
    let all = [(id.as_uuid() as _, Type::UUID), (&ROWS_MAX as _, Type::INT8)];
    let devices = client.query_typed(sql::credentials::DEVICES_OF, &all).await?;
    let sign_ins = client.query_typed(sql::credentials::SIGN_INS_OF, &all).await?;
    let sanctions = client.query_typed(sql::credentials::SANCTIONS_OF, &all).await?;
    let one_more = i64::from(EXPORTED_STAYS_MAX) + 1;
    let stays = [(id.as_uuid() as _, Type::UUID), (&one_more as _, Type::INT8)];
    let stays = client.query_typed(sql::STAYS_OF_PLAYER, &stays).await?;
    let stays_max = EXPORTED_STAYS_MAX as usize;
    let more_stays = stays.len() > stays_max;
    Ok(Some(Export {
        player,
        password_set_at,
        devices: devices.iter().map(|row| time(row, "created_at_ms")).collect::<Result<_, _>>()?,
        sign_ins: sign_ins.iter().map(sign_in).collect::<Result<_, _>>()?,
        stays: stays.iter().take(stays_max).map(history::read_stay).collect::<Result<_, _>>()?,
        more_stays,
        sanctions: sanctions.iter().map(sanction).collect::<Result<_, _>>()?,
    }))
}

fn sign_in(found: &Row) -> Result<ExportedSignIn, Fault> {
    Ok(ExportedSignIn {
        id: SignInId::from_uuid(get(found, "id")?),
        created_at: time(found, "created_at_ms")?,
        expires_at: time(found, "expires_at_ms")?,
        revoked_at: get::<Option<i64>>(found, "revoked_at_ms")?.map(from_millis),
        revoked_reason: get(found, "revoked_reason")?,
    })
}

fn sanction(found: &Row) -> Result<ExportedSanction, Fault> {
    Ok(ExportedSanction {
        id: get(found, "id")?,
        kind: get(found, "kind")?,
        until: get::<Option<i64>>(found, "until_ms")?.map(from_millis),
        reason: get(found, "reason")?,
        created_at: time(found, "created_at_ms")?,
        lifted_at: get::<Option<i64>>(found, "lifted_at_ms")?.map(from_millis),
    })
}
