//! Files that are whole or nothing: a mark, a digest, and a body, written under another name first.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::Path,
};

use sha2::{Digest, Sha256};

const DIGEST_BYTES: usize = 32;

/// What a file of one sort begins with; its last digits grow with the format.
pub(crate) type Mark = &'static [u8; 8];

/// Writes `directory/name.extension`, which is there whole or not at all, for its owner alone.
pub(crate) fn write(
    directory: &Path,
    name: &str,
    extension: &str,
    mark: Mark,
    body: &[u8],
) -> io::Result<()> {
    private_dir(directory)?;
    let unfinished = directory.join(format!("{name}.part"));
    let mut file = private_file(&unfinished)?;
    file.write_all(mark)?;
    file.write_all(Sha256::digest(body).as_slice())?;
    file.write_all(body)?;
    file.sync_all()?;
    fs::rename(&unfinished, directory.join(format!("{name}.{extension}")))?;
    // The new name is on the disk once the directory is.
    File::open(directory)?.sync_all()
}

/// The body of a file.
pub(crate) fn read(file: &Path, mark: Mark, bytes_max: u64) -> io::Result<Vec<u8>> {
    let invalid = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
    if fs::metadata(file)?.len() > bytes_max {
        return Err(invalid("it is larger than such a file is"));
    }
    let mut bytes = fs::read(file)?;
    let rest =
        bytes.strip_prefix(mark).ok_or_else(|| invalid("it is of another sort or version"))?;
    let (digest, body) =
        rest.split_at_checked(DIGEST_BYTES).ok_or_else(|| invalid("it is torn"))?;
    if Sha256::digest(body).as_slice() != digest {
        return Err(invalid("it is torn"));
    }
    Ok(bytes.split_off(mark.len() + DIGEST_BYTES))
}

fn private_dir(path: &Path) -> io::Result<()> {
    let mut dir = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut dir, 0o700);
    dir.recursive(true).create(path)
}

fn private_file(path: &Path) -> io::Result<File> {
    let mut open = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut open, 0o600);
    open.create_new(true).write(true).open(path)
}
