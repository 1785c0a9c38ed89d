//! `Idempotency-Key`: the same call again is answered as before, and not done twice. No clock; the time is an argument.

#[cfg(test)]
mod tests;

use std::time::{Duration, SystemTime};

use gamev1_protocol::{ErrorCode, PlayerId, RoomId, WireError};
use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{auth::recent::Recent, problem::Problem};

const KEPT_FOR: Duration = Duration::from_secs(24 * 3_600);
const KEYS_MAX: usize = 65_536;

type Key = (PlayerId, String);

/// What a call asked for, shortened to a hash.
pub type RequestHash = [u8; 32];

/// The keys of calls that were made. They are in memory alone: a restart forgets them, and beyond [`KEYS_MAX`] the oldest
/// are forgotten.
pub struct Idempotency(Mutex<Recent<Key, Entry>>);

#[derive(Debug, Clone)]
struct Entry {
    request: RequestHash,
    /// `None` while the first call is under way.
    made: Option<Made>,
    at: SystemTime,
}

/// What a call has made: enough to build its answer anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Made {
    Room(RoomId),
    Ban(Uuid),
    /// A trace, by its id.
    Trace(u128),
    /// Nothing that has a name.
    Done,
}

/// What a call with a key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Begun {
    /// The first of its kind: to be done, then told to [`Idempotency::end`].
    First,
    /// It was done before and made this.
    Done(Made),
}

/// A call with a key that is under way. However it ends, also by the client going away, the key learns of it.
struct First<'a> {
    keys: &'a Idempotency,
    player: PlayerId,
    key: &'a str,
    made: Option<Made>,
}

impl Drop for First<'_> {
    fn drop(&mut self) {
        self.keys.end(self.player, self.key, self.made);
    }
}

/// Of the route with its path, and of the body.
pub fn hash(route: &str, body: &[u8]) -> RequestHash {
    let mut hash = Sha256::new();
    // A route has no line end, so that it cannot run into the body.
    hash.update(route);
    hash.update(b"\n");
    hash.update(body);
    hash.finalize().into()
}

impl Default for Idempotency {
    fn default() -> Idempotency {
        Idempotency(Mutex::new(Recent::new(KEYS_MAX)))
    }
}

impl Idempotency {
    /// Does `act`, unless the same call with that key has done it; says what was made, now or then. Without a key it is
    /// always done. A call that failed may be made again.
    ///
    /// # Errors
    /// Those of `act`, or `conflict` when the key came with another request, or the first call is still under way.
    pub async fn once(
        &self,
        player: PlayerId,
        key: Option<&str>,
        request: RequestHash,
        now: SystemTime,
        act: impl Future<Output = Result<Made, Problem>>,
    ) -> Result<Made, Problem> {
        let Some(key) = key else { return act.await };
        match self.begin(player, key, request, now)? {
            Begun::Done(made) => Ok(made),
            Begun::First => {
                let mut first = First { keys: self, player, key, made: None };
                let made = act.await?;
                first.made = Some(made);
                Ok(made)
            }
        }
    }

    fn begin(
        &self,
        player: PlayerId,
        key: &str,
        request: RequestHash,
        now: SystemTime,
    ) -> Result<Begun, WireError> {
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
            Some(Entry { made: Some(made), .. }) => Ok(Begun::Done(made)),
        }
    }

    /// The first call has made `made`, or has failed, so that the next one is a first again.
    fn end(&self, player: PlayerId, key: &str, made: Option<Made>) {
        let key = (player, key.to_owned());
        let mut keys = self.0.lock();
        match (made, keys.get(&key)) {
            (Some(made), Some(entry)) => {
                keys.insert(key, Entry { made: Some(made), ..entry });
            }
            _ => keys.remove(&key),
        }
    }
}
