//! `gamev1 db backup`: a copy that is made beside the running server and put in its place.

use std::fs;

use super::*;

async fn guest(server: &Server, device: &str) -> String {
    let answer = server.post("/v1/auth/guest", json!({ "device_id": device })).await.ok(200);
    answer["player"]["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_server_on_the_backup_knows_those_who_were_there_when_it_was_made() {
    let mut server = Setup::new().unlimited().start().await;
    let ada = guest(&server, "the-device-of-ada").await;
    let file = server.data_dir().with_file_name("backup.db");
    let name = file.to_str().unwrap();
    let output = server.command("db", &["backup", name]).await;
    assert!(output.status.success(), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stdout).contains(name), "{output:?}");
    let bob = guest(&server, "the-device-of-bob").await;

    let again = server.command("db", &["backup", name]).await;
    assert_eq!(again.status.code(), Some(2), "{again:?}");

    server.terminate();
    assert!(server.ended().await.success());
    let database = server.data_dir().join("gamev1.db");
    for ending in ["", "-wal", "-shm"] {
        // The last two are there only after a server that did not end in order.
        let beside = database.with_file_name(format!("gamev1.db{ending}"));
        if beside.exists() {
            fs::remove_file(beside).unwrap();
        }
    }
    fs::rename(&file, &database).unwrap();
    server.start_again().await;

    assert_eq!(guest(&server, "the-device-of-ada").await, ada);
    assert_ne!(guest(&server, "the-device-of-bob").await, bob, "made after the backup");
}

#[tokio::test]
async fn where_no_database_is_no_backup_is_made() {
    let server = Server::start().await;
    let nowhere = server.data_dir().with_file_name("nowhere");
    let file = server.data_dir().with_file_name("backup.db");
    let (dir, name) = (nowhere.to_str().unwrap(), file.to_str().unwrap());
    let refused = server.program(&["db", "backup", name, "--data-dir", dir]).await;
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(2), "{said}");
    assert!(said.contains("there is no database"), "{said}");
    assert!(!nowhere.exists() && !file.exists(), "something was made");
}

#[tokio::test]
async fn on_postgresql_the_command_names_the_tool_that_does_it() {
    let server = Server::start().await;
    let url = "postgres://ada:hunter2@127.0.0.1:1/db";
    let refused = server.command("db", &["backup", "backup.db", "--database-url", url]).await;
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(2), "{said}");
    assert!(said.contains("pg_dump") && !said.contains("hunter2"), "{said}");
}
