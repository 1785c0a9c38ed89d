//! Passwords: hashed with Argon2id in a bounded place off the async threads, checked at a cost that tells nothing.

mod hashing;
pub mod policy;
#[cfg(test)]
mod tests;
mod threads;

use std::{
    fmt, io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use argon2::{Algorithm, Argon2, Params, Version};
use gamev1_protocol::{ErrorCode, WireError};
use serde::{Deserialize, Deserializer};
use tokio::{sync::Semaphore, time::timeout};
use zeroize::Zeroizing;

use self::{
    hashing::{Memory, is_cheaper},
    threads::Threads,
};
use super::secret::{self, NoRandomness};

/// Who waits for a turn; beyond these nobody does.
const WAITING_MAX: usize = 32;
const WAIT_MAX: Duration = Duration::from_secs(1);
const SALT_BYTES: usize = 16;

/// A password as a client sent it. It is not printed, and gone from memory after its use.
#[derive(Clone)]
pub struct Password(Zeroizing<String>);

impl Password {
    pub fn new(text: String) -> Password {
        Password(Zeroizing::new(text))
    }

    /// As it is hashed. One that is none, with a control character or empty, stays as it is and so is nobody's.
    fn normal(&self) -> Zeroizing<String> {
        policy::opaque(&self.0).unwrap_or_else(|| self.0.clone())
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password")
    }
}

impl<'de> Deserialize<'de> for Password {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Password, D::Error> {
        String::deserialize(deserializer).map(Password::new)
    }
}

/// What hashing costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    pub memory_kib: u32,
    pub passes: u32,
}

impl Cost {
    /// What OWASP asks for at least: about 20 ms of one core.
    pub const DEFAULT: Cost = Cost { memory_kib: 19 * 1024, passes: 2 };
}

/// The passwords cannot be hashed as configured.
#[derive(Debug, thiserror::Error)]
pub enum PasswordsError {
    #[error("these parameters are none of Argon2: {0}")]
    Cost(argon2::Error),
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    #[error("there is no thread for hashing: {0}")]
    NoThread(#[from] io::Error),
}

/// The place where passwords are hashed.
pub struct Passwords {
    argon2: Argon2<'static>,
    /// A hash that no password has, at the same cost: what is checked for those who do not exist.
    nobody: String,
    turns: Arc<Semaphore>,
    /// Those who have a turn and those who wait.
    places: Arc<Semaphore>,
    threads: Threads,
    checks: AtomicU64,
}

/// What a password was found to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    pub right: bool,
    /// The same password hashed anew, when it is right and its hash is cheaper than they are now.
    pub rehashed: Option<String>,
}

impl Passwords {
    /// # Errors
    /// The cost is out of range, or there are no random numbers, or no threads.
    pub fn new(cost: Cost) -> Result<Passwords, PasswordsError> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Passwords::with_turns(cost, (cores / 2).max(1))
    }

    /// # Errors
    /// As [`Passwords::new`].
    pub fn with_turns(cost: Cost, turns: usize) -> Result<Passwords, PasswordsError> {
        let Cost { memory_kib, passes } = cost;
        let params = Params::new(memory_kib, passes, 1, None).map_err(PasswordsError::Cost)?;
        let salt = secret::random::<SALT_BYTES>()?;
        let hash = secret::random::<{ Params::DEFAULT_OUTPUT_LEN }>()?;
        Ok(Passwords {
            nobody: hashing::phc(&params, &salt, &hash),
            argon2: Argon2::new(Algorithm::Argon2id, Version::V0x13, params),
            threads: Threads::start(turns)?,
            turns: Arc::new(Semaphore::new(turns)),
            places: Arc::new(Semaphore::new(turns + WAITING_MAX)),
            checks: AtomicU64::new(0),
        })
    }

    /// A PHC string of a new password, if it is one to be taken. `about` are the words that are known of its owner.
    ///
    /// # Errors
    /// `overloaded`; or inside, why the password is none to be taken.
    pub async fn hash(
        &self,
        password: Password,
        about: Vec<String>,
    ) -> Result<Result<String, policy::Unfit>, WireError> {
        let normal = match policy::form(&password.0) {
            Ok(normal) => normal,
            Err(unfit) => return Ok(Err(unfit)),
        };
        let argon2 = self.argon2.clone();
        self.in_turn(move |memory| {
            if let Err(unfit) = policy::strength(&normal, &about) {
                return Ok(Err(unfit));
            }
            hashed(&argon2, &normal, memory).map(Ok)
        })
        .await?
    }

    /// Whether `password` is the one of `phc`. Without one it costs the same and is wrong.
    ///
    /// # Errors
    /// `overloaded`.
    pub async fn check(
        &self,
        password: Password,
        phc: Option<String>,
    ) -> Result<Checked, WireError> {
        let phc = phc.unwrap_or_else(|| self.nobody.clone());
        let argon2 = self.argon2.clone();
        self.checks.fetch_add(1, Ordering::Relaxed);
        self.in_turn(move |memory| {
            let normal = password.normal();
            let right = hashing::is_of(&phc, &normal, memory);
            let grown = right && is_cheaper(&phc, argon2.params());
            // A hash that cannot be made now is made the next time.
            let rehashed = grown.then(|| hashed(&argon2, &normal, memory).ok()).flatten();
            Checked { right, rehashed }
        })
        .await
    }

    /// How often a password has been checked.
    pub fn checks(&self) -> u64 {
        self.checks.load(Ordering::Relaxed)
    }

    /// Runs `work` on a thread that hashes, when it is its turn. Once begun it comes to its end, and holds its turn
    /// until then, whether or not anybody waits for it any more.
    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Memory) -> T + Send + 'static,
    ) -> Result<T, WireError> {
        let place = self.places.clone().try_acquire_owned().map_err(|_| overloaded())?;
        let turn = timeout(WAIT_MAX, self.turns.clone().acquire_owned()).await;
        let turn = turn.ok().and_then(Result::ok).ok_or_else(overloaded)?;
        let done = self.threads.run(move |memory| {
            let _held = (place, turn);
            work(memory)
        });
        let failed = || WireError::new(ErrorCode::Internal, "this server failed at the request");
        done.await.ok_or_else(failed)
    }
}

fn overloaded() -> WireError {
    let message = "too many passwords are being checked";
    WireError::new(ErrorCode::Overloaded, message).retry_after_ms(1_000)
}

fn hashed(argon2: &Argon2<'_>, password: &str, memory: &mut Memory) -> Result<String, WireError> {
    let salt = secret::random::<SALT_BYTES>()?;
    hashing::hash(argon2, password, &salt, memory).map_err(|error| {
        tracing::error!(%error, "a password cannot be hashed");
        WireError::new(ErrorCode::Internal, "the password cannot be hashed")
    })
}
