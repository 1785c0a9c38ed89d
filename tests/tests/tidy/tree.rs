//! The files of the repository, as they would be committed.

use std::{fs, path::Path, process::Command};

use super::root;

/// A file with its path from the root.
pub(crate) struct File {
    pub(crate) path: String,
    pub(crate) text: String,
}

impl File {
    pub(crate) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    pub(crate) fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// The part before the tests that stand in the same file.
    pub(crate) fn without_tests(&self) -> &str {
        self.text.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or(&self.text)
    }
}

/// All text files that git knows or would add.
pub(crate) fn files() -> Vec<File> {
    let list = Command::new("git")
        .current_dir(root())
        // Whoever runs this need not own the checkout.
        .args(["-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .output()
        .expect("git");
    assert!(list.status.success(), "git ls-files: {list:?}");
    let paths = String::from_utf8(list.stdout).expect("paths in UTF-8");
    let read = |path: &str| {
        // What was deleted and not committed is listed still; what is no text has no rules.
        let text = fs::read_to_string(root().join(path)).ok()?;
        Some(File { path: path.to_owned(), text })
    };
    let files: Vec<_> = paths.split_terminator('\0').filter_map(read).collect();
    assert!(files.iter().filter(|file| file.is_rust()).count() > 50, "this is not the whole repository");
    files
}

/// The source of the crates, without tests.
pub(crate) fn sources(files: &[File]) -> impl Iterator<Item = &File> {
    files.iter().filter(|file| {
        let in_src = file.path.starts_with("crates/") && file.path.contains("/src/");
        in_src && file.is_rust() && !is_test(&file.path)
    })
}

/// Files that are for tests only, those of games that others write included.
fn is_test(path: &str) -> bool {
    let testing = path.ends_with("/src/testing.rs") || path.contains("/src/testing/");
    testing || path.ends_with("/tests.rs") || path.contains("/tests/")
}

pub(crate) fn exists(path: &str) -> bool {
    Path::new(&root()).join(path).exists()
}
