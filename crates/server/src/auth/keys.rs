//! The keys that tokens are signed with: files in the data directory, made on the first start, readable by the owner
//! alone. Two may live at the same time: all verify, and one signs.

mod files;
#[cfg(test)]
mod tests;

use std::{
    io,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey,
    jwk::{AlgorithmParameters, Jwk, JwkSet, PublicKeyUse, ThumbprintHash},
};

use self::files::Folder;
use super::secret::NoRandomness;

/// How long a new key is only published before it signs: by then every process has read it, and whoever caches the key set
/// has asked for it again.
pub const PUBLISHED_FOR: Duration = Duration::from_secs(120);

/// The keys of one data directory.
pub struct Keys {
    /// The oldest first, and never none.
    access: Vec<AccessKey>,
    /// The secret of resume tokens and of refresh tokens that follow others.
    pub(super) resume: (EncodingKey, DecodingKey),
    /// The public halves, as they are served.
    key_set: String,
}

/// A key of access tokens.
pub(super) struct AccessKey {
    made_at: SystemTime,
    /// What stands in a token's header: the thumbprint of RFC 7638.
    pub(super) kid: String,
    pub(super) signing: EncodingKey,
    public: DecodingKey,
    jwk: Jwk,
}

#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    #[error("{}: {error}", path.display())]
    Io { path: PathBuf, error: io::Error },
    #[error("{}: {reason}", path.display())]
    Refused { path: PathBuf, reason: String },
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
}

/// What a rotation has done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotated {
    /// The name of the new key.
    pub kid: String,
    /// When it begins to sign.
    pub signs_from: SystemTime,
    /// The names of the keys that are no more.
    pub removed: Vec<String>,
}

impl Keys {
    /// Reads the keys below `data_dir`, making what is missing.
    ///
    /// # Errors
    /// A file cannot be read or written, is no key, or others may read it.
    pub fn open(data_dir: &Path, now: SystemTime) -> Result<Keys, KeysError> {
        let folder = Folder::open(data_dir)?;
        if folder.access_files()?.is_empty() {
            folder.make_access_key(now)?;
        }
        Keys::read(&folder)
    }

    fn read(folder: &Folder) -> Result<Keys, KeysError> {
        let resume = folder.resume_secret()?;
        let resume = resume.as_bytes();
        let resume = (EncodingKey::from_secret(resume), DecodingKey::from_secret(resume));
        let files = folder.access_files()?;
        let access: Vec<_> = files.iter().map(|path| read_key(path)).collect::<Result<_, _>>()?;
        let refused = |reason: String| KeysError::Refused { path: folder.path().into(), reason };
        if access.is_empty() {
            return Err(refused("no key".into()));
        }
        let keys = access.iter().map(|key| key.jwk.clone()).collect();
        let key_set = serde_json::to_string(&JwkSet { keys });
        let key_set = key_set.map_err(|error| refused(error.to_string()))?;
        Ok(Keys { access, resume, key_set })
    }

    /// Whether a server has kept keys in that data directory.
    pub fn are_in(data_dir: &Path) -> bool {
        Folder::is_in(data_dir)
    }

    /// Makes a key that takes over. The one that signs until then stays beside it, and tokens that it has signed are good
    /// to their end; what is older is removed. `at_once`: all others are removed and what they have signed is void, for
    /// keys that somebody else may know.
    ///
    /// # Errors
    /// As [`Keys::open`].
    pub fn rotate(data_dir: &Path, now: SystemTime, at_once: bool) -> Result<Rotated, KeysError> {
        let folder = Folder::open(data_dir)?;
        let files = folder.access_files()?;
        let before: Vec<_> = files.iter().map(|path| read_key(path)).collect::<Result<_, _>>()?;
        let stays = signing(&before, now).filter(|_| !at_once).map(|key| key.kid.clone());
        let made = read_key(&folder.make_access_key(now)?)?;
        let mut removed = Vec::new();
        // The new one is there: whatever happens from here on, somebody signs.
        for (path, key) in files.iter().zip(before) {
            if Some(&key.kid) != stays.as_ref() {
                folder.remove(path)?;
                removed.push(key.kid);
            }
        }
        let waits = if stays.is_some() { PUBLISHED_FOR } else { Duration::ZERO };
        Ok(Rotated { kid: made.kid, signs_from: made.made_at + waits, removed })
    }

    /// The key that signs at `now`.
    ///
    /// # Errors
    /// There is none, which was looked at when they were read.
    pub(super) fn signing(&self, now: SystemTime) -> Option<&AccessKey> {
        signing(&self.access, now)
    }

    /// The key of that name, looked up in memory and nowhere else.
    pub(super) fn verifying(&self, kid: &str) -> Option<&DecodingKey> {
        self.access.iter().find(|key| key.kid == kid).map(|key| &key.public)
    }

    pub(super) fn kids(&self) -> impl Iterator<Item = &str> {
        self.access.iter().map(|key| key.kid.as_str())
    }

    /// The public halves as a JWK set (RFC 7517, RFC 8037).
    pub fn key_set(&self) -> &str {
        &self.key_set
    }
}

/// The newest that has been published for long enough, or the oldest where none has.
fn signing(keys: &[AccessKey], now: SystemTime) -> Option<&AccessKey> {
    let known = |key: &&AccessKey| key.made_at + PUBLISHED_FOR <= now;
    keys.iter().rev().find(known).or(keys.first())
}

/// The key of the file at `path`.
fn read_key(path: &Path) -> Result<AccessKey, KeysError> {
    let refused = |reason: String| KeysError::Refused { path: path.to_owned(), reason };
    let wrong = |error: jsonwebtoken::errors::Error| refused(format!("no Ed25519 key: {error}"));
    let text = files::read_private(path)?;
    let signing = EncodingKey::from_ed_pem(text.as_bytes()).map_err(wrong)?;
    let mut jwk = Jwk::from_encoding_key(&signing, Algorithm::EdDSA).map_err(wrong)?;
    let AlgorithmParameters::OctetKeyPair(public) = &jwk.algorithm else {
        return Err(refused("no Ed25519 key".into()));
    };
    let public = DecodingKey::from_ed_components(&public.x).map_err(wrong)?;
    let kid = jwk.thumbprint(ThumbprintHash::SHA256).map_err(wrong)?;
    jwk.common.key_id = Some(kid.clone());
    jwk.common.public_key_use = Some(PublicKeyUse::Signature);
    Ok(AccessKey { made_at: files::made_at(path), kid, signing, public, jwk })
}
