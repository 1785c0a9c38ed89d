//! Damage, scores, death and return; coming and going; what members are shown of it.

use super::*;

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
    assert_eq!(view["hp"], json!({ "0": 100 }), "the dead have none");
    assert_eq!(view["scores"], json!({ "0": [1, 0], "1": [0, 1] }));
    table.ticks(39);
    assert_eq!((table.hp(BOB), table.events()), (0, vec![]));
    table.ticks(1);
    assert_eq!((table.hp(BOB), table.events()), (100, vec![Event::Respawn { seat: BOB }]));
    let view = table.view();
    assert_eq!(view["dead"], json!({}));
    assert_eq!(view["ships"].as_object().unwrap().len(), 2);
    assert_eq!(view["hp"], json!({ "0": 100, "1": 100 }));
    let (x, y) = table.place(BOB);
    assert!(!map::blocked(Vector { x, y }, ship::RADIUS));
}

#[test]
fn the_dead_neither_move_nor_shoot_nor_stop_shots() {
    let (mut table, _) = shot_down();
    table.join(EVE);
    table.put(EVE, 800, 400);
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
    table.put(ADA, 400, 2_400);
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
    assert_eq!(ship[2..], [json!(0)]);
    assert_eq!(view["hp"], json!({ "1": 100 }));
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
    for part in ["hp", "scores", "ships"] {
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
fn events_are_told_by_kind() {
    let told = |event: Event| serde_json::to_value(event).unwrap();
    let (seat, by) = (ADA, EVE);
    assert_eq!(told(Event::Hit { seat, by }), json!({ "kind": "hit", "seat": 0, "by": 7 }));
    assert_eq!(told(Event::Kill { seat, by }), json!({ "kind": "kill", "seat": 0, "by": 7 }));
    assert_eq!(told(Event::Respawn { seat }), json!({ "kind": "respawn", "seat": 0 }));
}

#[test]
fn the_map_is_told_in_quarters_of_a_unit_and_stands_the_same_for_both_sides() {
    let view = Table::new().view();
    let walls = view["arena"]["walls"].as_array().unwrap();
    assert_eq!((&view["arena"]["w"], &view["arena"]["h"]), (&json!(6_400), &json!(3_600)));
    assert_eq!(walls.len(), map::WALLS.len());
    assert_eq!(walls[0], json!([3_040, 1_560, 320, 480]));
    for wall in map::WALLS {
        let turned = physics::Area {
            x: map::FIELD.w - wall.x - wall.w,
            y: map::FIELD.h - wall.y - wall.h,
            ..wall
        };
        assert!(map::WALLS.contains(&turned), "{wall:?}");
    }
    for part in ["dead", "hp", "scores", "ships", "shots"] {
        assert_eq!(view[part], json!({}), "a part without members is there all the same");
    }
}

#[test]
fn the_settings_are_20_ticks_and_16_seats_or_fewer() {
    let registry = crate::all();
    let settings =
        |options: Value| registry.get("arena").unwrap().settings(options.as_object().unwrap());
    let plain = settings(json!({})).unwrap();
    assert_eq!((plain.tick_hz, plain.patch_hz), (20, 20));
    assert_eq!((plain.seats_max, plain.seats_per_player, plain.stateful), (16, 8, true));
    assert_eq!(settings(json!({ "seats": 2 })).unwrap().seats_max, 2);
    assert!(settings(json!({ "seats": 17 })).is_err());
    assert!(settings(json!({ "seat": 2 })).is_err());
}
