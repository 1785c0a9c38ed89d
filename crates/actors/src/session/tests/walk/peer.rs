//! A client at the end of a line that may be cut anywhere: what is under way in either direction arrives or not, each by
//! itself. It resumes as the protocol says.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    task::{Context, Waker},
};

use super::super::{client::counts, *};
use crate::{
    outbox::{Sink, StateFrame},
    session::{self, OpenSession, Opened, SessionCell},
};

/// Ids of pings, which nobody counts.
const PINGS: u64 = 1 << 32;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    Send,
    Create,
    Sync,
    Refresh,
    Dance,
}

/// A request that counts, and what was heard of it.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) what: What,
    /// The code of each answer; nothing for a reply.
    pub(super) answers: Vec<Option<String>>,
    /// It was under way when the client was told that not all is known.
    pub(super) interrupted: bool,
}

/// See the module.
pub(super) struct Peer {
    opened: Option<Opened>,
    pub(super) session: Arc<SessionCell>,
    token: String,
    /// Frames that count, as this side counts them.
    received: u64,
    /// Requests that count: how many were sent, and those that the server has not confirmed.
    sent: u64,
    kept: VecDeque<(u64, String)>,
    up: VecDeque<String>,
    down: VecDeque<Value>,
    pub(super) asked: BTreeMap<u64, Asked>,
    pub(super) events: Vec<u64>,
    pub(super) room: Value,
}

/// What a socket takes before it is full.
struct Socket<'a> {
    space: usize,
    line: &'a mut VecDeque<Value>,
}

impl Sink for Socket<'_> {
    fn has_room(&self) -> bool {
        self.space > 0
    }

    fn frame(&mut self, frame: &[u8]) {
        self.space -= 1;
        self.line.push_back(serde_json::from_slice(frame).unwrap());
    }

    fn state(&mut self, frame: &StateFrame) {
        let mut bytes = Vec::new();
        frame.tail.write(frame.ack, &mut bytes);
        self.frame(&bytes);
    }
}

impl Peer {
    pub(super) async fn open(world: &World, identity: Identity) -> Peer {
        let open = OpenSession { identity, format: Format::Json, server: "test".into() };
        let opened = session::open(world.vault(), open).await;
        let mut peer = Peer {
            session: opened.session.clone(),
            opened: Some(opened),
            token: String::new(),
            received: 0,
            sent: 0,
            kept: VecDeque::new(),
            up: VecDeque::new(),
            down: VecDeque::new(),
            asked: BTreeMap::new(),
            events: Vec::new(),
            room: Value::Null,
        };
        peer.serve(1);
        peer.welcomed();
        peer
    }

    pub(super) fn online(&self) -> bool {
        self.opened.is_some()
    }

    pub(super) fn ask(&mut self, what: What) -> u64 {
        self.sent += 1;
        let id = self.asked.len() as u64 + 1;
        let room = &self.room;
        let (kind, data) = match what {
            What::Send => ("room.send", json!({ "room": room, "payload": id })),
            What::Create => ("room.create", json!({ "game": "sums", "metadata": { "of": id } })),
            What::Sync => ("room.sync", json!({ "room": room })),
            What::Refresh => ("auth.refresh", json!({ "access_token": "slow" })),
            What::Dance => ("room.dance", json!({})),
        };
        let frame = json!({ "id": id, "type": kind, "data": data }).to_string();
        self.asked.insert(id, Asked { what, answers: Vec::new(), interrupted: false });
        self.kept.push_back((self.sent, frame.clone()));
        if self.online() {
            self.up.push_back(frame);
        }
        id
    }

    pub(super) fn ping(&mut self) {
        if self.online() {
            let data = json!({ "received": self.received });
            self.up.push_back(json!({ "id": PINGS, "type": "ping", "data": data }).to_string());
        }
    }

    /// So many frames of what is under way reach the server.
    pub(super) fn arrive(&mut self, frames: usize) {
        for _ in 0..frames.min(self.up.len()) {
            let frame = self.up.front().unwrap().clone();
            if self.session.inbox.push(frame.into()).is_err() {
                return;
            }
            self.up.pop_front();
        }
    }

    /// The server's socket takes up to so many frames. True when it is told to close, and has nothing else to do.
    pub(super) fn serve(&mut self, frames: usize) -> bool {
        if !self.online() {
            return false;
        }
        let mut socket = Socket { space: frames, line: &mut self.down };
        let drained = self.session.outbox.drain(&Context::from_waker(Waker::noop()), &mut socket);
        drained.empty && drained.close.is_some()
    }

    /// So many frames of what is under way reach the client.
    pub(super) fn read(&mut self, frames: usize) {
        for _ in 0..frames {
            let Some(frame) = self.down.pop_front() else { return };
            self.received += u64::from(counts(&frame));
            let data = &frame["data"];
            match (frame["id"].as_u64(), frame["type"].as_str()) {
                (Some(PINGS), _) => self.confirm(data["received"].as_u64().unwrap()),
                (Some(id), _) => {
                    let code = frame["error"]["code"].as_str().map(str::to_owned);
                    self.asked.get_mut(&id).unwrap().answers.push(code);
                    if data["room"].is_string() && self.room.is_null() {
                        self.room = data["room"].clone();
                    }
                }
                (None, Some("room.event")) => self.events.push(data["event"].as_u64().unwrap()),
                (None, Some("session.going_away")) => {
                    self.token = data["resume_token"].as_str().unwrap().to_owned();
                }
                (None, kind) => {
                    assert!(!matches!(kind, Some("error" | "room.closed")), "{frame}");
                }
            }
        }
    }

    /// The server has so many of the requests.
    fn confirm(&mut self, received: u64) {
        assert!(received <= self.sent, "{received} of {}", self.sent);
        self.kept.retain(|(count, _)| *count > received);
    }

    /// The line is cut: so many frames in either direction have arrived, and no others do.
    pub(super) fn cut(&mut self, arrive: usize, read: usize) {
        if self.online() {
            self.arrive(arrive);
        }
        self.read(read);
        self.gone();
    }

    fn gone(&mut self) {
        self.opened = None;
        self.up.clear();
        self.down.clear();
    }

    /// Asks for the session without being served, whatever comes of it.
    pub(super) async fn ask_in_vain(&mut self, world: &World) {
        let (claim, received) = (world.claim(&self.token), self.received);
        let opened = take_up(world.vault(), claim, received, Format::Json, "test".into()).await;
        drop(opened.expect("the token is good"));
    }

    /// Comes back, over a socket that may still stand, and gives whether all is known.
    pub(super) async fn resume(&mut self, world: &World) -> bool {
        let (claim, received) = (world.claim(&self.token), self.received);
        let resumed = take_up(world.vault(), claim, received, Format::Json, "test".into());
        let opened = if self.online() {
            let (resumed, ()) = tokio::join!(resumed, self.torn_down());
            resumed
        } else {
            resumed.await
        };
        let opened = opened.expect("the token is good");
        self.gone();
        self.session = opened.session.clone();
        self.opened = Some(opened);
        self.serve(1);
        let resumed = self.welcomed();
        let received = resumed["received"].as_u64().unwrap();
        let complete = resumed["complete"].as_bool().unwrap();
        let seat = resumed["rooms"].as_array().unwrap().iter().find(|it| it["room"] == self.room);
        assert_eq!(seat.expect("the seat is kept")["seat"], 0, "{resumed}");
        if complete {
            self.confirm(received);
            self.up.extend(self.kept.iter().map(|(_, frame)| frame.clone()));
        } else {
            self.kept.clear();
            self.sent = received;
            for asked in self.asked.values_mut().filter(|asked| asked.answers.is_empty()) {
                asked.interrupted = true;
            }
        }
        complete
    }

    /// The old socket's task, until it closes for the new one.
    async fn torn_down(&mut self) {
        let closes = async {
            while !self.serve(usize::MAX) {
                sleep(HEARD_BY).await;
            }
        };
        timeout(PATIENCE, closes).await.expect("4009 in time");
        self.gone();
    }

    fn welcomed(&mut self) -> Value {
        let welcome = self.down.pop_front().expect("a welcome");
        assert_eq!(welcome["type"], "session.welcome", "it is the first frame");
        self.token = welcome["data"]["resume_token"].as_str().unwrap().to_owned();
        welcome["data"].clone()
    }
}
