//! Opening a socket: what is offered, and what becomes of it.

use reqwest::Method;
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{client::IntoClientRequest, http::HeaderValue},
};

use super::Format;
use crate::{
    http::{Answer, Player},
    server::Server,
};

/// What a client says when it opens a socket.
#[derive(Debug, Clone, Default)]
pub struct Dial {
    pub(super) protocols: Vec<String>,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) received: Option<u64>,
    /// The kernel's buffer for what is not read yet, in bytes.
    pub(super) buffer: Option<u32>,
}

impl Dial {
    pub fn new() -> Dial {
        Dial::default()
    }

    pub fn protocol(mut self, name: impl Into<String>) -> Dial {
        self.protocols.push(name.into());
        self
    }

    pub fn format(self, format: Format) -> Dial {
        self.protocol(format.subprotocol())
    }

    pub fn ticket(self, ticket: &str) -> Dial {
        self.protocol(format!("ticket.{ticket}"))
    }

    pub fn bearer(self, player: &Player) -> Dial {
        self.header("authorization", format!("Bearer {}", player.access()))
    }

    /// Comes back to a session after so many counted frames.
    pub fn resume(mut self, token: &str, received: u64) -> Dial {
        self.received = Some(received);
        self.protocol(format!("resume.{token}"))
    }

    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Dial {
        self.headers.push((name, value.into()));
        self
    }

    pub fn buffer(mut self, bytes: u32) -> Dial {
        self.buffer = Some(bytes);
        self
    }

    fn path(&self) -> String {
        self.received.map_or("/ws".to_owned(), |received| format!("/ws?received={received}"))
    }

    /// The WebSocket, and the subprotocol that the server has chosen.
    pub(super) async fn open(
        &self,
        server: &Server,
    ) -> (WebSocketStream<TcpStream>, Option<String>) {
        let url = format!("ws://{}{}", server.address(), self.path());
        let mut request = url.into_client_request().expect("a request");
        let headers = request.headers_mut();
        let value = |text: &str| HeaderValue::from_str(text).expect("a header value");
        if !self.protocols.is_empty() {
            headers.insert("sec-websocket-protocol", value(&self.protocols.join(", ")));
        }
        for (name, text) in &self.headers {
            headers.insert(*name, value(text));
        }
        let socket = TcpSocket::new_v4().expect("a socket");
        if let Some(bytes) = self.buffer {
            socket.set_recv_buffer_size(bytes).expect("a small buffer");
        }
        let stream = socket.connect(server.address()).await.expect("a connection");
        stream.set_nodelay(true).expect("no delay");
        let (socket, response) = match client_async(request, stream).await {
            Ok(opened) => opened,
            Err(error) => panic!("{self:?} was refused: {error:?}"),
        };
        let extensions = response.headers().get("sec-websocket-extensions");
        assert_eq!(extensions, None, "no compression is negotiated");
        let chosen = response.headers().get("sec-websocket-protocol");
        (socket, chosen.map(|name| name.to_str().expect("text").to_owned()))
    }
}

impl Server {
    /// The answer to an upgrade request; 101 when it would be granted.
    pub async fn upgrade(&self, dial: &Dial) -> Answer {
        let mut call = self
            .call(Method::GET, &dial.path())
            .header("connection", "Upgrade")
            .header("upgrade", "websocket")
            .header("sec-websocket-version", "13")
            .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
        if !dial.protocols.is_empty() {
            call = call.header("sec-websocket-protocol", dial.protocols.join(", "));
        }
        for (name, text) in &dial.headers {
            call = call.header(*name, text);
        }
        let response = call.send().await.expect("an answer");
        if response.status() == 101 {
            // Its body is the socket, which would never end.
            let (status, headers) = (101, response.headers().clone());
            return Answer { status, headers, text: String::new() };
        }
        Answer::of(response).await
    }
}
