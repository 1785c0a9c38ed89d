//! What was revoked and may still be shown by somebody, as a value. Bounded: what there is no room for is not known
//! here, which is said, so that whoever asks can look it up elsewhere.

use std::{collections::HashMap, time::SystemTime};

use gamev1_protocol::{PlayerId, SignInId};

/// What is known of something that rests on a sign-in and an epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Holds,
    Revoked,
    /// There was no room for all that was revoked: only the database knows.
    Unknown,
}

/// The sign-ins that were ended.
#[derive(Debug, Clone)]
pub struct SignIns(Until<SignInId, ()>);

/// The lowest epoch that holds, of each player who has changed it lately.
#[derive(Debug, Clone)]
pub struct Epochs(Until<PlayerId, u32>);

impl SignIns {
    pub fn new(max: usize) -> SignIns {
        SignIns(Until::new(max))
    }

    pub fn add(&mut self, sign_in: SignInId, until: SystemTime) {
        self.0.add(sign_in, (), until);
    }

    pub fn standing(&self, sign_in: SignInId) -> Standing {
        match self.0.known.get(&sign_in) {
            Some(_) => Standing::Revoked,
            None => self.0.unknown(),
        }
    }

    pub fn sweep(&mut self, now: SystemTime) {
        self.0.sweep(now);
    }

    /// Whether there was room for everything.
    pub fn all_kept(&self) -> bool {
        self.0.spilled.is_none()
    }

    pub fn len(&self) -> usize {
        self.0.known.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Epochs {
    pub fn new(max: usize) -> Epochs {
        Epochs(Until::new(max))
    }

    pub fn add(&mut self, player: PlayerId, epoch: u32, until: SystemTime) {
        self.0.add(player, epoch, until);
    }

    pub fn standing(&self, player: PlayerId, epoch: u32) -> Standing {
        match self.0.known.get(&player) {
            Some((lowest, _)) if epoch < *lowest => Standing::Revoked,
            Some(_) => Standing::Holds,
            None => self.0.unknown(),
        }
    }

    /// 0 where nothing is known.
    pub fn lowest(&self, player: PlayerId) -> u32 {
        self.0.known.get(&player).map_or(0, |(lowest, _)| *lowest)
    }

    pub fn sweep(&mut self, now: SystemTime) {
        self.0.sweep(now);
    }

    /// Whether there was room for everything.
    pub fn all_kept(&self) -> bool {
        self.0.spilled.is_none()
    }

    pub fn len(&self) -> usize {
        self.0.known.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// At most `max` values, each until its time.
#[derive(Debug, Clone)]
struct Until<K, V> {
    known: HashMap<K, (V, SystemTime)>,
    max: usize,
    /// Until when something concerns somebody that there was no room for.
    spilled: Option<SystemTime>,
}

impl<K: std::hash::Hash + Eq, V: Ord + Copy> Until<K, V> {
    fn new(max: usize) -> Until<K, V> {
        Until { known: HashMap::new(), max, spilled: None }
    }

    /// Of two values under the same key the higher one holds, until the later time.
    fn add(&mut self, key: K, value: V, until: SystemTime) {
        let full = self.known.len() >= self.max;
        match self.known.get_mut(&key) {
            Some((held, their_until)) => {
                *held = value.max(*held);
                *their_until = until.max(*their_until);
            }
            None if full => self.spilled = self.spilled.max(Some(until)),
            None => {
                self.known.insert(key, (value, until));
            }
        }
    }

    fn unknown(&self) -> Standing {
        if self.spilled.is_some() { Standing::Unknown } else { Standing::Holds }
    }

    fn sweep(&mut self, now: SystemTime) {
        self.known.retain(|_, (_, until)| *until > now);
        self.spilled = self.spilled.filter(|until| *until > now);
        if self.known.len() < self.known.capacity() / 4 {
            self.known.shrink_to_fit();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn at(s: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(s)
    }

    #[test]
    fn a_sign_in_is_revoked_until_nothing_of_it_can_be_alive() {
        let (one, other, mut ended) = (SignInId::new(), SignInId::new(), SignIns::new(10));
        ended.add(one, at(10));
        assert_eq!((ended.standing(one), ended.standing(other)), {
            (Standing::Revoked, Standing::Holds)
        });
        ended.add(one, at(20));
        ended.add(one, at(5));
        ended.sweep(at(19));
        assert_eq!(ended.standing(one), Standing::Revoked);
        ended.sweep(at(20));
        assert_eq!((ended.standing(one), ended.len()), (Standing::Holds, 0));
    }

    #[test]
    fn the_highest_epoch_counts_in_whatever_order_it_was_heard_of() {
        let (player, mut epochs) = (PlayerId::new(), Epochs::new(10));
        assert_eq!((epochs.standing(player, 0), epochs.lowest(player)), (Standing::Holds, 0));
        epochs.add(player, 3, at(10));
        epochs.add(player, 2, at(10));
        assert_eq!(epochs.lowest(player), 3);
        assert_eq!(epochs.standing(player, 2), Standing::Revoked);
        assert_eq!(epochs.standing(player, 3), Standing::Holds);
        assert_eq!(epochs.standing(PlayerId::new(), 0), Standing::Holds);
    }

    #[test]
    fn what_there_is_no_room_for_makes_the_rest_unknown_and_not_good() {
        let (one, other, third) = (SignInId::new(), SignInId::new(), SignInId::new());
        let mut ended = SignIns::new(1);
        ended.add(one, at(10));
        ended.add(other, at(20));
        ended.add(one, at(12));
        assert_eq!(ended.standing(one), Standing::Revoked);
        assert_eq!(ended.standing(other), Standing::Unknown);
        assert_eq!(ended.standing(third), Standing::Unknown);
        ended.sweep(at(19));
        assert_eq!((ended.standing(third), ended.len()), (Standing::Unknown, 0));
        ended.sweep(at(20));
        assert_eq!(ended.standing(third), Standing::Holds);
    }
}
