//! Resume tokens: whose session it was, under a MAC, so that even a process that never knew the session believes it.
//! Pure but for the port, which asks the clock.

#[cfg(test)]
mod tests;

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use gamev1_actors::ports::{ResumeClaim, ResumeTokens};
use gamev1_protocol::{ErrorCode, PlayerId, SessionId, SignInId, WireError};
use jsonwebtoken::{Algorithm, crypto};
use uuid::Uuid;

use super::token::{Tokens, unix_seconds};

/// How long after it was made a token is looked at. The session itself is kept for the resume window only, and each
/// new socket brings a new token.
pub(super) const RESUME_TTL: Duration = Duration::from_secs(24 * 3_600);

/// Session, player, sign-in, generation, epoch, end in Unix seconds.
const CLAIM_BYTES: usize = 16 + 16 + 16 + 4 + 4 + 4;
/// The claim in base64url; the MAC follows.
const CLAIM_CHARS: usize = CLAIM_BYTES / 3 * 4;

/// Makes and reads resume tokens.
pub struct ResumeKey(Arc<Tokens>);

impl ResumeKey {
    pub fn new(tokens: Arc<Tokens>) -> ResumeKey {
        ResumeKey(tokens)
    }

    fn mint_at(&self, claim: ResumeClaim, now: SystemTime) -> String {
        let mut bytes = [0; CLAIM_BYTES];
        bytes[..16].copy_from_slice(claim.session.as_uuid().as_bytes());
        bytes[16..32].copy_from_slice(claim.player.as_uuid().as_bytes());
        bytes[32..48].copy_from_slice(claim.sign_in.as_uuid().as_bytes());
        bytes[48..52].copy_from_slice(&claim.generation.to_be_bytes());
        bytes[52..56].copy_from_slice(&claim.epoch.to_be_bytes());
        // Enough until 2106; a clock beyond that makes tokens that are too old.
        let end = u32::try_from(unix_seconds(now + RESUME_TTL)).unwrap_or(0);
        bytes[56..].copy_from_slice(&end.to_be_bytes());
        let mut token = BASE64_URL_SAFE_NO_PAD.encode(bytes);
        let keys = self.0.keys();
        match crypto::sign(token.as_bytes(), &keys.resume.0, Algorithm::HS256) {
            Ok(mac) => token.push_str(&mac),
            // A secret of any length makes a MAC. Without one the client would connect anew.
            Err(error) => tracing::error!(%error, "a resume token is not signed"),
        }
        token
    }

    /// # Errors
    /// `resume_unknown` when it is not one of ours, `resume_expired` when it is too old.
    pub fn read(&self, token: &str, now: SystemTime) -> Result<ResumeClaim, WireError> {
        let unknown =
            || WireError::new(ErrorCode::ResumeUnknown, "no session has this resume token");
        let (claim, mac) = token.split_at_checked(CLAIM_CHARS).ok_or_else(unknown)?;
        let keys = self.0.keys();
        let key = &keys.resume.1;
        if !crypto::verify(mac, claim.as_bytes(), key, Algorithm::HS256).is_ok_and(|true_| true_) {
            return Err(unknown());
        }
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(claim).map_err(|_| unknown())?;
        let bytes: [u8; CLAIM_BYTES] = bytes.try_into().map_err(|_| unknown())?;
        let (session, rest) = take_uuid(&bytes).ok_or_else(unknown)?;
        let (player, rest) = take_uuid(rest).ok_or_else(unknown)?;
        let (sign_in, rest) = take_uuid(rest).ok_or_else(unknown)?;
        let (generation, rest) = rest.split_first_chunk().ok_or_else(unknown)?;
        let (epoch, end) = rest.split_first_chunk().ok_or_else(unknown)?;
        let end = u32::from_be_bytes(end.try_into().map_err(|_| unknown())?);
        if u64::from(end) <= unix_seconds(now) {
            return Err(WireError::new(ErrorCode::ResumeExpired, "this resume token is too old"));
        }
        let epoch = u32::from_be_bytes(*epoch);
        if epoch == ResumeClaim::EPOCH_UNKNOWN {
            // Nothing could revoke it.
            return Err(unknown());
        }
        Ok(ResumeClaim {
            session: SessionId::from_uuid(session),
            player: PlayerId::from_uuid(player),
            sign_in: SignInId::from_uuid(sign_in),
            epoch,
            generation: u32::from_be_bytes(*generation),
        })
    }
}

fn take_uuid(bytes: &[u8]) -> Option<(Uuid, &[u8])> {
    let (uuid, rest) = bytes.split_first_chunk()?;
    Some((Uuid::from_bytes(*uuid), rest))
}

impl ResumeTokens for ResumeKey {
    fn mint(&self, claim: ResumeClaim) -> String {
        self.mint_at(claim, SystemTime::now())
    }
}
