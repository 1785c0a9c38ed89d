//! Sign-ins and the rotation of their refresh tokens, in SQLite. Each function is the inside of one transaction.

use std::time::SystemTime;

use gamev1_protocol::SignInId;
use rusqlite::{Connection, OptionalExtension, Row};

use super::{accounts::read_player, revocations, row, sql};
use crate::{
    accounts::{NewSignIn, Player, REUSE_GRACE, Rotate, Rotation, SecretHash, SignIn},
    revocations::Why,
};

/// Sign-ins forgotten at once, so that the writers behind do not wait long.
const FORGOTTEN_MAX: u32 = 500;

pub(super) fn open(
    sqlite: &Connection,
    new: &NewSignIn,
    now: SystemTime,
) -> rusqlite::Result<Option<SignIn>> {
    let expires_at_ms = row::millis(new.expires_at);
    let mut open = sqlite.prepare_cached(sql::OPEN_SIGN_IN)?;
    let id = new.id.as_uuid().as_bytes();
    let player = new.player.as_uuid().as_bytes();
    let access_until = new.access_until.map(row::millis);
    if open.execute((id, player, row::millis(now), expires_at_ms, access_until))? == 0 {
        return Ok(None);
    }
    let expires_at = row::from_millis(expires_at_ms);
    let sign_in = SignIn { id: new.id, player: new.player, expires_at };
    add_refresh(sqlite, &sign_in, new.refresh, None, new.refresh_expires_at, now)?;
    Ok(Some(sign_in))
}

pub(super) fn rotate(
    sqlite: &Connection,
    Rotate { used, next, next_expires_at }: &Rotate,
    now: SystemTime,
) -> rusqlite::Result<Rotation> {
    let mut found = sqlite.prepare_cached(sql::REFRESH)?;
    let Some(token) = found.query_row((used,), Token::read).optional()? else {
        return Ok(Rotation::Unknown);
    };
    let Token { player, sign_in, expires_at, used: earlier, revoked } = token;
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
            revocations::end_sign_in(sqlite, sign_in.id, Why::Reuse, now)?;
        }
        return Ok(Rotation::Reused { sign_in: sign_in.id, revoked: !in_grace });
    }
    if now >= expires_at || now >= sign_in.expires_at {
        return Ok(Rotation::Expired);
    }
    sqlite.prepare_cached(sql::USE_REFRESH)?.execute((used, row::millis(now), next))?;
    add_refresh(sqlite, &sign_in, *next, Some(used), *next_expires_at, now)?;
    Ok(Rotation::Rotated { player, sign_in })
}

pub(super) fn forget_expired(sqlite: &Connection, now: SystemTime) -> rusqlite::Result<usize> {
    sqlite.prepare_cached(sql::FORGET_EXPIRED)?.execute((row::millis(now), FORGOTTEN_MAX))
}

pub(super) fn add_refresh(
    sqlite: &Connection,
    sign_in: &SignIn,
    hash: SecretHash,
    parent: Option<&SecretHash>,
    expires_at: SystemTime,
    now: SystemTime,
) -> rusqlite::Result<()> {
    let values =
        (hash, sign_in.id.as_uuid().as_bytes(), parent, row::millis(now), row::millis(expires_at));
    sqlite.prepare_cached(sql::ADD_REFRESH)?.execute(values)?;
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
    fn read(found: &Row<'_>) -> rusqlite::Result<Token> {
        let player = read_player(found)?;
        let used_at: Option<i64> = found.get("used_at_ms")?;
        let successor: Option<SecretHash> = found.get("successor_hash")?;
        let sign_in = SignIn {
            id: SignInId::from_uuid(row::uuid(found, "sign_in_id")?),
            player: player.id,
            expires_at: row::time(found, "expires_at_ms")?,
        };
        Ok(Token {
            player,
            sign_in,
            expires_at: row::time(found, "token_expires_at_ms")?,
            used: used_at.map(row::from_millis).zip(successor),
            revoked: found.get::<_, Option<i64>>("revoked_at_ms")?.is_some(),
        })
    }
}
