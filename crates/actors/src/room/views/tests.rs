//! Whatever a room shows and whoever is slow: what [`Views::step`] gives, applied in order, makes the present view.

use gamev1_protocol::RoomId;
use proptest::{collection::vec, prelude::*, sample::select};
use serde_json::{Value, json};

use super::*;

const OF: StateOf = StateOf { room: RoomId::from_bits(3), n: 9, epoch: 65_537 };

fn view(value: &Value) -> View {
    View::of(value).unwrap().view
}

/// A member and its client.
struct Member {
    format: Format,
    /// The tick that the room takes it to hold.
    holds: Option<u64>,
    /// A frame that waits for the socket.
    unsent: Option<(StateTail, u64, Option<u64>)>,
    /// What the client has: a tick and the view of it.
    seen: Option<(u64, Value)>,
}

impl Member {
    fn new(format: Format) -> Member {
        Member { format, holds: None, unsent: None, seen: None }
    }

    /// One round, as the room makes it.
    fn round(&mut self, views: &mut Views, ack_moved: bool) {
        let taken_back = self.unsent.take();
        if let Some((_, _, base)) = taken_back {
            self.holds = base;
        }
        let ack_moved = ack_moved || taken_back.is_some();
        let step = views.step(OF, self.format, self.holds, ack_moved);
        let Step::Frame { tail, base } = step else { return };
        let tick = views.tick().unwrap();
        self.unsent = Some((tail, tick, base));
        self.holds = Some(tick);
    }

    /// The socket takes what waits, and the client applies it.
    fn receive(&mut self) {
        let Some((tail, tick, base)) = self.unsent.take() else { return };
        let frame = read(self.format, &tail);
        assert_eq!((frame.tick, frame.base), (tick, base), "as the room notes it");
        self.seen = match (frame.base, self.seen.take()) {
            (None, _) => Some((tick, frame.body)),
            (Some(base), Some((held, mut value))) => {
                assert_eq!(base, held, "a delta for what the client does not hold");
                merge(&mut value, &frame.body);
                Some((tick, value))
            }
            (Some(_), None) => panic!("a delta before the first snapshot"),
        };
    }
}

struct Frame {
    tick: u64,
    base: Option<u64>,
    /// The whole state, or the patch.
    body: Value,
}

fn read(format: Format, tail: &StateTail) -> Frame {
    let mut bytes = Vec::new();
    tail.write(5, &mut bytes);
    match format {
        Format::Json => {
            let frame: Value = serde_json::from_slice(&bytes).unwrap();
            let data = &frame["data"];
            let tick = data["tick"].as_u64().unwrap();
            match frame["type"].as_str().unwrap() {
                "room.snapshot" => Frame { tick, base: None, body: data["state"].clone() },
                "room.delta" => {
                    Frame { tick, base: data["base"].as_u64(), body: data["patch"].clone() }
                }
                other => panic!("a state frame, got {other}"),
            }
        }
        Format::MsgPack => {
            let frame: Vec<Value> = rmp_serde::from_slice(&bytes).unwrap();
            let at = |n: usize| frame[n].as_u64().unwrap();
            match at(0) {
                0 => Frame { tick: at(4), base: None, body: frame[5].clone() },
                _ => Frame { tick: at(3), base: Some(at(3) - at(4)), body: frame[5].clone() },
            }
        }
    }
}

/// JSON Merge Patch (RFC 7396, section 2).
fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    for (name, value) in patch {
        if value.is_null() {
            target.as_object_mut().unwrap().remove(name);
        } else {
            merge(&mut target[name.as_str()], value);
        }
    }
}

fn frame(step: Step) -> (StateTail, Option<u64>) {
    match step {
        Step::Frame { tail, base } => (tail, base),
        Step::Nothing => panic!("a frame, got nothing"),
    }
}

fn is_nothing(step: Step) -> bool {
    matches!(step, Step::Nothing)
}

#[test]
fn before_the_first_view_there_is_nothing_to_send() {
    let mut views = Views::default();
    assert!(is_nothing(views.step(OF, Format::Json, None, true)));
    assert_eq!(views.tick(), None);
}

#[test]
fn whoever_holds_an_unchanged_view_gets_nothing_and_a_newcomer_all_of_it() {
    let mut views = Views::default();
    for tick in 1..=20 {
        views.observe(tick, view(&json!({ "a": 1 })));
    }
    for holds in [1, 7, 20] {
        assert!(is_nothing(views.step(OF, Format::Json, Some(holds), false)), "{holds}");
    }
    let (tail, base) = frame(views.step(OF, Format::Json, None, false));
    assert_eq!((tail.is_snapshot(), base), (true, None));
    assert_eq!(read(Format::Json, &tail).tick, 20);
}

#[test]
fn when_only_the_ack_moved_the_patch_is_empty() {
    let mut views = Views::default();
    views.observe(1, view(&json!({ "a": 1 })));
    views.observe(2, view(&json!({ "a": 1 })));
    for format in [Format::Json, Format::MsgPack] {
        let (tail, base) = frame(views.step(OF, format, Some(1), true));
        let frame = read(format, &tail);
        assert_eq!((base, frame.tick, frame.body), (Some(1), 2, json!({})), "{format:?}");
    }
}

#[test]
fn what_is_older_than_four_different_views_begins_anew() {
    let mut views = Views::default();
    for (tick, a) in [(1, 1), (2, 2), (3, 2), (4, 3), (5, 4)] {
        views.observe(tick, view(&json!({ "a": a })));
    }
    let (tail, base) = frame(views.step(OF, Format::Json, Some(1), false));
    assert_eq!((tail.is_snapshot(), base), (false, Some(1)));
    views.observe(6, view(&json!({ "a": 5 })));
    let (tail, base) = frame(views.step(OF, Format::Json, Some(1), false));
    assert_eq!((tail.is_snapshot(), base), (true, None));
    let (tail, base) = frame(views.step(OF, Format::Json, Some(2), false));
    assert_eq!((tail.is_snapshot(), base), (false, Some(2)));
}

#[test]
fn what_is_gone_is_null_in_the_patch_and_a_view_that_comes_back_is_told_again() {
    let mut views = Views::default();
    views.observe(1, view(&json!({ "a": 1, "b": 2 })));
    views.observe(2, view(&json!({ "a": 1 })));
    let (tail, _) = frame(views.step(OF, Format::Json, Some(1), false));
    assert_eq!(read(Format::Json, &tail).body, json!({ "b": null }));
    views.observe(3, view(&json!({ "a": 1, "b": 2 })));
    let (tail, base) = frame(views.step(OF, Format::Json, Some(1), false));
    assert_eq!((read(Format::Json, &tail).body, base), (json!({}), Some(1)));
    let (tail, base) = frame(views.step(OF, Format::Json, Some(2), false));
    assert_eq!((read(Format::Json, &tail).body, base), (json!({ "b": 2 }), Some(2)));
}

#[test]
fn members_with_the_same_base_and_format_share_one_encoding() {
    let mut views = Views::default();
    views.observe(1, view(&json!({ "a": 1 })));
    views.observe(2, view(&json!({ "a": 2 })));
    for holds in [Some(1), None, Some(1), None, Some(1)] {
        for format in [Format::Json, Format::Json, Format::MsgPack] {
            let (tail, _) = frame(views.step(OF, format, holds, false));
            assert_eq!(tail.is_snapshot(), holds.is_none());
        }
    }
    assert_eq!(views.tails.len(), 4);
    views.observe(3, view(&json!({ "a": 3 })));
    assert!(views.tails.is_empty(), "a new round encodes anew");
}

/// What happens in one round.
#[derive(Debug, Clone)]
struct Round {
    ticks: u64,
    shown: Value,
    joins: Option<Format>,
    /// For each member: whether its ack moved, whether its socket takes what waits, whether it asks for a snapshot.
    members: Vec<(bool, bool, bool)>,
}

fn shown() -> impl Strategy<Value = Value> {
    let part = select(vec![json!(null), json!(1), json!(2.5), json!([1, 2]), json!({ "x": 1 })]);
    (part.clone(), part, 0u8..3).prop_map(|(a, b, c)| match c {
        0 => json!({ "a": a, "b": { "c": b } }),
        1 => json!({ "a": a }),
        _ => json!({ "b": { "c": b, "d": c } }),
    })
}

fn round() -> impl Strategy<Value = Round> {
    let member = (any::<bool>(), prop::bool::weighted(0.6), prop::bool::weighted(0.05));
    let format = select(vec![Format::Json, Format::MsgPack]);
    (1u64..4, shown(), prop::option::weighted(0.2, format), vec(member, 8))
        .prop_map(|(ticks, shown, joins, members)| Round { ticks, shown, joins, members })
}

/// A view as clients see it: without members that are null.
fn without_nulls(value: &Value) -> Value {
    let mut whole = json!({});
    merge(&mut whole, value);
    whole
}

proptest! {
    #[test]
    fn whatever_is_shown_and_whoever_is_slow_everyone_comes_to_the_present_view(
        rounds in vec(round(), 1..60),
    ) {
        let mut views = Views::default();
        let mut members = vec![Member::new(Format::Json), Member::new(Format::MsgPack)];
        let mut tick = 0;
        for Round { ticks, shown, joins, members: doings } in rounds {
            tick += ticks;
            if members.len() < doings.len() {
                members.extend(joins.map(Member::new));
            }
            views.observe(tick, view(&shown));
            let present = without_nulls(&shown);
            for (member, (ack_moved, receives, syncs)) in members.iter_mut().zip(doings) {
                if syncs {
                    member.unsent = None;
                    member.holds = None;
                }
                member.round(&mut views, ack_moved);
                if receives {
                    member.receive();
                }
                if member.unsent.is_none() {
                    let (_, seen) = member.seen.as_ref().unwrap();
                    prop_assert_eq!(seen, &present, "at tick {}", tick);
                }
            }
        }
    }
}
