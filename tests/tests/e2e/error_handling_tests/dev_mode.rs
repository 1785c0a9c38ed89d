//! `--dev` needs no sign-in for much, so it guards itself against pages that one happens to visit.

use super::*;

async fn dev() -> Server {
    Setup::new().dev().start().await
}

#[tokio::test]
async fn only_its_own_host_is_answered() {
    let server = dev().await;
    let port = server.port();
    let ask = |host: String| server.answer(server.call(Method::GET, "/live").header("host", host));
    for host in [format!("127.0.0.1:{port}"), format!("localhost:{port}"), format!("[::1]:{port}")]
    {
        assert_eq!(ask(host.clone()).await.status, 200, "{host}");
    }
    for host in [
        "evil.example".to_owned(),
        format!("evil.example:{port}"),
        "127.0.0.1".to_owned(),
        "localhost:1".to_owned(),
        format!("127.0.0.1.evil.example:{port}"),
        format!("127.0.0.2:{port}"),
    ] {
        ask(host).await.problem(421, "misdirected_request");
    }
    // The one of DNS rebinding: a page whose name leads here.
    let call =
        server.call(Method::POST, "/v1/auth/guest").header("host", format!("evil.example:{port}"));
    server.answer(call.json(&json!({}))).await.problem(421, "misdirected_request");
}

#[tokio::test]
async fn what_came_through_a_proxy_is_refused() {
    let server = dev().await;
    for (name, value) in [
        ("forwarded", "for=10.0.0.1"),
        ("x-forwarded-for", "10.0.0.1"),
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-proto", "https"),
    ] {
        let answer = server.answer(server.call(Method::GET, "/live").header(name, value)).await;
        answer.problem(403, "forbidden");
    }
}

#[tokio::test]
async fn changes_come_as_json_from_its_own_pages_or_from_no_page() {
    let server = dev().await;
    let port = server.port();
    let post = || server.call(Method::POST, "/v1/auth/guest");
    for origin in [format!("http://127.0.0.1:{port}"), format!("http://localhost:{port}")] {
        server.answer(post().json(&json!({})).header("origin", origin)).await.ok(200);
    }
    for origin in ["https://evil.example", "http://localhost:5173", "null"] {
        let answer = server.answer(post().json(&json!({})).header("origin", origin)).await;
        assert_eq!(answer.status, 403, "{origin}: {answer:?}");
    }
    // What a page may send anywhere without being asked.
    for kind in
        ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
    {
        let answer = server.answer(post().header("content-type", kind).body("{}")).await;
        assert_eq!(answer.status, 403, "{kind}: {answer:?}");
    }
    assert_eq!(server.answer(post().body("{}")).await.status, 403);
    let charset = post().header("content-type", "application/json; charset=utf-8").body("{}");
    server.answer(charset).await.ok(200);
}

#[tokio::test]
async fn members_that_nobody_knows_are_refused_by_name() {
    let server = dev().await;
    for format in Format::BOTH {
        let mut client = server.connect(format).await;
        client.expect_reply(55, "ping");
        client.send_message(format.encode(&json!({ "id": 55, "type": "ping", "foo": 1 }))).await;
        let error = client.reply(55).await.expect_err("a refusal");
        assert_eq!(
            (&error["code"], &error["details"]["pointer"]),
            (&json!("bad_request"), &json!("/foo"))
        );
        let error = client.refused("ping", json!({ "recieved": 1 }), "bad_request").await;
        assert_eq!(error["details"]["pointer"], "/data/recieved");
        let wish = json!({ "game": "relay", "colour": "red" });
        let error = client.refused("room.create", wish, "bad_request").await;
        assert_eq!(error["details"]["pointer"], "/data/colour");
        // Beyond the protocol's own members anything goes.
        let room = client.create("relay").await;
        client.ok("room.send", json!({ "room": room, "payload": { "colour": "red" } })).await;
    }
}

#[tokio::test]
async fn none_of_this_holds_without_dev() {
    let server = Server::start().await;
    let call = server.call(Method::GET, "/live").header("host", "game.example");
    assert_eq!(server.answer(call).await.status, 200);
    let call = server.call(Method::GET, "/live").header("x-forwarded-for", "10.0.0.1");
    assert_eq!(server.answer(call).await.status, 200);
}
