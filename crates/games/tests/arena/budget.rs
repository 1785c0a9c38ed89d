//! Ten ships that all move: how many bytes a delta takes.

use std::f64::consts::TAU;

use gamev1_actors::protocol::{Format, RoomId, Seat, StateOf, StateTail, view::View};
use gamev1_games::arena::Input;
use serde_json::Value;

use super::table::Table;

const SHIPS: u16 = 10;
/// Ten minutes of 20 Hz: ticks have five digits.
const FROM_TICK: u64 = 12_000;
const TICKS: usize = 800;
/// Somewhere in the middle of what three digits hold.
const ACK: u32 = 500;

/// What the protocol promises, in bytes of one frame.
fn budget(format: Format) -> usize {
    match format {
        Format::Json => 320,
        Format::MsgPack => 135,
    }
}

/// What no frame goes beyond. MessagePack takes three bytes for any number from 256, and an aim goes up to 628: when all
/// aims are large at once it is 140 bytes, so that its budget holds on average only.
fn bound(format: Format) -> usize {
    match format {
        Format::Json => budget(format),
        Format::MsgPack => 140,
    }
}

/// The views of each two ticks in which all ships have moved.
fn moves() -> Vec<(Value, Value)> {
    let mut table = Table::new(1);
    table.tick = FROM_TICK;
    (0..SHIPS).for_each(|seat| table.join(Seat(seat)));
    let mut moves = Vec::new();
    let mut before = table.view().to_value();
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
        let now = table.view().to_value();
        let place =
            |view: &Value, seat: &str| view["ships"][seat].as_array().unwrap()[..2].to_vec();
        let moved = |seat: &str| place(&before, seat) != place(&now, seat);
        if (0..SHIPS).all(|seat| moved(&seat.to_string())) {
            moves.push((before, now.clone()));
        }
        before = now;
    }
    moves
}

/// Bytes of the whole frame, for each of the moves.
fn frame_bytes(format: Format, moves: &[(Value, Value)]) -> Vec<usize> {
    let of = StateOf { room: RoomId::from_bits(u64::MAX), n: 100, epoch: 1 };
    let moves = moves.iter().zip(FROM_TICK..);
    let bytes = moves.map(|((before, now), tick)| {
        let patch = View::diff(&before.into(), &now.into());
        let mut frame = Vec::new();
        StateTail::delta(format, of, tick, tick - 1, patch.as_ref()).write(ACK, &mut frame);
        frame.len()
    });
    bytes.collect()
}

fn average(bytes: &[usize]) -> f64 {
    bytes.iter().sum::<usize>() as f64 / bytes.len() as f64
}

#[test]
fn ten_moving_ships_keep_the_budget() {
    let moves = moves();
    for format in Format::ALL {
        let bytes = frame_bytes(format, &moves);
        let (average, most) = (average(&bytes), bytes.into_iter().max().unwrap());
        println!("{format:?}: {average} on average, {most} at most");
        assert!(average <= budget(format) as f64, "{format:?}: {average} on average");
        assert!(most <= bound(format), "{format:?}: {most} at most");
    }
}
