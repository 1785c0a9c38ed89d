//! A file that is new, for its owner alone, and has its name only once it is whole and on the disk.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// Why there is no such file.
#[derive(Debug)]
pub(crate) enum NewFileError {
    /// Of this name, there is one already.
    Exists(PathBuf),
    File {
        path: PathBuf,
        source: io::Error,
    },
}

/// Has `write` fill the file, which is empty and whose name ends in `.partial` until then. Nothing is left of one that
/// failed.
pub(crate) fn make<T, E: From<NewFileError>>(
    file: &Path,
    write: impl FnOnce(&Path) -> Result<T, E>,
) -> Result<T, E> {
    let partial = partial(file);
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| NewFileError::File { path, source }
    };
    if fs::symlink_metadata(file).is_ok() {
        return Err(NewFileError::Exists(file.to_owned()).into());
    }
    // Two who write the same file meet here.
    make_private(&partial).map_err(|source| match source.kind() {
        io::ErrorKind::AlreadyExists => NewFileError::Exists(partial.clone()),
        _ => failed(&partial)(source),
    })?;
    let named = || {
        on_the_disk(&partial).map_err(failed(&partial))?;
        fs::rename(&partial, file).map_err(failed(file))
    };
    let done = write(&partial).and_then(|written| {
        named()?;
        Ok(written)
    });
    if done.is_err() {
        // What matters to the caller is why there is no file.
        drop(fs::remove_file(&partial));
        return done;
    }
    let dir = file.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    on_the_disk(dir).map_err(failed(dir))?;
    done
}

/// Where a file stands while it is being written.
fn partial(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".partial");
    name.into()
}

/// Others who write to it, as SQLite does, would make it for everybody to read.
fn make_private(file: &Path) -> io::Result<()> {
    let mut open = fs::OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut open, 0o600);
    open.create_new(true).write(true).open(file).map(drop)
}

/// SQLite, for one, does not wait for the disk when it copies.
fn on_the_disk(path: &Path) -> io::Result<()> {
    fs::File::open(path)?.sync_all()
}
