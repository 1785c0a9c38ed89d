//! What operators ask: is it there, is it ready, is it well.

use super::*;

#[tokio::test]
async fn health_ready_and_live_are_open_to_all() {
    let server = Server::start().await;
    server.get("/live").await.ok(200);
    server.get("/ready").await.ok(200);
    let health = server.get("/health").await.ok(200);
    assert_eq!(health["status"], "healthy");
    assert_eq!(health["services"]["database"], "connected");
    assert_eq!(health["services"]["worker"], "healthy");
    let memory = health["services"]["memory_usage"].as_str().unwrap();
    let percent: f64 = memory.strip_suffix('%').unwrap().parse().unwrap();
    assert!((0.0..=100.0).contains(&percent), "{memory}");
    let timestamp = health["timestamp"].as_str().unwrap();
    assert!(
        timestamp.len() >= 20 && timestamp.ends_with('Z') && timestamp.as_bytes()[10] == b'T',
        "{timestamp}"
    );
}

#[tokio::test]
async fn every_answer_has_a_request_id_of_its_own() {
    let server = Server::start().await;
    let mut ids = Vec::new();
    for path in ["/", "/live", "/health", "/v1/me", "/no/such/page"] {
        let answer = server.get(path).await;
        let id = answer.header("x-request-id").unwrap_or_default().to_owned();
        assert!(!id.is_empty() && !ids.contains(&id), "{path}: {id:?} after {ids:?}");
        ids.push(id);
    }
}

#[tokio::test]
async fn the_page_and_its_parts_are_served_with_a_strict_policy() {
    let server = Server::start().await;
    let page = server.get("/").await;
    assert_eq!(page.status, 200);
    assert!(
        page.header("content-type").is_some_and(|kind| kind.starts_with("text/html")),
        "{page:?}"
    );
    let policy = page.header("content-security-policy").unwrap_or_default();
    assert!(policy.contains("default-src") && !policy.contains("unsafe"), "{policy:?}");
    assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
    let mut parts = 0;
    for quoted in
        page.text.split('"').filter(|text| text.ends_with(".js") || text.ends_with(".css"))
    {
        let path = quoted.trim_start_matches('.').trim_start_matches('/');
        let part = server.get(&format!("/{path}")).await;
        assert_eq!(part.status, 200, "{quoted}");
        let kind = part.header("content-type").unwrap_or_default();
        let expected = if quoted.ends_with(".js") { "javascript" } else { "css" };
        assert!(kind.contains(expected), "{quoted}: {kind}");
        parts += 1;
    }
    assert!(parts >= 2, "{}", page.text);
    for escape in ["/../Cargo.toml", "/%2e%2e/Cargo.toml", "/..%2fCargo.toml", "//etc/passwd"] {
        let answer = server.get(escape).await;
        assert_ne!(answer.status, 200, "{escape}: {answer:?}");
    }
}

#[tokio::test]
async fn the_start_tells_people_where_to_go() {
    let server = Server::start().await;
    let log = server.log().join("\n");
    assert!(log.contains(&server.url()), "{log}");
}
