//! A member of a room as a test sees it: the frames that would go to its socket, and the state that they make.

use std::{
    future::poll_fn,
    sync::Arc,
    task::{Context, Wake, Waker},
    time::Duration,
};

use gamev1_protocol::{Format, Joined, Seat, WireError};
use serde_json::Value;

use crate::{
    outbox::{Sink, StateFrame},
    room::RoomCell,
    session::SessionCell,
};

/// How long a test waits for a frame: of paused time.
const PATIENCE: Duration = Duration::from_secs(60);
/// How many rounds of frames a member waits for in one test.
const ROUNDS_MAX: u32 = 10_000;

/// See the module.
pub struct TestMember {
    pub session: Arc<SessionCell>,
    pub room: Arc<RoomCell>,
    pub joined: Joined,
    /// What the member sees, snapshots and deltas applied.
    pub view: Value,
    pub tick: u64,
    pub ack: u64,
    pub epoch: u64,
    seq: u32,
    unread: std::collections::VecDeque<Value>,
    /// Rounds that may still be waited for: a test that waits in vain fails, however much else comes.
    patience: u32,
}

/// Stands where a socket's task would be, and panics when it is told of a frame.
struct Mine;

impl Wake for Mine {
    #[expect(clippy::panic, reason = "that is what it is for")]
    fn wake(self: Arc<Mine>) {
        panic!("sabotaged frame");
    }
}

#[derive(Default)]
struct Collect(Vec<(bool, Vec<u8>)>);

impl Sink for Collect {
    fn has_room(&self) -> bool {
        true
    }

    fn frame(&mut self, frame: &[u8]) {
        self.0.push((false, frame.to_vec()));
    }

    fn state(&mut self, frame: &StateFrame) {
        let mut bytes = Vec::new();
        frame.tail.write(frame.ack, &mut bytes);
        self.0.push((true, bytes));
    }
}

impl TestMember {
    #[expect(clippy::expect_used, reason = "a harness fails the test that uses it wrongly")]
    pub(super) async fn joined(
        session: Arc<SessionCell>,
        room: Arc<RoomCell>,
    ) -> Result<TestMember, WireError> {
        let mut frames = frames(&session).await;
        let reply = frames.pop_front().expect("a reply");
        if let Some(error) = reply.get("error") {
            return Err(serde_json::from_value(error.clone()).expect("an error as the wire has it"));
        }
        let joined: Joined =
            serde_json::from_value(reply["data"].clone()).expect("the reply to a join");
        let (seq, epoch) = (joined.input_seq, joined.epoch);
        let mut member = TestMember {
            session,
            room,
            joined,
            view: Value::Null,
            tick: 0,
            ack: 0,
            epoch,
            seq,
            unread: Default::default(),
            patience: ROUNDS_MAX,
        };
        member.take(frames);
        Ok(member)
    }

    pub fn seat(&self) -> Seat {
        self.joined.seat
    }

    /// Makes whoever sends this member the next frame panic behind its sending: a room does so in its own code.
    pub fn crash_at_next_frame(&mut self) {
        let frames = mine(&self.session);
        self.take(frames);
    }

    /// The sequence number of the next input.
    pub fn next_seq(&mut self) -> u32 {
        self.seq += 1;
        self.seq
    }

    /// The next push or reply that is not a state.
    pub async fn recv(&mut self) -> Value {
        loop {
            if let Some(frame) = self.unread.pop_front() {
                return frame;
            }
            self.wait().await;
        }
    }

    /// The next push of that type; those before it are passed over.
    pub async fn expect(&mut self, kind: &str) -> Value {
        loop {
            let frame = self.recv().await;
            if frame["type"] == kind {
                return frame["data"].clone();
            }
        }
    }

    /// Waits until a state of `tick` or later has come.
    pub async fn reach(&mut self, tick: u64) -> &Value {
        while self.tick < tick {
            self.wait().await;
        }
        &self.view
    }

    /// Waits until the state satisfies `wanted`.
    pub async fn until(&mut self, wanted: impl Fn(&Value) -> bool) -> &Value {
        while !wanted(&self.view) {
            self.wait().await;
        }
        &self.view
    }

    /// Takes the frames that are there, without waiting for any.
    pub fn look(&mut self) {
        let frames = drained(&self.session, Waker::noop());
        self.take(frames);
    }

    /// All pushes and replies that have come, without waiting for any.
    pub fn heard(&mut self) -> Vec<Value> {
        self.look();
        self.unread.drain(..).collect()
    }

    /// Whether a frame of that type has come and has not been read.
    pub fn has(&mut self, kind: &str) -> bool {
        self.look();
        self.unread.iter().any(|frame| frame["type"] == kind)
    }

    async fn wait(&mut self) {
        self.patience -= 1;
        assert!(self.patience > 0, "waited in vain at tick {}, seeing {}", self.tick, self.view);
        let frames = frames(&self.session).await;
        self.take(frames);
    }

    /// Applies states as a client does, and keeps the rest to be read.
    ///
    /// # Panics
    /// A delta does not fit what the member holds: the room has broken the protocol.
    fn take(&mut self, frames: std::collections::VecDeque<Value>) {
        for frame in frames {
            let data = &frame["data"];
            match frame["type"].as_str() {
                Some("room.snapshot") => {
                    self.view = data["state"].clone();
                    self.epoch = data["epoch"].as_u64().unwrap_or_default();
                }
                Some("room.delta") => {
                    assert_eq!(data["base"].as_u64(), Some(self.tick), "a delta for another base");
                    let epoch = data["epoch"].as_u64().unwrap_or(self.epoch);
                    assert_eq!(epoch, self.epoch, "a delta of another epoch");
                    merge(&mut self.view, &data["patch"]);
                }
                _ => {
                    self.unread.push_back(frame);
                    continue;
                }
            }
            self.tick = data["tick"].as_u64().unwrap_or_default();
            self.ack = data["ack"].as_u64().unwrap_or_default();
        }
    }
}

/// Everything that waits for the session's socket; waits for something.
#[expect(clippy::expect_used, reason = "a harness fails the test that uses it wrongly")]
async fn frames(session: &SessionCell) -> std::collections::VecDeque<Value> {
    let mut collect = Collect::default();
    let drained = poll_fn(|cx| session.outbox.poll_drain(cx, &mut collect));
    tokio::time::timeout(PATIENCE, drained).await.expect("a frame within a minute");
    let format = session.outbox.format();
    collect.0.into_iter().map(|(state, bytes)| read(format, state, &bytes)).collect()
}

/// Everything that waits for the session's socket now; the next frame wakes `waker`.
fn drained(session: &SessionCell, waker: &Waker) -> std::collections::VecDeque<Value> {
    let mut collect = Collect::default();
    let drained = session.outbox.drain(&Context::from_waker(waker), &mut collect);
    assert!(drained.close.is_none(), "the socket is to close: {:?}", drained.close);
    let format = session.outbox.format();
    collect.0.into_iter().map(|(state, bytes)| read(format, state, &bytes)).collect()
}

/// As [`TestMember::crash_at_next_frame`], for a session that sits nowhere yet.
pub(super) fn mine(session: &SessionCell) -> std::collections::VecDeque<Value> {
    drained(session, &Waker::from(Arc::new(Mine)))
}

#[expect(clippy::expect_used, reason = "a harness fails the test that uses it wrongly")]
fn read(format: Format, state: bool, bytes: &[u8]) -> Value {
    match format {
        Format::Json => serde_json::from_slice(bytes).expect("a frame of JSON"),
        Format::MsgPack => {
            let value: Value = rmp_serde::from_slice(bytes).expect("a frame of MessagePack");
            if state { named(&value) } else { value }
        }
    }
}

/// A positional state frame with the names that JSON gives its parts.
fn named(value: &Value) -> Value {
    let tick = value[4].as_u64().unwrap_or_default();
    if value[0] == 0 {
        let (epoch, state) = (&value[3], &value[5]);
        return serde_json::json!({ "type": "room.snapshot", "data":
            { "ack": value[1], "epoch": epoch, "tick": tick, "state": state } });
    }
    let tick = value[3].as_u64().unwrap_or_default();
    let base = tick - value[4].as_u64().unwrap_or_default();
    serde_json::json!({ "type": "room.delta", "data":
        { "ack": value[1], "tick": tick, "base": base, "patch": value[5] } })
}

/// JSON Merge Patch (RFC 7396).
fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Default::default());
    }
    let Value::Object(target) = target else { return };
    for (name, value) in patch {
        if value.is_null() {
            target.remove(name);
        } else {
            merge(target.entry(name.clone()).or_insert(Value::Null), value);
        }
    }
}
