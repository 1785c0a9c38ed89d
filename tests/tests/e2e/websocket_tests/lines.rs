//! Lines that misbehave: too slow, half-open, too many.

use e2e::raw;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use super::*;

#[tokio::test]
async fn who_reads_too_slowly_is_closed_with_4008_and_comes_back() {
    let server = Setup::new().unlimited().start().await;
    let (mut ada, mut bob, room) = pair(&server, "relay").await;
    let slow = server.guest().await;
    let mut slow =
        server.dial(&Dial::new().format(Format::Json).bearer(&slow).buffer(4 * 1024)).await;
    slow.join(&room).await;
    let payload = "x".repeat(15_000);
    let mut closed = None;
    for round in 0..400 {
        for n in 0..16 {
            let payload = json!({ "round": round, "n": n, "pad": payload });
            ada.ok("room.send", json!({ "room": room, "payload": payload })).await;
            // The others get it all, in order, whatever becomes of the slow one.
            let message = bob.push("room.message").await;
            assert_eq!(
                (&message["payload"]["round"], &message["payload"]["n"]),
                (&json!(round), &json!(n))
            );
        }
        // One frame for sixteen: it falls behind, yet reads on and so learns why.
        if let Some(end) = slow.read_some(1).await {
            closed = Some(end);
            break;
        }
    }
    let closed = closed.expect("a reader that slow is closed");
    assert_eq!((closed.code, &closed.reason["code"]), (4008, &json!("too_slow")), "{closed:?}");
    slow.cut();
    slow.resume(&server).await;
    let resumed = &slow.welcome["rooms"][0];
    assert_eq!(
        (&resumed["room"], &resumed["messages_lost"]),
        (&json!(room), &json!(true)),
        "{}",
        slow.welcome
    );
    ada.ok("room.send", json!({ "room": room, "payload": "after" })).await;
    while slow.push("room.message").await["payload"] != "after" {}
    ada.alive().await;
    assert!(!ada.has_push("room.left") && !bob.has_push("room.left"), "the seat was kept");
}

#[tokio::test]
async fn a_connection_that_says_nothing_or_half_a_request_is_cut() {
    let server = Server::start().await;
    let mut ada = server.connect(Format::Json).await;
    let half =
        ["", "G", "GET /live HTTP/1.1\r\nhost: 127.0.0.1\r\nx-half: ", "GET /ws HTTP/1.1\r\n"];
    let connections = half.map(|text| {
        let address = server.address();
        async move {
            let mut stream = TcpStream::connect(address).await.expect("a connection");
            stream.write_all(text.as_bytes()).await.expect("room in the buffer");
            let mut answer = Vec::new();
            // An end, a reset, or 408 and an end.
            let ended = timeout(e2e::BOUND, stream.read_to_end(&mut answer)).await;
            assert!(ended.is_ok(), "{text:?} still holds a connection");
            let answer = String::from_utf8_lossy(&answer).into_owned();
            assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{text:?}: {answer}");
        }
    });
    let [a, b, c, d] = connections;
    tokio::join!(a, b, c, d);
    ada.alive().await;
}

#[tokio::test]
async fn beyond_the_cap_the_next_socket_is_refused_and_nobody_suffers() {
    let server = Setup::new().unlimited().arg("--connections-max=3").start().await;
    let mut sockets = Vec::new();
    for format in [Format::Json, Format::MsgPack, Format::Json] {
        sockets.push(server.connect(format).await);
    }
    let late = server.guest().await;
    let refused = server.upgrade(&Dial::new().bearer(&late)).await;
    refused.problem(503, "overloaded");
    server.post_as(&late, "/v1/ws-tickets", json!({})).await.problem(503, "overloaded");
    // Whoever looks after it still gets an answer.
    server.get("/health").await.ok(200);
    for socket in &mut sockets {
        socket.alive().await;
    }
    sockets.pop().unwrap().close().await;
    let back =
        async { while server.post_as(&late, "/v1/ws-tickets", json!({})).await.status != 200 {} };
    timeout(e2e::BOUND, back).await.expect("a place that is free again");
    server.socket_of(&late, Format::Json).await.alive().await;
}

#[tokio::test]
async fn an_address_has_so_many_connections_and_no_more() {
    let server = Setup::new().arg("--connections-per-address-max=4").start().await;
    let mut ada = server.connect(Format::Json).await;
    let mut others = Vec::new();
    for _ in 0..3 {
        let mut stream = TcpStream::connect(server.address()).await.expect("a connection");
        // An answered request proves that it has been taken.
        stream
            .write_all(b"GET /live HTTP/1.1\r\nhost: x\r\n\r\n")
            .await
            .expect("an open connection");
        let mut start = [0; 12];
        timeout(e2e::BOUND, stream.read_exact(&mut start))
            .await
            .expect("an answer")
            .expect("an answer");
        assert_eq!(&start, b"HTTP/1.1 200");
        others.push(stream);
    }
    let refused = async {
        let mut stream = TcpStream::connect(server.address()).await.expect("a connection");
        // It may be cut before or after it has written.
        let _ = stream.write_all(b"GET /live HTTP/1.1\r\nhost: x\r\n\r\n").await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        String::from_utf8_lossy(&answer).into_owned()
    };
    let answer = timeout(e2e::BOUND, refused).await.expect("an end");
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 429"), "{answer}");
    ada.alive().await;
    drop(others);
    let back = async {
        let live = || server.call(Method::GET, "/live").send();
        while !matches!(live().await, Ok(answer) if answer.status() == 200) {}
    };
    timeout(e2e::BOUND, back).await.expect("a place that is free again");
}

#[tokio::test]
async fn a_message_in_fragments_is_a_message() {
    let server = Server::start().await;
    for format in Format::BOTH {
        let mut client = server.connect(format).await;
        let ping = format.encode(&json!({ "id": 77, "type": "ping" })).into_data();
        let opcode = if format == Format::Json { raw::TEXT } else { raw::BINARY };
        let (start, rest) = ping.split_at(3);
        let (middle, end) = rest.split_at(1);
        client.expect_reply(77, "ping");
        // A control frame may come in between.
        let mut bytes = raw::fragments(opcode, &[start, middle, end]);
        let between = 2 + 4 + start.len();
        bytes.splice(between..between, raw::frame(raw::PING, b"x"));
        for byte in bytes {
            client.send_raw(&[byte]).await;
        }
        assert!(client.reply(77).await.is_ok());
    }
}

#[tokio::test]
async fn what_is_sent_right_behind_the_upgrade_request_is_not_lost() {
    let server = Server::start().await;
    let player = server.guest().await;
    let head = format!(
        "GET /ws HTTP/1.1\r\nhost: {}\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
         sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nauthorization: Bearer {}\r\n\r\n",
        server.address(),
        player.access(),
    );
    let early = raw::frame(raw::TEXT, br#"{"id":1,"type":"ping"}"#);
    let mut stream = TcpStream::connect(server.address()).await.expect("a connection");
    stream.write_all(&[head.as_bytes(), &early].concat()).await.expect("room in the buffer");
    let mut came = Vec::new();
    let reply = async {
        while !String::from_utf8_lossy(&came).contains(r#"{"id":1,"#) {
            let n = stream.read_buf(&mut came).await.expect("an open connection");
            assert!(n > 0, "closed after {}", String::from_utf8_lossy(&came));
        }
    };
    timeout(e2e::BOUND, reply).await.expect("a reply");
    let text = String::from_utf8_lossy(&came);
    // The key and its answer are RFC 6455's own example.
    assert!(
        text.to_lowercase().contains("sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo="),
        "{text}"
    );
    assert!(text.find("session.welcome") < text.find(r#"{"id":1,"#), "{text}");
}

#[tokio::test]
async fn a_connection_that_is_reset_in_the_middle_of_a_frame_harms_nobody() {
    let server = Server::start().await;
    let (mut ada, mut bob, room) = pair(&server, "relay").await;
    for announced in [10, 1_000, 16_000] {
        let mut broken = server.connect(Format::Json).await;
        broken.join(&room).await;
        broken
            .send_raw(&[raw::announced(raw::TEXT, announced), b"{\"id\":".to_vec()].concat())
            .await;
        broken.reset();
        bob.ok("room.send", json!({ "room": room, "payload": announced })).await;
        assert_eq!(ada.push("room.message").await["payload"], announced);
        broken.resume(&server).await;
        assert_eq!(broken.welcome["complete"], true);
        broken.alive().await;
    }
}
