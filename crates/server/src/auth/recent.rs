//! A bounded map of what was used recently. Two generations: what is not asked for while the younger one fills is
//! forgotten. No clock, no lists, and never more than `max` entries.

use std::{borrow::Borrow, collections::HashMap, hash::Hash};

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
