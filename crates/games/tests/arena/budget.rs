//! Ten ships that all move: how many bytes a delta takes.

use std::f64::consts::TAU;

use gamev1_actors::protocol::{Format, RoomId, Seat, StateOf, StateTail, view::View};
use gamev1_games::arena::Input;
use serde_json::{Value, json};

use super::table::Table;

const SHIPS: u16 = 10;
/// Ten minutes of 20 Hz: ticks and acks have five digits.
const FROM_TICK: u64 = 12_000;
const TICKS: usize = 2_000;

#[derive(Debug)]
struct Bytes {
    average: f64,
    most: usize,
}

/// The views of each two ticks in which all ships have moved.
fn moves() -> Vec<(View, View)> {
    let mut table = Table::new(1);
    table.tick = FROM_TICK;
    (0..SHIPS).for_each(|seat| table.join(Seat(seat)));
    let mut moves = Vec::new();
    let mut before = table.view();
    while moves.len() < TICKS {
        let t = table.tick as f64 / 20.0;
        for seat in 0..SHIPS {
            // Each on its own winding way through the whole field, looking around all the time.
            let own = f64::from(seat);
            let heading = own + (t * (0.31 + own * 0.017)).sin() * TAU;
            let steer = [heading.cos(), heading.sin()];
            table.input(Seat(seat), Input { steer, aim: own + t * 1.7, fire: false }).unwrap();
        }
        table.tick();
        let now = table.view();
        let ships = |view: &View| view.to_value()["ships"].clone();
        let (old, new) = (ships(&before), ships(&now));
        let moved = |seat: &str| old[seat][0] != new[seat][0] || old[seat][1] != new[seat][1];
        if (0..SHIPS).all(|seat| moved(&seat.to_string())) {
            moves.push((before, now.clone()));
        }
        before = now;
    }
    moves
}

fn frame_bytes(format: Format, moves: &[(View, View)]) -> Bytes {
    let of = StateOf { room: RoomId::from_bits(u64::MAX), n: 100, epoch: 1 };
    let lens = moves.iter().enumerate().map(|(n, (before, now))| {
        let (patch, tick) = (View::diff(before, now), FROM_TICK + n as u64);
        let mut frame = Vec::new();
        StateTail::delta(format, of, tick, tick - 1, patch.as_ref()).write(tick as u32, &mut frame);
        frame.len()
    });
    let (total, most) = lens.fold((0, 0), |(total, most), len| (total + len, most.max(len)));
    Bytes { average: total as f64 / moves.len() as f64, most }
}

#[test]
fn measure() {
    let moves = moves();
    for format in Format::ALL {
        println!("{format:?} as is: {:?}", frame_bytes(format, &moves));
        let split: Vec<_> = moves.iter().map(|(a, b)| (split(a), split(b))).collect();
        println!("{format:?} split: {:?}", frame_bytes(format, &split));
    }
}

fn split(view: &View) -> View {
    let mut v = view.to_value();
    let mut hp = json!({});
    for (seat, ship) in v["ships"].as_object_mut().unwrap() {
        hp[seat] = ship.as_array_mut().unwrap().pop().unwrap();
    }
    v["hp"] = hp;
    let _: &Value = &v;
    View::from(&v)
}
