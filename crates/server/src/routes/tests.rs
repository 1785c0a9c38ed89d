//! Every route over a real socket: what it answers, and how it refuses.

use std::time::Duration;

use gamev1_actors::game::GameRegistry;
use gamev1_persistence::accounts::REUSE_GRACE;
use serde_json::{Value, json};

use crate::{
    route_table::ROUTES,
    testing::{Answered, TestServer},
};

async fn server(args: &[&str]) -> TestServer {
    TestServer::start(gamev1_games::register(GameRegistry::new()), args).await
}

fn token(tokens: &Value) -> &str {
    tokens["access_token"].as_str().unwrap()
}

fn bearer(tokens: &Value) -> String {
    format!("Bearer {}", token(tokens))
}

async fn get_as(server: &TestServer, tokens: &Value, path: &str) -> Answered {
    server.send("GET", path, &[("authorization", &bearer(tokens))], "").await
}

#[tokio::test]
async fn the_table_of_routes_is_what_the_routes_do() {
    let server = server(&[]).await;
    for (pattern, methods) in ROUTES {
        let path = pattern.replace("{room}", "ABCDEFGHJK").replace("{player}", "nobody");
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            let answered = server.send(method, &path, &[], "").await;
            assert!(answered.header("x-request-id").is_some());
            assert_eq!(answered.header("x-content-type-options"), Some("nosniff"));
            if methods.contains(&method) {
                assert_ne!(answered.status, 405, "{method} {path}");
                continue;
            }
            assert_eq!((answered.status, answered.code().as_str()), (405, "method_not_allowed"));
            let allow = answered.header("allow").unwrap();
            assert!(methods.iter().all(|method| allow.contains(method)), "{path}: {allow}");
        }
    }
    for path in ["/nothing", "/v1", "/v1/me/x", "/client/nothing.js"] {
        let answered = server.get(path).await;
        assert_eq!((answered.status, answered.code().as_str()), (404, "not_found"), "{path}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_guest_signs_in_refreshes_and_sees_its_own_row() {
    let server = server(&[]).await;
    let first = server.guest().await;
    assert_eq!(first["token_type"], "Bearer");
    assert_eq!(first["expires_in"], 600);
    let device = first["device_id"].as_str().unwrap();
    let body = json!({ "device_id": device, "unknown": 1 }).to_string();
    let again = server.post("/v1/auth/guest", None, &body).await.json();
    assert_eq!(again["player"], first["player"]);
    assert_eq!(again.get("device_id"), None);

    let me = server.send("GET", "/v1/me", &[("authorization", &bearer(&first))], "").await;
    assert_eq!((me.status, me.header("cache-control")), (200, Some("no-store")));
    let me = me.json();
    assert_eq!(me["id"], first["player"]["id"]);
    assert_eq!((&me["guest"], &me["role"]), (&json!(true), &json!("player")));
    assert_eq!((&me["email"], &me["email_verified"]), (&Value::Null, &json!(false)));

    let refresh = json!({ "refresh_token": first["refresh_token"] }).to_string();
    let renewed = server.post("/v1/auth/refresh", None, &refresh).await;
    assert_eq!(renewed.status, 200, "{renewed:?}");
    let lost = server.post("/v1/auth/refresh", None, &refresh).await.json();
    assert_eq!(lost["refresh_token"], renewed.json()["refresh_token"]);
    server.accounts.date_back_uses(REUSE_GRACE + Duration::from_secs(1));
    let stolen = server.post("/v1/auth/refresh", None, &refresh).await;
    assert_eq!((stolen.status, stolen.code().as_str()), (401, "refresh_reused"));
    let revoked = server.send("GET", "/v1/me", &[("authorization", &bearer(&first))], "").await;
    assert_eq!((revoked.status, revoked.code().as_str()), (401, "token_revoked"));
    server.stop().await;
}

#[tokio::test]
async fn bad_input_is_told_what_is_wrong_with_it() {
    let server = server(&[]).await;
    let is = |answered: Answered, status: u16, code: &str| {
        assert_eq!((answered.status, answered.code().as_str()), (status, code), "{answered:?}");
        answered
    };
    let guest = |body: &'static str| server.post("/v1/auth/guest", None, body);
    is(guest("{").await, 400, "bad_request");
    is(guest("[]").await, 400, "bad_request");
    let wrong = is(guest(r#"{"device_id":7}"#).await, 400, "bad_request").json();
    assert_eq!(wrong["errors"][0]["pointer"], "/device_id");
    is(guest(r#"{"device_id":"short"}"#).await, 422, "validation_failed");
    is(server.post("/v1/auth/refresh", None, "{}").await, 400, "bad_request");
    is(
        server.post("/v1/auth/refresh", None, r#"{"refresh_token":"x"}"#).await,
        401,
        "unauthenticated",
    );
    let long = format!(r#"{{"device_id":"{}"}}"#, "x".repeat(17_000));
    is(server.post("/v1/auth/guest", None, &long).await, 413, "too_large");
    let text = [("content-type", "text/plain")];
    is(server.send("POST", "/v1/auth/guest", &text, "{}").await, 415, "unsupported_media_type");
    is(server.send("POST", "/v1/auth/guest", &[], "{}").await, 415, "unsupported_media_type");

    for headers in [&[][..], &[("authorization", "Basic x")], &[("authorization", "Bearer")]] {
        let answered = is(server.send("GET", "/v1/me", headers, "").await, 401, "unauthenticated");
        assert_eq!(answered.header("www-authenticate"), Some("Bearer"));
    }
    let forged = [("authorization", "Bearer a.b.c")];
    is(server.send("GET", "/v1/me", &forged, "").await, 401, "unauthenticated");
    is(server.get("/v1/rooms").await, 401, "unauthenticated");
    let tokens = server.guest().await;
    is(get_as(&server, &tokens, "/v1/rooms?limit=0").await, 400, "bad_request");
    server.stop().await;
}

#[tokio::test]
async fn rooms_are_made_listed_and_found() {
    let server = server(&[]).await;
    let tokens = server.guest().await;
    let make = |body: Value| {
        let (server, tokens) = (&server, &tokens);
        async move { server.post("/v1/rooms", Some(token(tokens)), &body.to_string()).await }
    };
    let made = make(json!({ "game": "relay", "metadata": { "map": "a" } })).await;
    assert_eq!(made.status, 201, "{made:?}");
    let room = made.json();
    let location = made.header("location").unwrap().to_owned();
    assert_eq!(location, format!("/v1/rooms/{}", room["room"].as_str().unwrap()));
    assert_eq!(get_as(&server, &tokens, &location).await.json(), room);
    assert_eq!(
        (&room["game"], &room["state"], &room["players"]),
        (&json!("relay"), &json!("open"), &json!(0))
    );

    make(json!({ "game": "arena", "private": true })).await;
    make(json!({ "game": "arena", "metadata": { "map": "b" } })).await;
    let names = |list: &Value| {
        let items = list["items"].as_array().unwrap();
        items
            .iter()
            .map(|room| room["metadata"]["map"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&get_as(&server, &tokens, "/v1/rooms").await.json()), ["b", "a"]);
    assert_eq!(names(&get_as(&server, &tokens, "/v1/rooms?game=relay").await.json()), ["a"]);
    let list = get_as(&server, &tokens, "/v1/rooms?where=%7B%22map%22%3A%22b%22%7D").await.json();
    assert_eq!(names(&list), ["b"]);
    let first = get_as(&server, &tokens, "/v1/rooms?limit=1").await.json();
    let cursor = first["next_cursor"].as_str().unwrap();
    let second =
        get_as(&server, &tokens, &format!("/v1/rooms?limit=1&cursor={cursor}")).await.json();
    assert_eq!((names(&first), names(&second)), (vec!["b".to_owned()], vec!["a".to_owned()]));
    assert_eq!(second["next_cursor"], Value::Null);

    let unknown = make(json!({ "game": "chess" })).await;
    assert_eq!((unknown.status, unknown.code().as_str()), (404, "game_not_found"));
    let missing = get_as(&server, &tokens, "/v1/rooms/0000000000").await;
    assert_eq!((missing.status, missing.code().as_str()), (404, "room_not_found"));
    let stranger = server.post("/v1/rooms", None, r#"{"game":"relay"}"#).await;
    assert_eq!((stranger.status, stranger.code().as_str()), (401, "unauthenticated"));
    server.stop().await;
}

#[tokio::test]
async fn the_same_call_with_a_key_makes_one_room() {
    let server = server(&[]).await;
    let tokens = server.guest().await;
    let bearer = bearer(&tokens);
    let make = |body: &'static str| {
        let headers = [
            ("authorization", bearer.as_str()),
            ("content-type", "application/json"),
            ("idempotency-key", "one"),
        ];
        let server = &server;
        async move { server.send("POST", "/v1/rooms", &headers, body).await }
    };
    let first = make(r#"{"game":"relay"}"#).await;
    let again = make(r#"{"game":"relay"}"#).await;
    assert_eq!((first.status, again.status), (201, 201));
    assert_eq!(first.json()["room"], again.json()["room"]);
    let other = make(r#"{"game":"arena"}"#).await;
    assert_eq!((other.status, other.code().as_str()), (409, "conflict"));
    server.stop().await;
}

#[tokio::test]
async fn health_is_told_to_everyone() {
    let server = server(&[]).await;
    let health = server.get("/health").await;
    assert_eq!(health.status, 200);
    let health = health.json();
    assert_eq!(health["status"], "healthy");
    assert_eq!(health["services"]["database"], "connected");
    assert_eq!(health["services"]["worker"], "healthy");
    assert!(health["services"]["memory_usage"].as_str().unwrap().ends_with('%'));
    assert!(health["timestamp"].as_str().unwrap().ends_with('Z'));
    assert_eq!(server.get("/ready").await.status, 200);
    assert_eq!(server.get("/live").await.status, 200);
    let head = server.send("HEAD", "/health", &[], "").await;
    assert_eq!((head.status, head.body.as_str()), (200, ""));

    server.app.readiness.set_waiting("store", "away");
    assert_eq!(server.get("/health").await.json()["status"], "degraded");
    let ready = server.get("/ready").await;
    assert_eq!((ready.status, ready.code().as_str()), (503, "unavailable"));
    assert!(ready.header("retry-after").is_some());
    server.app.readiness.set_draining();
    let refused = server.post("/v1/auth/guest", None, "{}").await;
    assert_eq!((refused.status, refused.code().as_str()), (503, "draining"));
    assert_eq!(server.get("/live").await.status, 200);
    server.stop().await;
}

#[tokio::test]
async fn rates_and_their_headers() {
    let set = ["--rate-limit-auth-ip-burst=2", "--rate-limit-default-ip-burst=5"];
    let server = server(&[&set[..], &["--rate-limit-default-ip-sustained=1"]].concat()).await;
    server.guest().await;
    server.guest().await;
    let refused = server.post("/v1/auth/guest", None, "{}").await;
    assert_eq!((refused.status, refused.code().as_str()), (429, "rate_limited"));
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert_eq!(refused.header("ratelimit-policy"), Some("\"guest\";q=2;w=2"));
    assert!(refused.header("ratelimit").unwrap().starts_with("\"guest\";r=0;t="));
    let mut codes = Vec::new();
    for _ in 0..4 {
        codes.push(server.get("/v1/me").await.status);
    }
    assert_eq!(codes, [401, 401, 429, 429]);
    assert_eq!(server.get("/health").await.status, 200);
    server.stop().await;
}

#[tokio::test]
async fn listed_pages_may_read_answers_and_others_may_not() {
    let server = server(&["--origins", "https://play.example.org"]).await;
    let preflight = |origin: &'static str| {
        let headers = [("origin", origin), ("access-control-request-method", "POST")];
        let server = &server;
        async move { server.send("OPTIONS", "/v1/rooms", &headers, "").await }
    };
    let listed = preflight("https://play.example.org").await;
    assert_eq!(listed.status, 204);
    assert_eq!(listed.header("access-control-allow-origin"), Some("https://play.example.org"));
    assert_eq!(listed.header("access-control-allow-methods"), Some("GET, HEAD, POST, OPTIONS"));
    assert_eq!(listed.header("access-control-allow-credentials"), None);
    let other = preflight("https://evil.example").await;
    assert_eq!((other.status, other.code().as_str()), (403, "origin_refused"));
    assert_eq!(other.header("access-control-allow-origin"), None);
    let read = server.send("GET", "/v1/rooms", &[("origin", "https://play.example.org")], "").await;
    assert_eq!(read.header("access-control-allow-origin"), Some("https://play.example.org"));
    assert_eq!(read.header("vary"), Some("origin"));
    server.stop().await;
}

#[tokio::test]
async fn dev_mode_refuses_what_is_not_of_this_machine_and_names_unknown_members() {
    let server = server(&["--dev"]).await;
    let elsewhere = server.send("GET", "/live", &[("host", "evil.example")], "").await;
    assert_eq!((elsewhere.status, elsewhere.code().as_str()), (421, "misdirected_request"));
    let proxied = server.send("GET", "/live", &[("x-forwarded-for", "1.2.3.4")], "").await;
    assert_eq!((proxied.status, proxied.code().as_str()), (403, "forbidden"));
    let unknown = server.post("/v1/auth/guest", None, r#"{"colour":1}"#).await;
    assert_eq!((unknown.status, unknown.code().as_str()), (400, "bad_request"));
    assert_eq!(unknown.json()["errors"][0]["pointer"], "/colour");
    server.stop().await;
}

#[tokio::test]
async fn the_keys_are_served_to_whoever_verifies_tokens() {
    let server = server(&["--origins", "https://game.example"]).await;
    let answered = server
        .send("GET", "/.well-known/jwks.json", &[("origin", "https://game.example")], "")
        .await;
    assert_eq!(
        (answered.status, answered.header("cache-control")),
        (200, Some("public, max-age=60"))
    );
    assert_eq!(answered.header("content-type"), Some("application/jwk-set+json"));
    assert_eq!(answered.header("access-control-allow-origin"), Some("https://game.example"));
    let kid = &answered.json()["keys"][0]["kid"];
    let token = server.guest().await["access_token"].as_str().unwrap().to_owned();
    let header = jsonwebtoken::decode_header(&token).unwrap();
    assert_eq!(header.kid.as_deref(), kid.as_str());
    server.stop().await;
}

#[tokio::test]
async fn signing_out_is_answered_with_nothing_and_holds() {
    let server = server(&[]).await;
    for path in ["/v1/auth/logout", "/v1/auth/logout-all"] {
        let guest = server.guest().await;
        let token = guest["access_token"].as_str();
        let answered = server.post(path, token, "").await;
        assert_eq!((answered.status, answered.body.as_str()), (204, ""));
        let again = server.post(path, token, "").await;
        assert_eq!((again.status, again.code().as_str()), (401, "token_revoked"));
    }
    server.stop().await;
}
