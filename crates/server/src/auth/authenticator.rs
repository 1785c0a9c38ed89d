//! From an access token to a player: the token is verified, the player's row looked up, never made up from the token.
//! Tokens and rows that were seen moments ago are remembered, in bounded number.

#[cfg(test)]
mod tests;

use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use gamev1_actors::ports::{Answer, Authenticator as Port, Identity, StoreError};
use gamev1_persistence::accounts::{Accounts, Player};
use gamev1_protocol::{ErrorCode, PlayerId, SignInId, WireError};
use parking_lot::Mutex;

use super::{
    recent::Recent,
    token::{self, Claims, Tokens},
};

/// For how long a row is believed without a look at the database: the command line may have changed it.
const FRESH_FOR: Duration = Duration::from_secs(5);
/// For how long it is believed while the database does not answer.
const STALE_FOR: Duration = Duration::from_secs(600);
const TOKENS_MAX: usize = 16_384;
const ROWS_MAX: usize = 65_536;

pub struct Authenticator {
    accounts: Arc<dyn Accounts>,
    tokens: Arc<Tokens>,
    seen: Mutex<Seen>,
}

struct Seen {
    tokens: Recent<Box<str>, Arc<Claims>>,
    players: Recent<PlayerId, Looked<Arc<Player>>>,
    /// Sign-ins that were found valid.
    sign_ins: Recent<SignInId, Looked<()>>,
}

/// What was found, and when.
#[derive(Clone)]
struct Looked<T> {
    found: T,
    at: SystemTime,
}

impl<T> Looked<T> {
    fn within(&self, age_max: Duration, now: SystemTime) -> bool {
        // A clock that was set back makes an age that is unknown: look again.
        now.duration_since(self.at).is_ok_and(|age| age < age_max)
    }
}

/// A player who has shown a good token.
#[derive(Debug, Clone)]
pub struct Verified {
    pub player: Arc<Player>,
    pub claims: Arc<Claims>,
}

impl Verified {
    pub fn identity(&self) -> Identity {
        Identity {
            player: self.player.id,
            username: self.player.username.clone(),
            role: self.player.role.as_str().into(),
            sign_in: self.claims.sid,
            expires_at: UNIX_EPOCH + Duration::from_secs(self.claims.exp),
        }
    }
}

impl Authenticator {
    pub fn new(accounts: Arc<dyn Accounts>, tokens: Arc<Tokens>) -> Authenticator {
        let seen = Seen {
            tokens: Recent::new(TOKENS_MAX),
            players: Recent::new(ROWS_MAX),
            sign_ins: Recent::new(ROWS_MAX),
        };
        Authenticator { accounts, tokens, seen: Mutex::new(seen) }
    }

    /// Who shows `token`.
    ///
    /// # Errors
    /// `unauthenticated`, `token_expired`, `token_revoked`, or `unavailable` when the database does not answer.
    pub async fn check(&self, token: &str, now: SystemTime) -> Result<Verified, WireError> {
        let seen = self.seen.lock().tokens.get(token);
        let claims = match seen {
            Some(claims) => {
                token::in_time(&claims, now)?;
                claims
            }
            None => {
                let claims = Arc::new(self.tokens.verify(token, now)?);
                self.seen.lock().tokens.insert(token.into(), claims.clone());
                claims
            }
        };
        self.confirm(claims, now).await
    }

    /// Whether claims that were verified before still hold.
    ///
    /// # Errors
    /// As [`Authenticator::check`].
    pub async fn confirm(
        &self,
        claims: Arc<Claims>,
        now: SystemTime,
    ) -> Result<Verified, WireError> {
        token::in_time(&claims, now)?;
        let gone =
            || WireError::new(ErrorCode::Unauthenticated, "the token's player does not exist");
        let mut player = self.player(claims.sub, now).await?.ok_or_else(gone)?;
        if claims.epoch > player.epoch {
            // The token is younger than the row that is held: another process has changed it.
            self.seen.lock().players.remove(&claims.sub);
            player = self.player(claims.sub, now).await?.ok_or_else(gone)?;
        }
        let revoked = |why| Err(WireError::new(ErrorCode::TokenRevoked, why));
        if claims.epoch < player.epoch || claims.role != player.role.as_str() {
            return revoked("what the token says of its player is no longer true");
        }
        if !self.sign_in_valid(claims.sid, now).await? {
            return revoked("the token's sign-in has ended");
        }
        Ok(Verified { player, claims })
    }

    /// The player's row, at most a few seconds old.
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn player(
        &self,
        id: PlayerId,
        now: SystemTime,
    ) -> Result<Option<Arc<Player>>, WireError> {
        let seen = self.seen.lock().players.get(&id);
        let seen = match seen {
            Some(seen) if seen.within(FRESH_FOR, now) => return Ok(Some(seen.found)),
            seen => seen,
        };
        match (self.accounts.player(id).await, seen) {
            (Ok(Some(player)), _) => {
                let player = Arc::new(player);
                let looked = Looked { found: player.clone(), at: now };
                self.seen.lock().players.insert(id, looked);
                Ok(Some(player))
            }
            (Ok(None), _) => {
                self.seen.lock().players.remove(&id);
                Ok(None)
            }
            (Err(_), Some(seen)) if seen.within(STALE_FOR, now) => Ok(Some(seen.found)),
            (Err(error), _) => Err(unavailable(&error)),
        }
    }

    /// Whether a sign-in stands, as of a few seconds ago at most.
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn sign_in_valid(&self, id: SignInId, now: SystemTime) -> Result<bool, WireError> {
        let seen = self.seen.lock().sign_ins.get(&id);
        let seen = match seen {
            Some(seen) if seen.within(FRESH_FOR, now) => return Ok(true),
            seen => seen,
        };
        match (self.accounts.sign_in_valid(id, now).await, seen) {
            (Ok(true), _) => {
                self.seen.lock().sign_ins.insert(id, Looked { found: (), at: now });
                Ok(true)
            }
            (Ok(false), _) => {
                self.forget_sign_in(id);
                Ok(false)
            }
            (Err(_), Some(seen)) if seen.within(STALE_FOR, now) => Ok(true),
            (Err(error), _) => Err(unavailable(&error)),
        }
    }

    /// The sign-in has just been revoked: the next look is at the database.
    pub fn forget_sign_in(&self, id: SignInId) {
        self.seen.lock().sign_ins.remove(&id);
    }
}

/// What a client is told when the database fails; the reason is for the log alone.
pub fn unavailable(error: &StoreError) -> WireError {
    tracing::warn!(%error, "the database did not answer a request");
    WireError::new(ErrorCode::Unavailable, "the database does not answer").retry_after_ms(2_000)
}

impl Port for Authenticator {
    fn verify<'a>(&'a self, token: &'a str) -> Answer<'a, Result<Identity, WireError>> {
        Box::pin(async { Ok(self.check(token, SystemTime::now()).await?.identity()) })
    }
}
