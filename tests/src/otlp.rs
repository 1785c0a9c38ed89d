//! A receiver of traces, as a collector would be: OTLP over HTTP, decoded by the protocol's own types.
#![allow(clippy::expect_used, clippy::panic, reason = "what goes wrong here ends the test")]

use std::{net::SocketAddr, sync::Arc};

use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest, common::v1::any_value, trace::v1::Span,
};
use prost::Message;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::{Mutex, Notify},
    task::JoinSet,
    time::timeout,
};

use crate::BOUND;

/// A request larger than this is no export of a test's.
const BODY_BYTES_MAX: usize = 16 * 1024 * 1024;

/// See the module. It stops when it is dropped.
pub struct Collector {
    pub address: SocketAddr,
    received: Arc<Received>,
    _accepting: JoinSet<()>,
}

#[derive(Default)]
struct Received {
    spans: Mutex<Vec<Span>>,
    more: Notify,
}

impl Collector {
    pub async fn start() -> Collector {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let received = Arc::<Received>::default();
        let to = received.clone();
        let mut accepting = JoinSet::new();
        accepting.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let to = to.clone();
                connections.spawn(async move { serve(stream, &to).await });
            }
        });
        Collector { address, received, _accepting: accepting }
    }

    /// Waits until what was received is enough, and gives it.
    pub async fn until(&self, what: &str, enough: impl Fn(&[Span]) -> bool) -> Vec<Span> {
        let waited = timeout(BOUND, async {
            loop {
                let more = self.received.more.notified();
                let spans = self.received.spans.lock().await.clone();
                if enough(&spans) {
                    return spans;
                }
                more.await;
            }
        });
        match waited.await {
            Ok(spans) => spans,
            Err(_) => {
                let spans = self.received.spans.lock().await;
                let names: Vec<_> = spans.iter().map(|span| span.name.as_str()).collect();
                panic!("waited {BOUND:?} for {what}, got {names:?}");
            }
        }
    }
}

/// The text of an attribute.
pub fn attribute<'a>(span: &'a Span, key: &str) -> Option<&'a str> {
    let found = span.attributes.iter().find(|attribute| attribute.key == key)?;
    match found.value.as_ref()?.value.as_ref()? {
        any_value::Value::StringValue(text) => Some(text),
        _ => None,
    }
}

/// Requests of one connection, one after the other.
async fn serve(stream: TcpStream, to: &Received) {
    let mut stream = BufReader::new(stream);
    while let Some(body) = request(&mut stream).await {
        let export = ExportTraceServiceRequest::decode(&body[..]).expect("an export of spans");
        let scopes = export.resource_spans.into_iter().flat_map(|resource| resource.scope_spans);
        to.spans.lock().await.extend(scopes.flat_map(|scope| scope.spans));
        to.more.notify_waiters();
        let answer =
            b"HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n";
        if stream.get_mut().write_all(answer).await.is_err() {
            return;
        }
    }
}

async fn request(stream: &mut BufReader<TcpStream>) -> Option<Vec<u8>> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().ok().filter(|length| *length <= BODY_BYTES_MAX)?;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some(body)
}
