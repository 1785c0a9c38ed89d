//! Which pages may open a socket, and which may read an answer.

use super::*;

/// Whether an upgrade with that `Origin` is granted; a refusal has to say why.
async fn admits(server: &Server, origin: &str) -> bool {
    let player = server.guest().await;
    let answer = server.upgrade(&Dial::new().bearer(&player).header("origin", origin)).await;
    if answer.status != 101 {
        answer.problem(403, "origin_refused");
    }
    answer.status == 101
}

async fn assert_admits(server: &Server, admitted: &[String], refused: &[String]) {
    for origin in admitted {
        assert!(admits(server, origin).await, "{origin} belongs to the server");
    }
    for origin in refused {
        assert!(!admits(server, origin).await, "{origin} is a stranger");
    }
}

fn texts<const N: usize>(texts: [&str; N]) -> Vec<String> {
    texts.map(str::to_owned).to_vec()
}

#[tokio::test]
async fn without_a_list_only_the_servers_own_pages_open_sockets() {
    let server = Server::start().await;
    let port = server.port();
    let own = [format!("http://127.0.0.1:{port}"), format!("http://localhost:{port}")];
    let mut strangers = texts([
        "https://evil.example",
        "http://127.0.0.1",
        "http://localhost",
        "http://127.0.0.1:1",
        "http://localhost:5173",
        "null",
        "file://",
        "",
        "*",
    ]);
    strangers.extend([
        format!("https://127.0.0.1:{port}"),
        format!("http://127.0.0.1.evil.example:{port}"),
        format!("http://evil.example:{port}"),
        format!("http://127.0.0.1:{port}.evil.example"),
        format!("http://127.0.0.1:{port}, http://evil.example"),
    ]);
    assert_admits(&server, &own, &strangers).await;
    // Not a browser: no Origin at all.
    server.connect(Format::Json).await.alive().await;
}

#[tokio::test]
async fn the_host_header_makes_nobody_the_servers_own_page() {
    let server = Server::start().await;
    let player = server.guest().await;
    let dial = Dial::new()
        .bearer(&player)
        .header("host", "evil.example")
        .header("origin", "http://evil.example");
    server.upgrade(&dial).await.problem(403, "origin_refused");
}

#[tokio::test]
async fn listed_pages_and_the_public_url_open_sockets_too() {
    let server = Setup::new()
        .arg("--origins=https://game.example,http://other.example:8000")
        .arg("--public-url=https://play.example")
        .start()
        .await;
    let mut admitted =
        texts(["https://game.example", "http://other.example:8000", "https://play.example"]);
    admitted.push(server.url());
    let strangers = texts([
        "http://game.example",
        "https://game.example:444",
        "https://sub.game.example",
        "https://game.example.evil.example",
        "http://other.example",
        "http://localhost:5173",
    ]);
    assert_admits(&server, &admitted, &strangers).await;
}

#[tokio::test]
async fn a_dev_server_lets_any_page_on_this_machine_in() {
    let server = Setup::new().dev().start().await;
    let admitted = texts(["http://localhost:5173", "http://127.0.0.1:3000", "http://[::1]:8000"]);
    let strangers = texts([
        "https://evil.example",
        "http://192.168.0.7:5173",
        "http://localhost.evil.example",
        "null",
    ]);
    assert_admits(&server, &admitted, &strangers).await;
}

#[tokio::test]
async fn answers_are_shared_with_listed_pages_only() {
    let server = Setup::new().arg("--origins=https://game.example").start().await;
    let player = server.guest().await;
    let ask = |origin: &str| {
        let call = server.call(Method::GET, "/v1/me").bearer_auth(player.access());
        server.answer(call.header("origin", origin))
    };
    let answer = ask("https://game.example").await;
    assert_eq!(answer.header("access-control-allow-origin"), Some("https://game.example"));
    assert_eq!(answer.header("access-control-allow-credentials"), None);
    let exposed = answer.header("access-control-expose-headers").unwrap_or_default().to_lowercase();
    for name in ["x-request-id", "retry-after", "ratelimit", "ratelimit-policy"] {
        assert!(exposed.split(',').any(|exposed| exposed.trim() == name), "{name} in {exposed:?}");
    }
    assert_eq!(ask("https://evil.example").await.header("access-control-allow-origin"), None);
    let preflight = |origin: &str| {
        let call = server.call(Method::OPTIONS, "/v1/rooms").header("origin", origin);
        let call = call.header("access-control-request-method", "POST");
        server.answer(call.header("access-control-request-headers", "authorization,content-type"))
    };
    let answer = preflight("https://game.example").await;
    assert!((200..300).contains(&answer.status), "{answer:?}");
    assert_eq!(answer.header("access-control-allow-origin"), Some("https://game.example"));
    let allowed = answer.header("access-control-allow-headers").unwrap_or_default().to_lowercase();
    assert!(allowed.contains("authorization") && allowed.contains("content-type"), "{answer:?}");
    assert_eq!(preflight("https://evil.example").await.header("access-control-allow-origin"), None);
}
