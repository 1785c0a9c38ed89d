//! What one hot message costs: requests in, `room.message` out, and the state of ten moving ships.
//!
//! Run it on a quiet machine: `cargo bench -p gamev1-protocol`.

use std::{collections::BTreeMap, hint::black_box};

use bytes::Bytes;
use criterion::{Criterion, criterion_group, criterion_main};
use gamev1_protocol::{
    Format, Raw, Request, RoomId, Seat, StateOf, StateTail,
    decode::{Rules, decode},
    encode,
    view::View,
};
use serde::Serialize;
use serde_json::{Value, json};

const ROOM: &str = "7ZK3M9QW2X";

fn frame(format: Format, kind: &str, data: &Value) -> Bytes {
    #[derive(Serialize)]
    struct Envelope<'a> {
        r#type: &'a str,
        data: &'a Value,
    }
    let envelope = Envelope { r#type: kind, data };
    let frame = match format {
        Format::Json => serde_json::to_vec(&envelope).ok(),
        Format::MsgPack => rmp_serde::to_vec_named(&envelope).ok(),
    };
    frame.map(Bytes::from).unwrap_or_default()
}

fn input(format: Format) -> Bytes {
    let input = json!({ "move": [0.5, -1], "aim": 1.25, "fire": true });
    frame(format, "room.input", &json!({ "room": ROOM, "seq": 1_234, "input": input }))
}

/// A payload of 64 bytes, with its quotes.
fn send(format: Format) -> Bytes {
    frame(format, "room.send", &json!({ "room": ROOM, "payload": "x".repeat(62) }))
}

fn decoding(criterion: &mut Criterion) {
    for format in Format::ALL {
        for (name, frame) in [("room.input", input(format)), ("room.send", send(format))] {
            criterion.bench_function(&format!("decode {name} {format:?}"), |bencher| {
                bencher.iter(|| decode(format, black_box(&frame), Rules::default()).is_ok());
            });
        }
    }
}

fn encoding(criterion: &mut Criterion) {
    for format in Format::ALL {
        let Ok(decoded) = decode(format, &send(format), Rules::default()) else { continue };
        let Request::RoomSend(send) = decoded.request else { continue };
        criterion.bench_function(&format!("encode room.message {format:?}"), |bencher| {
            bencher.iter(|| {
                encode::room_message(format, send.room, Seat(3), black_box(&send.payload))
            });
        });
    }
    let Ok(raw) = Raw::json(&"x".repeat(62)) else { return };
    criterion.bench_function("carry a payload from JSON to MessagePack", |bencher| {
        bencher.iter(|| black_box(&raw).to(Format::MsgPack));
    });
}

#[derive(Serialize)]
struct Arena {
    ships: BTreeMap<Seat, (u16, u16, u16, u8)>,
    scores: BTreeMap<Seat, u32>,
    shots: BTreeMap<u32, (u16, u16)>,
}

/// Ten ships and as many shots, all of which have moved a little at each `tick`.
fn arena(tick: u16) -> Arena {
    let ship = |seat| (Seat(seat), (1_500 * seat + tick, 900 * seat + tick, 60 * seat + tick, 100));
    Arena {
        ships: (0..10).map(ship).collect(),
        scores: (0..10).map(|seat| (Seat(seat), u32::from(seat))).collect(),
        shots: (100..110).map(|id| (id, (100 + tick, 200 + tick))).collect(),
    }
}

fn state(criterion: &mut Criterion) {
    let of = StateOf { room: RoomId::from_bits(1 << 49), n: 100, epoch: 1 };
    let view = |tick| View::of(&arena(tick)).map(|built| built.view);
    let (Ok(old), Ok(new)) = (view(1), view(2)) else { return };
    let before = arena(1);
    criterion.bench_function("View::of", |bencher| {
        bencher.iter(|| View::of(black_box(&before)));
    });
    criterion.bench_function("View::diff", |bencher| {
        bencher.iter(|| View::diff(black_box(&old), black_box(&new)));
    });
    let patch = View::diff(&old, &new);
    for format in Format::ALL {
        criterion.bench_function(&format!("tail of a delta {format:?}"), |bencher| {
            bencher
                .iter(|| StateTail::delta(format, of, 12_001, 12_000, black_box(patch.as_ref())));
        });
        let tail = StateTail::delta(format, of, 12_001, 12_000, patch.as_ref());
        let mut frame = Vec::with_capacity(tail.frame_bytes_max());
        criterion.bench_function(&format!("frame for one member {format:?}"), |bencher| {
            bencher.iter(|| {
                frame.clear();
                black_box(&tail).write(41, &mut frame);
            });
        });
    }
    criterion.bench_function("View::of, diff and both tails", |bencher| {
        bencher.iter(|| {
            let view = View::of(black_box(&before)).map(|built| built.view);
            let patch = view.ok().and_then(|view| View::diff(black_box(&new), &view));
            Format::ALL.map(|format| StateTail::delta(format, of, 2, 1, patch.as_ref()))
        });
    });
}

criterion_group!(benches, decoding, encoding, state);
criterion_main!(benches);
