//! Inputs and movement.

use super::*;

const STILL: [f64; 2] = [0.0, 0.0];

#[test]
fn full_speed_is_13_units_a_tick_whatever_the_direction() {
    let mut table = Table::with([(ADA, 600, 450)]);
    for (steer, way) in [
        ([1.0, 0.0], (52, 0)),
        ([0.0, -1.0], (0, -52)),
        ([1.0, 1.0], (37, 37)),
        ([-1.0, 0.5], (-47, 23)),
        ([0.5, 0.0], (26, 0)),
        ([-0.3, 0.4], (-16, 21)),
        (STILL, (0, 0)),
    ] {
        table.put(ADA, 2_400, 1_800);
        table.input(ADA, steer, EAST, false);
        table.ticks(1);
        assert_eq!(table.place(ADA), (2_400 + way.0, 1_800 + way.1), "{steer:?}");
    }
}

#[test]
fn an_input_stays_in_force_until_the_next() {
    let mut table = Table::with([(ADA, 200, 450)]);
    table.input(ADA, [1.0, 0.0], SOUTH, false);
    table.ticks(3);
    assert_eq!(table.place(ADA), (956, 1_800));
    table.input(ADA, [0.0, -1.0], NORTH, false);
    table.ticks(2);
    assert_eq!(table.place(ADA), (956, 1_696));
    assert_eq!(table.ship(ADA).aim(), Aim::of(NORTH).unwrap());
}

#[test]
fn the_field_ends_a_radius_before_its_edge() {
    let mut table = Table::with([(ADA, 20, 880), (BOB, 1_580, 20)]);
    table.input(ADA, [-1.0, 1.0], EAST, false);
    table.input(BOB, [1.0, -1.0], EAST, false);
    table.ticks(20);
    assert_eq!(table.place(ADA), (64, 3_536));
    assert_eq!(table.place(BOB), (6_336, 64));
}

#[test]
fn a_wall_stops_a_ship_and_lets_it_slide() {
    // Towards the left face of the wall that stands from 760 to 840 and from 390 to 510.
    let mut table = Table::with([(ADA, 740, 450)]);
    table.input(ADA, [1.0, 0.0], EAST, false);
    table.ticks(5);
    assert_eq!(table.place(ADA), (2_960, 1_800), "a step that would overlap is not made");
    table.input(ADA, [1.0, 1.0], EAST, false);
    table.ticks(2);
    assert_eq!(table.place(ADA), (2_960, 1_874), "the other axis goes on");
    table.ticks(12);
    assert!(table.place(ADA).0 > 3_120, "past its corner the way is free");
}

#[test]
fn a_ship_may_touch_a_wall() {
    let mut table = Table::new();
    table.join(ADA);
    table.put(ADA, 2_924, 1_800);
    table.input(ADA, [1.0, 0.0], EAST, false);
    table.ticks(1);
    assert_eq!(table.place(ADA), (2_976, 1_800));
    table.put(ADA, 2_925, 1_800);
    table.ticks(1);
    assert_eq!(table.place(ADA), (2_925, 1_800));
}

#[test]
fn no_way_leads_into_a_wall_or_out_of_the_field() {
    let mut table = Table::new();
    for seat in 0..16 {
        table.join(Seat(seat));
    }
    for round in 0..400 {
        for seat in 0..16_u16 {
            let angle = f64::from(round * 16 + u32::from(seat)) * 2.399_963;
            table.input(Seat(seat), [angle.cos(), angle.sin()], angle, false);
        }
        table.ticks(8);
        for seat in 0..16 {
            let (x, y) = table.place(Seat(seat));
            assert!((64..=6_336).contains(&x) && (64..=3_536).contains(&y), "{x} {y}");
            assert!(!map::blocked(Vector { x, y }, ship::RADIUS), "{x} {y}");
        }
    }
}

#[test]
fn what_is_out_of_range_is_refused_and_changes_nothing() {
    let mut table = Table::with([(ADA, 200, 450)]);
    table.input(ADA, [0.25, 0.0], WEST, true);
    table.ticks(1);
    let before = table.checkpoint();
    for (steer, aim, code) in [
        ([1.001, 0.0], EAST, "move_out_of_range"),
        ([0.0, -1.001], EAST, "move_out_of_range"),
        ([f64::NAN, 0.0], EAST, "move_out_of_range"),
        ([0.0, f64::INFINITY], EAST, "move_out_of_range"),
        ([2.0, 0.0], f64::NAN, "move_out_of_range"),
        (STILL, f64::NAN, "aim_out_of_range"),
        (STILL, f64::NEG_INFINITY, "aim_out_of_range"),
    ] {
        let refusal = table.try_input(ADA, steer, aim, false).unwrap_err();
        assert_eq!(refusal.code, code, "{steer:?} {aim}");
        assert_eq!(table.checkpoint(), before, "{steer:?} {aim}");
    }
    assert_eq!(table.said, []);
}

#[test]
fn a_refusal_says_what_came() {
    let mut table = Table::with([(ADA, 200, 450)]);
    let refusal = table.try_input(ADA, [1.5, 0.0], EAST, false).unwrap_err();
    assert_eq!(refusal.message, "expected a move from -1 to 1 on both axes, got [1.5, 0]");
    let refusal = table.try_input(ADA, STILL, f64::NAN, false).unwrap_err();
    assert_eq!(refusal.message, "expected an aim in radians, got NaN");
}

#[test]
fn an_input_without_one_of_its_fields_is_none() {
    let input = |input: Value| serde_json::from_value::<Input>(input);
    let whole = input(json!({ "move": [1, -0.5], "aim": -3, "fire": false })).unwrap();
    assert_eq!(whole, Input { steer: [1.0, -0.5], aim: -3.0, fire: false });
    for part in [
        json!({ "aim": 0, "fire": false }),
        json!({ "move": [0, 0], "fire": false }),
        json!({ "move": [0, 0], "aim": 0 }),
        json!({ "move": [0], "aim": 0, "fire": false }),
        json!({ "move": [0, 0, 0], "aim": 0, "fire": false }),
        json!({ "move": [0, 0], "aim": 0, "fire": 1 }),
        json!({ "move": [0, 0], "aim": null, "fire": false }),
    ] {
        assert!(input(part.clone()).is_err(), "{part}");
    }
}

#[test]
fn the_input_of_a_seat_without_a_ship_does_nothing() {
    let mut table = Table::with([(ADA, 200, 450)]);
    let before = table.checkpoint();
    table.input(BOB, [1.0, 0.0], EAST, true);
    assert_eq!(table.checkpoint(), before);
}
