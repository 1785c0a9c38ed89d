//! What operators ask for, below `/v1/admin`. Who may is in [`crate::auth::permissions`]; each deed leaves one line in
//! the log and one entry in the audit log.

pub mod access;
pub mod audit;
pub mod chaos;
pub mod players;
pub mod process;
pub mod sanctions;
#[cfg(test)]
mod tests;
pub mod tree;

use std::{fmt, time::SystemTime};

use gamev1_persistence::accounts::Role;
use gamev1_protocol::{ErrorCode, PlayerId, WireError};
use tokio::time::Instant;
use uuid::Uuid;

use crate::{
    app::App,
    auth::permissions::Permission,
    call::Call,
    idempotency::{self, Made},
    problem::Problem,
};

const REASON_CHARS_MAX: usize = 500;

/// Who acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// Whoever sits at the machine of a server in dev mode, where nobody signs in.
    Local,
    Player(PlayerId, Role),
}

impl Operator {
    pub fn role(self) -> Role {
        match self {
            Operator::Local => Role::Admin,
            Operator::Player(_, role) => role,
        }
    }

    pub fn player(self) -> Option<PlayerId> {
        match self {
            Operator::Local => None,
            Operator::Player(player, _) => Some(player),
        }
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Operator::Local => f.write_str("dev"),
            Operator::Player(player, role) => write!(f, "{role}:{player}"),
        }
    }
}

/// Who calls, if that one may.
///
/// # Errors
/// `unauthenticated`, `forbidden`, `banned`, or what is wrong with the token.
pub async fn operator(app: &App, call: &Call, permission: Permission) -> Result<Operator, Problem> {
    // With a token dev mode asks what it would ask anywhere, so that roles can be tried.
    if app.config.dev && !call.authenticates() {
        return Ok(Operator::Local);
    }
    let player = call.player(app).await?.player;
    if app.services()?.revoked.stale(Instant::now()) {
        // Whether this one is an operator still, only another process may know.
        let detail = "what other processes have revoked is not known here at the moment";
        return Err(WireError::new(ErrorCode::Unavailable, detail).retry_after_ms(2_000).into());
    }
    let least = permission.least();
    if player.role < least {
        let detail = format!("this takes the role {least}, and the player has {}", player.role);
        return Err(Problem::new(ErrorCode::Forbidden, detail));
    }
    // Who is kept out keeps nobody else out.
    app.services()?.vault.not_banned(player.id)?;
    Ok(Operator::Player(player.id, player.role))
}

/// Does what a call asks for, once for each `Idempotency-Key`: see [`idempotency::Idempotency::once`].
async fn once(
    app: &App,
    who: Operator,
    call: &Call,
    (route, body): (&str, &[u8]),
    act: impl Future<Output = Result<Made, Problem>>,
) -> Result<Made, Problem> {
    // Where nobody signs in, all share their keys.
    let player = who.player().unwrap_or(PlayerId::from_uuid(Uuid::nil()));
    let (key, request) = (call.idempotency_key()?, idempotency::hash(route, body));
    app.services()?.idempotency.once(player, key, request, SystemTime::now(), act).await
}

/// Why something is done, as it goes into the audit log.
fn reason(text: &str) -> Result<&str, Problem> {
    let chars = text.chars().count();
    if (1..=REASON_CHARS_MAX).contains(&chars) && !text.contains('\0') {
        return Ok(text);
    }
    let detail =
        format!("expected 1 to {REASON_CHARS_MAX} characters, none of them NUL, got {chars}");
    Err(Problem::invalid("/reason", "length", detail))
}

/// One line a deed: who, what, and to whom or what.
fn log(who: Operator, what: &'static str, on: &dyn fmt::Display) {
    tracing::warn!(%who, what, %on, "an operator acts");
}
