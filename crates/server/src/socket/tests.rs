//! The socket's task against a real WebSocket client over a pipe, on paused time.

use std::{sync::Arc, time::SystemTime};

use futures_util::{SinkExt, StreamExt};
use gamev1_actors::{
    game::GameRegistry,
    outbox::{Counted, StateFrame},
    ports::{Answer, Authenticator, Identity, ResumeClaim, ResumeTokens},
    session::{self, OpenSession, SessionCell},
    vault::{Limits, Vault},
};
use gamev1_protocol::{
    ErrorCode, PlayerId, RoomId, SignInId, StateOf, StateTail, WireError,
    limits::FRAME_IN_BYTES_MAX, view::View,
};
use tokio::{io::DuplexStream, task::JoinHandle};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Message,
        protocol::{CloseFrame, Role, frame::coding::CloseCode as Code},
    },
};

use super::*;

struct Nobody;

impl Authenticator for Nobody {
    fn verify<'a>(&'a self, _: &'a str) -> Answer<'a, Result<Identity, WireError>> {
        Box::pin(async { Err(WireError::new(ErrorCode::Unauthenticated, "nobody signs in here")) })
    }

    fn revoked(&self, _: PlayerId, _: SignInId, _: u32) -> bool {
        false
    }
}

impl ResumeTokens for Nobody {
    fn mint(&self, _: ResumeClaim) -> String {
        "token".into()
    }
}

type Client = WebSocketStream<DuplexStream>;

struct Served {
    client: Client,
    session: Arc<SessionCell>,
    vault: Arc<Vault>,
    task: JoinHandle<()>,
}

/// A socket that is served as after an upgrade, its welcome read.
async fn serve(format: Format, pipe_bytes: usize) -> Served {
    let registry = GameRegistry::new();
    let vault = Vault::new(registry, Limits::default(), Arc::new(Nobody), Arc::new(Nobody));
    let identity = Identity {
        player: PlayerId::new(),
        username: "alice".into(),
        role: "player".into(),
        sign_in: SignInId::new(),
        epoch: 0,
        expires_at: SystemTime::now() + Duration::from_secs(600),
    };
    let permit = vault.admit(identity.player).unwrap();
    let opened =
        session::open(&vault, OpenSession { identity, format, server: "test".into() }).await;
    let session = opened.session.clone();
    let (near, far) = tokio::io::duplex(pipe_bytes);
    #[expect(clippy::disallowed_methods, reason = "a test stands in for the edge")]
    let task = tokio::spawn(run(far, Vec::new(), opened, permit, SocketOptions::default()));
    let mut client = WebSocketStream::from_raw_socket(near, Role::Client, None).await;
    if pipe_bytes > 1_000 {
        let welcome = next(&mut client).await.into_data();
        assert!(welcome.windows(15).any(|part| part == b"session.welcome"));
    }
    Served { client, session, vault, task }
}

async fn next(client: &mut Client) -> Message {
    timeout(Duration::from_secs(120), client.next()).await.unwrap().unwrap().unwrap()
}

/// The code with which the server closes, and the word in its reason.
async fn closed(client: &mut Client) -> (u16, String) {
    loop {
        if let Message::Close(Some(CloseFrame { code, reason })) = next(client).await {
            let reason: serde_json::Value = serde_json::from_str(&reason).unwrap();
            return (code.into(), reason["code"].as_str().unwrap().to_owned());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn frames_come_in_order_and_states_after_what_is_reliable() {
    for format in Format::ALL {
        let mut served = serve(format, 64 * 1024).await;
        let outbox = &served.session.outbox;
        let of = StateOf { room: RoomId::from_bits(7), n: 1, epoch: 65_536 };
        let view = View::of(&serde_json::json!({ "x": "y".repeat(300) })).unwrap().view;
        let tail = StateTail::snapshot(format, of, 9, &view);
        let mut state = Vec::new();
        tail.write(4, &mut state);
        outbox.put_state(1, StateFrame { ack: 4, tail, tick: 9, base: None });
        let sizes = [1_usize, 125, 126, 70_000];
        for size in sizes {
            outbox.send(Bytes::from(vec![b'a'; size]), Counted::Yes);
        }
        for size in sizes {
            assert_eq!(next(&mut served.client).await.into_data(), vec![b'a'; size]);
        }
        assert_eq!(next(&mut served.client).await.into_data(), state);
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_client_sends_reaches_the_inbox_and_a_full_one_closes_after_two_seconds() {
    let mut served = serve(Format::Json, 64 * 1024).await;
    for n in 0..66 {
        served.client.send(Message::text(n.to_string())).await.unwrap();
    }
    let since = Instant::now();
    assert_eq!(closed(&mut served.client).await, (4029, "rate_limited".into()));
    assert_eq!(since.elapsed().as_secs(), 2);
    assert_eq!(served.session.inbox.begin().as_deref(), Some(&b"0"[..]));
    assert_eq!(served.session.inbox.depth(), 63);
}

#[tokio::test(start_paused = true)]
async fn each_fault_in_the_framing_has_its_close_code() {
    let big = Message::text("a".repeat(FRAME_IN_BYTES_MAX + 1));
    let table = [
        (Format::Json, Message::binary(vec![1]), 1003),
        (Format::MsgPack, Message::text("{}"), 1003),
        (Format::Json, big, 1009),
    ];
    for (format, message, code) in table {
        let mut served = serve(format, 64 * 1024).await;
        served.client.send(message).await.unwrap();
        assert_eq!(closed(&mut served.client).await.0, code);
        assert!(served.vault.sockets_of(served.session.player()) <= 1);
        drop(served.client);
        served.task.await.unwrap();
        assert_eq!(served.vault.sockets_of(served.session.player()), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn text_that_is_not_utf8_closes_with_1007() {
    use tokio::io::AsyncWriteExt;
    let served = serve(Format::Json, 64 * 1024).await;
    let mut client = served.client;
    // A masked text frame of one byte that no UTF-8 text has.
    client.get_mut().write_all(&[0x81, 0x81, 0, 0, 0, 0, 0xff]).await.unwrap();
    assert_eq!(closed(&mut client).await, (1007, "not_utf8".into()));
}

#[tokio::test(start_paused = true)]
async fn a_silent_socket_is_asked_after_20_s_and_closed_after_40_s() {
    let mut served = serve(Format::Json, 64 * 1024).await;
    let since = Instant::now();
    assert!(matches!(next(&mut served.client).await, Message::Ping(_)));
    assert_eq!(since.elapsed().as_secs(), 20);
    // The client's answer to the Ping leaves with its next read, which ends the silence.
    assert!(matches!(next(&mut served.client).await, Message::Ping(_)));
    assert_eq!(since.elapsed().as_secs(), 40);

    let mut raw = serve(Format::Json, 64 * 1024).await;
    let since = Instant::now();
    let mut seen = Vec::new();
    use tokio::io::AsyncReadExt;
    timeout(Duration::from_secs(60), raw.client.get_mut().read_to_end(&mut seen))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(since.elapsed().as_secs(), 40);
    assert_eq!(seen[..2], [0x89, 0]);
    assert_eq!(seen[2..6], [0x88, seen[3], 0x0f, 0xa0]);
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_is_too_slow_is_closed_and_its_session_lives_on() {
    let mut served = serve(Format::Json, 4 * 1024).await;
    for _ in 0..60 {
        served.session.outbox.send(Bytes::from(vec![b'a'; 8 * 1024]), Counted::Yes);
        tokio::task::yield_now().await;
    }
    assert_eq!(closed(&mut served.client).await, (4008, "too_slow".into()));
    drop(served.client);
    served.task.await.unwrap();
    assert!(!served.session.ended());
    assert!(served.vault.session(served.session.id).is_some());
}

#[tokio::test(start_paused = true)]
async fn a_client_that_closes_is_answered() {
    let mut served = serve(Format::Json, 64 * 1024).await;
    let close = CloseFrame { code: Code::Normal, reason: "bye".into() };
    served.client.close(Some(close)).await.unwrap();
    assert!(matches!(next(&mut served.client).await, Message::Close(_)));
    drop(served.client);
    served.task.await.unwrap();
}
