//! Roles and sign-outs: what they void, whom they may concern.

use super::*;

#[tokio::test]
async fn a_new_role_voids_the_old_tokens_and_comes_with_the_next_ones() {
    let server = Setup::new().unlimited().start().await;
    let admin = Operator::new(&server, "the-admin", "admin").await;
    let player = server.guest().await;
    let mut client = server.socket_of(&player, Format::Json).await;
    server.get_as(&player, "/v1/admin/players").await.problem(403, "forbidden");

    let path = at(&player, "/role");
    let wish = json!({ "role": "moderator", "reason": "helps out" });
    let row = admin.ask(&server, Method::PUT, &path, wish.clone()).await.ok(200);
    assert_eq!((&row["id"], &row["role"]), (&json!(player.id()), &json!("moderator")));

    assert_eq!(client.closed().await.code, 4001);
    server.get_as(&player, "/v1/me").await.problem(401, "token_revoked");
    let refresh = json!({ "refresh_token": player.refresh() });
    let tokens = server.post("/v1/auth/refresh", refresh).await.ok(200);
    let moderator = Player { tokens };
    server.get_as(&moderator, "/v1/admin/players").await.ok(200);
    server.get_as(&moderator, "/v1/admin/audit").await.problem(403, "forbidden");
    let wrong = json!({ "role": "admin", "reason": "wants more" });
    let call = server.call(Method::PUT, &path).bearer_auth(moderator.access()).json(&wrong);
    server.answer(call).await.problem(403, "forbidden");

    // The same role again voids nothing and is no second entry.
    admin.ask(&server, Method::PUT, &path, wish).await.ok(200);
    server.get_as(&moderator, "/v1/me").await.ok(200);
    let of_player = format!("/v1/admin/audit?target={}", player.id());
    let log = admin.get(&server, &of_player).await.ok(200);
    let [entry] = log["items"].as_array().unwrap().as_slice() else { panic!("{log}") };
    assert_eq!((&entry["action"], &entry["reason"]), (&json!("role"), &json!("helps out")));
    assert_eq!(entry["before"], json!({ "role": "player" }));
    assert_eq!(entry["after"], json!({ "role": "moderator" }));
}

#[tokio::test]
async fn nobody_changes_their_own_role_and_the_last_admin_stays_one() {
    let server = Setup::new().dev().start().await;
    let (one, other) = (
        Operator::new(&server, "one", "admin").await,
        Operator::new(&server, "other", "admin").await,
    );
    let wish = json!({ "role": "player", "reason": "retires" });
    let path = |id: &str| format!("/v1/admin/players/{id}/role");
    let (one_id, other_id) = (one.id(&server).await, other.id(&server).await);
    let own = one.ask(&server, Method::PUT, &path(&one_id), wish.clone()).await;
    own.problem(403, "forbidden");
    let demoted = one.ask(&server, Method::PUT, &path(&other_id), wish.clone()).await;
    assert_eq!(demoted.ok(200)["role"], "player");
    other.get(&server, "/v1/me").await.problem(401, "token_revoked");
    let last = server.call(Method::PUT, &path(&one_id)).json(&wish);
    server.answer(last).await.problem(409, "conflict");
    one.get(&server, "/v1/admin/audit").await.ok(200);

    for (body, status, code, pointer) in [
        (json!({ "role": "root", "reason": "x" }), 400, "bad_request", "/role"),
        (json!({ "role": "player" }), 400, "bad_request", "/reason"),
        (json!({ "role": "player", "reason": "" }), 422, "validation_failed", "/reason"),
        (json!({ "role": "player", "reason": "x", "epoch": 1 }), 400, "bad_request", "/epoch"),
    ] {
        let answer = one.ask(&server, Method::PUT, &path(&other_id), body).await;
        assert_eq!(answer.problem(status, code)["errors"][0]["pointer"], pointer);
    }
}

#[tokio::test]
async fn a_sign_out_ends_everything_that_a_player_was_given() {
    let mut server = Setup::new().unlimited().start().await;
    let moderator = Operator::new(&server, "the-moderator", "moderator").await;
    let admin = Operator::new(&server, "the-admin", "admin").await;
    let (player, other) = (server.guest().await, server.guest().await);
    let mut sockets = Vec::new();
    for format in Format::BOTH {
        sockets.push(server.socket_of(&player, format).await);
    }
    let mut bystander = server.socket_of(&other, Format::Json).await;

    let order = json!({ "reason": "the device was stolen" });
    let done = moderator.post(&server, &at(&player, "/sign-out"), order.clone()).await;
    assert_eq!(done.status, 204, "{done:?}");
    for socket in &mut sockets {
        assert_eq!(socket.closed().await.code, 4001);
    }
    bystander.alive().await;
    let (resume, received) = (sockets[0].resume_token().to_owned(), sockets[0].received());
    for round in 0..2 {
        server.get_as(&player, "/v1/me").await.problem(401, "token_revoked");
        let refresh = json!({ "refresh_token": player.refresh() });
        server.post("/v1/auth/refresh", refresh).await.problem(401, "token_revoked");
        let resume = Dial::new().format(Format::Json).resume(&resume, received);
        server.upgrade(&resume).await.problem(401, "resume_unknown");
        if round == 0 {
            server.restart(Stop::Kill).await;
        }
    }
    // It is no ban: whoever has the device signs in anew.
    let device = json!({ "device_id": player.device() });
    let again = server.post("/v1/auth/guest", device).await.ok(200);
    assert_eq!(again["player"]["id"], player.id());

    let log = admin.get(&server, "/v1/admin/audit?action=sign_out").await.ok(200);
    let [entry] = log["items"].as_array().unwrap().as_slice() else { panic!("{log}") };
    assert_eq!(entry["target"]["id"], player.id());
    assert_eq!(entry["actor"]["kind"], "moderator");
    assert_eq!(entry["reason"], "the device was stolen");

    let above = format!("/v1/admin/players/{}/sign-out", admin.id(&server).await);
    moderator.post(&server, &above, order).await.problem(403, "forbidden");
}
