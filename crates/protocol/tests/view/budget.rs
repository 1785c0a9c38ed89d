//! Ten ships that all move: how many bytes a delta takes.

use std::collections::BTreeMap;

use gamev1_protocol::{Format, RoomId, Seat, StateOf, StateTail, view::View};
use serde::Serialize;

use super::view;

type Ships<T> = BTreeMap<Seat, T>;

#[derive(Serialize)]
struct Arena<T> {
    ships: Ships<T>,
    scores: BTreeMap<Seat, u32>,
    shots: BTreeMap<u32, (i32, i32)>,
}

/// Bytes of the delta, on average and at most, over many ticks of ten ships that all move.
fn delta_bytes<T: Serialize>(format: Format, ship: impl Fn(u64) -> T) -> (f64, usize) {
    let of = StateOf { room: RoomId::from_bits(u64::MAX), n: 100, epoch: 1 };
    let mut random = 1_u64;
    let mut arena = || {
        let ships = (0..10).map(|seat| {
            // Knuth's MMIX generator: the test is the same every time.
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (Seat(seat), ship(random >> 16))
        });
        let ships = ships.collect();
        view(&Arena {
            ships,
            scores: (0..10).map(|seat| (Seat(seat), 3)).collect(),
            shots: BTreeMap::new(),
        })
    };
    // Ten minutes and more at 20 Hz.
    let ticks = 12_000..13_000;
    let lens: Vec<usize> = ticks
        .map(|tick| {
            let patch = View::diff(&arena(), &arena());
            let mut frame = Vec::new();
            StateTail::delta(format, of, tick, tick - 1, patch.as_ref())
                .write(tick as u32, &mut frame);
            frame.len()
        })
        .collect();
    let total: usize = lens.iter().sum();
    (total as f64 / lens.len() as f64, lens.into_iter().max().unwrap())
}

/// What the arena's members are promised, in bytes of one frame.
fn budget(format: Format) -> usize {
    match format {
        Format::Json => 320,
        Format::MsgPack => 135,
    }
}

#[test]
fn ten_moving_ships_keep_the_budget_on_average() {
    for format in Format::ALL {
        let (average, most) = delta_bytes(format, |random| {
            (random % 16_000, (random >> 14) % 9_000, (random >> 28) % 629)
        });
        assert!(average <= budget(format) as f64, "{format:?}: {average}");
        assert!(most <= budget(format) + 5, "{format:?}: {most}");
    }
}

#[test]
fn they_keep_it_always_with_four_digits_and_an_aim_in_one_byte() {
    for format in Format::ALL {
        let (_, most) = delta_bytes(format, |random| {
            (9_999 - random % 1_000, 9_999 - (random >> 14) % 1_000, 255 - (random >> 28) % 128)
        });
        assert!(most <= budget(format), "{format:?}: {most}");
    }
}
