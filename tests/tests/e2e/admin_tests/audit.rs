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
