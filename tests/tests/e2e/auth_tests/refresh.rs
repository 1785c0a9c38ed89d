//! Refresh tokens: each is good for one use.

use super::*;

async fn refresh(server: &Server, token: &Value) -> e2e::http::Answer {
    server.post("/v1/auth/refresh", json!({ "refresh_token": token })).await
}

#[tokio::test]
async fn a_refresh_gives_the_same_player_new_tokens() {
    let server = Server::start().await;
    let player = server.guest().await;
    let mut token = player.tokens["refresh_token"].clone();
    for _ in 0..3 {
        let next = refresh(&server, &token).await.ok(200);
        assert_eq!(next["player"], player.tokens["player"]);
        assert_eq!((&next["token_type"], &next["expires_in"]), (&json!("Bearer"), &json!(600)));
        assert_ne!(next["refresh_token"], token);
        assert_eq!(next.get("device_id"), None);
        let me = Player { tokens: next.clone() };
        assert_eq!(server.get_as(&me, "/v1/me").await.ok(200)["id"], player.id());
        token = next["refresh_token"].clone();
    }
}

#[tokio::test]
async fn an_answer_that_was_lost_can_be_had_again() {
    let server = Server::start().await;
    let player = server.guest().await;
    let used = player.tokens["refresh_token"].clone();
    let lost = refresh(&server, &used).await.ok(200);
    let again = refresh(&server, &used).await.ok(200);
    assert_eq!(again["refresh_token"], lost["refresh_token"]);
    let next = refresh(&server, &again["refresh_token"]).await.ok(200);
    assert_ne!(next["refresh_token"], again["refresh_token"]);
    for tokens in [lost, again, next] {
        server.get_as(&Player { tokens }, "/v1/me").await.ok(200);
    }
}

#[tokio::test]
async fn two_tabs_that_refresh_at_once_both_go_on() {
    let server = Server::start().await;
    let player = server.guest().await;
    let token = &player.tokens["refresh_token"];
    let (one, other) = tokio::join!(refresh(&server, token), refresh(&server, token));
    let (one, other) = (one.ok(200), other.ok(200));
    assert_eq!(one["refresh_token"], other["refresh_token"]);
    for tokens in [one, other] {
        server.get_as(&Player { tokens }, "/v1/me").await.ok(200);
    }
}

#[tokio::test]
async fn a_refresh_token_that_comes_again_later_ends_the_sign_in_and_its_sockets() {
    let server = Server::start().await;
    let player = server.guest().await;
    let mut socket = server.socket_of(&player, Format::Json).await;
    let used = player.tokens["refresh_token"].clone();
    let next = refresh(&server, &used).await.ok(200);
    // What another process may do too: here it stands for the time that passes.
    let sqlite = rusqlite::Connection::open(server.data_dir().join("gamev1.db")).unwrap();
    sqlite.busy_timeout(e2e::BOUND).unwrap();
    sqlite.execute("UPDATE refresh_tokens SET used_at_ms = used_at_ms - 11000", ()).unwrap();

    refresh(&server, &used).await.problem(401, "refresh_reused");

    refresh(&server, &next["refresh_token"]).await.problem(401, "token_revoked");
    server.get_as(&player, "/v1/me").await.problem(401, "token_revoked");
    assert_eq!(socket.closed().await.code, 4001);
}

#[tokio::test]
async fn what_is_no_refresh_token_is_refused() {
    let server = Server::start().await;
    let player = server.guest().await;
    for wrong in ["", "nonsense", player.access(), player.device(), &"x".repeat(8_000)] {
        let answer = refresh(&server, &json!(wrong)).await;
        assert!((400..500).contains(&answer.status), "{wrong:.40}: {answer:?}");
        let code = answer.json()["code"].as_str().unwrap().to_owned();
        answer.problem(answer.status, &code);
    }
    refresh(&server, &json!("A".repeat(43))).await.problem(401, "unauthenticated");
    refresh(&server, &player.tokens["refresh_token"]).await.ok(200);
}
