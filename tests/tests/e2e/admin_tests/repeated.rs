//! `Idempotency-Key` of what operators do: the same call again is answered as before, and not done twice.

use super::*;

async fn with_key(
    server: &Server,
    by: &Operator,
    key: &str,
    (path, body): (&str, &Value),
) -> Answer {
    let call = server.call(Method::POST, path).bearer_auth(&by.token);
    server.answer(call.header("idempotency-key", key).json(body)).await
}

#[tokio::test]
async fn a_ban_with_a_key_is_imposed_once() {
    let server = Setup::new().unlimited().start().await;
    let moderator = Operator::new(&server, "the-moderator", "moderator").await;
    let admin = Operator::new(&server, "the-admin", "admin").await;
    let player = server.guest().await;
    let (path, wish) = (at(&player, "/ban"), json!({ "reason": "x" }));
    let ban = with_key(&server, &moderator, "k1", (&path, &wish)).await.ok(201);
    let again = with_key(&server, &moderator, "k1", (&path, &wish)).await.ok(201);
    assert_eq!(again, ban);
    let other = json!({ "reason": "y" });
    with_key(&server, &moderator, "k1", (&path, &other)).await.problem(409, "conflict");
    let long = "k".repeat(65);
    with_key(&server, &moderator, &long, (&path, &wish)).await.problem(400, "bad_request");

    let lifted = admin.ask(&server, Method::DELETE, &path, json!({ "reason": "a slip" })).await;
    assert_eq!(lifted.status, 204);
    with_key(&server, &moderator, "k1", (&path, &wish)).await.problem(404, "not_found");
    let log = admin.get(&server, &format!("/v1/admin/audit?target={}", player.id())).await.ok(200);
    let deeds: Vec<_> = log["items"].as_array().unwrap().iter().map(|it| &it["action"]).collect();
    assert_eq!(deeds, ["lift_ban", "ban"]);
    assert_eq!(log["items"][0]["reason"], "a slip");
}

#[tokio::test]
async fn a_crash_on_order_with_a_key_happens_once_and_a_snapshot_is_the_same() {
    let server = Setup::new().unlimited().arg("--chaos").start().await;
    let admin = Operator::new(&server, "the-admin", "admin").await;
    let crash = json!({ "crash": "lobby" });
    for _ in 0..3 {
        with_key(&server, &admin, "k1", ("/v1/admin/chaos", &crash)).await.ok(202);
    }
    let log = admin.get(&server, "/v1/admin/audit?target=lobby").await.ok(200);
    assert_eq!(log["items"].as_array().unwrap().len(), 1, "{log}");

    let snapshot = async |key| {
        let call = ("/v1/admin/supervision/snapshot", &json!({}));
        with_key(&server, &admin, key, call).await.ok(202)["trace_id"].clone()
    };
    let first = snapshot("k2").await;
    assert!(first.is_string());
    assert_eq!(snapshot("k2").await, first);
    assert_ne!(snapshot("k3").await, first);
}
