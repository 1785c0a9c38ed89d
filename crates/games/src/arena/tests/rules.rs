//! Shots, damage, scores, death and return; coming and going.

use super::*;

#[test]
fn a_shot_starts_at_the_ships_edge_and_flies_31_units_a_tick() {
    let mut table = Table::with([(ADA, 200, 450)]);
    table.input(ADA, [0.0, 0.0], EAST, true);
    table.ticks(1);
    assert_eq!(table.shots(), [(2_160, 4_500)]);
    table.input(ADA, [0.0, 0.0], EAST, false);
    table.ticks(1);
    assert_eq!(table.shots(), [(2_470, 4_500)]);
    assert_eq!(table.view()["shots"], json!({ "0": [2_470, 4_500, 0] }));
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
    assert_eq!(table.shots(), [(1_160 + 23 * 310, 1_000)]);
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
    table.put(BOB, (100 + reach) * 10 + 1, 1_000);
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
    assert_eq!(table.shots(), [(440, 1_000)]);
    table.ticks(1);
    assert_eq!(table.shots(), [(130, 1_000)]);
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
    table.arena.shots[0].at = Vector { x: 900, y: 1_000 };
    table.ticks(2);
    assert_eq!(table.hp(ADA), 100);
    assert_eq!(table.shots(), [(900 + 620, 1_000)]);
}

#[test]
fn five_hits_kill_and_are_scored() {
    let mut table = Table::with([(ADA, 100, 100), (BOB, 300, 100)]);
    for left in [80, 60, 40, 20] {
        table.shoot(ADA, EAST);
        assert_eq!(table.hp(BOB), left);
        assert_eq!(table.events(), [Event::Hit { seat: BOB, by: ADA }]);
    }
    table.shoot(ADA, EAST);
    let (hit, kill) = (Event::Hit { seat: BOB, by: ADA }, Event::Kill { seat: BOB, by: ADA });
    assert_eq!(table.events(), [hit, kill]);
    assert_eq!(table.ship(BOB).at(), None);
    assert_eq!(table.arena.result(ADA), Some(json!({ "kills": 1, "deaths": 0 })));
    assert_eq!(table.arena.result(BOB), Some(json!({ "kills": 0, "deaths": 1 })));
    assert_eq!(table.arena.result(EVE), None);
}

/// Ada has shot Bob down; the tick in which that was.
fn shot_down() -> (Table, u64) {
    let mut table = Table::with([(ADA, 100, 100), (BOB, 130, 100)]);
    for _ in 0..4 {
        table.shoot(ADA, EAST);
    }
    table.input(ADA, [0.0, 0.0], EAST, true);
    table.ticks(1);
    table.input(ADA, [0.0, 0.0], EAST, false);
    table.ticks(1);
    assert_eq!(table.hp(BOB), 0);
    table.events();
    let tick = table.tick;
    (table, tick)
}

#[test]
fn the_dead_are_seen_as_such_and_are_back_40_ticks_later() {
    let (mut table, killed) = shot_down();
    let view = table.view();
    assert_eq!(view["dead"], json!({ "1": killed + 40 }));
    assert_eq!(view["ships"].as_object().unwrap().keys().collect::<Vec<_>>(), ["0"]);
    assert_eq!(view["scores"], json!({ "0": [1, 0], "1": [0, 1] }));
    table.ticks(39);
    assert_eq!((table.hp(BOB), table.events()), (0, vec![]));
    table.ticks(1);
    assert_eq!((table.hp(BOB), table.events()), (100, vec![Event::Respawn { seat: BOB }]));
    let view = table.view();
    assert_eq!(view["dead"], json!({}));
    assert_eq!(view["ships"].as_object().unwrap().len(), 2);
    let (x, y) = table.place(BOB);
    assert!(!map::blocked(Vector { x, y }, ship::RADIUS));
}

#[test]
fn the_dead_neither_move_nor_shoot_nor_stop_shots() {
    let (mut table, _) = shot_down();
    table.join(EVE);
    table.put(EVE, 2_000, 1_000);
    table.input(BOB, [1.0, 0.0], EAST, true);
    table.ticks(5);
    table.shoot(ADA, EAST);
    assert_eq!(table.events(), [Event::Hit { seat: EVE, by: ADA }]);
    assert_eq!(table.ship(BOB).at(), None);
}

#[test]
fn whoever_returns_does_at_once_what_they_want_by_then() {
    let (mut table, killed) = shot_down();
    table.input(BOB, [1.0, 0.0], SOUTH, false);
    table.ticks(killed + 40 - table.tick);
    let (x, y) = table.place(BOB);
    table.ticks(1);
    assert_ne!(table.place(BOB), (x, y));
    assert_eq!(table.ship(BOB).aim(), Aim::of(SOUTH).unwrap());
}

#[test]
fn a_shot_goes_on_when_its_shooter_dies_and_still_counts() {
    let mut table = Table::with([(ADA, 100, 100), (BOB, 100, 800), (EVE, 100, 840)]);
    for _ in 0..4 {
        table.shoot(ADA, SOUTH);
    }
    assert_eq!((table.hp(ADA), table.hp(BOB)), (100, 20));
    table.put(ADA, 1_000, 6_000);
    // Bob is at 20: hit him while a shot of his is on its way to Ada.
    table.input(BOB, [0.0, 0.0], NORTH, true);
    table.ticks(1);
    table.input(BOB, [0.0, 0.0], NORTH, false);
    table.shoot(EVE, NORTH);
    let events = table.events();
    assert!(events.contains(&Event::Kill { seat: BOB, by: EVE }), "{events:?}");
    assert!(events.contains(&Event::Hit { seat: ADA, by: BOB }), "{events:?}");
}

#[test]
fn whoever_joins_is_there_at_once_and_whole() {
    let mut table = Table::new();
    table.join(BOB);
    let view = table.view();
    let ship = view["ships"]["1"].as_array().unwrap();
    assert_eq!(ship[2..], [json!(0), json!(100)]);
    assert_eq!(view["scores"], json!({ "1": [0, 0] }));
    assert_eq!(table.events(), [], "a respawn is another thing");
}

#[test]
fn whoever_leaves_takes_ship_score_and_shots_along() {
    let mut table = Table::with([(ADA, 100, 100), (BOB, 100, 800)]);
    for seat in [ADA, BOB] {
        table.input(seat, [0.0, 0.0], EAST, true);
    }
    table.ticks(7);
    assert_eq!(table.shots().len(), 4);
    table.leave(ADA);
    assert!(table.arena.shots.iter().all(|shot| shot.by == BOB));
    let view = table.view();
    for part in ["ships", "scores"] {
        assert_eq!(view[part].as_object().unwrap().keys().collect::<Vec<_>>(), ["1"]);
    }
    assert_eq!(table.arena.result(ADA), None);
    // The seat is given again.
    table.join(ADA);
    assert_eq!(table.arena.result(ADA), Some(json!({ "kills": 0, "deaths": 0 })));
}

#[test]
fn a_seat_that_is_forgotten_is_gone_like_one_that_left() {
    let mut table = Table::with([(ADA, 100, 100), (BOB, 100, 800)]);
    table.input(ADA, [0.0, 0.0], EAST, true);
    table.ticks(1);
    table.arena.forget(ADA);
    assert_eq!(table.shots(), []);
    assert_eq!(table.view()["ships"].as_object().unwrap().len(), 1);
    table.arena.forget(ADA);
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

#[test]
fn events_are_told_by_kind() {
    let told = |event: Event| serde_json::to_value(event).unwrap();
    let (seat, by) = (ADA, EVE);
    assert_eq!(told(Event::Hit { seat, by }), json!({ "kind": "hit", "seat": 0, "by": 7 }));
    assert_eq!(told(Event::Kill { seat, by }), json!({ "kind": "kill", "seat": 0, "by": 7 }));
    assert_eq!(told(Event::Respawn { seat }), json!({ "kind": "respawn", "seat": 0 }));
}

#[test]
fn the_map_is_told_in_tenths_of_a_unit_and_stands_the_same_for_both_sides() {
    let view = Table::new().view();
    let walls = view["arena"]["walls"].as_array().unwrap();
    assert_eq!((&view["arena"]["w"], &view["arena"]["h"]), (&json!(16_000), &json!(9_000)));
    assert_eq!(walls.len(), map::WALLS.len());
    assert_eq!(walls[0], json!([7_600, 3_900, 800, 1_200]));
    for wall in map::WALLS {
        let turned = physics::Area {
            x: map::FIELD.w - wall.x - wall.w,
            y: map::FIELD.h - wall.y - wall.h,
            ..wall
        };
        assert!(map::WALLS.contains(&turned), "{wall:?}");
    }
    for part in ["dead", "scores", "ships", "shots"] {
        assert_eq!(view[part], json!({}), "a part without members is there all the same");
    }
}

#[test]
fn the_settings_are_20_ticks_and_16_seats_or_fewer() {
    let registry = crate::all();
    let settings = |options: Value| {
        registry.get("arena").unwrap().settings(options.as_object().unwrap())
    };
    let plain = settings(json!({})).unwrap();
    assert_eq!((plain.tick_hz, plain.patch_hz), (20, 20));
    assert_eq!((plain.seats_max, plain.seats_per_player, plain.stateful), (16, 8, true));
    assert_eq!(settings(json!({ "seats": 2 })).unwrap().seats_max, 2);
    assert!(settings(json!({ "seats": 17 })).is_err());
    assert!(settings(json!({ "seat": 2 })).is_err());
}
