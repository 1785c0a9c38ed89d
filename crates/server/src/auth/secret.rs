//! Random secrets, and the hash under which they are kept.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use gamev1_persistence::accounts::SecretHash;
use sha2::{Digest, Sha256};

/// The system gave no random numbers.
#[derive(Debug, Clone, thiserror::Error)]
#[error("no random numbers: {0}")]
pub struct NoRandomness(String);

impl From<NoRandomness> for gamev1_protocol::WireError {
    fn from(error: NoRandomness) -> Self {
        tracing::error!(%error, "a secret cannot be made");
        gamev1_protocol::WireError::new(gamev1_protocol::ErrorCode::Internal, "no random numbers")
    }
}

/// # Errors
/// The system has no random source, which on a running machine does not happen.
pub fn random<const N: usize>() -> Result<[u8; N], NoRandomness> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| NoRandomness(error.to_string()))?;
    Ok(bytes)
}

/// `N` random bytes as base64url.
///
/// # Errors
/// As [`random`].
pub fn text<const N: usize>() -> Result<String, NoRandomness> {
    Ok(BASE64_URL_SAFE_NO_PAD.encode(random::<N>()?))
}

/// What is stored of a secret. Secrets have too many bits to be guessed, so that no salt and no slow hash is needed.
pub fn hash(secret: &str) -> SecretHash {
    Sha256::digest(secret.as_bytes()).into()
}
