//! The key files: where they are, and that they are whole, private and read by nobody else.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use base64::{Engine, prelude::BASE64_STANDARD};

use super::KeysError;
use crate::auth::secret;

/// PKCS#8 v1 of an Ed25519 key (RFC 8410 7) up to the 32 bytes of the key itself. Version 1, because jsonwebtoken
/// reads no other.
const PKCS8_V1_ED25519: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];
const ACCESS_PREFIX: &str = "access-";
const ACCESS_SUFFIX: &str = ".pem";
const RESUME_FILE: &str = "resume.key";

const NAME: &str = "keys";

/// The directory of the keys, held: two processes never make or remove keys at the same moment.
pub(super) struct Folder {
    path: PathBuf,
    _lock: File,
}

fn at(path: &Path) -> impl Fn(io::Error) -> KeysError {
    let path = path.to_owned();
    move |error| KeysError::Io { path: path.clone(), error }
}

impl Folder {
    pub(super) fn is_in(data_dir: &Path) -> bool {
        data_dir.join(NAME).is_dir()
    }

    /// Makes it where it is missing, and waits until no other process holds it.
    pub(super) fn open(data_dir: &Path) -> Result<Folder, KeysError> {
        let path = data_dir.join(NAME);
        DirBuilder::new().recursive(true).mode(0o700).create(&path).map_err(at(&path))?;
        let lock_path = path.join(".lock");
        let mut open = OpenOptions::new();
        let open = open.create(true).truncate(false).write(true).mode(0o600);
        let lock: File = open.open(&lock_path).map_err(at(&lock_path))?;
        lock.lock().map_err(at(&lock_path))?;
        Ok(Folder { path, _lock: lock })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The secret of resume tokens, made when there is none.
    pub(super) fn resume_secret(&self) -> Result<String, KeysError> {
        let path = self.path.join(RESUME_FILE);
        if !path.exists() {
            write_private(&path, &secret::text::<32>()?).map_err(at(&path))?;
        }
        Ok(read_private(&path)?.trim().to_owned())
    }

    /// The files of access keys, the oldest first: their names begin with the time at which they were made.
    pub(super) fn access_files(&self) -> Result<Vec<PathBuf>, KeysError> {
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.path).map_err(at(&self.path))? {
            let path = entry.map_err(at(&self.path))?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if name.starts_with(ACCESS_PREFIX) && name.ends_with(ACCESS_SUFFIX) {
                files.push(path);
            }
        }
        files.sort();
        Ok(files)
    }

    /// A new access key, made at `now`: later than all that are there, whatever the clock says.
    pub(super) fn make_access_key(&self, now: SystemTime) -> Result<PathBuf, KeysError> {
        let last = self.access_files()?.last().map_or(UNIX_EPOCH, |path| made_at(path));
        let at_ms = |time: SystemTime| time.duration_since(UNIX_EPOCH).unwrap_or_default();
        let ms = at_ms(now.max(last + Duration::from_millis(1))).as_millis();
        let path = self.path.join(format!("{ACCESS_PREFIX}{ms:014}{ACCESS_SUFFIX}"));
        write_private(&path, &pem(&secret::random::<32>()?)).map_err(at(&path))?;
        Ok(path)
    }

    pub(super) fn remove(&self, path: &Path) -> Result<(), KeysError> {
        fs::remove_file(path).map_err(at(path))
    }
}

/// When a key was made, as its name says. A name that says nothing is as old as can be.
pub(super) fn made_at(path: &Path) -> SystemTime {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let ms = name.strip_prefix(ACCESS_PREFIX).and_then(|name| name.strip_suffix(ACCESS_SUFFIX));
    let ms = ms.and_then(|ms| ms.parse::<u64>().ok());
    // Beyond the year 5000 it is no time either.
    UNIX_EPOCH + Duration::from_millis(ms.filter(|ms| *ms < 100_000_000_000_000).unwrap_or(0))
}

pub(super) fn pem(key: &[u8; 32]) -> String {
    let der = [&PKCS8_V1_ED25519[..], key].concat();
    let base64 = BASE64_STANDARD.encode(der);
    format!("-----BEGIN PRIVATE KEY-----\n{base64}\n-----END PRIVATE KEY-----\n")
}

/// Whole or not at all: a half-written key would lock everyone out at the next start.
pub(super) fn write_private(path: &Path, content: &str) -> io::Result<()> {
    let part = path.with_extension("part");
    let mut file =
        OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(&part)?;
    file.write_all(content.as_bytes())?;
    file.sync_all()?;
    fs::rename(&part, path)?;
    File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
}

pub(super) fn read_private(path: &Path) -> Result<String, KeysError> {
    let mode = fs::metadata(path).map_err(at(path))?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        let reason = format!("others may read this key (mode {mode:o}); expected 600");
        return Err(KeysError::Refused { path: path.to_owned(), reason });
    }
    fs::read_to_string(path).map_err(at(path))
}
