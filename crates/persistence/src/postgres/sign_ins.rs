//! Sign-ins and the rotation of their refresh tokens, in PostgreSQL. Each function is the inside of one transaction.

use std::time::SystemTime;

use gamev1_protocol::SignInId;
use tokio_postgres::{Client, Row, types::Type};

use super::{accounts::read_player, fault::Fault, revocations, row, sql};
use crate::{
    accounts::{NewSignIn, Player, REUSE_GRACE, Rotate, Rotation, SecretHash, SignIn},
    revocations::Why,
};

/// Sign-ins forgotten at once, so that the writers behind do not wait long.
const FORGOTTEN_MAX: i64 = 500;

pub(super) async fn open(
    client: &Client,
    new: &NewSignIn,
    now: SystemTime,
) -> Result<Option<SignIn>, Fault> {
    let expires_at_ms = row::millis(new.expires_at);
    let values = [
        (new.id.as_uuid() as _, Type::UUID),
        (new.player.as_uuid() as _, Type::UUID),
        (&row::millis(now) as _, Type::INT8),
        (&expires_at_ms as _, Type::INT8),
        (&new.access_until.map(row::millis) as _, Type::INT8),
    ];
    if client.execute_typed(sql::OPEN_SIGN_IN, &values).await? == 0 {
        return Ok(None);
    }
    let expires_at = row::from_millis(expires_at_ms);
    let sign_in = SignIn { id: new.id, player: new.player, expires_at };
    add_refresh(client, &sign_in, new.refresh, None, new.refresh_expires_at, now).await?;
    Ok(Some(sign_in))
}

pub(super) async fn rotate(
    client: &Client,
    Rotate { used, next, next_expires_at }: &Rotate,
    now: SystemTime,
) -> Result<Rotation, Fault> {
    let found = client.query_typed_opt(sql::REFRESH, &[(&&used[..] as _, Type::BYTEA)]).await?;
    let Some(found) = found else { return Ok(Rotation::Unknown) };
    let Token { player, sign_in, expires_at, used: earlier, revoked } = Token::read(&found)?;
    if revoked {
        return Ok(Rotation::Revoked { sign_in: sign_in.id });
    }
    if let Some((used_at, successor)) = earlier {
        // A clock that was set back makes a use in the future: that counts as just now.
        let in_grace = now.duration_since(used_at).unwrap_or_default() <= REUSE_GRACE;
        if in_grace && successor == *next {
            return Ok(Rotation::Rotated { player, sign_in });
        }
        if !in_grace {
            revocations::end_sign_in(client, sign_in.id, Why::Reuse, now).await?;
        }
        return Ok(Rotation::Reused { sign_in: sign_in.id, revoked: !in_grace });
    }
    if now >= expires_at || now >= sign_in.expires_at {
        return Ok(Rotation::Expired);
    }
    let values = [
        (&&used[..] as _, Type::BYTEA),
        (&row::millis(now) as _, Type::INT8),
        (&&next[..] as _, Type::BYTEA),
    ];
    client.execute_typed(sql::USE_REFRESH, &values).await?;
    add_refresh(client, &sign_in, *next, Some(used), *next_expires_at, now).await?;
    Ok(Rotation::Rotated { player, sign_in })
}

pub(super) async fn forget_expired(client: &Client, now: SystemTime) -> Result<usize, Fault> {
    let values = [(&row::millis(now) as _, Type::INT8), (&FORGOTTEN_MAX as _, Type::INT8)];
    let forgotten = client.execute_typed(sql::FORGET_EXPIRED, &values).await?;
    Ok(usize::try_from(forgotten).unwrap_or(usize::MAX))
}

pub(super) async fn add_refresh(
    client: &Client,
    sign_in: &SignIn,
    hash: SecretHash,
    parent: Option<&SecretHash>,
    expires_at: SystemTime,
    now: SystemTime,
) -> Result<(), Fault> {
    let values = [
        (&&hash[..] as _, Type::BYTEA),
        (sign_in.id.as_uuid() as _, Type::UUID),
        (&parent.map(|parent| &parent[..]) as _, Type::BYTEA),
        (&row::millis(now) as _, Type::INT8),
        (&row::millis(expires_at) as _, Type::INT8),
    ];
    client.execute_typed(sql::ADD_REFRESH, &values).await?;
    Ok(())
}

/// A refresh token as found, with its sign-in and whose that is.
struct Token {
    player: Player,
    sign_in: SignIn,
    expires_at: SystemTime,
    /// When it was used, and what followed it.
    used: Option<(SystemTime, SecretHash)>,
    revoked: bool,
}

impl Token {
    fn read(found: &Row) -> Result<Token, Fault> {
        let player = read_player(found)?;
        let used_at: Option<i64> = row::get(found, "used_at_ms")?;
        let successor: Option<&[u8]> = row::get(found, "successor_hash")?;
        let successor = successor.map(row::hash).transpose()?;
        let sign_in = SignIn {
            id: SignInId::from_uuid(row::get(found, "sign_in_id")?),
            player: player.id,
            expires_at: row::time(found, "expires_at_ms")?,
        };
        Ok(Token {
            player,
            sign_in,
            expires_at: row::time(found, "token_expires_at_ms")?,
            used: used_at.map(row::from_millis).zip(successor),
            revoked: row::get::<Option<i64>>(found, "revoked_at_ms")?.is_some(),
        })
    }
}
