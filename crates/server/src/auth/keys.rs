//! The keys that tokens are signed with: files in the data directory, made on the first start, readable by the owner
//! alone.

#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use base64::{Engine, prelude::BASE64_STANDARD};
use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey,
    jwk::{AlgorithmParameters, Jwk, ThumbprintHash},
};

use super::secret::{self, NoRandomness};

/// PKCS#8 v1 of an Ed25519 key (RFC 8410 7) up to the 32 bytes of the key itself. Version 1, because jsonwebtoken
/// reads no other.
const PKCS8_V1_ED25519: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];
const ACCESS_PREFIX: &str = "access-";
const RESUME_FILE: &str = "resume.key";

/// The keys of one data directory.
pub struct Keys {
    /// The newest key: new tokens are signed with it.
    pub(super) signing: EncodingKey,
    pub(super) signing_kid: String,
    /// All keys by the name that stands in a token's header.
    pub(super) verifying: BTreeMap<String, DecodingKey>,
    /// The secret of resume tokens, to write and to check their MAC.
    pub(super) resume: (EncodingKey, DecodingKey),
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

impl Keys {
    /// Reads the keys below `data_dir`, making what is missing.
    ///
    /// # Errors
    /// A file cannot be read or written, is no key, or others may read it.
    pub fn open(data_dir: &Path, now: SystemTime) -> Result<Keys, KeysError> {
        let folder = data_dir.join("keys");
        let at = |path: &Path| {
            let path = path.to_owned();
            move |error| KeysError::Io { path, error }
        };
        DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(at(&folder))?;
        // The command line may be starting at the same moment; one of the two makes the keys.
        let lock_path = folder.join(".lock");
        let mut open = OpenOptions::new();
        let open = open.create(true).truncate(false).write(true).mode(0o600);
        let lock: File = open.open(&lock_path).map_err(at(&lock_path))?;
        lock.lock().map_err(at(&lock_path))?;

        let resume = folder.join(RESUME_FILE);
        if !resume.exists() {
            write_private(&resume, &secret::text::<32>()?).map_err(at(&resume))?;
        }
        let resume = read_private(&resume)?;
        let resume = resume.trim().as_bytes();
        let resume = (EncodingKey::from_secret(resume), DecodingKey::from_secret(resume));

        let mut files = access_files(&folder).map_err(at(&folder))?;
        if files.is_empty() {
            let ms = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
            let path = folder.join(format!("{ACCESS_PREFIX}{ms:014}.pem"));
            write_private(&path, &pem(&secret::random::<32>()?)).map_err(at(&path))?;
            files.push(path);
        }
        let mut verifying = BTreeMap::new();
        let mut newest = None;
        for path in files {
            let (kid, signing, public) = read_key(&path)?;
            verifying.insert(kid.clone(), public);
            newest = Some((kid, signing));
        }
        let Some((signing_kid, signing)) = newest else {
            return Err(KeysError::Refused { path: folder, reason: "no key".into() });
        };
        Ok(Keys { signing, signing_kid, verifying, resume })
    }
}

/// The key files, the oldest first: their names begin with the time at which they were made.
fn access_files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with(ACCESS_PREFIX) && name.ends_with(".pem") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// A key of the file at `path`: its name (the thumbprint of RFC 7638), its private and its public half.
fn read_key(path: &Path) -> Result<(String, EncodingKey, DecodingKey), KeysError> {
    let refused = |reason: String| KeysError::Refused { path: path.to_owned(), reason };
    let wrong = |error: jsonwebtoken::errors::Error| refused(format!("no Ed25519 key: {error}"));
    let signing = EncodingKey::from_ed_pem(read_private(path)?.as_bytes()).map_err(wrong)?;
    let jwk = Jwk::from_encoding_key(&signing, Algorithm::EdDSA).map_err(wrong)?;
    let AlgorithmParameters::OctetKeyPair(public) = &jwk.algorithm else {
        return Err(refused("no Ed25519 key".into()));
    };
    let public = DecodingKey::from_ed_components(&public.x).map_err(wrong)?;
    let kid = jwk.thumbprint(ThumbprintHash::SHA256).map_err(wrong)?;
    Ok((kid, signing, public))
}

fn pem(key: &[u8; 32]) -> String {
    let der = [&PKCS8_V1_ED25519[..], key].concat();
    let base64 = BASE64_STANDARD.encode(der);
    format!("-----BEGIN PRIVATE KEY-----\n{base64}\n-----END PRIVATE KEY-----\n")
}

/// Whole or not at all: a half-written key would lock everyone out at the next start.
fn write_private(path: &Path, content: &str) -> io::Result<()> {
    let part = path.with_extension("part");
    let mut file =
        OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(&part)?;
    file.write_all(content.as_bytes())?;
    file.sync_all()?;
    fs::rename(&part, path)?;
    File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
}

fn read_private(path: &Path) -> Result<String, KeysError> {
    let io = |error| KeysError::Io { path: path.to_owned(), error };
    let mode = fs::metadata(path).map_err(io)?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        let reason = format!("others may read this key (mode {mode:o}); expected 600");
        return Err(KeysError::Refused { path: path.to_owned(), reason });
    }
    fs::read_to_string(path).map_err(io)
}
