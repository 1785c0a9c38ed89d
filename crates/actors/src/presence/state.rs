//! Who is online, as a value: each change is told once.

use std::collections::BTreeSet;

use gamev1_protocol::PlayerId;

/// What has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    Joined(PlayerId),
    Left(PlayerId),
}

#[derive(Debug, Default)]
pub struct Online(BTreeSet<PlayerId>);

impl Online {
    pub fn join(&mut self, player: PlayerId) -> Option<Change> {
        self.0.insert(player).then_some(Change::Joined(player))
    }

    pub fn leave(&mut self, player: PlayerId) -> Option<Change> {
        self.0.remove(&player).then_some(Change::Left(player))
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<PlayerId> for Online {
    fn from_iter<I: IntoIterator<Item = PlayerId>>(players: I) -> Online {
        Online(players.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_told_once_however_often_it_is_reported() {
        let player = PlayerId::new();
        let mut online = Online::default();
        assert_eq!(online.join(player), Some(Change::Joined(player)));
        assert_eq!(online.join(player), None);
        assert_eq!(online.len(), 1);
        assert_eq!(online.leave(player), Some(Change::Left(player)));
        assert_eq!(online.leave(player), None);
        assert!(online.is_empty());
    }
}
