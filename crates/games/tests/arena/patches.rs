//! What members see: within range always, and the same by snapshot and patches as by looking.

use gamev1_actors::protocol::{Format, RoomId, StateOf, StateTail, view::View};
use proptest::prelude::*;
use serde_json::{Map, Value};

use super::table::{Action, Table, actions};

/// A member: what it makes of the frames that it is sent.
struct Member {
    format: Format,
    view: Value,
}

impl Member {
    /// Takes a whole frame as bytes.
    fn receive(&mut self, tail: &StateTail) {
        let mut frame = Vec::new();
        tail.write(7, &mut frame);
        let frame: Value = match self.format {
            Format::Json => serde_json::from_slice(&frame).unwrap(),
            Format::MsgPack => rmp_serde::from_slice(&frame).unwrap(),
        };
        let (state, patch) = match self.format {
            Format::Json => (&frame["data"]["state"], &frame["data"]["patch"]),
            Format::MsgPack => (&frame[5], &frame[5]),
        };
        if tail.is_snapshot() {
            self.view = state.clone();
        } else {
            assert!(patch.is_object(), "{frame}");
            merge(&mut self.view, patch);
        }
    }
}

/// RFC 7396, word for word.
fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let target = target.as_object_mut().unwrap();
    for (name, value) in patch {
        if value.is_null() {
            target.remove(name);
        } else {
            merge(target.entry(name).or_insert(Value::Null), value);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn snapshot_and_patches_make_the_view(seed: u8, actions in actions()) {
        let of = StateOf { room: RoomId::from_bits(1), n: 1, epoch: 0 };
        let mut table = Table::new(seed);
        let mut seen = table.view();
        let mut applied = seen.clone();
        let mut members = Format::ALL.map(|format| Member { format, view: Value::Null });
        for member in &mut members {
            member.receive(&StateTail::snapshot(member.format, of, 0, &seen));
        }
        for action in &actions {
            table.act(action);
            let now = table.view();
            let patch = View::diff(&seen, &now);
            prop_assert_eq!(patch.is_none(), seen == now);
            if let Some(patch) = &patch {
                applied.apply(patch);
            }
            prop_assert_eq!(&applied, &now);
            let now_value = now.to_value();
            for member in &mut members {
                let (tick, base) = (table.tick + 1, table.tick);
                member.receive(&StateTail::delta(member.format, of, tick, base, patch.as_ref()));
                prop_assert_eq!(&member.view, &now_value);
            }
            seen = now;
        }
    }

    #[test]
    fn what_is_seen_is_within_its_range(seed: u8, actions in actions()) {
        let mut table = Table::new(seed);
        for action in &actions {
            match action {
                // Step by step, so that nothing between is missed.
                Action::Ticks(n) => (0..*n).for_each(|_| {
                    table.tick();
                    check(&table.view().to_value(), table.tick);
                }),
                action => table.act(action),
            }
        }
    }
}

fn check(view: &Value, tick: u64) {
    let names: Vec<&String> = view.as_object().unwrap().keys().collect();
    assert_eq!(names, ["arena", "dead", "hp", "scores", "ships", "shots"]);
    let members = |name: &str| view[name].as_object().unwrap().clone();
    let numbers = |tuple: &Value| -> Vec<u64> {
        tuple.as_array().unwrap().iter().map(|number| number.as_u64().unwrap()).collect()
    };
    for (seat, ship) in members("ships") {
        let [x, y, aim] = numbers(&ship)[..] else { panic!("{ship}") };
        // A ship's centre keeps a radius from the edge.
        assert!((64..=6_336).contains(&x) && (64..=3_536).contains(&y), "{ship}");
        assert!(aim <= 628, "{ship}");
        assert!(!view["dead"].as_object().unwrap().contains_key(&seat));
        assert!(!walls(view).any(|[left, top, width, height]| {
            x + 64 > left && x < left + width + 64 && y + 64 > top && y < top + height + 64
        }));
    }
    let (hp, ships) = (members("hp"), members("ships"));
    assert!(
        hp.keys().eq(ships.keys()),
        "hit points of {:?}, ships of {:?}",
        hp.keys(),
        ships.keys()
    );
    assert!(hp.values().all(|hp| (1..=100).contains(&hp.as_u64().unwrap())), "{hp:?}");
    for (id, shot) in members("shots") {
        assert!(id.parse::<u16>().unwrap() < 1_000, "{id}");
        let [x, y, aim] = numbers(&shot)[..] else { panic!("{shot}") };
        assert!(x <= 6_400 && y <= 3_600 && aim <= 628, "{shot}");
        assert!(!walls(view).any(|[left, top, width, height]| {
            x > left && x < left + width && y > top && y < top + height
        }));
    }
    for (_, respawn_tick) in members("dead") {
        let ahead = respawn_tick.as_u64().unwrap() - tick;
        assert!((1..=40).contains(&ahead), "{ahead}");
    }
    let scores = members("scores");
    assert_eq!(scores.len(), members("ships").len() + members("dead").len());
    assert!(scores.values().all(|score| numbers(score).len() == 2));
}

fn walls(view: &Value) -> impl Iterator<Item = [u64; 4]> {
    let walls = view["arena"]["walls"].as_array().unwrap().iter();
    walls.map(|wall| serde_json::from_value(wall.clone()).unwrap())
}
