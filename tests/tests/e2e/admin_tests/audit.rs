//! What is kept of what operators did.

use super::*;

#[tokio::test]
async fn a_ban_and_its_lift_are_in_the_audit_log_also_after_a_kill() {
    let mut server = Setup::new().unlimited().start().await;
    let moderator = Operator::new(&server, "the-moderator", "moderator").await;
    let admin = Operator::new(&server, "the-admin", "admin").await;
    let (player, other) = (server.guest().await, server.guest().await);
    let wish = json!({ "reason": "spoils it for others", "duration_s": 3_600 });
    let ban = moderator.post(&server, &at(&player, "/ban"), wish).await.ok(201);
    moderator.post(&server, &at(&other, "/ban"), json!({ "reason": "he too" })).await.ok(201);
    for _ in 0..2 {
        let lift = admin.ask(&server, Method::DELETE, &at(&player, "/ban"), json!({})).await;
        assert_eq!(lift.status, 204, "{lift:?}");
    }
    server.restart(Stop::Kill).await;

    let of_player = format!("/v1/admin/audit?target={}", player.id());
    let log = admin.get(&server, &of_player).await.ok(200);
    let [lifted, banned] = log["items"].as_array().unwrap().as_slice() else { panic!("{log}") };
    assert_eq!(log["next_cursor"], Value::Null);
    let moderator_id = moderator.id(&server).await;
    assert_eq!(banned["actor"], json!({ "kind": "moderator", "player": moderator_id }));
    assert_eq!(banned["target"], json!({ "kind": "player", "id": player.id() }));
    assert_eq!((&banned["action"], &banned["before"]), (&json!("ban"), &Value::Null));
    assert_eq!(banned["after"]["id"], ban["id"]);
    assert_eq!(banned["reason"], "spoils it for others");
    assert_eq!(lifted["actor"]["kind"], "admin");
    assert_eq!((&lifted["action"], &lifted["after"]), (&json!("lift_ban"), &Value::Null));
    assert_eq!(lifted["before"], json!([banned["after"]]));

    let role = admin.get(&server, &format!("/v1/admin/audit?target={moderator_id}")).await.ok(200);
    let role = &role["items"][0];
    assert_eq!(role["actor"], json!({ "kind": "command_line", "player": null }));
    assert_eq!((&role["action"], &role["after"]["role"]), (&json!("role"), &json!("moderator")));

    let by_moderator = format!("/v1/admin/audit?actor={moderator_id}&limit=1");
    let first = admin.get(&server, &by_moderator).await.ok(200);
    assert_eq!(first["items"][0]["target"]["id"], other.id());
    let next = format!("{by_moderator}&cursor={}", first["next_cursor"].as_str().unwrap());
    assert_eq!(admin.get(&server, &next).await.ok(200)["items"], json!([banned]));
    let lifts = admin.get(&server, "/v1/admin/audit?action=lift_ban").await.ok(200);
    assert_eq!(lifts["items"], json!([lifted]));
    let wrong = admin.get(&server, "/v1/admin/audit?actor=me").await.problem(400, "bad_request");
    assert_eq!(wrong["errors"][0]["pointer"], "/actor");
    moderator.get(&server, "/v1/admin/audit").await.problem(403, "forbidden");
}

#[tokio::test]
async fn what_is_done_to_the_server_is_in_the_audit_log_too() {
    let mut server = Setup::new().dev().start().await;
    server.post("/v1/admin/chaos", json!({ "crash": "presence" })).await.ok(202);
    server.post("/v1/admin/chaos", json!({ "crash": "nobody" })).await.problem(404, "not_found");
    let filter = json!({ "filter": "info" });
    let set = server.answer(server.call(Method::PUT, "/v1/admin/log").json(&filter)).await;
    assert_eq!(set.status, 204);
    server.post("/v1/admin/drain", json!({})).await.ok(202);
    assert_eq!(server.ended().await.code(), Some(0));
    server.start_again().await;

    let log = server.get("/v1/admin/audit").await.ok(200);
    let items = log["items"].as_array().unwrap();
    let deeds: Vec<_> = items.iter().map(|it| it["action"].as_str().unwrap()).collect();
    assert_eq!(deeds, ["drain", "log", "crash"]);
    for item in items {
        assert_eq!(item["actor"], json!({ "kind": "dev", "player": null }));
    }
    assert_eq!(items[1]["after"], filter);
    assert_eq!(items[2]["target"], json!({ "kind": "actor", "id": "presence" }));
}

#[tokio::test]
async fn operators_act_while_the_database_stands_still_and_the_log_says_what_was_not_kept() {
    let server = Setup::new().dev().start().await;
    let stall = |ms: u64| server.post("/v1/admin/chaos", json!({ "stall_db_ms": ms }));
    stall(60_000).await.ok(202);
    let player = "01890000-0000-7000-8000-000000000000";
    server.post("/v1/admin/chaos", json!({ "crash": "lobby" })).await.ok(202);
    server.log_line("the audit log did not take an entry").await;
    let ban = format!("/v1/admin/players/{player}/ban");
    server.post(&ban, json!({ "reason": "x" })).await.problem(503, "unavailable");
    stall(0).await.ok(202);
    let log = server.get("/v1/admin/audit").await.ok(200);
    let deeds: Vec<_> = log["items"].as_array().unwrap().iter().map(|it| &it["after"]).collect();
    assert_eq!(deeds, [&json!({ "stall_db_ms": 0 }), &json!({ "stall_db_ms": 60_000 })]);
}
