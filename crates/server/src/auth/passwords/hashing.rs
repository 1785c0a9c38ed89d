//! Argon2 over memory that is used again: each hash wants 19 MiB, and an allocator that is asked for that by one thread
//! after the other keeps a multiple of it.

use argon2::{
    Algorithm, Argon2, Block, Params, Version,
    password_hash::phc::{Output, PasswordHash},
};
use base64::{Engine, prelude::BASE64_STANDARD_NO_PAD};

/// A hash that wants more than this was not made here, and is nobody's.
const MEMORY_KIB_MAX: u32 = 256 * 1024;

/// What one hash after the other is made in.
#[derive(Default)]
pub(super) struct Memory(Vec<Block>);

impl Memory {
    fn blocks(&mut self, params: &Params) -> &mut [Block] {
        let count = params.block_count();
        if self.0.len() < count {
            self.0.resize(count, Block::default());
        }
        &mut self.0[..count]
    }
}

/// The PHC string of a password.
pub(super) fn hash(
    argon2: &Argon2<'_>,
    password: &str,
    salt: &[u8],
    memory: &mut Memory,
) -> Result<String, argon2::Error> {
    let mut out = [0; Params::DEFAULT_OUTPUT_LEN];
    let blocks = memory.blocks(argon2.params());
    argon2.hash_password_into_with_memory(password.as_bytes(), salt, &mut out, blocks)?;
    Ok(phc(argon2.params(), salt, &out))
}

/// As it is written: Argon2id of version 1.3, by one lane.
pub(super) fn phc(params: &Params, salt: &[u8], hash: &[u8]) -> String {
    let (memory, passes) = (params.m_cost(), params.t_cost());
    let (salt, hash) = (BASE64_STANDARD_NO_PAD.encode(salt), BASE64_STANDARD_NO_PAD.encode(hash));
    format!("$argon2id$v=19$m={memory},t={passes},p=1${salt}${hash}")
}

/// Whether `phc` is a hash of this password. What is no hash of Argon2 is none of it.
pub(super) fn is_of(phc: &str, password: &str, memory: &mut Memory) -> bool {
    let Ok(hash) = PasswordHash::new(phc) else { return false };
    let (Some(salt), Some(expected)) = (&hash.salt, &hash.hash) else { return false };
    let algorithm = Algorithm::try_from(hash.algorithm.as_str());
    let version = hash.version.map_or(Ok(Version::V0x13), Version::try_from);
    let (Ok(algorithm), Ok(version), Ok(params)) = (algorithm, version, Params::try_from(&hash))
    else {
        return false;
    };
    if params.m_cost() > MEMORY_KIB_MAX {
        return false;
    }
    let mut out = [0; Output::MAX_LENGTH];
    let Some(out) = out.get_mut(..expected.len()) else { return false };
    let blocks = memory.blocks(&params);
    let argon2 = Argon2::new(algorithm, version, params.clone());
    let made = argon2.hash_password_into_with_memory(password.as_bytes(), salt, out, blocks);
    // The comparison of outputs takes the same time wherever they differ.
    made.is_ok() && Output::new(out).is_ok_and(|made| made == *expected)
}

/// Whether a hash was made at a lower cost than that of `now`.
pub(super) fn is_cheaper(phc: &str, now: &Params) -> bool {
    let Ok(hash) = PasswordHash::new(phc) else { return true };
    let Ok(then) = Params::try_from(&hash) else { return true };
    hash.algorithm.as_str() != "argon2id"
        || then.m_cost() < now.m_cost()
        || then.t_cost() < now.t_cost()
}
