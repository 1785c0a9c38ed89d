//! What operators ask for, over a real socket: who may, what it does, how it is refused.

mod bans;

use std::{
    sync::atomic::Ordering,
    time::{Duration, SystemTime},
};

use gamev1_actors::game::GameRegistry;
use gamev1_persistence::accounts::{Accounts, NewPlayer, Role};
use gamev1_protocol::PlayerId;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::testing::{Answered, TestServer};

/// What an operator may ask for, with a body that does no harm.
const CALLS: &[(&str, &str, &str)] = &[
    ("GET", "/v1/admin/supervision", ""),
    ("GET", "/v1/admin/incidents", ""),
    ("POST", "/v1/admin/chaos", r#"{"stall_db_ms":0}"#),
    ("PUT", "/v1/admin/log", r#"{"filter":"info"}"#),
];

async fn server(args: &[&str]) -> TestServer {
    TestServer::start(gamev1_games::register(GameRegistry::new()), args).await
}

/// An access token of a new player with that role.
async fn token(server: &TestServer, role: Role) -> String {
    let id = PlayerId::new();
    let now = SystemTime::now();
    let new = NewPlayer { id, username: format!("{role}-{id}"), guest: false, role };
    let player = server.accounts.create_player(new, now).await.unwrap().unwrap();
    let sign_ins = &server.app.services().unwrap().sign_ins;
    sign_ins.access_only(&player, Duration::from_secs(60), now).await.unwrap()
}

async fn ask(
    server: &TestServer,
    token: Option<&str>,
    (method, path, body): (&str, &str, &str),
) -> Answered {
    let bearer = token.map(|token| format!("Bearer {token}"));
    let mut headers = vec![("content-type", "application/json")];
    headers.extend(bearer.as_deref().map(|bearer| ("authorization", bearer)));
    server.send(method, path, &headers, body).await
}

fn is(answered: Answered, status: u16, code: &str) -> Value {
    assert_eq!((answered.status, answered.code().as_str()), (status, code), "{answered:?}");
    answered.json()
}

/// Waits until the registry's `name` has restarted `n` times and runs.
async fn restarted(server: &TestServer, path: &str, n: u64) -> Value {
    let back = async {
        loop {
            let call = format!("/v1/admin/supervision?path={path}");
            let node = ask(server, None, ("GET", &call, "")).await.json();
            if node["restarts"] == n && node["state"] == "running" {
                return node;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), back).await.unwrap()
}

#[tokio::test]
async fn only_an_admin_may_and_only_with_chaos_switched_on_crash_anything() {
    let server = server(&["--chaos"]).await;
    let (player, moderator) =
        (token(&server, Role::Player).await, token(&server, Role::Moderator).await);
    let admin = token(&server, Role::Admin).await;
    for &call in CALLS {
        is(ask(&server, None, call).await, 401, "unauthenticated");
        is(ask(&server, Some("a.b.c"), call).await, 401, "unauthenticated");
        is(ask(&server, Some(&player), call).await, 403, "forbidden");
        is(ask(&server, Some(&moderator), call).await, 403, "forbidden");
        let answered = ask(&server, Some(&admin), call).await;
        assert!(answered.status < 300, "{call:?}: {answered:?}");
    }
    server.stop().await;
}

#[tokio::test]
async fn chaos_is_off_unless_it_is_switched_on() {
    let server = server(&[]).await;
    let admin = token(&server, Role::Admin).await;
    for body in [r#"{"crash":"store"}"#, r#"{"stall_db_ms":1}"#, "{"] {
        is(ask(&server, Some(&admin), ("POST", "/v1/admin/chaos", body)).await, 403, "forbidden");
    }
    server.stop().await;
}

#[tokio::test]
async fn dev_mode_asks_nobody_to_sign_in_and_believes_no_token_blindly() {
    let server = server(&["--dev"]).await;
    for &call in CALLS {
        let answered = ask(&server, None, call).await;
        assert!(answered.status < 300, "{call:?}: {answered:?}");
        let player = token(&server, Role::Player).await;
        is(ask(&server, Some(&player), call).await, 403, "forbidden");
    }
    server.stop().await;
}

#[tokio::test]
async fn the_tree_is_told_from_the_root_or_from_any_path_and_within_bounds() {
    let server = server(&["--dev"]).await;
    let tree = server.get("/v1/admin/supervision").await.json();
    assert_eq!((&tree["path"], &tree["name"]), (&json!("/root"), &json!("root")));
    assert_eq!(tree["strategy"], "rest_for_one");
    let names = |node: &Value| -> Vec<String> {
        let children = node["children"].as_array().unwrap().iter();
        children.map(|child| child["name"].as_str().unwrap().to_owned()).collect()
    };
    let all = ["storage", "directory", "channels", "rooms", "peers", "sessions", "door"];
    assert_eq!(names(&tree), all);

    let store = server.get("/v1/admin/supervision?path=/root/storage/store").await.json();
    for member in ["restart", "state", "incarnation", "restarts", "started_at", "kind"] {
        assert!(!store[member].is_null(), "{member}: {store}");
    }
    assert_eq!((&store["restart"], &store["state"]), (&json!("permanent"), &json!("running")));
    assert_eq!(store["inbox"], json!({ "depth": 0, "max": store["inbox"]["max"] }));
    assert_eq!((&store["children"], store.get("strategy")), (&json!([]), None));
    assert_eq!((store.get("last_reason"), store.get("children_left_out")), (None, None));

    let few = server.get("/v1/admin/supervision?limit=2").await.json();
    assert_eq!(names(&few), all[..2]);
    assert_eq!(few["children_left_out"], 5);
    is(server.get("/v1/admin/supervision?limit=x").await, 400, "bad_request");
    is(server.get("/v1/admin/supervision?limit=20001").await, 400, "bad_request");
    is(server.get("/v1/admin/supervision?path=/nowhere").await, 404, "not_found");
    server.stop().await;
}

#[tokio::test]
async fn what_is_crashed_restarts_and_the_incident_says_so() {
    let server = server(&["--dev"]).await;
    for (n, name) in ["store", "presence", "lobby", "edge", "supervisor:rooms"].iter().enumerate() {
        let body = json!({ "crash": name }).to_string();
        let answered = ask(&server, None, ("POST", "/v1/admin/chaos", &body)).await;
        assert_eq!((answered.status, answered.json()), (202, json!({})), "{name}");
        let path = ["storage/store", "directory/presence", "directory/lobby", "door/edge", "rooms"];
        let node = restarted(&server, &format!("/root/{}", path[n]), 1).await;
        assert!(node["last_reason"].as_str().unwrap().contains("on order"), "{node}");
        let incidents = server.get("/v1/admin/incidents").await.json();
        let last = &incidents["items"][0];
        assert_eq!((&last["path"], &last["decision"]), (&node["path"], &json!("restart")));
        assert_eq!((&last["restarts"], &last["trace_id"]), (&json!(1), &Value::Null));
        assert_eq!(incidents["items"].as_array().unwrap().len(), n + 1);
    }
    let first = server.get("/v1/admin/incidents?limit=3").await.json();
    let cursor = first["next_cursor"].as_str().unwrap();
    let rest = server.get(&format!("/v1/admin/incidents?cursor={cursor}")).await.json();
    assert_eq!(rest["items"].as_array().unwrap().len(), 2);
    assert_eq!(rest["next_cursor"], Value::Null);
    server.stop().await;
}

#[tokio::test]
async fn a_bad_order_is_told_what_is_wrong_with_it() {
    let server = server(&["--dev"]).await;
    let chaos = |body: &'static str| ask(&server, None, ("POST", "/v1/admin/chaos", body));
    for (body, pointer) in [
        ("", ""),
        ("[]", ""),
        ("{}", ""),
        (r#"{"crash":"store","stall_db_ms":1}"#, ""),
        (r#"{"crash":7}"#, "/crash"),
        (r#"{"stall_db_ms":-1}"#, "/stall_db_ms"),
        (r#"{"stall_db_ms":60001}"#, "/stall_db_ms"),
        (r#"{"crush":"store"}"#, "/crush"),
    ] {
        let problem = is(chaos(body).await, 400, "bad_request");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{body}");
    }
    for body in [
        r#"{"crash":"rooms"}"#,
        r#"{"crash":"supervisor:store"}"#,
        r#"{"crash":"room:0000000000"}"#,
        r#"{"crash":""}"#,
    ] {
        is(chaos(body).await, 404, "not_found");
    }
    let log = |body: &'static str| ask(&server, None, ("PUT", "/v1/admin/log", body));
    is(log(r#"{"filter":"gamev1=loud"}"#).await, 422, "validation_failed");
    is(log(r#"{"filter":["info"]}"#).await, 400, "bad_request");
    is(log("{}").await, 400, "bad_request");
    let drain = ask(&server, None, ("POST", "/v1/admin/drain", r#"{"now":true}"#)).await;
    is(drain, 400, "bad_request");
    assert!(!server.app.stop_asked.is_cancelled());
    let drain = ask(&server, None, ("POST", "/v1/admin/drain", "")).await;
    assert_eq!((drain.status, drain.json()), (202, json!({})));
    assert!(server.app.stop_asked.is_cancelled());
    server.stop().await;
}

#[tokio::test]
async fn operators_are_refused_while_it_is_not_known_who_is_one() {
    let server = server(&[]).await;
    let admin = token(&server, Role::Admin).await;
    assert_eq!(ask(&server, Some(&admin), CALLS[0]).await.status, 200);
    let revoked = server.app.services().unwrap().revoked.clone();
    server.accounts.down.store(true, Ordering::Relaxed);
    // One that was on its way when the database went may be read still.
    while !revoked.stale(Instant::now()) {
        revoked.read_to_the_end(Instant::now() - Duration::from_secs(31));
        tokio::task::yield_now().await;
    }
    for call in CALLS {
        is(ask(&server, Some(&admin), *call).await, 503, "unavailable");
    }
    // Players play on.
    let bearer = format!("Bearer {admin}");
    let me = server.send("GET", "/v1/me", &[("authorization", &bearer)], "").await;
    assert_eq!(me.status, 200, "{me:?}");
    server.stop().await;
}
