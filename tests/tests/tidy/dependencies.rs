//! Who may depend on whom: a crate cannot name what is not in its manifest.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, MetadataCommand};

use super::{assert_none, root};

/// What each crate of the workspace may name of the others.
const OWN: [(&str, &[&str]); 6] = [
    ("gamev1-protocol", &[]),
    ("gamev1-actors", &["gamev1-protocol"]),
    ("gamev1-persistence", &["gamev1-protocol", "gamev1-actors", "gamev1-persistence"]),
    ("gamev1-games", &["gamev1-protocol", "gamev1-actors"]),
    ("gamev1-server", &["gamev1-protocol", "gamev1-actors", "gamev1-persistence", "gamev1-games"]),
    (
        "e2e",
        &[
            "gamev1-protocol",
            "gamev1-actors",
            "gamev1-persistence",
            "gamev1-games",
            "gamev1-server",
        ],
    ),
];

/// Who alone may name what is not ours.
const RESERVED: [(&str, &[&str]); 21] = [
    ("warp", &["gamev1-server"]),
    ("hyper", &["gamev1-server"]),
    ("hyper-util", &["gamev1-server"]),
    ("jsonwebtoken", &["gamev1-server"]),
    ("governor", &["gamev1-server"]),
    ("clap", &["gamev1-server", "e2e"]),
    ("anyhow", &["gamev1-server", "e2e"]),
    ("tokio-tungstenite", &["gamev1-server", "e2e"]),
    ("tracing-subscriber", &["gamev1-server"]),
    ("bb8", &["gamev1-persistence"]),
    ("bb8-postgres", &["gamev1-persistence"]),
    ("tokio-postgres", &["gamev1-persistence"]),
    ("rusqlite", &["gamev1-persistence", "e2e"]),
    ("refinery", &["gamev1-persistence"]),
    ("ractor", &["gamev1-actors", "gamev1-server"]),
    ("tokio", &["gamev1-actors", "gamev1-persistence", "gamev1-server", "e2e"]),
    ("reqwest", &["e2e"]),
    ("cargo_metadata", &["e2e"]),
    ("mio", &["e2e"]),
    ("rand", &["gamev1-actors", "gamev1-persistence", "gamev1-server", "gamev1-games", "e2e"]),
    ("backon", &["gamev1-persistence"]),
];

/// What nobody names: frameworks that would take the place of what is built here, and what was measured and left.
const UNWANTED: [&str; 12] = [
    "actix",
    "actix-web",
    "axum",
    "diesel",
    "lazy_static",
    "once_cell",
    "openssl",
    "ractor-supervisor",
    "sea-orm",
    "sqlx",
    "native-tls",
    "async-trait",
];

/// The direct dependencies of each crate of the workspace, by kind.
fn dependencies() -> BTreeMap<String, Vec<(String, DependencyKind)>> {
    let metadata =
        MetadataCommand::new().current_dir(root()).no_deps().exec().expect("cargo metadata");
    let direct = |package: &cargo_metadata::Package| {
        package
            .dependencies
            .iter()
            .map(|dependency| (dependency.name.clone(), dependency.kind))
            .collect()
    };
    metadata.packages.iter().map(|package| (package.name.to_string(), direct(package))).collect()
}

#[test]
fn crates_depend_on_each_other_in_one_direction() {
    let all = dependencies();
    let known: BTreeSet<_> = OWN.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(
        all.keys().cloned().collect::<BTreeSet<_>>(),
        known,
        "a crate without a place in the order"
    );
    let mut wrong = Vec::new();
    for (name, allowed) in OWN {
        let ours = all[name].iter().filter(|(other, _)| known.contains(other));
        for (other, kind) in ours {
            // A crate's own tests may use what stands above it, never its sources.
            if *kind != DependencyKind::Development && !allowed.contains(&other.as_str()) {
                wrong.push(format!("{name} depends on {other}"));
            }
        }
    }
    assert_none("against the direction", &wrong);
}

#[test]
fn what_is_reserved_is_named_where_it_belongs() {
    let mut wrong = Vec::new();
    for (name, dependencies) in dependencies() {
        for (other, kind) in dependencies {
            let reserved = RESERVED.iter().find(|(reserved, _)| *reserved == other);
            let allowed = reserved.is_none_or(|(_, allowed)| allowed.contains(&name.as_str()));
            if !allowed && kind != DependencyKind::Development {
                wrong.push(format!("{name} depends on {other}"));
            }
        }
    }
    assert_none("reserved for others", &wrong);
}

#[test]
fn what_is_unwanted_is_in_no_manifest() {
    let named = dependencies().into_iter().flat_map(|(name, dependencies)| {
        dependencies.into_iter().map(move |(other, _)| (name.clone(), other))
    });
    let unwanted = named.filter(|(_, other)| UNWANTED.contains(&other.as_str()));
    let wrong: Vec<_> =
        unwanted.map(|(name, other)| format!("{name} depends on {other}")).collect();
    assert_none("unwanted", &wrong);
}

#[test]
fn versions_stand_in_the_workspace_manifest() {
    let manifests =
        super::tree::files().into_iter().filter(|file| file.path.ends_with("/Cargo.toml"));
    let mut wrong = Vec::new();
    for manifest in manifests {
        let mut inside = false;
        for line in manifest.text.lines() {
            if line.starts_with('[') {
                inside = line.contains("dependencies");
            } else if inside && line.contains('=') && !line.contains("workspace = true") {
                wrong.push(format!("{}: {line}", manifest.path));
            }
        }
    }
    assert_none("a version of its own", &wrong);
}

#[test]
fn nothing_is_fetched_from_anywhere_but_the_registry() {
    let files = super::tree::files();
    let lock = files.iter().find(|file| file.path == "Cargo.lock").expect("Cargo.lock");
    let elsewhere = lock.text.lines().filter(|line| line.starts_with("source = "));
    let registry = "source = \"registry+https://github.com/rust-lang/crates.io-index\"";
    let mut wrong: Vec<_> = elsewhere.filter(|line| *line != registry).map(str::to_owned).collect();
    // An address in the lock would tie everyone to one mirror; the hashes are what counts.
    for lock in files.iter().filter(|file| file.name() == "package-lock.json") {
        let resolved = lock.text.lines().filter(|line| line.contains("\"resolved\""));
        wrong.extend(resolved.map(|line| format!("{}: {}", lock.path, line.trim())));
        assert!(lock.text.contains("\"integrity\""), "{} has no hashes", lock.path);
    }
    assert_none("download addresses", &wrong);
}
