//! What a client knows of its rooms, and the promises that every frame of a room has to keep.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::merge_patch::merge;

/// A room as one of its members sees it.
#[derive(Debug, Clone)]
pub struct RoomView {
    /// The reply to the join.
    pub joined: Value,
    pub epoch: u64,
    pub tick: u64,
    pub ack: u64,
    /// `None` until the first snapshot, and again until the one that follows a resume or a crash.
    pub state: Option<Value>,
    pub snapshots: u64,
    pub deltas: u64,
}

impl RoomView {
    fn new(joined: &Value) -> RoomView {
        RoomView {
            epoch: joined["epoch"].as_u64().expect("an epoch"),
            joined: joined.clone(),
            tick: 0,
            ack: 0,
            state: None,
            snapshots: 0,
            deltas: 0,
        }
    }

    pub fn seat(&self) -> u64 {
        self.joined["seat"].as_u64().expect("a seat")
    }

    fn number(&self) -> u64 {
        self.joined["n"].as_u64().expect("the room's number")
    }

    /// The member of the state at `pointer`, if there is one.
    pub fn at(&self, pointer: &str) -> Option<&Value> {
        self.state.as_ref()?.pointer(pointer)
    }
}

#[derive(Debug, Default, Clone)]
pub(super) struct Rooms {
    rooms: BTreeMap<String, RoomView>,
}

impl Rooms {
    pub(super) fn get(&self, room: &str) -> Option<&RoomView> {
        self.rooms.get(room)
    }

    pub(super) fn joined(&mut self, joined: &Value) {
        let room = joined["room"].as_str().expect("a room").to_owned();
        self.rooms.insert(room, RoomView::new(joined));
    }

    pub(super) fn left(&mut self, room: &str) {
        self.rooms.remove(room);
    }

    /// A resumed session begins each room with a snapshot.
    pub(super) fn resumed(&mut self, rooms: &[Value]) {
        for joined in rooms {
            let room = joined["room"].as_str().expect("a room");
            match self.rooms.get_mut(room) {
                Some(view) => {
                    view.joined = joined.clone();
                    view.state = None;
                }
                None => self.joined(joined),
            }
        }
    }

    /// The room that a positional state frame names by its number, and the epoch of its last snapshot.
    pub(super) fn by_number(&self, number: u64) -> (String, Option<u64>) {
        let found = self.rooms.iter().find(|(_, view)| view.number() == number);
        let (room, view) =
            found.unwrap_or_else(|| panic!("state of room number {number}, which this is not in"));
        (room.clone(), Some(view.epoch))
    }

    /// Takes in a push of type `kind`. Panics when it breaks a promise.
    pub(super) fn take(&mut self, kind: &str, data: &Value) {
        let Some(name) = data["room"].as_str().filter(|_| kind.starts_with("room.")) else {
            return;
        };
        let Some(view) = self.rooms.get_mut(name) else {
            panic!("{kind} of a room that this client is not in: {data}");
        };
        let number =
            |member: &str| data[member].as_u64().unwrap_or_else(|| panic!("{member} in {data}"));
        match kind {
            "room.snapshot" => {
                let (epoch, tick) = (number("epoch"), number("tick"));
                assert!(epoch >= view.epoch, "an older epoch than {}: {data}", view.epoch);
                let again = epoch == view.epoch && view.state.is_some();
                assert!(
                    !again || tick >= view.tick,
                    "an older snapshot than {}: {data}",
                    view.tick
                );
                assert!(data["state"].is_object(), "a view is an object: {data}");
                (view.epoch, view.tick, view.ack) = (epoch, tick, number("ack"));
                view.state = Some(data["state"].clone());
                view.snapshots += 1;
            }
            "room.delta" => {
                let Some(state) = &mut view.state else {
                    panic!("a delta before the snapshot: {data}")
                };
                assert_eq!(number("epoch"), view.epoch, "a delta of another epoch: {data}");
                assert_eq!(number("base"), view.tick, "a delta that does not follow: {data}");
                assert!(number("tick") > view.tick, "time goes on: {data}");
                assert!(number("ack") >= view.ack, "an ack does not go back: {data}");
                assert!(data["patch"].is_object(), "a patch is an object: {data}");
                merge(state, &data["patch"]);
                (view.tick, view.ack) = (number("tick"), number("ack"));
                view.deltas += 1;
            }
            "room.joined" => {
                assert_ne!(number("seat"), view.seat(), "one's own room.joined: {data}")
            }
            "room.closed" => self.left(name),
            _ => {}
        }
    }
}

/// What a server that breaks its promises would send: each has to be noticed.
#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn seated() -> Rooms {
        let mut rooms = Rooms::default();
        rooms.joined(&json!({ "room": "R", "n": 3, "epoch": 5, "seat": 1 }));
        rooms
    }

    fn snapshot(epoch: u64, tick: u64) -> Value {
        json!({ "room": "R", "ack": 0, "epoch": epoch, "tick": tick, "state": { "a": 1, "b": 2 } })
    }

    fn delta(base: u64, tick: u64, ack: u64) -> Value {
        let patch = json!({ "a": null, "c": tick });
        json!({ "room": "R", "ack": ack, "epoch": 5, "tick": tick, "base": base, "patch": patch })
    }

    fn playing() -> Rooms {
        let mut rooms = seated();
        rooms.take("room.snapshot", &snapshot(5, 10));
        rooms.take("room.delta", &delta(10, 12, 4));
        rooms
    }

    #[test]
    fn a_snapshot_and_deltas_make_a_view() {
        let mut rooms = playing();
        let view = rooms.get("R").unwrap();
        assert_eq!(view.state, Some(json!({ "b": 2, "c": 12 })));
        assert_eq!((view.tick, view.ack, view.snapshots, view.deltas), (12, 4, 1, 1));
        rooms.take("room.snapshot", &snapshot(6, 3));
        assert_eq!(rooms.get("R").unwrap().tick, 3, "a later life may begin earlier");
    }

    #[test]
    #[should_panic = "not in"]
    fn a_state_of_a_room_that_was_left_is_noticed() {
        let mut rooms = playing();
        rooms.left("R");
        rooms.take("room.delta", &delta(12, 13, 4));
    }

    #[test]
    #[should_panic = "before the snapshot"]
    fn a_delta_before_the_snapshot_is_noticed() {
        seated().take("room.delta", &delta(10, 12, 0));
    }

    #[test]
    #[should_panic = "does not follow"]
    fn a_gap_is_noticed() {
        playing().take("room.delta", &delta(13, 14, 4));
    }

    #[test]
    #[should_panic = "does not go back"]
    fn an_ack_that_goes_back_is_noticed() {
        playing().take("room.delta", &delta(12, 13, 3));
    }

    #[test]
    #[should_panic = "older epoch"]
    fn an_older_life_is_noticed() {
        playing().take("room.snapshot", &snapshot(4, 100));
    }

    #[test]
    #[should_panic = "own room.joined"]
    fn being_told_of_oneself_is_noticed() {
        playing().take("room.joined", &json!({ "room": "R", "seat": 1 }));
    }

    #[test]
    #[should_panic = "before the snapshot"]
    fn a_resume_that_goes_on_without_a_snapshot_is_noticed() {
        let mut rooms = playing();
        rooms.resumed(&[json!({ "room": "R", "n": 3, "epoch": 5, "seat": 1 })]);
        rooms.take("room.delta", &delta(12, 13, 4));
    }
}
