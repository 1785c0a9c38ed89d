//! Ending sign-ins: stored first, then known to this process, then told to whoever listens. When a call returns, what was
//! ended is refused here, and its sockets are being closed.

#[cfg(test)]
mod tests;

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use gamev1_actors::{
    bus::{Bus, Notice},
    ports::{Revocation, Revoked},
    revocations::Table,
};
use gamev1_persistence::{
    accounts::Player,
    revocations::{EndedAll, REVOKED_FOR, Revocations, Why},
};
use gamev1_protocol::{ErrorCode, PlayerId, SignInId, WireError};

use super::{
    authenticator::{Authenticator, unavailable},
    resume::RESUME_TTL,
    token::{ACCESS_TTL, LEEWAY},
};

// What is revoked is remembered for as long as anything of it may be shown.
const _: () = assert!(RESUME_TTL.as_secs() + LEEWAY.as_secs() < REVOKED_FOR.as_secs());
const _: () = assert!(ACCESS_TTL.as_secs() + LEEWAY.as_secs() < REVOKED_FOR.as_secs());

/// How long what was revoked elsewhere in a call is remembered until its line of the log says how long it has to be. The
/// log is read every second.
const UNTIL_READ: Duration = REVOKED_FOR;

pub struct Revoker {
    store: Arc<dyn Revocations>,
    authenticator: Arc<Authenticator>,
    table: Arc<Table>,
    bus: Arc<dyn Bus>,
}

impl Revoker {
    pub fn new(
        store: Arc<dyn Revocations>,
        authenticator: Arc<Authenticator>,
        table: Arc<Table>,
        bus: Arc<dyn Bus>,
    ) -> Revoker {
        Revoker { store, authenticator, table, bus }
    }

    /// Ends one sign-in. One that has ended before is let be.
    ///
    /// # Errors
    /// `unavailable`: it may have been stored, and then it holds within seconds.
    pub async fn sign_out(
        &self,
        sign_in: SignInId,
        why: Why,
        now: SystemTime,
    ) -> Result<(), WireError> {
        let ended = self.store.end_sign_in(sign_in, why, now).await;
        if let Some(Revocation { what, until, .. }) = ended.map_err(|error| unavailable(&error))? {
            self.tell(what, until);
        }
        Ok(())
    }

    /// Ends everything of a player: all sign-ins but `except`, and every access token.
    ///
    /// # Errors
    /// `player_not_found`, or `unavailable`: it may have been stored, and then it holds within seconds.
    pub async fn sign_out_everywhere(
        &self,
        player: PlayerId,
        except: Option<SignInId>,
        why: Why,
        now: SystemTime,
    ) -> Result<Arc<Player>, WireError> {
        let ended = self.store.end_all(player, except, why, now).await;
        let ended = ended.map_err(|error| unavailable(&error))?;
        let Some(EndedAll { player, revocation }) = ended else {
            return Err(WireError::new(ErrorCode::PlayerNotFound, "there is no such player"));
        };
        self.tell(revocation.what, revocation.until);
        Ok(self.authenticator.written(player))
    }

    /// A sign-in was ended within another call of the database.
    pub fn ended(&self, sign_in: SignInId, now: SystemTime) {
        self.tell(Revoked::SignIn(sign_in), now + UNTIL_READ);
    }

    /// A player's row was written within another call of the database. Where that raised the epoch, all that was given
    /// under a lower one is void.
    pub fn written(&self, player: Player, now: SystemTime) -> Arc<Player> {
        let Player { id, epoch, .. } = player;
        if epoch > self.table.lowest_epoch(id) {
            self.tell(Revoked::Player { player: id, epoch }, now + UNTIL_READ);
        }
        self.authenticator.written(player)
    }

    /// A player was deleted within another call of the database; this is the row as it was, under a higher epoch.
    pub fn deleted(&self, player: &Player, now: SystemTime) {
        let revoked = Revoked::Player { player: player.id, epoch: player.epoch };
        self.tell(revoked, now + UNTIL_READ);
        self.authenticator.deleted(player.id);
    }

    fn tell(&self, revoked: Revoked, until: SystemTime) {
        self.table.add(revoked, until);
        self.bus.publish(Notice::Revoked(revoked));
    }
}
