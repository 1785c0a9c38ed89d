//! Revocations in PostgreSQL, and the log of them. The functions are for other transactions that revoke something.

use std::time::SystemTime;

use gamev1_actors::ports::{Answer, Revocation, RevocationLog, Revoked, StoreError};
use gamev1_protocol::{PlayerId, SignInId};
use tokio_postgres::{Client, Row, types::Type};
use uuid::Uuid;

use super::{
    Postgres,
    accounts::read_player,
    fault::Fault,
    pool::Class,
    row::{get, millis, number, time},
    sql,
};
use crate::{
    accounts::Player,
    revocations::{EndedAll, REVOKED_FOR, Revocations, Why},
};

/// Lines forgotten at once, so that the writers behind do not wait long.
const FORGOTTEN_MAX: i64 = 500;

/// Whoever writes into the log holds this lock to the end of the transaction: numbers are given out in the order of
/// asking, and a reader must not see a later one before an earlier one.
const LOG: i64 = 0x0067_616d_6576_3103;

impl RevocationLog for Postgres {
    fn since(
        &self,
        after: u64,
        now: SystemTime,
        limit: u32,
    ) -> Answer<'_, Result<Vec<Revocation>, StoreError>> {
        Box::pin(self.pool.read(move |client| {
            Box::pin(async move {
                let values = [
                    (&i64::try_from(after).unwrap_or(i64::MAX) as _, Type::INT8),
                    (&millis(now) as _, Type::INT8),
                    (&i64::from(limit) as _, Type::INT8),
                ];
                let found = client.query_typed(sql::REVOCATIONS_SINCE, &values).await?;
                found.iter().map(read).collect()
            })
        }))
    }
}

impl Revocations for Postgres {
    fn end_sign_in(
        &self,
        sign_in: SignInId,
        why: Why,
        now: SystemTime,
    ) -> Answer<'_, Result<Option<Revocation>, StoreError>> {
        Box::pin(self.pool.transaction(Class::Write, move |client| {
            Box::pin(end_sign_in(client, sign_in, why, now))
        }))
    }

    fn end_all(
        &self,
        player: PlayerId,
        except: Option<SignInId>,
        why: Why,
        now: SystemTime,
    ) -> Answer<'_, Result<Option<EndedAll>, StoreError>> {
        Box::pin(self.pool.transaction(Class::Write, move |client| {
            Box::pin(end_all(client, player, except, why, now))
        }))
    }

    fn forget_revocations(&self, now: SystemTime) -> Answer<'_, Result<usize, StoreError>> {
        Box::pin(self.pool.write(move |client| {
            Box::pin(async move {
                let values = [(&millis(now) as _, Type::INT8), (&FORGOTTEN_MAX as _, Type::INT8)];
                let forgotten = client.execute_typed(sql::FORGET_REVOCATIONS, &values).await?;
                Ok(usize::try_from(forgotten).unwrap_or(usize::MAX))
            })
        }))
    }
}

/// Ends a sign-in and says so in the log. `None` when there is none that stands.
pub(super) async fn end_sign_in(
    client: &Client,
    sign_in: SignInId,
    why: Why,
    now: SystemTime,
) -> Result<Option<Revocation>, Fault> {
    let values = [
        (sign_in.as_uuid() as _, Type::UUID),
        (&millis(now) as _, Type::INT8),
        (&why.word() as _, Type::TEXT),
    ];
    if client.execute_typed(sql::REVOKE_SIGN_IN, &values).await? == 0 {
        return Ok(None);
    }
    lock_log(client).await?;
    let values = [
        (sign_in.as_uuid() as _, Type::UUID),
        (&millis(now) as _, Type::INT8),
        (&millis(now + REVOKED_FOR) as _, Type::INT8),
    ];
    read(&client.query_typed_one(sql::LOG_SIGN_IN, &values).await?).map(Some)
}

/// Ends everything of a player and says so in the log. `None` when there is no such player.
pub(super) async fn end_all(
    client: &Client,
    player: PlayerId,
    except: Option<SignInId>,
    why: Why,
    now: SystemTime,
) -> Result<Option<EndedAll>, Fault> {
    let at = millis(now);
    let values = [(player.as_uuid() as _, Type::UUID), (&at as _, Type::INT8)];
    let raised = client.query_typed_opt(sql::RAISE_EPOCH, &values).await?;
    let Some(raised) = raised else { return Ok(None) };
    let values = [
        (player.as_uuid() as _, Type::UUID),
        (&at as _, Type::INT8),
        (&why.word() as _, Type::TEXT),
        (&except.map(|sign_in| *sign_in.as_uuid()) as _, Type::UUID),
    ];
    client.execute_typed(sql::REVOKE_SIGN_INS, &values).await?;
    let player = read_player(&raised)?;
    let revocation = log_epoch(client, &player, now).await?;
    Ok(Some(EndedAll { player, revocation }))
}

/// Says in the log that the player's epoch is now that of the row.
pub(super) async fn log_epoch(
    client: &Client,
    player: &Player,
    now: SystemTime,
) -> Result<Revocation, Fault> {
    lock_log(client).await?;
    let values = [
        (player.id.as_uuid() as _, Type::UUID),
        (&i64::from(player.epoch) as _, Type::INT8),
        (&millis(now) as _, Type::INT8),
        (&millis(now + REVOKED_FOR) as _, Type::INT8),
    ];
    read(&client.query_typed_one(sql::LOG_EPOCH, &values).await?)
}

async fn lock_log(client: &Client) -> Result<(), Fault> {
    client.query_typed(sql::ONE_AT_A_TIME, &[(&LOG as _, Type::INT8)]).await?;
    Ok(())
}

fn read(row: &Row) -> Result<Revocation, Fault> {
    let (sign_in, player): (Option<Uuid>, Option<Uuid>) =
        (get(row, "sign_in_id")?, get(row, "player_id")?);
    let what = match (sign_in, player) {
        (Some(sign_in), _) => Revoked::SignIn(SignInId::from_uuid(sign_in)),
        (None, player) => Revoked::Player {
            // The schema has one of the two in each row.
            player: PlayerId::from_uuid(player.unwrap_or_default()),
            epoch: number(row, "epoch")?,
        },
    };
    Ok(Revocation { id: number(row, "id")?, what, until: time(row, "until_ms")? })
}
