//! Rules for what is written about the code.

use super::{
    assert_none, root,
    tree::{exists, files},
};

/// What stands in back-ticks or is linked to, and looks like the path of a file or directory.
fn paths(text: &str) -> Vec<String> {
    let quoted = text.split('`').skip(1).step_by(2);
    let linked = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let candidates = quoted.chain(linked).map(|path| path.split('#').next().unwrap_or(path));
    candidates.filter(|path| is_path(path)).map(str::to_owned).collect()
}

fn is_path(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    let root = ["crates/", "tests/", "docs/", "clients/", "deploy/", ".ci/"];
    let placed = root.iter().any(|start| text.starts_with(start));
    let ending = [".rs", ".toml", ".md", ".js", ".mjs", ".png", ".json", ".sql"];
    let file = ending.iter().any(|ending| text.ends_with(ending)) && text.contains('/');
    !text.is_empty() && text.chars().all(plain) && !text.starts_with('/') && (placed || file)
}

#[test]
fn the_papers_name_only_files_that_exist() {
    let mut wrong = Vec::new();
    for name in ["README.md", "ARCHITECTURE.md"] {
        let text = std::fs::read_to_string(root().join(name)).unwrap_or_default();
        if text.is_empty() {
            wrong.push(format!("{name} is not there"));
        }
        let missing = paths(&text).into_iter().filter(|path| !found(path));
        wrong.extend(missing.map(|path| format!("{name} names {path}")));
    }
    assert_none("files that do not exist", &wrong);
}

/// From the root, or within the sources of a crate, as the code map writes it.
fn found(path: &str) -> bool {
    let crates = ["protocol", "actors", "persistence", "server", "games"];
    exists(path)
        || crates.iter().any(|name| {
            exists(&format!("crates/{name}/{path}")) || exists(&format!("crates/{name}/src/{path}"))
        })
        || exists(&format!("crates/{path}"))
}

#[test]
fn documents_link_only_to_documents_that_exist() {
    let mut wrong = Vec::new();
    for file in
        files().iter().filter(|file| file.path.starts_with("docs/") && file.path.ends_with(".md"))
    {
        for link in file.text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let path = link.split('#').next().unwrap_or(link);
            let local = !path.is_empty() && !path.contains("://") && !path.starts_with("mailto:");
            if local && !exists(&format!("docs/{path}")) {
                wrong.push(format!("{} links to {link}", file.path));
            }
        }
    }
    assert_none("dead links", &wrong);
}

#[test]
fn ci_does_what_make_test_does_and_nothing_else() {
    let ci = std::fs::read_to_string(root().join(".ci/run")).expect(".ci/run");
    let code: Vec<_> =
        ci.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).collect();
    assert_eq!(code, ["exec make test"]);
}
