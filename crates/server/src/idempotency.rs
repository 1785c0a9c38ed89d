//! `Idempotency-Key`: the same call again is answered as before, and not done twice. Pure; the time is an argument.

#[cfg(test)]
mod tests;

use std::time::{Duration, SystemTime};

use gamev1_protocol::{ErrorCode, PlayerId, RoomId, WireError};
use parking_lot::Mutex;
use sha2::{Digest, Sha256};

use crate::auth::recent::Recent;

const KEPT_FOR: Duration = Duration::from_secs(24 * 3_600);
const KEYS_MAX: usize = 65_536;

type Key = (PlayerId, String);

/// The keys of calls that made a room.
pub struct Idempotency(Mutex<Recent<Key, Entry>>);

#[derive(Debug, Clone)]
struct Entry {
    request: [u8; 32],
    /// `None` while the first call is under way.
    made: Option<RoomId>,
    at: SystemTime,
}

/// What a call with a key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begun {
    /// The first of its kind: to be done, then told to [`Idempotency::end`].
    First,
    /// It was done before and made this.
    Done(RoomId),
}

impl Default for Idempotency {
    fn default() -> Idempotency {
        Idempotency(Mutex::new(Recent::new(KEYS_MAX)))
    }
}

impl Idempotency {
    /// # Errors
    /// `conflict` when the key came with another request, or the first call is still under way.
    pub fn begin(
        &self,
        player: PlayerId,
        key: &str,
        request: &[u8],
        now: SystemTime,
    ) -> Result<Begun, WireError> {
        let request: [u8; 32] = Sha256::digest(request).into();
        let key = (player, key.to_owned());
        let mut keys = self.0.lock();
        let known = keys
            .get(&key)
            .filter(|entry| now.duration_since(entry.at).is_ok_and(|age| age < KEPT_FOR));
        let conflict = |message| Err(WireError::new(ErrorCode::Conflict, message));
        match known {
            None => {
                keys.insert(key, Entry { request, made: None, at: now });
                Ok(Begun::First)
            }
            Some(known) if known.request != request => {
                conflict("this Idempotency-Key came with another request before")
            }
            Some(Entry { made: None, .. }) => {
                conflict("the first call with this Idempotency-Key is still under way")
            }
            Some(Entry { made: Some(room), .. }) => Ok(Begun::Done(room)),
        }
    }

    /// The first call has made `made`, or has failed, so that the next one is a first again.
    pub fn end(&self, player: PlayerId, key: &str, made: Option<RoomId>) {
        let key = (player, key.to_owned());
        let mut keys = self.0.lock();
        match (made, keys.get(&key)) {
            (Some(room), Some(entry)) => {
                keys.insert(key, Entry { made: Some(room), ..entry });
            }
            _ => keys.remove(&key),
        }
    }
}
