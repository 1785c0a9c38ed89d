//! A client: what it has sent and received, over all its sockets.

use std::{collections::VecDeque, future::poll_fn, sync::Arc};

use super::*;
use crate::{
    outbox::{Close, Sink, StateFrame},
    session::{self, OpenSession, Opened, SessionCell},
};

/// See the module.
pub(super) struct Client {
    opened: Option<Opened>,
    pub(super) session: Arc<SessionCell>,
    pub(super) resume_token: String,
    /// Frames that count, over all sockets.
    pub(super) counted: Vec<Value>,
    unread: VecDeque<Value>,
    closed: Option<Close>,
    requests: u64,
}

#[derive(Default)]
struct Collect(Vec<Value>);

impl Sink for Collect {
    fn has_room(&self) -> bool {
        true
    }

    fn frame(&mut self, frame: &[u8]) {
        self.0.push(serde_json::from_slice(frame).unwrap());
    }

    fn state(&mut self, frame: &StateFrame) {
        let mut bytes = Vec::new();
        frame.tail.write(frame.ack, &mut bytes);
        self.frame(&bytes);
    }
}

pub(super) fn is_state(frame: &Value) -> bool {
    matches!(frame["type"].as_str(), Some("room.snapshot" | "room.delta"))
}

/// What both sides count (protocol, Resume).
pub(super) fn counts(frame: &Value) -> bool {
    let pong = frame["data"]["received"].is_u64() && frame["data"]["server_ms"].is_u64();
    let kind = frame["type"].as_str();
    !pong && !is_state(frame) && !matches!(kind, Some("session.welcome" | "room.message"))
}

impl Client {
    pub(super) async fn open(world: &World, identity: Identity, format: Format) -> Client {
        let open = OpenSession { identity, format, server: "test".into() };
        let opened = session::open(world.vault(), open).await;
        Client {
            session: opened.session.clone(),
            opened: Some(opened),
            resume_token: String::new(),
            counted: Vec::new(),
            unread: VecDeque::new(),
            closed: None,
            requests: 0,
        }
        .welcomed()
        .await
    }

    async fn welcomed(mut self) -> Client {
        let welcome = self.expect("session.welcome").await;
        assert_eq!(welcome["resumed"], false);
        self
    }

    /// The socket is cut: what has not been read is lost on the way.
    pub(super) fn cut(&mut self) {
        self.opened = None;
        self.unread.clear();
        self.closed = None;
    }

    /// As [`Client::cut`], by a client that will not come back.
    pub(super) fn done(&mut self) {
        self.opened.take().unwrap().done();
    }

    /// Comes back on a new socket and gives the welcome.
    pub(super) async fn resume(&mut self, world: &World) -> Result<Value, ResumeError> {
        let (claim, received) = (world.claim(&self.resume_token), self.counted.len() as u64);
        let server = "test".to_owned();
        let opened = take_up(world.vault(), claim, received, Format::Json, server).await?;
        self.cut();
        self.session = opened.session.clone();
        self.opened = Some(opened);
        let welcome = self.recv().await;
        assert_eq!(welcome["type"], "session.welcome", "it is the first frame");
        Ok(welcome["data"].clone())
    }

    pub(super) fn put(&self, frame: &str) {
        self.session.inbox.push(frame.to_owned().into()).unwrap();
    }

    /// Sends a request and gives its id.
    pub(super) fn send(&mut self, kind: &str, data: Value) -> u64 {
        self.requests += 1;
        self.put(&json!({ "id": self.requests, "type": kind, "data": data }).to_string());
        self.requests
    }

    /// Sends a request without an id.
    pub(super) fn tell(&self, kind: &str, data: Value) {
        self.put(&json!({ "type": kind, "data": data }).to_string());
    }

    /// Sends a request and waits for its reply, whatever comes before it. `Err` has the error.
    pub(super) async fn call(&mut self, kind: &str, data: Value) -> Result<Value, Value> {
        let id = self.send(kind, data);
        self.reply(id).await
    }

    pub(super) async fn reply(&mut self, id: u64) -> Result<Value, Value> {
        let reply = self.find(|frame| frame["id"] == id).await;
        match reply.get("error") {
            Some(error) => Err(error.clone()),
            None => Ok(reply["data"].clone()),
        }
    }

    /// The error code that a request is refused with.
    pub(super) async fn refusal(&mut self, kind: &str, data: Value) -> String {
        let error = self.call(kind, data).await.unwrap_err();
        error["code"].as_str().unwrap().to_owned()
    }

    /// The data of the next push of that type; what comes before it stays unread.
    pub(super) async fn expect(&mut self, kind: &str) -> Value {
        self.find(|frame| frame["type"] == kind).await["data"].clone()
    }

    /// The next state in which that seat's sum is so much; states before it are passed over.
    pub(super) async fn sees(&mut self, seat: &Value, sum: i64) -> Value {
        let seat = seat.to_string();
        let shows = |data: &Value, part: &str| data[part]["sums"][&seat] == sum;
        let state = self.find(|frame| {
            is_state(frame) && (shows(&frame["data"], "state") || shows(&frame["data"], "patch"))
        });
        state.await["data"].clone()
    }

    pub(super) async fn find(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        let found = timeout(PATIENCE, async {
            loop {
                if let Some(at) = self.unread.iter().position(&wanted) {
                    return self.unread.remove(at).unwrap();
                }
                self.read().await;
            }
        });
        found.await.expect("a frame in time")
    }

    /// The next frame, whatever it is.
    pub(super) async fn recv(&mut self) -> Value {
        self.find(|_| true).await
    }

    /// Every frame that has come or comes within that time.
    pub(super) async fn all_within(&mut self, time: Duration) -> Vec<Value> {
        let deadline = Instant::now() + time;
        while tokio::time::timeout_at(deadline, self.read()).await.is_ok() {
            if self.closed.is_some() {
                break;
            }
        }
        self.unread.drain(..).collect()
    }

    /// How the server closes the socket.
    pub(super) async fn closed(&mut self) -> CloseCode {
        timeout(PATIENCE, async {
            loop {
                if let Some(close) = self.closed {
                    return close.code;
                }
                self.read().await;
            }
        })
        .await
        .expect("a close in time")
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.is_some()
    }

    async fn read(&mut self) {
        assert!(self.closed.is_none(), "the socket is closed: {:?}", self.closed);
        let mut collect = Collect::default();
        let session = self.session.clone();
        self.closed = poll_fn(|cx| session.outbox.poll_drain(cx, &mut collect)).await;
        for frame in collect.0 {
            if frame["type"] == "session.welcome" {
                self.resume_token = frame["data"]["resume_token"].as_str().unwrap().to_owned();
            }
            if counts(&frame) {
                self.counted.push(frame.clone());
            }
            self.unread.push_back(frame);
        }
    }
}
