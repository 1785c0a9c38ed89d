//! A bounded map of what was used recently. Two generations: what is not asked for while the younger one fills is
//! forgotten. No clock, no lists, and never more than `max` entries. [`Shards`] are many of them, so that those who look
//! at the same moment seldom wait for each other.

use std::{borrow::Borrow, collections::HashMap, hash::Hash};

use gamev1_protocol::PlayerId;
use parking_lot::Mutex;

#[derive(Debug)]
pub struct Recent<K, V> {
    young: HashMap<K, V>,
    old: HashMap<K, V>,
    generation_max: usize,
}

impl<K: Hash + Eq, V: Clone> Recent<K, V> {
    pub fn new(max: usize) -> Recent<K, V> {
        Recent { young: HashMap::new(), old: HashMap::new(), generation_max: (max / 2).max(1) }
    }

    pub fn get<Q: Hash + Eq + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        if let Some(value) = self.young.get(key) {
            return Some(value.clone());
        }
        let (key, value) = self.old.remove_entry(key)?;
        self.insert(key, value.clone());
        Some(value)
    }

    pub fn insert(&mut self, key: K, value: V) {
        if self.young.len() >= self.generation_max && !self.young.contains_key(&key) {
            self.old = std::mem::take(&mut self.young);
        }
        self.old.remove(&key);
        self.young.insert(key, value);
    }

    pub fn remove<Q: Hash + Eq + ?Sized>(&mut self, key: &Q)
    where
        K: Borrow<Q>,
    {
        self.young.remove(key);
        self.old.remove(key);
    }
}

/// A power of two.
const SHARDS: usize = 64;

/// What entries are spread by.
pub trait Spread {
    /// Random bits, the same for the same key.
    fn bits(&self) -> u64;
}

impl Spread for PlayerId {
    fn bits(&self) -> u64 {
        // The lower half of a UUIDv7 is random.
        self.as_uuid().as_u64_pair().1
    }
}

/// A SHA-256.
impl Spread for [u8; 32] {
    fn bits(&self) -> u64 {
        self.first_chunk().map_or(0, |first| u64::from_le_bytes(*first))
    }
}

/// A bounded map for many threads. Values are cheap to clone.
pub struct Shards<K, V>(Box<[Mutex<Recent<K, V>>]>);

impl<K: Spread + Hash + Eq, V: Clone> Shards<K, V> {
    pub fn new(max: usize) -> Shards<K, V> {
        let shard = || Mutex::new(Recent::new(max / SHARDS));
        Shards(std::iter::repeat_with(shard).take(SHARDS).collect())
    }

    pub fn get(&self, key: &K) -> Option<V> {
        self.shard(key).lock().get(key)
    }

    pub fn insert(&self, key: K, value: V) {
        self.shard(&key).lock().insert(key, value);
    }

    /// Puts `value` in the place of what is there, unless `keep` says of that and the new one that it is to stay.
    pub fn replace(&self, key: K, value: V, keep: impl FnOnce(&V, &V) -> bool) {
        let mut shard = self.shard(&key).lock();
        if shard.get(&key).is_none_or(|held| !keep(&held, &value)) {
            shard.insert(key, value);
        }
    }

    pub fn remove(&self, key: &K) {
        self.shard(key).lock().remove(key);
    }

    fn shard(&self, key: &K) -> &Mutex<Recent<K, V>> {
        // The lowest bits, of which the variant of a UUID is none.
        &self.0[key.bits() as usize % SHARDS]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_used_stays_and_the_rest_is_bounded() {
        let mut recent = Recent::new(10);
        recent.insert(0, "kept");
        for key in 1..1_000 {
            recent.insert(key, "passing");
            assert_eq!(recent.get(&0), Some("kept"), "after {key}");
            assert!(recent.young.len() + recent.old.len() <= 10);
        }
        assert_eq!(recent.get(&1), None);
        assert_eq!(recent.get(&999), Some("passing"));
    }

    #[test]
    fn a_newer_value_takes_the_place_of_the_older() {
        let mut recent = Recent::new(4);
        recent.insert("a", 1);
        recent.insert("b", 1);
        recent.insert("c", 1);
        recent.insert("a", 2);
        assert_eq!(recent.get("a"), Some(2));
        recent.remove("a");
        assert_eq!(recent.get("a"), None);
    }
}
