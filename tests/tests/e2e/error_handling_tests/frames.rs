//! Frames that no client should send: each closes the socket with its own code, that socket alone, and the session
//! can be resumed.

use e2e::raw;

use super::*;

/// Sends `bytes` on a socket of its own and gives the code that it was closed with.
async fn closed_by(
    server: &Server,
    bystanders: &mut Bystanders,
    format: Format,
    bytes: &[u8],
) -> u16 {
    let mut client = server.connect(format).await;
    let room = bystanders.room.clone();
    client.join(&room).await;
    bystanders.ada.push("room.joined").await;
    client.alive().await;
    client.send_raw(bytes).await;
    let closed = client.closed().await;
    if closed.code != 1006 {
        assert!(closed.reason["code"].is_string(), "{closed:?}");
    }
    bystanders.notice_nothing().await;
    // At fault is the client; the session is still there, and the seat.
    client.cut();
    client.resume(server).await;
    assert_eq!(client.welcome["rooms"][0]["room"], room);
    client.close().await;
    bystanders.ada.push("room.left").await;
    bystanders.bob.push("room.left").await;
    closed.code
}

async fn assert_closes(format: Format, code: u16, frames: &[Vec<u8>]) {
    let server = with_bomb().unlimited().start().await;
    let mut bystanders = Bystanders::in_a_room(&server).await;
    for bytes in frames {
        let got = closed_by(&server, &mut bystanders, format, bytes).await;
        assert_eq!(got, code, "{format:?}: {:02x?}", &bytes[..bytes.len().min(60)]);
    }
}

fn texts(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| raw::frame(raw::TEXT, text.as_bytes())).collect()
}

fn binaries(binaries: &[&[u8]]) -> Vec<Vec<u8>> {
    binaries.iter().map(|bytes| raw::frame(raw::BINARY, bytes)).collect()
}

#[tokio::test]
async fn text_that_is_no_envelope_closes_with_4400() {
    let deep = "[".repeat(8_000);
    assert_closes(
        Format::Json,
        4400,
        &texts(&[
            "",
            "nonsense",
            "null",
            "7",
            r#""ping""#,
            "[]",
            r#"["ping"]"#,
            "{",
            "{}",
            r#"{"id":1}"#,
            r#"{"id":1,"data":{}}"#,
            r#"{"type":7}"#,
            r#"{"type":null}"#,
            r#"{"type":["ping"]}"#,
            r#"{"type":"ping"} {"type":"ping"}"#,
            r#"{"type":"ping",}"#,
            "\u{feff}{\"type\":\"ping\"}",
            &deep,
        ]),
    )
    .await;
}

#[tokio::test]
async fn bytes_that_are_no_envelope_close_with_4400() {
    let deep = [0x91; 8_000];
    assert_closes(
        Format::MsgPack,
        4400,
        &binaries(&[
            b"",
            b"\xc1",
            b"\xc0",
            b"\x07",
            b"\x80",
            b"\x90",
            b"\xa4ping",
            b"\x91\xa4ping",
            b"\x81\xa2id\x01",
            b"\x81\xa4type\x07",
            b"\x81\xa4type\xa4pin",
            b"\x82\xa4type\xa4ping",
            b"\x81\xa4type\xa4ping\x00",
            b"\xdf\xff\xff\xff\xff",
            b"\xdb\xff\xff\xff\xff",
            br#"{"type":"ping"}"#,
            &deep,
        ]),
    )
    .await;
}

#[tokio::test]
async fn the_wrong_kind_of_frame_closes_with_1003() {
    assert_closes(
        Format::Json,
        1003,
        &binaries(&[b"\x81\xa4type\xa4ping", br#"{"type":"ping"}"#, b""]),
    )
    .await;
    assert_closes(Format::MsgPack, 1003, &texts(&[r#"{"type":"ping"}"#, ""])).await;
}

#[tokio::test]
async fn text_that_is_not_utf8_closes_with_1007() {
    let ping = br#"{"type":"ping","x":"#;
    let mut frames: Vec<_> =
        [&b"\xff"[..], b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82"]
            .iter()
            .map(|bytes| raw::frame(raw::TEXT, &[ping, &b"\""[..], bytes, b"\"}"].concat()))
            .collect();
    frames.push(raw::fragments(raw::TEXT, &[ping, b"\"\xff", b"\"}"]));
    assert_closes(Format::Json, 1007, &frames).await;
}

#[tokio::test]
async fn a_frame_that_is_too_large_closes_with_1009() {
    let large = |n: usize| format!(r#"{{"type":"ping","x":"{}"}}"#, "x".repeat(n));
    let over = large(16 * 1024 + 1 - large(0).len());
    assert_eq!(over.len(), 16 * 1024 + 1);
    let half = vec![b'x'; 9_000];
    let frames = [
        raw::frame(raw::TEXT, over.as_bytes()),
        raw::frame(raw::TEXT, &[b'x'; 200_000]),
        raw::announced(raw::TEXT, 16 * 1024 + 1),
        raw::announced(raw::TEXT, 1 << 40),
        raw::announced(raw::BINARY, usize::MAX >> 1),
        raw::fragments(raw::TEXT, &[&half, &half]),
    ];
    assert_closes(Format::Json, 1009, &frames).await;
    let mut at_the_bound = large(16 * 1024 - large(0).len());
    assert_eq!(at_the_bound.len(), 16 * 1024);
    let server = Server::start().await;
    let mut client = server.connect(Format::Json).await;
    at_the_bound = at_the_bound.replacen(r#"{"type""#, r#"{"id":9,"type""#, 1);
    let at_the_bound = at_the_bound.replacen("xxxxxxx", "", 1);
    assert_eq!(at_the_bound.len(), 16 * 1024);
    client.expect_reply(9, "ping");
    client.send_raw(&raw::frame(raw::TEXT, at_the_bound.as_bytes())).await;
    assert!(client.reply(9).await.is_ok());
}

#[tokio::test]
async fn frames_that_break_the_websocket_protocol_close_the_socket() {
    let ping = br#"{"type":"ping"}"#;
    let long = [b'x'; 126];
    let frames = [
        raw::unmasked(raw::TEXT, ping),
        raw::compressed(raw::TEXT, ping),
        raw::frame(0x3, ping),
        raw::frame(0x0, ping),
        raw::frame(raw::PING, &long),
        raw::frame(0xB, b""),
        [raw::fragments(raw::TEXT, &[b"{", b""])[..7].to_vec(), raw::frame(raw::TEXT, ping)]
            .concat(),
    ];
    // The code that RFC 6455 has for it.
    assert_closes(Format::Json, 1002, &frames).await;
}
