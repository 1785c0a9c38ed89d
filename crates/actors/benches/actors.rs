//! What the queues cost, and a second in the life of a room: ten members, twenty inputs a second from each, states at
//! twenty a second.
//!
//! Run it on a quiet machine: `cargo bench -p gamev1-actors`.

use std::{
    collections::BTreeMap,
    hint::black_box,
    sync::Arc,
    task::{Context, Waker},
    time::Duration,
};

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use gamev1_actors::{
    ask::Ask,
    game::{Ctx, Game, Member, Refusal, Settings},
    inbox::Inbox,
    outbox::{Counted, Outbox, Sink, StateFrame},
    protocol::{Format, Raw, RoomId, Seat, StateOf, StateTail, view::View},
    room::RoomItem,
    testing::{RoomHarness, TestMember},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::runtime::{Builder, Runtime};

const MEMBERS: u16 = 10;
const HZ: u32 = 20;
/// The `room.message` of a payload of 64 bytes.
const FRAME_BYTES: usize = 136;

/// A socket's write buffer that is emptied at once.
#[derive(Default)]
struct Socket {
    buffer: Vec<u8>,
    frames: u64,
}

impl Sink for Socket {
    fn has_room(&self) -> bool {
        true
    }

    fn frame(&mut self, frame: &[u8]) {
        self.frames += 1;
        self.buffer.extend_from_slice(frame);
    }

    fn state(&mut self, frame: &StateFrame) {
        self.frames += 1;
        frame.tail.write(frame.ack, &mut self.buffer);
    }
}

impl Socket {
    fn drain(&mut self, outbox: &Outbox) {
        let cx = Context::from_waker(Waker::noop());
        // Ready or not: what had to move has moved.
        let _ = outbox.poll_drain(&cx, self);
        black_box(&self.buffer);
        self.buffer.clear();
    }
}

fn outbox(criterion: &mut Criterion) {
    let outbox = Outbox::new(Format::Json);
    outbox.attach();
    let mut socket = Socket::default();
    let frame = Bytes::from(vec![b'x'; FRAME_BYTES]);
    for frames in [1_u32, 9] {
        criterion.bench_function(&format!("outbox: push {frames}, drain"), |bencher| {
            bencher.iter(|| {
                for _ in 0..frames {
                    outbox.send(black_box(&frame).clone(), Counted::No);
                }
                socket.drain(&outbox);
            });
        });
    }
    let of = StateOf { room: RoomId::from_bits(1 << 49), n: 100, epoch: 1 };
    let Ok(view) = View::of(&json!({ "0": [1, 2] })) else { return };
    let tail = StateTail::delta(Format::Json, of, 2, 1, Some(&view.view));
    criterion.bench_function("outbox: take back, put and drain a state", |bencher| {
        bencher.iter(|| {
            black_box(outbox.take_state(of.n));
            let frame = StateFrame { ack: 7, tail: tail.clone(), tick: 2, base: Some(1) };
            outbox.put_state(of.n, frame);
            socket.drain(&outbox);
        });
    });
}

fn inbox(criterion: &mut Criterion) {
    let inbox = Inbox::new(1_024);
    inbox.attach(Box::new(|| {}));
    let frame = Bytes::from(vec![b'x'; FRAME_BYTES]);
    criterion.bench_function("inbox: push, begin, commit", |bencher| {
        bencher.iter(|| {
            let pushed = inbox.push(black_box(&frame).clone());
            let begun = inbox.begin();
            inbox.commit();
            (pushed, begun)
        });
    });
}

/// A game whose ships all move at each tick.
#[derive(Serialize, Deserialize)]
struct Movers {
    ships: BTreeMap<Seat, Ship>,
}

#[derive(Serialize, Deserialize)]
struct Ship {
    at: [i32; 2],
    step: [i32; 2],
}

#[derive(Deserialize)]
struct Steer {
    step: [i32; 2],
}

impl Game for Movers {
    const NAME: &'static str = "movers";
    type Options = BTreeMap<String, serde_json::Value>;
    type Input = Steer;
    type View = BTreeMap<Seat, [i32; 2]>;
    type Event = ();

    fn settings(_: &Self::Options) -> Settings {
        Settings {
            tick_hz: HZ,
            patch_hz: HZ,
            seats_max: MEMBERS,
            seats_per_player: 1,
            sends: false,
            stateful: true,
        }
    }

    fn new(_: Self::Options, _: &mut Ctx<'_, ()>) -> Result<Movers, Refusal> {
        Ok(Movers { ships: BTreeMap::new() })
    }

    fn join(&mut self, member: &Member, _: &mut Ctx<'_, ()>) -> Result<(), Refusal> {
        self.ships.insert(member.seat, Ship { at: [0, 0], step: [1, 2] });
        Ok(())
    }

    fn leave(&mut self, seat: Seat, _: &mut Ctx<'_, ()>) {
        self.ships.remove(&seat);
    }

    fn input(&mut self, seat: Seat, steer: Steer, _: &mut Ctx<'_, ()>) -> Result<(), Refusal> {
        if let Some(ship) = self.ships.get_mut(&seat) {
            ship.step = steer.step;
        }
        Ok(())
    }

    fn tick(&mut self, _: &mut Ctx<'_, ()>) {
        for Ship { at, step } in self.ships.values_mut() {
            *at = [(at[0] + step[0]) % 16_000, (at[1] + step[1]) % 9_000];
        }
    }

    fn view(&self) -> BTreeMap<Seat, [i32; 2]> {
        self.ships.iter().map(|(seat, ship)| (*seat, ship.at)).collect()
    }
}

/// A room with its members, and a clock that leaps from one timer to the next.
struct Life {
    runtime: Runtime,
    harness: RoomHarness,
    members: Vec<(TestMember, Socket)>,
    seq: u32,
    inputs: Vec<Raw>,
}

impl Life {
    fn new() -> Option<Life> {
        let runtime =
            Builder::new_current_thread().enable_time().start_paused(true).build().ok()?;
        let (harness, members) = runtime.block_on(async {
            let harness = RoomHarness::new::<Movers>(json!({}), 1).await;
            let mut members = Vec::new();
            for at in 0..MEMBERS {
                let member = harness.join(&format!("member {at}")).await.ok()?;
                members.push((member, Socket::default()));
            }
            Some((harness, members))
        })?;
        let steer = |at: i32| Raw::json(&json!({ "step": [at % 7 - 3, at % 5 + 1] })).ok();
        let inputs = (0..20).map(steer).collect::<Option<_>>()?;
        Some(Life { runtime, harness, members, seq: 0, inputs })
    }

    /// A second: at each tick an input of every member goes in and the frames go out.
    fn second(&mut self) {
        let Life { runtime, harness, members, seq, inputs } = self;
        runtime.block_on(async {
            for _ in 0..HZ {
                *seq += 1;
                for (at, (member, _)) in members.iter().enumerate() {
                    let input = inputs[(*seq as usize + at) % inputs.len()].clone();
                    let session = Arc::clone(&member.session);
                    let ask = Ask { session, id: None, request: "room.input", traced: None };
                    harness.put(RoomItem::Input { ask, seq: *seq, input });
                }
                harness.advance(1).await;
                for (member, socket) in &mut *members {
                    socket.drain(&member.session.outbox);
                }
            }
        });
    }
}

fn room(criterion: &mut Criterion) {
    let Some(mut life) = Life::new() else { return };
    life.second();
    let frames_before: u64 = life.members.iter().map(|(_, socket)| socket.frames).sum();
    life.second();
    let frames: u64 = life.members.iter().map(|(_, socket)| socket.frames).sum();
    // A bench of a room that stands still would look very fast.
    let expected = u64::from(MEMBERS) * u64::from(HZ);
    assert!(frames - frames_before >= expected - u64::from(MEMBERS), "{frames} frames in a second");
    let mut group = criterion.benchmark_group("room");
    group.throughput(Throughput::Elements(expected)).measurement_time(Duration::from_secs(5));
    group.bench_function("a second of ten members, per input and state", |bencher| {
        bencher.iter(|| life.second());
    });
    group.finish();
}

criterion_group!(benches, outbox, inbox, room);
criterion_main!(benches);
