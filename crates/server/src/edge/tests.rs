//! Connections that do not behave, and an edge that starts again.

use std::{sync::Arc, time::Duration};

use gamev1_actors::{game::GameRegistry, readiness::Readiness, registry::ActorMeta};
use ractor::Actor;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::{Instant, timeout},
};

use super::{Door, EdgeActor, EdgeMsg, KIND, Leaf, PART, connection::HttpServer};
use crate::{
    app::App,
    face::{Face, Serves},
    routes,
    socket::SocketOptions,
    testing::{self, TestServer},
};

async fn server(args: &[&str]) -> TestServer {
    TestServer::start(GameRegistry::new(), args).await
}

/// How long until the server hangs up.
async fn hung_up_after(stream: &mut tokio::net::TcpStream) -> Duration {
    let start = Instant::now();
    let mut rest = Vec::new();
    // A reset is a way to hang up too.
    let _ = timeout(Duration::from_secs(20), stream.read_to_end(&mut rest)).await.unwrap();
    start.elapsed()
}

#[tokio::test]
async fn who_says_nothing_or_half_a_header_is_hung_up_on() {
    let server = server(&[]).await;
    let mut silent = server.connect().await;
    let mut half = server.connect().await;
    half.write_all(b"GET /live HTTP/1.1\r\nhost: x\r\n").await.unwrap();
    let mut idle = server.connect().await;
    idle.write_all(format!("GET /live HTTP/1.1\r\nhost: {}\r\n\r\n", server.bound).as_bytes())
        .await
        .unwrap();
    let (silent, half, idle) = tokio::join!(
        hung_up_after(&mut silent),
        hung_up_after(&mut half),
        hung_up_after(&mut idle)
    );
    for took in [silent, half, idle] {
        assert!((4..9).contains(&took.as_secs()), "{took:?}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_connection_serves_several_requests() {
    let server = server(&[]).await;
    let mut stream = server.connect().await;
    for _ in 0..3 {
        let request = format!("GET /live HTTP/1.1\r\nhost: {}\r\n\r\n", server.bound);
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut buffer = [0; 4096];
        let n = stream.read(&mut buffer).await.unwrap();
        assert!(buffer[..n].starts_with(b"HTTP/1.1 200"));
    }
    server.stop().await;
}

#[tokio::test]
async fn an_address_with_too_many_connections_is_told_so() {
    let server = server(&["--connections-per-address-max", "2"]).await;
    let held = [server.connect().await, server.connect().await];
    // What the kernel has accepted the server may not have seen yet.
    tokio::time::sleep(Duration::from_millis(100)).await;
    let refused = server.get("/live").await;
    assert_eq!((refused.status, refused.code().as_str()), (429, "too_many_sockets"));
    assert!(refused.header("retry-after").is_some());
    drop(held);
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(server.get("/live").await.status, 200);
    server.stop().await;
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused() {
    let server = server(&[]).await;
    let long = "x".repeat(20_000);
    let answered = server.send("GET", "/live", &[("x-long", &long)], "").await;
    assert_eq!(answered.status, 431);
    server.stop().await;
}

#[tokio::test]
async fn a_server_that_stops_lets_a_request_finish_and_closes_the_idle() {
    let server = server(&[]).await;
    let mut busy = server.connect().await;
    let head = format!(
        "POST /v1/auth/guest HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{{",
        server.bound
    );
    busy.write_all(head.as_bytes()).await.unwrap();
    let mut idle = server.connect().await;
    idle.write_all(format!("GET /live HTTP/1.1\r\nhost: {}\r\n\r\n", server.bound).as_bytes())
        .await
        .unwrap();
    let mut buffer = [0; 4096];
    assert!(idle.read(&mut buffer).await.unwrap() > 0);
    server.app.closing.cancel();
    assert!(hung_up_after(&mut idle).await < Duration::from_secs(2));
    busy.write_all(b"}").await.unwrap();
    assert_eq!(testing::read(busy).await.status, 200);
    server.stop().await;
}

/// A door on a free port, before which nothing has been started.
fn door() -> (Door, Arc<App>) {
    let listener = super::listen("127.0.0.1:0".parse().unwrap()).unwrap();
    let bound = listener.local_addr().unwrap();
    let readiness = Readiness::awaiting(&["database", PART]);
    let (config, options) = (testing::config(&[]), SocketOptions::default());
    let app = App::new(config, bound, readiness.clone(), options, testing::telemetry());
    let face = Face { bound, serves: Serves::All };
    let serve = Arc::new(HttpServer::new(app.clone(), routes::service(app.clone()), face));
    let leaves = vec![Leaf { listener: Arc::new(listener), serve }];
    (Door { leaves, readiness }, app)
}

#[tokio::test]
async fn before_the_server_is_ready_only_health_and_pages_are_answered() {
    let (door, app) = door();
    let _accepting = super::accepting(door, || ());
    let get = async |path: &str| testing::get(app.bound, path).await;
    assert_eq!(get("/live").await.status, 200);
    assert_eq!(get("/").await.status, 200);
    assert_eq!(get("/docs/errors").await.status, 200);
    let health = get("/health").await;
    assert_eq!((health.status, health.header("retry-after")), (503, Some("1")));
    let health = health.json();
    assert_eq!(
        (&health["status"], &health["reasons"][0]),
        (&"unhealthy".into(), &"database: starting".into())
    );
    for path in ["/ready", "/v1/me", "/v1/rooms", "/ws", "/nothing"] {
        let refused = get(path).await;
        assert_eq!((refused.status, refused.code().as_str()), (503, "unavailable"), "{path}");
        assert!(refused.header("retry-after").is_some(), "{path}");
    }
}

#[tokio::test]
async fn a_restarted_edge_accepts_where_the_last_one_stopped() {
    let (door, app) = door();
    let (edge, ended) =
        Actor::spawn(None, EdgeActor, (door.clone(), ActorMeta::alone(&KIND))).await.unwrap();
    let mut stream = tokio::net::TcpStream::connect(app.bound).await.unwrap();
    let live = format!("GET /live HTTP/1.1\r\nhost: {}\r\n\r\n", app.bound);
    let mut answer = async || {
        stream.write_all(live.as_bytes()).await.unwrap();
        let mut buffer = [0; 4096];
        let n = stream.read(&mut buffer).await.unwrap();
        buffer[..n].starts_with(b"HTTP/1.1 200")
    };
    assert!(answer().await);

    edge.cast(EdgeMsg::Ended).unwrap();
    ended.await.unwrap();
    assert!(answer().await, "a connection that stands does not notice");
    // In the kernel's queue: nobody accepts it yet.
    let mut waiting = std::pin::pin!(testing::get(app.bound, "/live"));
    assert!(timeout(Duration::from_millis(100), &mut waiting).await.is_err());
    let (edge, _) = Actor::spawn(None, EdgeActor, (door, ActorMeta::alone(&KIND))).await.unwrap();
    assert_eq!(waiting.await.status, 200);
    edge.stop(None);
}
