//! Keys on disk: made once, private, read again, rotated.

use std::{fs, os::unix::fs::PermissionsExt, time::UNIX_EPOCH};

use super::{
    files::{Folder, write_private},
    *,
};

const NOW: SystemTime = UNIX_EPOCH;

fn at(seconds: u64) -> SystemTime {
    NOW + Duration::from_secs(seconds)
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn signs(dir: &tempfile::TempDir, now: SystemTime) -> String {
    Keys::open(dir.path(), now).unwrap().signing(now).unwrap().kid.clone()
}

#[test]
fn keys_are_made_once_and_only_their_owner_may_read_them() {
    let dir = tempfile::tempdir().unwrap();
    let first = signs(&dir, NOW);
    let folder = dir.path().join("keys");
    assert_eq!(mode(&folder), 0o700);
    let files: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(files.len(), 3, "{files:?}");
    assert!(files.iter().all(|path| mode(path) == 0o600));
    assert_eq!(signs(&dir, at(9)), first);
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 3);
}

#[test]
fn a_new_key_verifies_at_once_and_signs_when_it_has_been_published() {
    let dir = tempfile::tempdir().unwrap();
    let old = signs(&dir, NOW);
    let rotated = Keys::rotate(dir.path(), at(1_000), false).unwrap();
    assert_ne!(rotated.kid, old);
    assert_eq!((rotated.signs_from, rotated.removed), (at(1_000) + PUBLISHED_FOR, vec![]));
    let keys = Keys::open(dir.path(), at(1_000)).unwrap();
    assert!([&old, &rotated.kid].iter().all(|kid| keys.verifying(kid).is_some()));
    assert!(keys.verifying("another").is_none());
    let signs = |now| keys.signing(now).unwrap().kid.clone();
    assert_eq!(signs(rotated.signs_from - Duration::from_millis(1)), old);
    assert_eq!(signs(rotated.signs_from), rotated.kid);
}

#[test]
fn two_keys_live_at_most_and_the_one_that_signs_is_one_of_them() {
    let dir = tempfile::tempdir().unwrap();
    let first = signs(&dir, NOW);
    let second = Keys::rotate(dir.path(), at(1_000), false).unwrap();
    // So soon the second has signed nothing yet.
    let third = Keys::rotate(dir.path(), at(1_001), false).unwrap();
    assert_eq!(third.removed, [second.kid]);
    let fourth = Keys::rotate(dir.path(), at(2_000), false).unwrap();
    assert_eq!(fourth.removed, [first]);
    let keys = Keys::open(dir.path(), at(2_000)).unwrap();
    assert_eq!(keys.kids().collect::<Vec<_>>(), [third.kid, fourth.kid]);
}

#[test]
fn a_key_that_others_may_know_is_replaced_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let known = signs(&dir, NOW);
    let rotated = Keys::rotate(dir.path(), at(1_000), true).unwrap();
    assert_eq!((rotated.signs_from, &rotated.removed), (at(1_000), &vec![known.clone()]));
    let keys = Keys::open(dir.path(), at(1_000)).unwrap();
    assert_eq!(keys.signing(at(1_000)).unwrap().kid, rotated.kid);
    assert!(keys.verifying(&known).is_none());
}

#[test]
fn a_clock_that_was_set_back_makes_no_key_older_than_the_last() {
    let dir = tempfile::tempdir().unwrap();
    signs(&dir, at(5_000));
    let rotated = Keys::rotate(dir.path(), at(10), false).unwrap();
    let keys = Keys::open(dir.path(), at(10)).unwrap();
    assert_eq!(keys.signing(at(9_000)).unwrap().kid, rotated.kid);
}

#[test]
fn the_key_set_has_the_public_halves_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    signs(&dir, NOW);
    Keys::rotate(dir.path(), at(1_000), false).unwrap();
    let keys = Keys::open(dir.path(), at(1_000)).unwrap();
    let set: serde_json::Value = serde_json::from_str(keys.key_set()).unwrap();
    let served = set["keys"].as_array().unwrap();
    assert_eq!(served.len(), 2);
    for (jwk, kid) in served.iter().zip(keys.kids()) {
        let members: Vec<_> = jwk.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(members, ["alg", "crv", "kid", "kty", "use", "x"]);
        assert_eq!((&jwk["kty"], &jwk["crv"]), (&"OKP".into(), &"Ed25519".into()));
        assert_eq!((&jwk["alg"], &jwk["use"]), (&"EdDSA".into(), &"sig".into()));
        assert_eq!(jwk["kid"], kid);
    }
}

#[test]
fn a_key_that_others_may_read_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    signs(&dir, NOW);
    let path = Folder::open(dir.path()).unwrap().access_files().unwrap().remove(0);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let error = Keys::open(dir.path(), NOW).err().unwrap().to_string();
    assert!(error.contains("644") && error.contains("access-"), "{error}");
}

#[test]
fn what_is_no_key_is_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    signs(&dir, NOW);
    write_private(&dir.path().join("keys/access-9.pem"), "nonsense").unwrap();
    let error = Keys::open(dir.path(), NOW).err().unwrap().to_string();
    assert!(error.contains("access-9.pem: no Ed25519 key"), "{error}");
}
