//! Access tokens: signed claims (JWT, RFC 9068) about a player and a sign-in. Pure: the time is an argument.

#[cfg(test)]
mod tests;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use gamev1_protocol::{ErrorCode, PlayerId, SignInId, WireError};
use jsonwebtoken::{Algorithm, Header, Validation, errors::ErrorKind};
use parking_lot::RwLock;
use serde::{Deserialize, Serialize};

use super::keys::Keys;

/// How long an access token is good for.
pub const ACCESS_TTL: Duration = Duration::from_secs(600);
/// Clocks may differ by this much.
pub(super) const LEEWAY: Duration = Duration::from_secs(5);
/// Longer ones are refused unread.
pub const TOKEN_BYTES_MAX: usize = 1_024;

const ISSUER: &str = "gamev1";
const AUDIENCE: &str = "gamev1";
const TYPE: &str = "at+jwt";

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    pub iss: String,
    pub aud: String,
    pub sub: PlayerId,
    /// Unix seconds, as are the two below.
    pub exp: u64,
    pub nbf: u64,
    pub iat: u64,
    pub jti: String,
    pub sid: SignInId,
    /// The player's epoch when this was signed; it is void once the player's row has a higher one.
    pub epoch: u32,
    pub role: String,
}

/// Whom a new token is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    pub player: PlayerId,
    pub sign_in: SignInId,
    pub epoch: u32,
    pub role: &'static str,
}

/// Why a token is not taken. The client learns only whether renewing it can help.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    #[error("longer than {TOKEN_BYTES_MAX} bytes")]
    TooLong,
    #[error("not a token of the type {TYPE}")]
    WrongType,
    #[error("signed with a key that is not known here")]
    UnknownKey,
    #[error("not signed by this server: {0}")]
    Refused(&'static str),
    #[error("not good yet")]
    NotYet,
    #[error("its time is over")]
    Expired,
}

impl From<TokenError> for WireError {
    fn from(error: TokenError) -> WireError {
        let code = match error {
            TokenError::Expired => ErrorCode::TokenExpired,
            _ => ErrorCode::Unauthenticated,
        };
        WireError::new(code, format!("the access token is refused: {error}"))
    }
}

/// Signs and verifies.
pub struct Tokens {
    keys: RwLock<Arc<Keys>>,
    /// Grows when a key is gone: what was verified before has to be verified again.
    generation: AtomicU64,
    validation: Validation,
}

/// The names of keys that are new, and of those that are gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyChange {
    pub added: Vec<String>,
    pub removed: Vec<String>,
}

impl Tokens {
    pub fn new(keys: Keys) -> Tokens {
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["exp", "nbf", "iss", "aud", "sub"]);
        // Times are checked below: the library asks the system's clock.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        let (keys, generation) = (RwLock::new(Arc::new(keys)), AtomicU64::new(0));
        Tokens { keys, generation, validation }
    }

    /// The keys as they were last read.
    pub fn keys(&self) -> Arc<Keys> {
        self.keys.read().clone()
    }

    /// What was found good under another generation than the present one may have been signed with a key that is gone.
    pub(super) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// From now on these keys sign and verify.
    pub fn replace_keys(&self, keys: Keys) -> KeyChange {
        let keys = Arc::new(keys);
        let before = std::mem::replace(&mut *self.keys.write(), keys.clone());
        let not_in = |from: &Keys, other: &Keys| {
            let missing = from.kids().filter(|kid| other.verifying(kid).is_none());
            missing.map(str::to_owned).collect::<Vec<_>>()
        };
        let change = KeyChange { added: not_in(&keys, &before), removed: not_in(&before, &keys) };
        if !change.removed.is_empty() {
            // Behind the keys: what is verified from here on is verified with the new ones.
            self.generation.fetch_add(1, Ordering::AcqRel);
        }
        change
    }

    /// # Errors
    /// The key cannot sign, which was checked when it was read.
    pub fn sign(
        &self,
        subject: &Subject,
        now: SystemTime,
        ttl: Duration,
    ) -> Result<String, jsonwebtoken::errors::Error> {
        let iat = unix_seconds(now);
        let claims = Claims {
            iss: ISSUER.into(),
            aud: AUDIENCE.into(),
            sub: subject.player,
            exp: iat + ttl.as_secs(),
            nbf: iat,
            iat,
            jti: uuid::Uuid::now_v7().simple().to_string(),
            sid: subject.sign_in,
            epoch: subject.epoch,
            role: subject.role.into(),
        };
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(TYPE.into());
        let keys = self.keys();
        let key = keys.signing(now).ok_or(ErrorKind::InvalidEddsaKey)?;
        header.kid = Some(key.kid.clone());
        jsonwebtoken::encode(&header, &claims, &key.signing)
    }

    /// # Errors
    /// The first thing that is wrong with it.
    pub fn verify(&self, token: &str, now: SystemTime) -> Result<Claims, TokenError> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(TokenError::TooLong);
        }
        let header = jsonwebtoken::decode_header(token).map_err(|error| refused(&error))?;
        // The library compares no types, and nothing that is critical to the signer is understood here.
        if header.typ.as_deref() != Some(TYPE) || header.crit.is_some() {
            return Err(TokenError::WrongType);
        }
        let kid = header.kid.as_deref().ok_or(TokenError::UnknownKey)?;
        let keys = self.keys();
        let key = keys.verifying(kid).ok_or(TokenError::UnknownKey)?;
        let claims: Claims = jsonwebtoken::decode(token, key, &self.validation)
            .map_err(|error| refused(&error))?
            .claims;
        if claims.jti.is_empty() || claims.jti.len() > 64 {
            return Err(TokenError::Refused("it has no jti"));
        }
        in_time(&claims, now)?;
        Ok(claims)
    }
}

/// In words of this server: what a library says of its insides helps nobody who holds a token.
fn refused(error: &jsonwebtoken::errors::Error) -> TokenError {
    TokenError::Refused(match error.kind() {
        ErrorKind::InvalidSignature => "the signature is wrong",
        ErrorKind::InvalidAlgorithm => "by another algorithm than EdDSA",
        ErrorKind::InvalidIssuer => "of another issuer",
        ErrorKind::InvalidAudience => "for another audience",
        ErrorKind::MissingRequiredClaim(_) => "a claim is missing",
        _ => "it cannot be read",
    })
}

/// Whether `claims` hold at `now`, give or take the leeway.
///
/// # Errors
/// Not yet, or no longer.
pub fn in_time(claims: &Claims, now: SystemTime) -> Result<(), TokenError> {
    let (now, leeway) = (unix_seconds(now), LEEWAY.as_secs());
    if claims.nbf.max(claims.iat) > now + leeway {
        return Err(TokenError::NotYet);
    }
    if claims.exp.saturating_add(leeway) <= now {
        return Err(TokenError::Expired);
    }
    Ok(())
}

pub fn unix_seconds(time: SystemTime) -> u64 {
    // A clock before 1970 is set wrong: every token is then not yet good.
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
