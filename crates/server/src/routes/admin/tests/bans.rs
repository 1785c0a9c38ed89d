//! Bans: who may impose them on whom, and every door that they close.

use super::*;

struct Member {
    id: String,
    token: String,
}

async fn member(server: &TestServer) -> Member {
    let guest = server.guest().await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    Member { id: text(&guest["player"]["id"]), token: text(&guest["access_token"]) }
}

async fn ban(server: &TestServer, by: &str, player: &str, body: &str) -> Answered {
    let path = format!("/v1/admin/players/{player}/ban");
    ask(server, Some(by), ("POST", &path, body)).await
}

async fn lift(server: &TestServer, by: &str, player: &str) -> Answered {
    let path = format!("/v1/admin/players/{player}/ban");
    ask(server, Some(by), ("DELETE", &path, "")).await
}

#[tokio::test]
async fn a_banned_player_is_refused_at_every_door_until_the_ban_is_lifted() {
    let server = server(&[]).await;
    let moderator = token(&server, Role::Moderator).await;
    let player = member(&server).await;
    let bearer = format!("Bearer {}", player.token);
    let by_bearer = [("authorization", bearer.as_str())];
    let ticket = || server.post("/v1/ws-tickets", Some(&player.token), "");
    let given = ticket().await.json()["ticket"].as_str().unwrap().to_owned();

    let body = r#"{"reason":"spoils it for others","duration_s":3600}"#;
    let banned = ban(&server, &moderator, &player.id, body).await;
    assert_eq!(banned.status, 201, "{banned:?}");
    let banned = banned.json();
    assert_eq!((&banned["player"], &banned["kind"]), (&json!(player.id), &json!("ban")));
    assert!(banned["until"].is_string() && banned["by"].is_string(), "{banned}");

    for answered in [
        ticket().await,
        server.upgrade("/ws", &by_bearer).await,
        server.upgrade("/ws", &[("sec-websocket-protocol", &format!("ticket.{given}"))]).await,
        server.post("/v1/rooms", Some(&player.token), r#"{"game":"relay"}"#).await,
    ] {
        let problem = is(answered, 403, "banned");
        assert!(problem["details"]["until_ms"].as_u64().unwrap() > 1_700_000_000_000, "{problem}");
    }
    let list = ask(&server, Some(&moderator), ("GET", "/v1/admin/sanctions", "")).await.json();
    assert_eq!(list, json!({ "items": [banned], "next_cursor": null }));

    for _ in 0..2 {
        assert_eq!(lift(&server, &moderator, &player.id).await.status, 204);
    }
    assert_eq!(ticket().await.status, 200);
    let list = ask(&server, Some(&moderator), ("GET", "/v1/admin/sanctions", "")).await.json();
    assert_eq!(list["items"], json!([]));
    server.stop().await;
}

#[tokio::test]
async fn nobody_bans_their_own_rank_or_one_above() {
    let server = server(&[]).await;
    let player = member(&server).await;
    let other = token(&server, Role::Player).await;
    let (moderator, admin) =
        (token(&server, Role::Moderator).await, token(&server, Role::Admin).await);
    let id = |token: String| {
        let server = &server;
        async move {
            let bearer = format!("Bearer {token}");
            let me = server.send("GET", "/v1/me", &[("authorization", &bearer)], "").await.json();
            me["id"].as_str().unwrap().to_owned()
        }
    };
    let (moderator_id, admin_id) = (id(moderator.clone()).await, id(admin.clone()).await);
    let body = r#"{"reason":"x"}"#;
    is(ban(&server, &other, &player.id, body).await, 403, "forbidden");
    is(ban(&server, &moderator, &moderator_id, body).await, 403, "forbidden");
    is(ban(&server, &moderator, &admin_id, body).await, 403, "forbidden");
    is(ban(&server, &admin, &admin_id, body).await, 403, "forbidden");
    is(lift(&server, &moderator, &admin_id).await, 403, "forbidden");
    let banned = ban(&server, &admin, &moderator_id, body).await;
    assert_eq!((banned.status, &banned.json()["until"]), (201, &Value::Null));
    let unknown = PlayerId::new().to_string();
    is(ban(&server, &admin, &unknown, body).await, 404, "player_not_found");
    is(ban(&server, &admin, "nobody", body).await, 404, "player_not_found");
    server.stop().await;
}

#[tokio::test]
async fn a_bad_ban_is_told_what_is_wrong_with_it() {
    let server = server(&[]).await;
    let (moderator, player) = (token(&server, Role::Moderator).await, member(&server).await);
    for (body, status, code, pointer) in [
        ("{}", 400, "bad_request", "/reason"),
        (r#"{"reason":""}"#, 422, "validation_failed", "/reason"),
        (r#"{"reason":"x","duration_s":0}"#, 400, "bad_request", "/duration_s"),
        (r#"{"reason":"x","duration_s":"1"}"#, 400, "bad_request", "/duration_s"),
        (r#"{"reason":"x","until":"tomorrow"}"#, 400, "bad_request", "/until"),
        (r#"{"reason":"x","until":"2020-01-01T00:00:00Z"}"#, 422, "validation_failed", "/until"),
        (r#"{"reason":"x","until":"2090-01-01T00:00:00Z","duration_s":1}"#, 400, "bad_request", ""),
        (r#"{"reason":"x","mute":true}"#, 400, "bad_request", "/mute"),
    ] {
        let problem = is(ban(&server, &moderator, &player.id, body).await, status, code);
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{body}");
    }
    server.stop().await;
}
