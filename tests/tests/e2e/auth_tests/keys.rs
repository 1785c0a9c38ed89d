//! The keys of access tokens: what is published, and a rotation beside a running server.

use std::{fs, time::Duration};

use tokio::time::{interval, timeout};

use super::*;
use e2e::server::Setup;

/// The names of the published keys.
async fn kids(server: &Server) -> Vec<String> {
    let set = server.get("/.well-known/jwks.json").await.ok(200);
    let keys = set["keys"].as_array().expect("a key set").iter();
    keys.map(|key| key["kid"].as_str().expect("a name").to_owned()).collect()
}

/// The name of the key that signed an access token.
fn kid(player: &Player) -> String {
    let header = player.access().split('.').next().expect("a header");
    let header = base64::Engine::decode(&base64::prelude::BASE64_URL_SAFE_NO_PAD, header);
    let header: Value = serde_json::from_slice(&header.expect("base64url")).expect("JSON");
    header["kid"].as_str().expect("a name").to_owned()
}

/// Rotates, has the server read its keys, and waits until it publishes so many that it did not before.
async fn rotate(server: &Server, args: &[&str], expected: usize) -> Vec<String> {
    let before = kids(server).await;
    let output = server.command("keys", &[&["rotate"], args].concat()).await;
    assert!(output.status.success(), "{output:?}");
    reread(server, &before, expected).await
}

async fn reread(server: &Server, before: &[String], expected: usize) -> Vec<String> {
    server.signal("HUP");
    let published = async {
        // Nothing tells when a signal was handled: it is asked for.
        let mut again = interval(Duration::from_millis(20));
        loop {
            again.tick().await;
            let now = kids(server).await;
            if now != before && now.len() == expected {
                return now;
            }
        }
    };
    timeout(e2e::BOUND, published).await.expect("the new key to be published")
}

#[tokio::test]
async fn a_rotation_beside_a_running_server_signs_nobody_out() {
    let server = Setup::new().unlimited().start().await;
    let ada = server.guest().await;
    let mut socket = server.socket_of(&ada, Format::Json).await;
    let old = kid(&ada);
    assert_eq!(kids(&server).await, std::slice::from_ref(&old));

    let both = rotate(&server, &[], 2).await;

    assert_eq!(both[0], old);
    // Whoever caches the key set has to have seen the new key before it signs.
    assert_eq!(kid(&server.guest().await), old);
    server.get_as(&ada, "/v1/me").await.ok(200);
    // A new key that was made two minutes ago.
    let folder = server.data_dir().join("keys");
    let names = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<_> = names.map(|name| name.into_string().unwrap()).collect();
    names.retain(|name| name.starts_with("access-"));
    names.sort();
    let ms: u64 = names[1]["access-".len()..names[1].len() - ".pem".len()].parse().unwrap();
    for (name, minutes) in [(&names[0], 3), (&names[1], 2)] {
        let earlier = format!("access-{:014}.pem", ms - minutes * 60_000);
        fs::rename(folder.join(name), folder.join(earlier)).unwrap();
    }
    server.signal("HUP");
    let bob = timeout(e2e::BOUND, async {
        let mut again = interval(Duration::from_millis(20));
        loop {
            again.tick().await;
            let bob = server.guest().await;
            if kid(&bob) == both[1] {
                return bob;
            }
        }
    });
    let bob = bob.await.expect("the new key to sign");

    for player in [&ada, &bob] {
        server.get_as(player, "/v1/me").await.ok(200);
        server.ticket(player).await;
    }
    socket.alive().await;
    let refreshed = json!({ "refresh_token": ada.refresh() });
    let tokens = server.post("/v1/auth/refresh", refreshed).await.ok(200);
    assert_eq!(kid(&Player { tokens }), both[1]);
}

#[tokio::test]
async fn a_key_that_is_replaced_at_once_voids_what_it_signed() {
    let server = Server::start().await;
    let ada = server.guest().await;
    server.get_as(&ada, "/v1/me").await.ok(200);

    let new = rotate(&server, &["--at-once"], 1).await;

    server.get_as(&ada, "/v1/me").await.problem(401, "unauthenticated");
    let refreshed = json!({ "refresh_token": ada.refresh() });
    let tokens = server.post("/v1/auth/refresh", refreshed).await.ok(200);
    let ada = Player { tokens };
    assert_eq!(vec![kid(&ada)], new);
    server.get_as(&ada, "/v1/me").await.ok(200);
}
