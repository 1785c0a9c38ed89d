//! PostgreSQL behind the server: players play on it, and what must outlive a process does.

use super::*;

#[tokio::test]
async fn players_come_back_to_their_seats_after_a_stop_and_after_a_death() {
    let (name, url) = database().await;
    let mut server = on(&url).start().await;
    let mut ada = server.connect(Format::Json).await;
    let mut bob = server.connect(Format::MsgPack).await;
    let room = ada.create("bomb").await;
    bob.join(&room).await;
    ada.input(&room, 1, json!({ "add": 7 })).await;
    ada.settled(&room, 1).await;

    for (stop, complete) in [(Stop::Drain, true), (Stop::Kill, false)] {
        server.restart(stop).await;
        for client in [&mut ada, &mut bob] {
            client.cut();
            client.resume(&server).await;
            assert_eq!(client.welcome["complete"], complete, "{}", client.welcome);
        }
        let view = bob.view(&room, "the state", |_| true).await;
        assert_eq!(view.at("/sums/0"), Some(&json!(7)));
    }

    assert!(!server.data_dir().join("gamev1.db").exists(), "a second database was made");
    let stays = format!("SELECT count(*) FROM game_sessions WHERE room_id = '{room}'");
    assert_eq!(sql(&name, stays).await, "2");
}

#[tokio::test]
async fn a_guest_is_the_same_player_after_a_restart() {
    let (_, url) = database().await;
    let mut server = on(&url).start().await;
    let device = json!({ "device_id": "a-device-of-my-own" });
    let guest = |answer: e2e::http::Answer| answer.json()["player"]["id"].clone();
    let before = guest(server.post("/v1/auth/guest", device.clone()).await);
    server.restart(Stop::Kill).await;
    assert_eq!(guest(server.post("/v1/auth/guest", device.clone()).await), before);
}

#[tokio::test]
async fn an_address_that_is_none_is_refused_without_its_password() {
    let server = Server::start().await;
    for url in ["mysql://ada:hunter2@db/x", "postgres://ada:hunter2@db/x?sslmode=require"] {
        let refused = server.program(&["serve", "--database-url", url]).await;
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert_eq!(refused.status.code(), Some(2), "{said}");
        assert!(said.contains("database_url") && !said.contains("hunter2"), "{said}");
    }
}

async fn sql(database: &str, statement: String) -> String {
    let database = database.to_owned();
    tokio::task::spawn_blocking(move || cluster().sql_on(&database, &statement)).await.unwrap()
}
