//! From an access token to a player: the token is verified, the player's row looked up, never made up from the token.
//! What was seen before is remembered in bounded number: a token that is shown again costs a hash and three looks into
//! memory, and no call of the database. Each use compares the token's end, what was revoked, and the player's epoch.

#[cfg(test)]
mod tests;

use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use gamev1_actors::{
    ports::{Answer, Authenticator as Port, Identity, StoreError},
    revocations::{Standing, Table},
};
use gamev1_persistence::accounts::{Accounts, Player, SecretHash};
use gamev1_protocol::{ErrorCode, PlayerId, SignInId, WireError};

use super::{
    recent::Shards,
    secret,
    token::{self, Claims, Tokens},
};

/// Some 40 MB of claims, and 20 MB of rows.
const TOKENS_MAX: usize = 100_000;
const PLAYERS_MAX: usize = 100_000;

pub struct Authenticator {
    accounts: Arc<dyn Accounts>,
    tokens: Arc<Tokens>,
    revoked: Arc<Table>,
    /// The claims of tokens that were found good, by the SHA-256 of the token: nobody can read a token out of it.
    /// With the generation of the keys that they were verified with.
    verified: Shards<SecretHash, (u64, Arc<Claims>)>,
    players: Shards<PlayerId, Arc<Player>>,
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
            epoch: self.claims.epoch,
            expires_at: UNIX_EPOCH + Duration::from_secs(self.claims.exp),
        }
    }
}

impl Authenticator {
    pub fn new(
        accounts: Arc<dyn Accounts>,
        tokens: Arc<Tokens>,
        revoked: Arc<Table>,
    ) -> Authenticator {
        let (verified, players) = (Shards::new(TOKENS_MAX), Shards::new(PLAYERS_MAX));
        Authenticator { accounts, tokens, revoked, verified, players }
    }

    /// Who shows `token`.
    ///
    /// # Errors
    /// `unauthenticated`, `token_expired`, `token_revoked`, or `unavailable` when the database does not answer.
    pub async fn check(&self, token: &str, now: SystemTime) -> Result<Verified, WireError> {
        let digest = secret::hash(token);
        let generation = self.tokens.generation();
        let claims = match self.verified.get(&digest) {
            Some((with, claims)) if with == generation => claims,
            _ => {
                let claims = Arc::new(self.tokens.verify(token, now)?);
                self.verified.insert(digest, (generation, claims.clone()));
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
        let Claims { sub, sid, epoch, .. } = *claims;
        if !self.stands(sub, sid, epoch, now).await? {
            return revoked("the token's sign-in has ended");
        }
        let gone =
            || WireError::new(ErrorCode::Unauthenticated, "the token's player does not exist");
        let mut player = self.player(sub).await?.ok_or_else(gone)?;
        if epoch > player.epoch {
            // The token is younger than the row that is held: another process has changed it.
            player = self.look_up(sub).await?.ok_or_else(gone)?;
        }
        if epoch < player.epoch || claims.role != player.role.as_str() {
            return revoked("what the token says of its player is no longer true");
        }
        Ok(Verified { player, claims })
    }

    /// Whether nothing was revoked of what rests on this sign-in of a player under that epoch. It asks the database only
    /// when there was no room in memory for all that was revoked.
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn stands(
        &self,
        player: PlayerId,
        sign_in: SignInId,
        epoch: u32,
        now: SystemTime,
    ) -> Result<bool, WireError> {
        match self.revoked.standing(player, sign_in, epoch) {
            Standing::Holds => Ok(true),
            Standing::Revoked => Ok(false),
            Standing::Unknown => {
                let row = self.look_up(player).await?;
                let valid = self.accounts.sign_in_valid(sign_in, now).await;
                let valid = valid.map_err(|error| unavailable(&error))?;
                Ok(valid && row.is_some_and(|row| row.epoch <= epoch))
            }
        }
    }

    /// The player's row, as it was last written by this process, or read under the present epoch.
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn player(&self, id: PlayerId) -> Result<Option<Arc<Player>>, WireError> {
        match self.players.get(&id) {
            Some(held) if held.epoch >= self.revoked.lowest_epoch(id) => Ok(Some(held)),
            // Another process has changed it.
            Some(_) | None => self.look_up(id).await,
        }
    }

    async fn look_up(&self, id: PlayerId) -> Result<Option<Arc<Player>>, WireError> {
        let player = self.accounts.player(id).await.map_err(|error| unavailable(&error))?;
        let Some(player) = player.map(Arc::new) else {
            self.players.remove(&id);
            return Ok(None);
        };
        // What was written while this was read is the newer one.
        let newer = |row: &Player| (row.epoch, row.updated_at);
        self.players.replace(id, player.clone(), |held, read| newer(held) > newer(read));
        Ok(Some(player))
    }

    /// This process has just written the player's row.
    pub fn written(&self, player: Player) -> Arc<Player> {
        let player = Arc::new(player);
        self.players.replace(player.id, player.clone(), |held, written| held.epoch > written.epoch);
        player
    }

    /// This process has just deleted the player.
    pub fn deleted(&self, player: PlayerId) {
        self.players.remove(&player);
    }
}

fn revoked<T>(why: &str) -> Result<T, WireError> {
    Err(WireError::new(ErrorCode::TokenRevoked, why))
}

/// What a client is told when the database fails; the reason is for the log alone.
pub fn unavailable(error: &StoreError) -> WireError {
    // An outage is told once, by who looks after the database: requests are many.
    match error {
        StoreError::Unavailable(_) => tracing::debug!(%error, "a request needs the database"),
        StoreError::Refused(_) => tracing::error!(%error, "the database refused a request"),
    }
    WireError::new(ErrorCode::Unavailable, "the database does not answer").retry_after_ms(2_000)
}

impl Port for Authenticator {
    fn verify<'a>(&'a self, token: &'a str) -> Answer<'a, Result<Identity, WireError>> {
        Box::pin(async { Ok(self.check(token, SystemTime::now()).await?.identity()) })
    }

    fn revoked(&self, player: PlayerId, sign_in: SignInId, epoch: u32) -> bool {
        self.revoked.standing(player, sign_in, epoch) == Standing::Revoked
    }
}
