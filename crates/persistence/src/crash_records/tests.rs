//! The directory keeps its bounds.

use super::*;

#[test]
fn of_too_many_records_the_oldest_go() {
    let home = tempfile::tempdir().unwrap();
    for n in 0..FILES_MAX + 3 {
        fs::write(home.path().join(format!("{n:020}-X.{EXTENSION}")), b"x").unwrap();
    }
    fs::write(home.path().join("unrelated.txt"), b"x").unwrap();
    prune(home.path()).unwrap();
    let left = fs::read_dir(home.path()).unwrap().count();
    assert_eq!(left, FILES_MAX + 1);
    assert!(!home.path().join(format!("{:020}-X.{EXTENSION}", 2)).exists());
    assert!(home.path().join(format!("{:020}-X.{EXTENSION}", 3)).exists());
}

#[test]
fn what_is_no_record_is_told() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("x.crash");
    fs::write(&file, b"something else").unwrap();
    assert_eq!(read(&file).unwrap_err().to_string(), "it is of another sort or version");
    fs::write(&file, [&MARK[..], &[0; 40]].concat()).unwrap();
    assert_eq!(read(&file).unwrap_err().to_string(), "it is torn");
}
