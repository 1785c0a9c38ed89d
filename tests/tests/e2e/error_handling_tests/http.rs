//! HTTP requests that are refused, each with a problem document.

use super::*;

#[tokio::test]
async fn a_page_that_is_not_there_and_a_method_that_is_not_allowed_say_so() {
    let server = Server::start().await;
    for path in ["/no/such/page", "/v1", "/v1/nothing", "/v2/me", "/index.php"] {
        let answer = server.get(path).await;
        assert_eq!(answer.status, 404, "{path}: {answer:?}");
    }
    server.get("/v1/nothing").await.problem(404, "not_found");
    for (method, path) in [
        (Method::GET, "/v1/auth/guest"),
        (Method::DELETE, "/v1/rooms"),
        (Method::PUT, "/v1/ws-tickets"),
        (Method::POST, "/health"),
        (Method::POST, "/ws"),
    ] {
        let answer = server.answer(server.call(method.clone(), path).json(&json!({}))).await;
        answer.problem(405, "method_not_allowed");
        assert!(answer.header("allow").is_some(), "{method} {path}: {answer:?}");
    }
}

#[tokio::test]
async fn a_body_that_is_no_json_is_a_bad_request() {
    let server = Server::start().await;
    let post = |body: &'static [u8]| {
        let call = server.call(Method::POST, "/v1/auth/guest");
        server.answer(call.header("content-type", "application/json").body(body))
    };
    for body in [&b"nonsense"[..], b"{", b"\xff\xfe", b"{\"device_id\":\"\xff\"}", b"[", b"{} {}"] {
        post(body).await.problem(400, "bad_request");
    }
    for body in [&b"[]"[..], b"7", b"\"x\"", b"{\"device_id\":7}", b"{\"device_id\":[]}"] {
        let answer = post(body).await;
        answer.problem(400, "bad_request");
    }
    let deep = "[".repeat(5_000);
    let call =
        server.call(Method::POST, "/v1/auth/guest").header("content-type", "application/json");
    server.answer(call.body(deep)).await.problem(400, "bad_request");
    let problem = post(b"{\"device_id\":7}").await.problem(400, "bad_request");
    assert_eq!(problem["errors"][0]["pointer"], "/device_id", "{problem}");
    server.guest().await;
}

#[tokio::test]
async fn a_body_of_another_type_is_unsupported() {
    let server = Server::start().await;
    for kind in ["text/plain", "application/x-www-form-urlencoded", "application/xml"] {
        let call =
            server.call(Method::POST, "/v1/auth/guest").header("content-type", kind).body("{}");
        server.answer(call).await.problem(415, "unsupported_media_type");
    }
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused() {
    let server = Server::start().await;
    let body = json!({ "device_id": "x".repeat(2_000_000) }).to_string();
    let call =
        server.call(Method::POST, "/v1/auth/guest").header("content-type", "application/json");
    // It may be refused before all of it has been sent.
    if let Ok(answer) = call.body(body).send().await {
        assert_eq!(answer.status(), 413);
    }
    server.guest().await;
}

#[tokio::test]
async fn a_room_that_cannot_be_made_over_http_says_why() {
    let server = Server::start().await;
    let player = server.guest().await;
    for (wish, pointer) in [
        (json!({}), "/game"),
        (json!({ "game": 7 }), "/game"),
        (json!({ "game": "arena", "players_max": 0 }), "/players_max"),
        (json!({ "game": "arena", "players_max": "many" }), "/players_max"),
        (json!({ "game": "arena", "metadata": { "long": "x".repeat(3_000) } }), "/metadata"),
    ] {
        let problem =
            server.post_as(&player, "/v1/rooms", wish.clone()).await.problem(400, "bad_request");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{wish}: {problem}");
    }
    let listed = server.get_as(&player, "/v1/rooms").await.ok(200);
    assert_eq!(listed["items"], json!([]));
}

#[tokio::test]
async fn headers_that_are_too_long_or_no_http_at_all_are_cut_off() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let server = Server::start().await;
    let mut ada = server.connect(Format::Json).await;
    let long =
        format!("GET /live HTTP/1.1\r\nhost: x\r\nx-long: {}\r\n\r\n", "x".repeat(1_000_000));
    for request in [
        long.as_str(),
        "nonsense\r\n\r\n",
        "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}",
        "GET /live HTTP/9.9\r\n\r\n",
    ] {
        let mut stream = tokio::net::TcpStream::connect(server.address()).await.unwrap();
        // It may be cut off before all of it has been sent.
        let _ = stream.write_all(request.as_bytes()).await;
        let mut answer = Vec::new();
        let ended = tokio::time::timeout(e2e::BOUND, stream.read_to_end(&mut answer)).await;
        assert!(ended.is_ok(), "{:.40}", request);
        let answer = String::from_utf8_lossy(&answer).into_owned();
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{request:.40}: {answer}");
    }
    ada.alive().await;
}
