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
        .args([
            "-c",
            "safe.directory=*",
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ])
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
    assert!(
        files.iter().filter(|file| file.is_rust()).count() > 50,
        "this is not the whole repository"
    );
    files
}

/// The source of the crates, without what is compiled for tests only.
pub(crate) fn sources(files: &[File]) -> impl Iterator<Item = &File> {
    let for_tests: Vec<_> = files.iter().flat_map(modules_for_tests).collect();
    files.iter().filter(move |file| {
        let in_src =
            file.path.starts_with("crates/") && file.path.contains("/src/") && file.is_rust();
        in_src && !is_test(&file.path) && !for_tests.iter().any(|module| is_of(&file.path, module))
    })
}

/// Files that are for tests only, those of games that others write included.
fn is_test(path: &str) -> bool {
    let testing = path.ends_with("/src/testing.rs") || path.contains("/src/testing/");
    testing || path.ends_with("/tests.rs") || path.contains("/tests/")
}

/// The modules that a file declares for tests only, as paths without an ending.
fn modules_for_tests(file: &File) -> Vec<String> {
    let within = file.path.strip_suffix(".rs").unwrap_or(&file.path);
    let within = within.trim_end_matches("/lib").trim_end_matches("/main");
    let lines: Vec<_> = file.text.lines().map(str::trim).collect();
    let declared = lines.windows(2).filter(|pair| pair[0] == "#[cfg(test)]");
    let named = declared.filter_map(|pair| pair[1].split_once("mod ")?.1.strip_suffix(';'));
    named.map(|name| format!("{within}/{name}")).collect()
}

fn is_of(path: &str, module: &str) -> bool {
    path.strip_prefix(module).is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
}

pub(crate) fn exists(path: &str) -> bool {
    Path::new(&root()).join(path).exists()
}
