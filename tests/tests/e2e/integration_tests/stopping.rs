//! SIGTERM: everyone is told, everything is written, and the process ends with 0.

use super::*;

#[tokio::test]
async fn a_drain_tells_every_socket_and_ends_with_zero() {
    let mut server = with_bomb().start().await;
    let mut clients = Vec::new();
    for format in [Format::Json, Format::MsgPack, Format::Json] {
        clients.push(server.connect(format).await);
    }
    let room = clients[0].create("bomb").await;
    clients[1].join(&room).await;
    clients[0].input(&room, 1, json!({ "add": 1 })).await;
    clients[0].settled(&room, 1).await;
    server.terminate();
    for client in &mut clients {
        let going = client.push("session.going_away").await;
        assert!(going["reason"].is_string(), "{going}");
        assert!(going["resume_token"].as_str().is_some_and(|token| !token.is_empty()), "{going}");
        assert!(going["after_ms"].is_u64() && going["jitter_ms"].is_u64(), "{going}");
        let closed = client.closed().await;
        assert_eq!((closed.code, &closed.reason["code"]), (1001, &json!("going_away")));
    }
    assert_eq!(server.ended().await.code(), Some(0));
}

#[tokio::test]
async fn an_idle_server_drains_at_once() {
    for signal in ["TERM", "INT"] {
        let mut server = Server::start().await;
        let started = tokio::time::Instant::now();
        server.signal(signal);
        assert_eq!(server.ended().await.code(), Some(0), "SIG{signal}");
        // The budget is 10 s; it is a bound, not a pause.
        assert!(started.elapsed().as_secs() < 8, "{:?}", started.elapsed());
    }
}

#[tokio::test]
async fn a_client_that_hangs_does_not_hold_up_a_drain() {
    let mut server = Server::start().await;
    let mut ada = server.connect(Format::Json).await;
    // One that reads nothing more, one in the middle of a request.
    let _silent = server.connect(Format::MsgPack).await;
    let mut half = tokio::net::TcpStream::connect(server.address()).await.unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut half, b"GET /live HTTP/1.1\r\n").await.unwrap();
    server.terminate();
    assert_eq!(ada.closed().await.code, 1001);
    assert_eq!(server.ended().await.code(), Some(0));
}

#[tokio::test]
async fn configurations_that_make_no_sense_are_refused_with_2() {
    let server = Server::start().await;
    for wrong in [
        vec!["--addr", "nonsense"],
        vec!["--addr", "127.0.0.1:99999"],
        vec!["--no-such-flag"],
        vec!["--connections-max", "many"],
        vec!["--origins", "not an origin"],
        // The console needs no sign-in in dev mode: never on a network.
        vec!["--dev", "--addr", "0.0.0.0:0"],
        // No TLS beyond loopback, unless something in front of it has.
        vec!["--addr", "0.0.0.0:0"],
        vec!["--supervision", "no/such/file.toml"],
    ] {
        let output = server.command("serve", &wrong).await;
        let said = String::from_utf8_lossy(&output.stderr).into_owned()
            + &String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(2), "{wrong:?}: {said}");
        assert!(said.trim().len() > 10, "{wrong:?} is told why: {said:?}");
    }
}

#[tokio::test]
async fn during_a_drain_the_server_is_alive_and_not_ready() {
    let mut server = Server::start().await;
    let mut ada = server.connect(Format::Json).await;
    server.terminate();
    ada.push("session.going_away").await;
    // It may have stopped accepting, or answer that it drains; it takes nobody in.
    let ready = server.call(Method::GET, "/ready").send().await;
    assert!(ready.map_or(true, |answer| answer.status() == 503), "ready while it drains");
    assert_eq!(server.ended().await.code(), Some(0));
}
