//! Who is banned, as a value: a player may be so several times over, and the ban that lasts longest counts.

use std::{collections::BTreeMap, sync::Arc, time::SystemTime};

use gamev1_protocol::PlayerId;

use crate::ports::{Sanction, SanctionKind};

#[derive(Debug, Default, Clone)]
pub struct Banned(BTreeMap<PlayerId, Vec<Arc<Sanction>>>);

impl Banned {
    /// The same ban again changes nothing; another kind of sanction is none.
    pub fn add(&mut self, sanction: Sanction) {
        if sanction.kind != SanctionKind::Ban {
            return;
        }
        let theirs = self.0.entry(sanction.player).or_default();
        if theirs.iter().all(|known| known.id != sanction.id) {
            theirs.push(Arc::new(sanction));
        }
    }

    pub fn lift(&mut self, player: PlayerId) {
        self.0.remove(&player);
    }

    /// The ban that keeps `player` away at `now`.
    pub fn of(&self, player: PlayerId, now: SystemTime) -> Option<&Arc<Sanction>> {
        let holding = self.0.get(&player)?.iter().filter(|ban| holds(ban, now));
        // One without an end lasts longest.
        holding.max_by_key(|ban| (ban.until.is_none(), ban.until))
    }

    /// Forgets those that are over.
    pub fn sweep(&mut self, now: SystemTime) {
        self.0.retain(|_, theirs| {
            theirs.retain(|ban| holds(ban, now));
            !theirs.is_empty()
        });
    }

    /// Those of one player that hold at `now`, the latest first.
    pub fn all_of(&self, player: PlayerId, now: SystemTime) -> Vec<Arc<Sanction>> {
        let theirs = self.0.get(&player).into_iter().flatten();
        let mut holding: Vec<_> = theirs.filter(|ban| holds(ban, now)).cloned().collect();
        holding.sort_by_key(|ban| std::cmp::Reverse(ban.id));
        holding
    }

    /// All that hold at `now`, the latest first.
    pub fn all(&self, now: SystemTime) -> Vec<Arc<Sanction>> {
        let holding = self.0.values().flatten().filter(|ban| holds(ban, now));
        let mut all: Vec<_> = holding.cloned().collect();
        all.sort_by_key(|ban| std::cmp::Reverse(ban.id));
        all
    }

    /// Players of whom anything is known.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn holds(ban: &Sanction, now: SystemTime) -> bool {
    ban.until.is_none_or(|until| until > now)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn at(s: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(s)
    }

    fn ban(player: PlayerId, until: Option<u64>) -> Sanction {
        Sanction {
            id: uuid::Uuid::now_v7(),
            player,
            kind: SanctionKind::Ban,
            until: until.map(at),
            reason: "spoils it for others".into(),
            by: None,
            at: at(0),
        }
    }

    #[test]
    fn the_ban_that_lasts_longest_counts() {
        let (player, mut banned) = (PlayerId::new(), Banned::default());
        let (short, long, open) = (ban(player, Some(10)), ban(player, Some(20)), ban(player, None));
        banned.add(long.clone());
        banned.add(short.clone());
        assert_eq!(banned.of(player, at(5)).unwrap().id, long.id);
        assert_eq!(banned.of(player, at(19)).unwrap().id, long.id);
        assert_eq!(banned.of(player, at(20)), None);
        banned.add(open.clone());
        assert_eq!(banned.of(player, at(5)).unwrap().id, open.id);
        assert_eq!(banned.of(PlayerId::new(), at(5)), None);
        let ids = |at| banned.all_of(player, at).iter().map(|ban| ban.id).collect::<Vec<_>>();
        assert_eq!(ids(at(5)), [open.id, long.id, short.id]);
        assert_eq!(ids(at(15)), [open.id, long.id]);
        banned.lift(player);
        assert_eq!(banned.of(player, at(5)), None);
    }

    #[test]
    fn what_is_over_is_forgotten_and_not_listed() {
        let (one, other, mut banned) = (PlayerId::new(), PlayerId::new(), Banned::default());
        let (first, second) = (ban(one, Some(10)), ban(other, None));
        for sanction in [&first, &second, &second] {
            banned.add(sanction.clone());
        }
        banned.add(Sanction { kind: SanctionKind::Mute, ..ban(PlayerId::new(), None) });
        let ids = |at| banned.all(at).iter().map(|ban| ban.id).collect::<Vec<_>>();
        assert_eq!(ids(at(1)), [second.id, first.id]);
        assert_eq!(ids(at(10)), [second.id]);
        assert_eq!(banned.len(), 2);
        banned.sweep(at(10));
        assert_eq!(banned.len(), 1);
    }
}
