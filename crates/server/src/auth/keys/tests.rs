//! Key files: made once, private, read again.

use std::time::Duration;

use super::*;

const NOW: SystemTime = SystemTime::UNIX_EPOCH;

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn keys_are_made_once_and_only_their_owner_may_read_them() {
    let dir = tempfile::tempdir().unwrap();
    let first = Keys::open(dir.path(), NOW).unwrap();
    let folder = dir.path().join("keys");
    assert_eq!(mode(&folder), 0o700);
    let files: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(files.len(), 3, "{files:?}");
    assert!(files.iter().all(|path| mode(path) == 0o600));

    let second = Keys::open(dir.path(), NOW + Duration::from_secs(9)).unwrap();
    assert_eq!(first.signing_kid, second.signing_kid);
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 3);
}

#[test]
fn the_newest_key_signs_and_all_verify() {
    let dir = tempfile::tempdir().unwrap();
    let old = Keys::open(dir.path(), NOW).unwrap().signing_kid;
    let path = dir.path().join("keys/access-00000000000099.pem");
    write_private(&path, &pem(&[7; 32])).unwrap();
    let keys = Keys::open(dir.path(), NOW).unwrap();
    assert_ne!(keys.signing_kid, old);
    assert_eq!(keys.verifying.len(), 2);
    assert!(keys.verifying.contains_key(&old));
}

#[test]
fn a_key_that_others_may_read_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    Keys::open(dir.path(), NOW).unwrap();
    let path = access_files(&dir.path().join("keys")).unwrap().remove(0);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let error = Keys::open(dir.path(), NOW).err().unwrap().to_string();
    assert!(error.contains("644") && error.contains("access-"), "{error}");
}

#[test]
fn what_is_no_key_is_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    Keys::open(dir.path(), NOW).unwrap();
    write_private(&dir.path().join("keys/access-9.pem"), "nonsense").unwrap();
    let error = Keys::open(dir.path(), NOW).err().unwrap().to_string();
    assert!(error.contains("access-9.pem: no Ed25519 key"), "{error}");
}
