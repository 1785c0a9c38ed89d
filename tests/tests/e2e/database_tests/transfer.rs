//! `gamev1 db export` and `gamev1 db import`: from SQLite to PostgreSQL and back, with servers before and after.

use std::{path::Path, process::Output};

use super::*;

const PASSWORD: &str = "plinth ember quokka sundial";

/// What a command has said to the one who waits, and to the one who reads.
fn said(output: &Output, code: i32) -> (String, String) {
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stderr), text(&output.stdout))
}

async fn register(server: &Server, name: &str) {
    let email = format!("{name}@example.org");
    let form = json!({ "username": name, "email": email, "password": PASSWORD });
    server.post("/v1/auth/register", form).await.ok(201);
}

async fn login(server: &Server, name: &str) {
    let login = json!({ "login": name, "password": PASSWORD });
    server.post("/v1/auth/login", login).await.ok(200);
}

fn name(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[tokio::test]
async fn players_move_from_sqlite_to_postgresql_and_back() {
    let (_, url) = database().await;
    let mut lite = Setup::new().unlimited().start().await;
    register(&lite, "ada").await;
    let (first, second) =
        (lite.data_dir().with_file_name("first"), lite.data_dir().with_file_name("second"));
    // Beside the server that uses it.
    let exported = lite.command("db", &["export", name(&first)]).await;
    let (progress, done) = said(&exported, 0);
    assert!(progress.lines().any(|line| line == "players: 1"), "{progress}");
    assert_eq!(progress.lines().count(), 15, "a line for each table: {progress}");
    assert!(done.contains(name(&first)), "{done}");
    let in_use = lite.command("db", &["import", name(&first)]).await;
    assert!(said(&in_use, 2).0.contains("stop every server"), "{in_use:?}");

    let to = ["--database-url", &url];
    let import = ["db", "import", name(&first), to[0], to[1]];
    assert!(said(&lite.program(&import).await, 2).0.contains("gamev1 migrate"));
    said(&lite.program(&["migrate", to[0], to[1]]).await, 0);
    said(&lite.program(&import).await, 0);
    assert!(said(&lite.program(&import).await, 2).0.contains("not empty"));

    let mut postgres = on(&url).unlimited().start().await;
    login(&postgres, "ada").await;
    register(&postgres, "bob").await;
    let in_use = lite.program(&import).await;
    assert!(said(&in_use, 2).0.contains("stop every server"), "{in_use:?}");
    said(&lite.program(&["db", "export", name(&second), to[0], to[1]]).await, 0);
    postgres.terminate();
    assert!(postgres.ended().await.success());

    lite.terminate();
    assert!(lite.ended().await.success());
    std::fs::remove_file(lite.data_dir().join("gamev1.db")).unwrap();
    said(&lite.command("migrate", &[]).await, 0);
    said(&lite.command("db", &["import", name(&second)]).await, 0);
    lite.start_again().await;
    login(&lite, "ada").await;
    login(&lite, "bob").await;
}

#[tokio::test]
async fn what_cannot_be_carried_over_is_refused_without_a_secret() {
    let server = Server::start().await;
    let file = server.data_dir().with_file_name("export");
    let again = ["export", name(&file)];
    said(&server.command("db", &again).await, 0);
    assert!(said(&server.command("db", &again).await, 2).0.contains("replaces nothing"));

    let nowhere = server.data_dir().with_file_name("nowhere");
    for command in ["export", "import"] {
        let args = ["db", command, name(&file), "--data-dir", name(&nowhere)];
        assert!(said(&server.program(&args).await, 2).0.contains("there is no database"));
    }
    assert!(!nowhere.exists(), "something was made");

    let url = "postgres://ada:hunter2@127.0.0.1:1/db";
    for command in ["export", "import"] {
        let other = server.data_dir().with_file_name("other");
        std::fs::copy(&file, &other).unwrap();
        if command == "export" {
            std::fs::remove_file(&other).unwrap();
        }
        let refused = server.program(&["db", command, name(&other), "--database-url", url]).await;
        let (why, _) = said(&refused, 1);
        assert!(!why.contains("hunter2"), "{why}");
    }
}
