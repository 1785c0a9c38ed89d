//! Which rooms there are to be found, by game and options, the oldest first: so that rooms fill up. Pure.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use gamev1_protocol::RoomId;
use serde_json::{Map, Value};

/// The public rooms of this server.
#[derive(Debug, Default)]
pub struct Listing {
    /// Game and options in canonical text: rooms with equal options stand together.
    rooms: BTreeMap<String, BTreeSet<(u64, RoomId)>>,
    places: HashMap<RoomId, (String, u64)>,
    added: u64,
}

/// What a player looks for.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    pub game: &'a str,
    pub options: &'a Map<String, Value>,
}

impl Listing {
    pub fn add(&mut self, room: RoomId, game: &str, options: &Map<String, Value>) {
        let key = key(game, options);
        self.added += 1;
        self.rooms.entry(key.clone()).or_default().insert((self.added, room));
        self.places.insert(room, (key, self.added));
    }

    pub fn remove(&mut self, room: RoomId) {
        let Some((key, added)) = self.places.remove(&room) else { return };
        if let Some(rooms) = self.rooms.get_mut(&key) {
            rooms.remove(&(added, room));
            if rooms.is_empty() {
                self.rooms.remove(&key);
            }
        }
    }

    /// Rooms of that game with equal options, the oldest first.
    pub fn of(&self, wanted: Wanted<'_>) -> impl Iterator<Item = RoomId> {
        let rooms = self.rooms.get(&key(wanted.game, wanted.options));
        rooms.into_iter().flatten().map(|&(_, room)| room)
    }
}

/// serde_json keeps the members of a map sorted, so that equal options have equal text.
fn key(game: &str, options: &Map<String, Value>) -> String {
    format!("{game} {}", Value::Object(options.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(value: Value) -> Map<String, Value> {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn rooms_of_equal_options_are_found_the_oldest_first_until_they_are_gone() {
        let mut listing = Listing::default();
        let [a, b, c] = [9, 5, 7].map(RoomId::from_bits);
        let small = options(serde_json::json!({ "a": 1, "b": 2 }));
        let same = options(serde_json::json!({ "b": 2, "a": 1 }));
        listing.add(a, "arena", &small);
        listing.add(b, "arena", &same);
        listing.add(c, "arena", &Map::new());
        fn found(listing: &Listing, options: &Map<String, Value>) -> Vec<RoomId> {
            listing.of(Wanted { game: "arena", options }).collect()
        }
        assert_eq!(found(&listing, &same), [a, b]);
        assert_eq!(found(&listing, &Map::new()), [c]);
        listing.remove(a);
        assert_eq!(found(&listing, &small), [b]);
        listing.remove(a);
        listing.remove(b);
        assert_eq!(found(&listing, &small), []);
    }
}
