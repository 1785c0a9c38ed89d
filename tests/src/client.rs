//! A client as a stranger would write it from the protocol alone. It holds every frame against what the protocol
//! promises, and never waits without a bound.
#![allow(clippy::expect_used, clippy::panic, reason = "what goes wrong here ends the test")]

mod dial;
mod format;
mod rooms;
mod wait;

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::{
    io::AsyncWriteExt,
    net::TcpStream,
    time::{timeout, timeout_at},
};
use tokio_tungstenite::{WebSocketStream, tungstenite::Message};

use self::rooms::Rooms;
pub use self::{dial::Dial, format::Format, rooms::RoomView};
use crate::{BOUND, http::Player, server::Server};

type Socket = WebSocketStream<TcpStream>;

/// How a socket has ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Closed {
    /// 1006 when nothing was said.
    pub code: u16,
    /// What the reason says, if it is JSON.
    pub reason: Value,
}

/// One session, on one socket after the other.
pub struct Client {
    /// `None` after a cut.
    socket: Option<Socket>,
    format: Format,
    /// The subprotocol that the server chose.
    pub subprotocol: Option<String>,
    /// The data of the last `session.welcome`.
    pub welcome: Value,
    /// Every frame since the last welcome, as an envelope.
    pub history: Vec<Value>,
    /// Replies and pushes that nobody has asked for yet.
    backlog: VecDeque<Value>,
    rooms: Rooms,
    next_id: u64,
    /// The `type` of each request that is not answered yet.
    pending: BTreeMap<u64, String>,
    /// Counted frames that have come.
    received: u64,
    /// Counted requests in order, for a resume, and how many were forgotten before them.
    sent: Vec<Value>,
    sent_before: u64,
}

impl Server {
    /// A socket that is opened in this way.
    pub async fn dial(&self, dial: &Dial) -> Client {
        let (socket, subprotocol) = bounded("the upgrade", dial.open(self)).await;
        let format = Format::of(subprotocol.as_deref()).expect("a subprotocol that was offered");
        let mut client = Client {
            socket: Some(socket),
            format,
            subprotocol,
            welcome: Value::Null,
            history: Vec::new(),
            backlog: VecDeque::new(),
            rooms: Rooms::default(),
            next_id: 0,
            pending: BTreeMap::new(),
            received: 0,
            sent: Vec::new(),
            sent_before: 0,
        };
        client.take_welcome().await;
        client
    }

    /// A socket of this player's, opened with a ticket as a browser does.
    pub async fn socket_of(&self, player: &Player, format: Format) -> Client {
        let ticket = self.ticket(player).await;
        self.dial(&Dial::new().format(format).ticket(&ticket)).await
    }

    /// A new guest's socket.
    pub async fn connect(&self, format: Format) -> Client {
        let player = self.guest().await;
        self.socket_of(&player, format).await
    }
}

impl Client {
    pub fn player(&self) -> &str {
        self.welcome["player"]["id"].as_str().expect("a player")
    }

    pub fn resume_token(&self) -> &str {
        self.welcome["resume_token"].as_str().expect("a resume token")
    }

    /// Counted frames that have come so far.
    pub fn received(&self) -> u64 {
        self.received
    }

    /// Counted requests that have been sent so far.
    pub fn sent(&self) -> u64 {
        self.sent_before + self.sent.len() as u64
    }

    #[track_caller]
    pub fn room(&self, room: &str) -> &RoomView {
        self.rooms.get(room).unwrap_or_else(|| panic!("not in room {room}"))
    }

    pub fn is_in(&self, room: &str) -> bool {
        self.rooms.get(room).is_some()
    }

    async fn take_welcome(&mut self) {
        self.history.clear();
        match bounded("the welcome", self.frame()).await {
            Ok(frame) => {
                assert_eq!(frame["type"], "session.welcome", "the first push: {frame}");
                self.welcome = frame["data"].clone();
            }
            Err(closed) => panic!("closed before the welcome: {closed:?}"),
        }
    }

    // What the client says.

    /// Sends a request and gives its id.
    pub async fn begin(&mut self, kind: &str, data: Value) -> u64 {
        self.next_id += 1;
        let id = self.next_id;
        self.pending.insert(id, kind.to_owned());
        self.say(json!({ "id": id, "type": kind, "data": data })).await;
        id
    }

    /// Sends a request without an id: no reply comes on success.
    pub async fn tell(&mut self, kind: &str, data: Value) {
        self.say(json!({ "type": kind, "data": data })).await;
    }

    async fn say(&mut self, envelope: Value) {
        let kind = envelope["type"].as_str().unwrap_or_default();
        if !matches!(kind, "ping" | "room.input" | "rtc.relay") {
            self.sent.push(envelope.clone());
        }
        self.send_message(self.format.encode(&envelope)).await;
    }

    /// Sends a message that need not be an envelope.
    pub async fn send_message(&mut self, message: Message) {
        let socket = self.socket.as_mut().expect("an open socket");
        bounded("the socket to take a frame", socket.send(message)).await.expect("an open socket");
    }

    /// Writes bytes below the WebSocket: see [`crate::raw`]. The other side may have closed already.
    pub async fn send_raw(&mut self, bytes: &[u8]) {
        let stream = self.socket.as_mut().expect("an open socket").get_mut();
        let _ = bounded("the socket to take bytes", stream.write_all(bytes)).await;
    }

    /// The reply to a request that was sent as bytes is to be taken for that of `kind`.
    pub fn expect_reply(&mut self, id: u64, kind: &str) {
        self.pending.insert(id, kind.to_owned());
    }

    // Coming back.

    /// Cuts the connection without a word.
    pub fn cut(&mut self) {
        self.socket = None;
    }

    /// The same with a reset: what is still on its way is thrown away.
    pub fn reset(&mut self) {
        if let Some(socket) = self.socket.take() {
            socket.get_ref().set_zero_linger().expect("an open socket");
        }
    }

    /// Comes back with the resume token and sends again what the server has not counted. Gives the former socket,
    /// if it was still open.
    pub async fn resume(&mut self, server: &Server) -> Option<OldSocket> {
        let dial = Dial::new().format(self.format).resume(self.resume_token(), self.received);
        let (socket, _) = bounded("the upgrade", dial.open(server)).await;
        let old = self.socket.replace(socket).map(OldSocket);
        self.take_welcome().await;
        assert_eq!(self.welcome["resumed"], true, "{}", self.welcome);
        let rooms = self.welcome["rooms"].as_array().expect("the rooms").clone();
        self.rooms.resumed(&rooms);
        let done = self.welcome["received"].as_u64().expect("what the server has counted");
        if self.welcome["complete"] == false {
            // What was under way ends here, and both sides count on from what the welcome says.
            (self.sent, self.sent_before) = (Vec::new(), done);
            self.pending.clear();
        }
        let done = usize::try_from(done - self.sent_before).expect("a count");
        let again = self.sent.split_off(done);
        for envelope in again {
            self.say(envelope).await;
        }
        old
    }

    // What comes.

    /// The next frame as an envelope, or how the socket ended.
    async fn frame(&mut self) -> Result<Value, Closed> {
        let socket = self.socket.as_mut().expect("an open socket");
        let message = next_message(socket).await?;
        let mut frame = self.format.decode(&message);
        if let Some(positional) = frame.as_array() {
            let number = positional.get(2).and_then(Value::as_u64).expect("the room's number");
            let (room, epoch) = self.rooms.by_number(number);
            frame = format::named(positional, &room, epoch);
        }
        self.history.push(frame.clone());
        Ok(frame)
    }

    /// Reads one frame and keeps what it says.
    async fn read(&mut self) -> Result<(), Closed> {
        let frame = self.frame().await?;
        if let Some(id) = frame["id"].as_u64() {
            let request = self
                .pending
                .remove(&id)
                .unwrap_or_else(|| panic!("no request has this id: {frame}"));
            self.received += u64::from(request != "ping" || frame.get("error").is_some());
            let data = frame.get("data");
            match (request.as_str(), data) {
                ("room.create" | "room.join" | "room.match", Some(joined)) => {
                    self.rooms.joined(joined)
                }
                ("room.leave", Some(_)) => self.forget_left(id),
                _ => {}
            }
            self.backlog.push_back(frame);
            return Ok(());
        }
        let kind = frame["type"].as_str().expect("a push has a type");
        if kind == "room.message" {
            let room = frame["data"]["room"].as_str().and_then(|room| self.rooms.get(room));
            self.received +=
                u64::from(room.is_some_and(|room| room.joined["keep_messages"] == true));
        } else if !matches!(kind, "room.snapshot" | "room.delta" | "session.welcome") {
            self.received += 1;
        }
        self.rooms.take(kind, &frame["data"]);
        if !matches!(kind, "room.snapshot" | "room.delta") {
            self.backlog.push_back(frame);
        }
        Ok(())
    }

    fn forget_left(&mut self, id: u64) {
        let left = self.sent.iter().find(|envelope| envelope["id"] == id);
        if let Some(room) = left.and_then(|envelope| envelope["data"]["room"].as_str()) {
            self.rooms.left(room);
        }
    }

    /// Reads so many frames at most; says how the socket ended if it did.
    pub async fn read_some(&mut self, frames: usize) -> Option<Closed> {
        for _ in 0..frames {
            if let Err(closed) = bounded("a frame", self.read()).await {
                return Some(closed);
            }
        }
        None
    }

    /// Sends a WebSocket Ping and gives what the Pong says.
    pub async fn websocket_ping(&mut self, payload: &'static [u8]) -> Vec<u8> {
        let ping = Message::Ping(Bytes::from_static(payload));
        self.send_message(ping).await;
        let socket = self.socket.as_mut().expect("an open socket");
        let pong = async {
            loop {
                match socket.next().await {
                    Some(Ok(Message::Pong(payload))) => return payload.to_vec(),
                    Some(Ok(Message::Ping(_))) => {}
                    other => panic!("{other:?} while waiting for a Pong"),
                }
            }
        };
        bounded("a Pong", pong).await
    }

    /// Answers Pings, reads and forgets, until the socket ends.
    pub async fn closed(&mut self) -> Closed {
        let closed = async {
            loop {
                if let Err(closed) = self.read().await {
                    return closed;
                }
            }
        };
        bounded("the socket to close", closed).await
    }

    /// Closes as one who will not come back, and waits for the answer.
    pub async fn close(&mut self) -> Closed {
        let socket = self.socket.as_mut().expect("an open socket");
        bounded("the close frame to leave", socket.close(None)).await.expect("an open socket");
        self.closed().await
    }
}

/// A socket whose session has moved on to another.
pub struct OldSocket(Socket);

impl OldSocket {
    pub async fn closed(mut self) -> Closed {
        let closed = async {
            loop {
                if let Err(closed) = next_message(&mut self.0).await {
                    return closed;
                }
            }
        };
        bounded("the former socket to close", closed).await
    }
}

/// The next text or binary message. The library answers Pings while it reads.
async fn next_message(socket: &mut Socket) -> Result<Message, Closed> {
    loop {
        match socket.next().await {
            Some(Ok(message @ (Message::Text(_) | Message::Binary(_)))) => return Ok(message),
            Some(Ok(Message::Close(Some(close)))) => {
                assert!(close.reason.len() <= 123, "{close:?}");
                let reason = serde_json::from_str(&close.reason).unwrap_or(Value::Null);
                return Err(Closed { code: close.code.into(), reason });
            }
            Some(Ok(Message::Close(None))) => {
                return Err(Closed { code: 1005, reason: Value::Null });
            }
            Some(Ok(_)) => {}
            Some(Err(_)) | None => return Err(Closed { code: 1006, reason: Value::Null }),
        }
    }
}

async fn bounded<T>(what: &str, future: impl Future<Output = T>) -> T {
    timeout(BOUND, future).await.unwrap_or_else(|_| panic!("waited {BOUND:?} for {what}"))
}
