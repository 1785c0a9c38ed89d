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
        let (room, view) = found.unwrap_or_else(|| panic!("state of room number {number}, which this is not in"));
        (room.clone(), Some(view.epoch))
    }

    /// Takes in a push of type `kind`. Panics when it breaks a promise.
    pub(super) fn take(&mut self, kind: &str, data: &Value) {
        let Some(name) = data["room"].as_str().filter(|_| kind.starts_with("room.")) else { return };
        let Some(view) = self.rooms.get_mut(name) else {
            panic!("{kind} of a room that this client is not in: {data}");
        };
        let number = |member: &str| data[member].as_u64().unwrap_or_else(|| panic!("{member} in {data}"));
        match kind {
            "room.snapshot" => {
                let (epoch, tick) = (number("epoch"), number("tick"));
                assert!(epoch >= view.epoch, "an older epoch than {}: {data}", view.epoch);
                let again = epoch == view.epoch && view.state.is_some();
                assert!(!again || tick >= view.tick, "an older snapshot than {}: {data}", view.tick);
                assert!(data["state"].is_object(), "a view is an object: {data}");
                (view.epoch, view.tick, view.ack) = (epoch, tick, number("ack"));
                view.state = Some(data["state"].clone());
                view.snapshots += 1;
            }
            "room.delta" => {
                let Some(state) = &mut view.state else { panic!("a delta before the snapshot: {data}") };
                assert_eq!(number("epoch"), view.epoch, "a delta of another epoch: {data}");
                assert_eq!(number("base"), view.tick, "a delta that does not follow: {data}");
                assert!(number("tick") > view.tick, "time goes on: {data}");
                assert!(number("ack") >= view.ack, "an ack does not go back: {data}");
                assert!(data["patch"].is_object(), "a patch is an object: {data}");
                merge(state, &data["patch"]);
                (view.tick, view.ack) = (number("tick"), number("ack"));
                view.deltas += 1;
            }
            "room.joined" => assert_ne!(number("seat"), view.seat(), "one's own room.joined: {data}"),
            "room.closed" => self.left(name),
            _ => {}
        }
    }
}
