//! What is left of a room that could not be helped, and how it is run again.

use std::{path::PathBuf, process::Output};

use super::*;

/// The only record of the server, once it is written.
async fn record(server: &Server) -> PathBuf {
    let directory = server.data_dir().join("crashes");
    let written = server.log_line("a crash record was written");
    written.await;
    let mut files: Vec<_> =
        std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(files.len(), 1, "{files:?}");
    files.remove(0)
}

fn replay(args: &[&str]) -> Output {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_gamev1-e2e"));
    command.arg("replay").args(args).output().unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[tokio::test]
async fn a_room_that_could_not_be_helped_leaves_a_record_that_runs_to_the_same_panic() {
    use std::os::unix::fs::PermissionsExt;
    let server = with_bomb().start().await;
    let mut ada = server.connect(Format::Json).await;
    let wish = json!({ "game": "bomb", "options": { "doomed": true } });
    let room = ada.ok("room.create", wish).await["room"].clone();
    assert_eq!(ada.push("room.closed").await["reason"], "crashed");
    let file = record(&server).await;
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let path = file.to_str().unwrap();

    let again = replay(&[path]);

    assert_eq!(again.status.code(), Some(3), "{again:?}");
    let told = text(&again);
    assert!(told.contains(room.as_str().unwrap()) && told.contains("doomed"), "{told}");
    assert!(told.contains("tests/src/bomb.rs:"), "{told}");
    assert!(!told.contains("another panic"), "{told}");
    let shown = replay(&[path, "--until", "1"]);
    assert_eq!(shown.status.code(), Some(0), "{shown:?}");
    let view: Value = serde_json::from_str(&text(&shown)).unwrap();
    assert_eq!(view["sums"], json!({ "0": 0 }));

    // Another program does not have the game; something else is no record.
    let plain = Setup::new().program().await;
    let other = std::process::Command::new(plain).args(["replay", path]).output().unwrap();
    assert_eq!(other.status.code(), Some(2), "{other:?}");
    std::fs::write(&file, b"torn").unwrap();
    assert_eq!(replay(&[path]).status.code(), Some(2));
}

#[tokio::test]
async fn every_crash_is_recorded_where_that_is_asked_for() {
    let server = with_bomb().arg("--crash-records").arg("all").start().await;
    let mut ada = server.connect(Format::Json).await;
    let room = ada.create("bomb").await;
    ada.input(&room, 1, json!({ "add": 5 })).await;
    ada.input(&room, 2, json!({ "boom": "input" })).await;
    ada.push("room.recovered").await;
    let file = record(&server).await;
    let again = replay(&[file.to_str().unwrap()]);
    assert_eq!(again.status.code(), Some(3), "{again:?}");
    assert!(text(&again).contains("boom in Input"), "{}", text(&again));
}
