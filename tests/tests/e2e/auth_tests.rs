//! Who is who: guests, their tokens, what is refused, and what a restart must not forget.

mod accounts;
mod bearer;
mod flood;
mod keys;
mod logout;
mod outage;
mod refresh;
mod tickets;

use e2e::{
    client::{Client, Dial, Format},
    http::Player,
    server::{Server, Stop},
};
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test]
async fn a_guest_gets_tokens_a_name_and_the_secret_of_its_device() {
    let server = Server::start().await;
    let tokens = server.post("/v1/auth/guest", json!({})).await.ok(200);
    assert_eq!(tokens["token_type"], "Bearer");
    assert_eq!(tokens["expires_in"], 600);
    assert_eq!(tokens["player"]["role"], "player");
    let player = Player { tokens };
    assert!(is_uuid_v7(player.id()), "{}", player.id());
    assert!(!player.username().is_empty());
    assert!(player.device().len() >= 43, "256 bits: {}", player.device());
    assert_eq!(player.access().split('.').count(), 3, "a JWT");
    let other = server.guest().await;
    assert_ne!(other.id(), player.id());
    assert_ne!(other.username(), player.username());
}

#[tokio::test]
async fn the_same_device_is_the_same_player() {
    let server = Server::start().await;
    let first = server.guest().await;
    let again = sign_in(&server, first.device()).await;
    assert_eq!(again["player"], first.tokens["player"]);
    assert_eq!(again.get("device_id"), None, "it is told once");
    assert_ne!(again["refresh_token"], first.tokens["refresh_token"]);
    let own = "a device id of the client's own";
    let made = sign_in(&server, own).await;
    assert_eq!(sign_in(&server, own).await["player"], made["player"]);
    assert_ne!(made["player"]["id"], first.tokens["player"]["id"]);
}

#[tokio::test]
async fn a_device_id_that_is_too_short_or_too_long_is_refused() {
    let server = Server::start().await;
    for fits in [12, 128] {
        sign_in(&server, &"d".repeat(fits)).await;
    }
    for wrong in [0, 11, 129, 4_000] {
        let answer = server.post("/v1/auth/guest", json!({ "device_id": "d".repeat(wrong) })).await;
        let problem = answer.problem(422, "validation_failed");
        assert_eq!(problem["errors"][0]["pointer"], "/device_id", "{problem}");
    }
}

#[tokio::test]
async fn me_is_the_player_as_stored() {
    let server = Server::start().await;
    let player = server.guest().await;
    let me = server.get_as(&player, "/v1/me").await.ok(200);
    assert_eq!(me["id"], player.id());
    assert_eq!(me["username"], player.username());
    assert_eq!((&me["guest"], &me["role"]), (&json!(true), &json!("player")));
    assert_eq!((&me["email"], &me["email_verified"]), (&Value::Null, &json!(false)));
    for time in ["created_at", "updated_at"] {
        let text = me[time].as_str().unwrap_or_default();
        assert!(
            text.ends_with('Z') && text.as_bytes().get(10) == Some(&b'T'),
            "RFC 3339 in UTC: {me}"
        );
    }
}

#[tokio::test]
async fn players_and_their_tokens_are_known_after_a_restart_and_after_a_kill() {
    let mut server = Server::start().await;
    let mut player = server.guest().await;
    for how in [Stop::Drain, Stop::Kill] {
        server.restart(how).await;
        // The keys are the same: what was signed before is good.
        assert_eq!(server.get_as(&player, "/v1/me").await.ok(200)["id"], player.id());
        assert_eq!(sign_in(&server, player.device()).await["player"], player.tokens["player"]);
        let body = json!({ "refresh_token": player.refresh() });
        let next = server.post("/v1/auth/refresh", body).await.ok(200);
        assert_eq!(next["player"], player.tokens["player"], "{how:?}");
        player.tokens["refresh_token"] = next["refresh_token"].clone();
        let mut client = server.socket_of(&player, Format::Json).await;
        assert_eq!(client.player(), player.id());
        client.alive().await;
    }
}

#[tokio::test]
async fn tokens_of_one_server_are_nothing_to_another() {
    let (one, other) = (Server::start().await, Server::start().await);
    let player = one.guest().await;
    other.get_as(&player, "/v1/me").await.problem(401, "unauthenticated");
    other.upgrade(&Dial::new().bearer(&player)).await.problem(401, "unauthenticated");
    let body = json!({ "refresh_token": player.refresh() });
    other.post("/v1/auth/refresh", body).await.problem(401, "unauthenticated");
}

#[cfg(unix)]
#[tokio::test]
async fn what_the_data_directory_keeps_secret_only_its_owner_reads() {
    use std::os::unix::fs::PermissionsExt as _;
    let server = Server::start().await;
    server.guest().await;
    let mut files = Vec::new();
    let mut directories = vec![server.data_dir()];
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(directory).expect("the data directory") {
            let path = entry.expect("an entry").path();
            if path.is_dir() { directories.push(path) } else { files.push(path) }
        }
    }
    let keys: Vec<_> = files.iter().filter(|path| path.to_string_lossy().contains("key")).collect();
    assert!(!keys.is_empty(), "{files:?}");
    for key in keys {
        let mode = std::fs::metadata(key).expect("a file").permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{key:?}");
    }
}

#[tokio::test]
async fn a_socket_takes_the_next_access_token_of_its_own_player_only() {
    let server = Server::start().await;
    let (player, other) = (server.guest().await, server.guest().await);
    let mut client = server.socket_of(&player, Format::MsgPack).await;
    let next =
        server.post("/v1/auth/refresh", json!({ "refresh_token": player.refresh() })).await.ok(200);
    let reply = client.ok("auth.refresh", json!({ "access_token": next["access_token"] })).await;
    let left = reply["expires_in"].as_u64().unwrap();
    assert!((500..=600).contains(&left), "{reply}");
    let stranger = json!({ "access_token": other.access() });
    client.refused("auth.refresh", stranger, "unauthenticated").await;
    client.refused("auth.refresh", json!({ "access_token": "nonsense" }), "unauthenticated").await;
    client.alive().await;
}

async fn sign_in(server: &Server, device: &str) -> Value {
    server.post("/v1/auth/guest", json!({ "device_id": device })).await.ok(200)
}

fn is_uuid_v7(text: &str) -> bool {
    let dashes = [8, 13, 18, 23].iter().all(|&at| text.as_bytes().get(at) == Some(&b'-'));
    text.len() == 36 && dashes && text.as_bytes()[14] == b'7'
}
