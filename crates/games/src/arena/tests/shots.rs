//! Shots: how they fly, what they hit, how many there are.

use super::*;

#[test]
fn a_shot_starts_at_the_ships_edge_and_flies_31_units_a_tick() {
    let mut table = Table::with([(ADA, 200, 450)]);
    table.input(ADA, [0.0, 0.0], EAST, true);
    table.ticks(1);
    assert_eq!(table.shots(), [(864, 1_800)]);
    table.input(ADA, [0.0, 0.0], EAST, false);
    table.ticks(1);
    assert_eq!(table.shots(), [(988, 1_800)]);
    assert_eq!(table.view()["shots"], json!({ "0": [988, 1_800, 0] }));
}

#[test]
fn a_held_trigger_fires_every_fifth_tick() {
    let mut table = Table::with([(ADA, 100, 100)]);
    table.input(ADA, [0.0, 0.0], EAST, true);
    let mut fired = Vec::new();
    for tick in 1..=16 {
        let before = table.arena.next_shot;
        table.ticks(1);
        if table.arena.next_shot != before {
            fired.push(tick);
        }
    }
    assert_eq!(fired, [1, 6, 11, 16]);
}

#[test]
fn a_click_is_one_shot_even_when_its_release_comes_before_the_tick() {
    let mut table = Table::with([(ADA, 100, 100)]);
    table.input(ADA, [0.0, 0.0], EAST, true);
    table.input(ADA, [0.0, 0.0], EAST, false);
    table.ticks(20);
    assert_eq!(table.arena.next_shot, 1);
}

#[test]
fn a_click_while_the_gun_is_hot_is_not_kept() {
    let mut table = Table::with([(ADA, 100, 100)]);
    for _ in 0..2 {
        table.input(ADA, [0.0, 0.0], EAST, true);
        table.input(ADA, [0.0, 0.0], EAST, false);
        table.ticks(1);
    }
    table.ticks(20);
    assert_eq!(table.arena.next_shot, 1);
}

#[test]
fn a_shot_lives_for_24_ticks() {
    let mut table = Table::with([(ADA, 100, 100)]);
    table.input(ADA, [0.0, 0.0], EAST, true);
    table.ticks(1);
    table.input(ADA, [0.0, 0.0], EAST, false);
    table.ticks(23);
    assert_eq!(table.shots(), [(464 + 23 * 124, 400)]);
    table.ticks(1);
    assert_eq!(table.shots(), []);
}

#[test]
fn its_last_tick_still_hits() {
    // 16 to the edge, 24 × 31 of flight, and 16 that are the other ship's.
    let reach = 16 + 24 * 31 + 16;
    let mut table = Table::with([(ADA, 100, 100), (BOB, 100 + reach, 100), (EVE, 100, 700)]);
    table.shoot(ADA, EAST);
    assert_eq!(table.hp(BOB), 80);
    table.put(BOB, (100 + reach) * map::UNIT + 1, 400);
    table.shoot(ADA, EAST);
    assert_eq!(table.hp(BOB), 100);
}

#[test]
fn walls_and_edges_stop_shots() {
    // The wall from 320 to 360 and from 180 to 400 stands between the two.
    let mut table = Table::with([(ADA, 250, 300), (BOB, 420, 300)]);
    table.shoot(ADA, EAST);
    assert_eq!((table.hp(BOB), table.events()), (100, vec![]));

    let mut table = Table::with([(ADA, 60, 100)]);
    table.input(ADA, [0.0, 0.0], WEST, true);
    table.ticks(1);
    table.input(ADA, [0.0, 0.0], WEST, false);
    assert_eq!(table.shots(), [(176, 400)]);
    table.ticks(1);
    assert_eq!(table.shots(), [(52, 400)]);
    table.ticks(1);
    assert_eq!(table.shots(), []);
}

#[test]
fn a_ship_in_the_corner_shoots_at_nothing() {
    let mut table = Table::with([(ADA, 16, 16)]);
    for aim in [WEST, NORTH] {
        table.input(ADA, [0.0, 0.0], aim, true);
        table.ticks(1);
        assert_eq!(table.shots().len(), 1, "it is seen where it leaves the ship");
        table.input(ADA, [0.0, 0.0], aim, false);
        table.ticks(1);
        assert_eq!(table.shots(), []);
        table.ticks(5);
    }
}

#[test]
fn nothing_is_tunnelled_through_wherever_the_ship_stands() {
    // A shot passes a ship's width in about one tick: try all phases, and the rim.
    for offset in 0..40 {
        let mut table = Table::with([(ADA, 100, 100), (BOB, 300 + offset, 100 + 15)]);
        table.shoot(ADA, EAST);
        assert_eq!(table.hp(BOB), 80, "{offset}");
        let mut table = Table::with([(ADA, 100, 100), (BOB, 300 + offset, 100 + 17)]);
        table.shoot(ADA, EAST);
        assert_eq!(table.hp(BOB), 100, "{offset}");
    }
}

#[test]
fn the_first_ship_on_the_way_takes_the_shot() {
    let mut table = Table::with([(ADA, 100, 100), (BOB, 190, 100), (EVE, 160, 105)]);
    table.shoot(ADA, EAST);
    assert_eq!((table.hp(BOB), table.hp(EVE)), (100, 80));
    assert_eq!(table.events(), [Event::Hit { seat: EVE, by: ADA }]);
}

#[test]
fn within_one_tick_the_nearest_takes_it_whatever_its_seat() {
    // The shot is fired at 116 and flies to 147 in one tick: past both rims.
    for (near, far) in [(BOB, EVE), (EVE, BOB)] {
        let mut table = Table::with([(ADA, 100, 100), (near, 140, 100), (far, 150, 100)]);
        table.shoot(ADA, EAST);
        assert_eq!((table.hp(near), table.hp(far)), (80, 100));
    }
}

#[test]
fn within_one_tick_a_wall_covers_what_is_behind_its_face() {
    // Fired at 306, the wall's face at 320, the other's rim at 329, the end of the tick's way at 337.
    let mut table = Table::with([(ADA, 290, 300), (BOB, 345, 300)]);
    table.shoot(ADA, EAST);
    assert_eq!(table.hp(BOB), 100);
    table.put(BOB, 1_320, 1_200);
    table.ticks(5);
    table.shoot(ADA, EAST);
    assert_eq!(table.hp(BOB), 80, "a rim before the face is not covered");
}

#[test]
fn a_shot_at_arms_length_hits() {
    let mut table = Table::with([(ADA, 100, 100), (BOB, 105, 100)]);
    table.shoot(ADA, EAST);
    assert_eq!(table.hp(BOB), 80);
    table.shoot(ADA, WEST);
    assert_eq!(table.hp(BOB), 80, "it leaves on the other side");
}

#[test]
fn nobody_hits_their_own_ship() {
    let mut table = Table::with([(ADA, 100, 100)]);
    // After its own shots, and faster than a shot is not possible: so the shot is put back.
    table.input(ADA, [0.0, 0.0], EAST, true);
    table.ticks(1);
    table.input(ADA, [0.0, 0.0], EAST, false);
    table.arena.shots[0].at = Vector { x: 360, y: 400 };
    table.ticks(2);
    assert_eq!(table.hp(ADA), 100);
    assert_eq!(table.shots(), [(360 + 248, 400)]);
}

#[test]
fn shots_have_numbers_of_their_own_however_many_were_fired() {
    let mut table = Table::new();
    for seat in 0..SEATS_MAX {
        table.join(Seat(seat));
        table.input(Seat(seat), [0.0, 0.0], f64::from(seat), true);
    }
    let mut most = 0;
    for _ in 0..400 {
        table.ticks(1);
        let mut ids: Vec<u16> = table.arena.shots.iter().map(|shot| shot.id).collect();
        most = most.max(ids.len());
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), table.arena.shots.len());
        assert!(ids.iter().all(|&id| id < SHOT_IDS));
    }
    assert!(most > usize::from(SEATS_MAX), "{most} shots: too few to mean anything");
}

#[test]
fn a_number_still_in_the_air_is_passed_over() {
    let mut table = Table::with([(ADA, 100, 100)]);
    table.input(ADA, [0.0, 0.0], EAST, true);
    table.ticks(1);
    table.arena.next_shot = 0;
    table.ticks(5);
    let ids: Vec<u16> = table.arena.shots.iter().map(|shot| shot.id).collect();
    assert_eq!(ids, [0, 1]);
    table.arena.next_shot = SHOT_IDS - 1;
    table.ticks(10);
    let ids: Vec<u16> = table.arena.shots.iter().map(|shot| shot.id).collect();
    assert_eq!(ids, [0, 1, SHOT_IDS - 1, 2]);
}

#[test]
fn a_seat_has_at_most_five_shots_in_the_air() {
    let mut table = Table::with([(ADA, 100, 100)]);
    table.input(ADA, [0.0, 0.0], EAST, true);
    let most = (0..100).map(|_| {
        table.ticks(1);
        table.shots().len() as u64
    });
    assert_eq!(most.max(), Some(shot::PER_SEAT_MAX));
    assert_eq!(shot::PER_SEAT_MAX, 5);
}
