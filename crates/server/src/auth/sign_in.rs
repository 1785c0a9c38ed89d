//! Signing in: a guest by the secret of its device, and the renewal of what a sign-in gave.

#[cfg(test)]
mod tests;

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use gamev1_persistence::{
    accounts::{Accounts, NewGuest, NewSignIn, Player, Rotate, Rotation, SecretHash},
    credentials::NewPassword,
    revocations::REVOKED_FOR,
};
use gamev1_protocol::{ErrorCode, PlayerId, RoomId, SignInId, WireError};
use jsonwebtoken::{Algorithm, crypto};

use super::{
    authenticator::unavailable,
    secret,
    token::{ACCESS_TTL, Subject, Tokens},
};
use crate::problem::Problem;

/// A refresh token that is not used ends after this,
const REFRESH_TTL: Duration = Duration::from_secs(30 * 24 * 3_600);
/// and a sign-in after this, however often it is refreshed.
const SIGN_IN_TTL: Duration = Duration::from_secs(90 * 24 * 3_600);
/// 256 bits: device ids and refresh tokens.
const SECRET_BYTES: usize = 32;
const DEVICE_ID_CHARS: std::ops::RangeInclusive<usize> = 12..=128;

pub struct SignIns {
    accounts: Arc<dyn Accounts>,
    tokens: Arc<Tokens>,
}

/// What a client is given.
#[derive(Debug)]
pub struct SignedIn {
    pub access_token: String,
    pub refresh_token: String,
    /// Only when the server has just made it: it is told once.
    pub device_id: Option<String>,
    pub player: Player,
}

/// Why a refresh is refused.
#[derive(Debug)]
pub struct Refused {
    pub error: WireError,
    /// The sign-in that has just been revoked because its token came twice.
    pub revoked: Option<SignInId>,
}

impl From<WireError> for Refused {
    fn from(error: WireError) -> Refused {
        Refused { error, revoked: None }
    }
}

impl SignIns {
    pub fn new(accounts: Arc<dyn Accounts>, tokens: Arc<Tokens>) -> SignIns {
        SignIns { accounts, tokens }
    }

    /// Signs in the guest of a device; a new device gets a new player.
    ///
    /// # Errors
    /// `validation_failed` when the client's own device id is too short or too long; `unavailable`.
    pub async fn guest(
        &self,
        device_id: Option<&str>,
        now: SystemTime,
    ) -> Result<SignedIn, Problem> {
        let Device { hash: device, made } = device(device_id)?;
        let player = self.accounts.guest(device, now, &new_guest).await;
        let player = player.map_err(|error| unavailable(&error))?;
        let signed_in = self.signed_in(player, now).await?;
        Ok(SignedIn { device_id: made, ..signed_in })
    }

    /// Begins a sign-in of a player who has shown who it is.
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn signed_in(&self, player: Player, now: SystemTime) -> Result<SignedIn, WireError> {
        let (sign_in, refresh_token) = self.open(player.id, None, now).await?;
        self.renewed(player, sign_in, refresh_token, now)
    }

    /// A sign-in that goes on with this refresh token, and a new access token.
    ///
    /// # Errors
    /// The key cannot sign.
    pub fn renewed(
        &self,
        player: Player,
        sign_in: SignInId,
        refresh_token: String,
        now: SystemTime,
    ) -> Result<SignedIn, WireError> {
        let access_token = self.access_token(&player, sign_in, now)?;
        Ok(SignedIn { access_token, refresh_token, device_id: None, player })
    }

    /// Another password that leaves one sign-in standing, and the refresh token with which that goes on.
    ///
    /// # Errors
    /// There are no random numbers.
    pub fn new_password(
        &self,
        kept: SignInId,
        old_phc: String,
        phc: String,
        now: SystemTime,
    ) -> Result<(String, NewPassword), WireError> {
        let token = secret::text::<SECRET_BYTES>()?;
        let (refresh, refresh_expires_at) = (secret::hash(&token), now + REFRESH_TTL);
        Ok((token, NewPassword { old_phc, phc, kept, refresh, refresh_expires_at }))
    }

    /// Takes a refresh token for the next one and a new access token. The same token again within
    /// [`gamev1_persistence::accounts::REUSE_GRACE`] gets the same next one: to a client whose answer was lost, and to
    /// two tabs that renew at once, it is as if it had come once.
    ///
    /// # Errors
    /// `refresh_reused`, `token_revoked`, `token_expired`, `unauthenticated`, `unavailable`.
    pub async fn refresh(&self, token: &str, now: SystemTime) -> Result<SignedIn, Refused> {
        let refresh_token = self.successor(token)?;
        let rotate = Rotate {
            used: secret::hash(token),
            next: secret::hash(&refresh_token),
            next_expires_at: now + REFRESH_TTL,
        };
        let rotation = self.accounts.rotate_refresh(rotate, now).await;
        let refused = |code, message| Err(Refused::from(WireError::new(code, message)));
        match rotation.map_err(|error| unavailable(&error))? {
            Rotation::Rotated { player, sign_in } => {
                let access_token = self.access_token(&player, sign_in.id, now)?;
                Ok(SignedIn { access_token, refresh_token, device_id: None, player })
            }
            Rotation::Reused { sign_in, revoked } => {
                let message = "this refresh token has been used before";
                let error = WireError::new(ErrorCode::RefreshReused, message);
                Err(Refused { error, revoked: revoked.then_some(sign_in) })
            }
            Rotation::Revoked { .. } => {
                refused(ErrorCode::TokenRevoked, "the sign-in of this refresh token was revoked")
            }
            Rotation::Expired => refused(ErrorCode::TokenExpired, "this refresh token is too old"),
            Rotation::Unknown => {
                refused(ErrorCode::Unauthenticated, "this refresh token is unknown")
            }
        }
    }

    /// The token that follows a refresh token: a MAC of it, so that it can be told again although only its hash is kept.
    /// Who has the key of the server needs no refresh token anyway.
    fn successor(&self, used: &str) -> Result<String, WireError> {
        // What resume tokens are a MAC of has no colon in it.
        let message = format!("refresh:{used}");
        let keys = self.tokens.keys();
        crypto::sign(message.as_bytes(), &keys.resume.0, Algorithm::HS256).map_err(|error| {
            tracing::error!(%error, "a refresh token cannot be made");
            WireError::new(ErrorCode::Internal, "the refresh token cannot be made")
        })
    }

    /// An access token for `player` without a way to renew it: for the command line.
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn access_only(
        &self,
        player: &Player,
        ttl: Duration,
        now: SystemTime,
    ) -> Result<String, WireError> {
        let access_until = (ttl > REVOKED_FOR).then_some(now + ttl);
        let (sign_in, _) = self.open(player.id, access_until, now).await?;
        self.sign(player, sign_in, ttl, now)
    }

    async fn open(
        &self,
        player: PlayerId,
        access_until: Option<SystemTime>,
        now: SystemTime,
    ) -> Result<(SignInId, String), WireError> {
        let refresh_token = secret::text::<SECRET_BYTES>()?;
        let id = SignInId::new();
        let new = NewSignIn {
            id,
            player,
            refresh: secret::hash(&refresh_token),
            refresh_expires_at: now + REFRESH_TTL,
            expires_at: now + SIGN_IN_TTL,
            access_until,
        };
        let opened = self.accounts.open_sign_in(new, now).await;
        match opened.map_err(|error| unavailable(&error))? {
            Some(_) => Ok((id, refresh_token)),
            None => Err(WireError::new(ErrorCode::Unauthenticated, "the player has just gone")),
        }
    }

    fn access_token(
        &self,
        player: &Player,
        sign_in: SignInId,
        now: SystemTime,
    ) -> Result<String, WireError> {
        self.sign(player, sign_in, ACCESS_TTL, now)
    }

    fn sign(
        &self,
        player: &Player,
        sign_in: SignInId,
        ttl: Duration,
        now: SystemTime,
    ) -> Result<String, WireError> {
        let (epoch, role) = (player.epoch, player.role.as_str());
        let subject = Subject { player: player.id, sign_in, epoch, role };
        self.tokens.sign(&subject, now, ttl).map_err(|error| {
            tracing::error!(%error, "an access token cannot be signed");
            WireError::new(ErrorCode::Internal, "the access token cannot be signed")
        })
    }
}

/// The device of a client: that of its own secret, or a new one.
///
/// # Errors
/// `validation_failed` when the client's own device id is too short or too long.
pub fn device(device_id: Option<&str>) -> Result<Device, Problem> {
    if let Some(own) = device_id {
        device_id_fits(own)?;
        return Ok(Device { hash: secret::hash(own), made: None });
    }
    let made = secret::text::<SECRET_BYTES>().map_err(WireError::from)?;
    Ok(Device { hash: secret::hash(&made), made: Some(made) })
}

/// A device as it is stored, and its secret when the server has just made it.
#[derive(Debug)]
pub struct Device {
    pub hash: SecretHash,
    pub made: Option<String>,
}

fn device_id_fits(device_id: &str) -> Result<(), Problem> {
    let chars = device_id.chars().count();
    if DEVICE_ID_CHARS.contains(&chars) {
        return Ok(());
    }
    let (min, max) = (DEVICE_ID_CHARS.start(), DEVICE_ID_CHARS.end());
    let code = if chars < *min { "too_short" } else { "too_long" };
    let detail = format!("expected {min} to {max} characters, got {chars}");
    Err(Problem::invalid("/device_id", code, detail))
}

/// `guest-` and six characters that people can read out; another is made when it is taken.
fn new_guest() -> NewGuest {
    let id = PlayerId::new();
    // The lower half of a UUIDv7 is random.
    let code = RoomId::from_bits(id.as_uuid().as_u64_pair().1).to_string();
    NewGuest { id, username: format!("guest-{}", &code[code.len() - 6..]) }
}
