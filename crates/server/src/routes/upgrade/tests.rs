//! The handshake, and which sockets are let in.

use std::time::Duration;

use gamev1_actors::game::GameRegistry;
use serde_json::Value;

use super::*;
use crate::testing::{Answered, TestServer};

fn handshake(change: impl FnOnce(&mut HeaderMap)) -> Result<String, Problem> {
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("upgrade", "WebSocket"),
        ("connection", "keep-alive, Upgrade"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ] {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    change(&mut headers);
    accept_key(&headers)
}

#[test]
fn a_handshake_is_answered_as_the_rfc_shows() {
    assert_eq!(handshake(|_| ()).unwrap(), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

#[test]
fn what_is_no_handshake_is_told_what_is_missing() {
    for name in ["upgrade", "connection", "sec-websocket-version", "sec-websocket-key"] {
        let problem = handshake(|headers| drop(headers.remove(name))).unwrap_err();
        assert_eq!(problem.code(), ErrorCode::BadRequest, "{name}");
    }
    let version = |headers: &mut HeaderMap| {
        headers.insert("sec-websocket-version", HeaderValue::from_static("8"));
    };
    let response = handshake(version).unwrap_err().response("x");
    assert_eq!(response.headers()["sec-websocket-version"], "13");
    let key = |headers: &mut HeaderMap| {
        headers.insert("sec-websocket-key", HeaderValue::from_static("short"));
    };
    assert!(handshake(key).is_err());
}

#[test]
fn the_count_of_a_resume_is_a_number() {
    let query = |value: &str| HashMap::from([("received".to_owned(), value.to_owned())]);
    assert_eq!(received(&query("17")).ok(), Some(17));
    assert_eq!(received(&HashMap::new()).ok(), Some(0));
    assert!(received(&query("-1")).is_err());
    assert!(received(&query("many")).is_err());
}

async fn server(args: &[&str]) -> TestServer {
    TestServer::start(gamev1_games::register(GameRegistry::new()), args).await
}

async fn ticket(server: &TestServer, tokens: &Value) -> Answered {
    server.post("/v1/ws-tickets", tokens["access_token"].as_str(), "{}").await
}

fn refusal(answered: &Answered) -> (u16, String) {
    (answered.status, answered.code())
}

#[tokio::test]
async fn a_ticket_opens_one_socket_and_is_never_echoed() {
    let server = server(&[]).await;
    let tokens = server.guest().await;
    let ticket = ticket(&server, &tokens).await.json();
    assert_eq!(ticket["expires_in"], 30);
    assert_eq!(ticket["url"], format!("ws://{}/ws", server.bound));
    let credential = format!("ticket.{}", ticket["ticket"].as_str().unwrap());
    assert_eq!(ticket["protocols"], serde_json::json!(["gamev1.v1.json", credential]));

    let offer = format!("{credential}, gamev1.v1.msgpack");
    let opened = server.upgrade("/ws", &[("sec-websocket-protocol", &offer)]).await;
    assert_eq!(opened.status, 101, "{opened:?}");
    assert_eq!(opened.header("sec-websocket-protocol"), Some("gamev1.v1.msgpack"));
    assert_eq!(opened.header("sec-websocket-accept"), Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    let again = server.upgrade("/ws", &[("sec-websocket-protocol", &offer)]).await;
    assert_eq!(refusal(&again), (401, "ticket_invalid".into()));
    server.stop().await;
}

#[tokio::test]
async fn a_bearer_opens_a_socket_without_a_subprotocol() {
    let server = server(&[]).await;
    let tokens = server.guest().await;
    let bearer = format!("Bearer {}", tokens["access_token"].as_str().unwrap());
    let bearer = ("authorization", bearer.as_str());
    let opened = server.upgrade("/ws", &[bearer]).await;
    assert_eq!((opened.status, opened.header("sec-websocket-protocol")), (101, None));

    let chat = server.upgrade("/ws", &[bearer, ("sec-websocket-protocol", "chat")]).await;
    assert_eq!(refusal(&chat), (400, "unsupported_protocol".into()));
    assert!(chat.body.contains("gamev1.v1.msgpack"));
    let evil = server.upgrade("/ws", &[bearer, ("origin", "https://evil.example")]).await;
    assert_eq!(refusal(&evil), (403, "origin_refused".into()));
    let own = format!("http://{}", server.bound);
    let own = server.upgrade("/ws", &[bearer, ("origin", &own)]).await;
    assert_eq!(own.status, 101);
    let nobody = server.upgrade("/ws", &[]).await;
    assert_eq!(refusal(&nobody), (401, "unauthenticated".into()));
    let resumed = server.upgrade("/ws", &[("sec-websocket-protocol", "resume.abc")]).await;
    assert_eq!(refusal(&resumed), (401, "resume_unknown".into()));
    let plain = server.send("GET", "/ws", &[bearer], "").await;
    assert_eq!(refusal(&plain), (400, "bad_request".into()));
    server.stop().await;
}

#[tokio::test]
async fn a_player_has_so_many_sockets_and_a_ticket_says_so_first() {
    let server = server(&["--sockets-per-player-max", "2"]).await;
    let tokens = server.guest().await;
    let bearer = format!("Bearer {}", tokens["access_token"].as_str().unwrap());
    let mut held = Vec::new();
    for _ in 0..2 {
        held.push(hold(&server, &bearer).await);
    }
    let third = server.upgrade("/ws", &[("authorization", &bearer)]).await;
    assert_eq!(refusal(&third), (429, "too_many_sockets".into()));
    let refused = ticket(&server, &tokens).await;
    assert_eq!(refusal(&refused), (429, "too_many_sockets".into()));
    assert!(refused.header("retry-after").is_some());
    drop(held);
    eventually(async || ticket(&server, &tokens).await.status == 200).await;
    server.stop().await;
}

#[tokio::test]
async fn a_server_has_so_many_sockets_and_still_answers_others() {
    let server = server(&["--connections-max", "1"]).await;
    let (one, two) = (server.guest().await, server.guest().await);
    let bearer = |tokens: &Value| format!("Bearer {}", tokens["access_token"].as_str().unwrap());
    let held = hold(&server, &bearer(&one)).await;
    let refused = server.upgrade("/ws", &[("authorization", &bearer(&two))]).await;
    assert_eq!(refusal(&refused), (503, "overloaded".into()));
    assert!(refused.header("retry-after").is_some());
    assert_eq!(refusal(&ticket(&server, &two).await), (503, "overloaded".into()));
    assert_eq!(server.get("/health").await.status, 200);
    drop(held);
    eventually(async || ticket(&server, &two).await.status == 200).await;
    server.stop().await;
}

#[tokio::test]
async fn new_sockets_of_an_address_have_a_rate_of_their_own() {
    let server =
        server(&["--rate-limit-connect-ip-burst", "1", "--rate-limit-connect-ip-sustained", "1"])
            .await;
    let tokens = server.guest().await;
    let first = ticket(&server, &tokens).await.json();
    let bearer = format!("Bearer {}", tokens["access_token"].as_str().unwrap());
    let refused = server.upgrade("/ws", &[("authorization", &bearer)]).await;
    assert_eq!(refusal(&refused), (429, "rate_limited".into()));
    let offer = format!("ticket.{}", first["ticket"].as_str().unwrap());
    let opened = server.upgrade("/ws", &[("sec-websocket-protocol", &offer)]).await;
    assert_eq!(opened.status, 101, "a ticket is counted once");
    server.stop().await;
}

/// Opens a socket and keeps it.
async fn hold(server: &TestServer, bearer: &str) -> TcpStream {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = server.connect().await;
    let request = format!(
        "GET /ws HTTP/1.1\r\nhost: {}\r\nauthorization: {bearer}\r\nconnection: upgrade\r\n\
         upgrade: websocket\r\nsec-websocket-version: 13\r\n\
         sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        server.bound
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut start = [0; 12];
    stream.read_exact(&mut start).await.unwrap();
    assert_eq!(&start, b"HTTP/1.1 101");
    stream
}

async fn eventually(holds: impl AsyncFn() -> bool) {
    for _ in 0..200 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("it never came to hold");
}

#[tokio::test]
async fn a_cut_session_is_taken_up_once_by_its_resume_token() {
    let server = server(&["--sockets-per-player-max", "1"]).await;
    let tokens = server.guest().await;
    let bearer = format!("authorization: Bearer {}", tokens["access_token"].as_str().unwrap());
    let (first, welcome) = welcomed(&server, "/ws", &bearer).await;
    assert_eq!(welcome["resumed"], false);
    let resume = |welcome: &Value| {
        let token = welcome["resume_token"].as_str().unwrap();
        format!("sec-websocket-protocol: gamev1.v1.json, resume.{token}")
    };
    // The former socket still stands and holds the player's only place.
    let (second, resumed) = welcomed(&server, "/ws?received=0", &resume(&welcome)).await;
    assert_eq!((&resumed["resumed"], &resumed["complete"]), (&true.into(), &true.into()));
    assert_eq!(resumed["session"], welcome["session"]);
    let used = resume(&welcome);
    let (_, used) = used.split_once(": ").unwrap();
    let again = server.upgrade("/ws", &[("sec-websocket-protocol", used)]).await;
    assert_eq!(refusal(&again), (401, "resume_unknown".into()));
    let wrong = resume(&resumed);
    let (_, wrong) = wrong.split_once(": ").unwrap();
    let wrong = server.upgrade("/ws?received=x", &[("sec-websocket-protocol", wrong)]).await;
    assert_eq!(refusal(&wrong), (400, "bad_request".into()));
    drop((first, second));
    server.stop().await;
}

/// Opens a socket with this header and reads the welcome.
async fn welcomed(server: &TestServer, path: &str, header: &str) -> (TcpStream, Value) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = server.connect().await;
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: {}\r\n{header}\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        server.bound
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    assert!(head.starts_with(b"HTTP/1.1 101"), "{}", head.escape_ascii());
    // A whole text frame of 126 to 65 535 bytes.
    let mut start = [0; 2];
    stream.read_exact(&mut start).await.unwrap();
    assert_eq!(start, [0x81, 126]);
    let mut frame = vec![0; usize::from(stream.read_u16().await.unwrap())];
    stream.read_exact(&mut frame).await.unwrap();
    let frame: Value = serde_json::from_slice(&frame).unwrap();
    assert_eq!(frame["type"], "session.welcome");
    (stream, frame["data"].clone())
}
