//! What follows from passwords that were wrong, as a value: how long nobody is let in, for whom, and what is forgiven.

#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeSet, HashMap},
    time::{Duration, SystemTime},
};

use gamev1_persistence::login_ledger::{Failures, Kind, Who};

/// The most of whom failures are known.
pub const KNOWN_MAX: usize = 100_000;
const DELAY_MAX: Duration = Duration::from_secs(15 * 60);
/// Failures of so long ago count no more.
pub const FORGOTTEN_AFTER: Duration = Duration::from_secs(24 * 3_600);

/// What is held against one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// From so many failures on there is a delay: a second, doubled with each further one.
    pub free: u32,
    /// One failure is forgiven each time this has gone by.
    pub forgiven_each: Option<Duration>,
}

pub const fn rule(kind: Kind) -> Rule {
    match kind {
        Kind::Account | Kind::Device => Rule { free: 5, forgiven_each: None },
        // Twenty in ten minutes. Many players may share an address.
        Kind::Address => Rule { free: 20, forgiven_each: Some(Duration::from_secs(30)) },
    }
}

/// How long after the last of `count` failures nobody is let in.
pub fn delay(count: u32, Rule { free, .. }: Rule) -> Duration {
    let Some(doublings) = count.checked_sub(free) else { return Duration::ZERO };
    // Beyond ten doublings it is longer than the longest anyhow.
    Duration::from_secs(1 << doublings.min(10)).min(DELAY_MAX)
}

/// Failures without those that time has forgiven; `None` when nothing is left.
fn forgiven(failures: Failures, rule: Rule, now: SystemTime) -> Option<Failures> {
    let Failures { count, forgiven_to, last } = failures;
    if now.duration_since(last).is_ok_and(|since| since >= FORGOTTEN_AFTER) {
        return None;
    }
    let Some(each) = rule.forgiven_each else { return Some(failures) };
    // A clock that was set back forgives nothing.
    let since = now.duration_since(forgiven_to).unwrap_or_default();
    let times = u32::try_from(since.as_millis() / each.as_millis().max(1)).unwrap_or(u32::MAX);
    let count = count.checked_sub(times).filter(|count| *count > 0)?;
    Some(Failures { count, forgiven_to: forgiven_to + each * times, last })
}

/// The failures of all. Bounded: when it is full, who has had no delay yet is forgotten; and when that makes no room, new
/// ones are not counted until it does. Those who are counted stay counted: a flood of names does not wash them out.
#[derive(Debug)]
pub struct Book {
    known: HashMap<Who, Failures>,
    max: usize,
    /// Those whose failures are not stored as they are now.
    changed: BTreeSet<Who>,
}

impl Book {
    pub fn new(max: usize) -> Book {
        Book { known: HashMap::new(), max, changed: BTreeSet::new() }
    }

    /// Takes in what was stored; what does not fit is left out.
    pub fn load(&mut self, stored: Vec<(Who, Failures)>) {
        let room = self.max.saturating_sub(self.known.len());
        self.known.extend(stored.into_iter().take(room));
    }

    pub fn len(&self) -> usize {
        self.known.len()
    }

    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// How long `who` is not let in yet; zero when they may try.
    pub fn wait(&self, who: Who, now: SystemTime) -> Duration {
        let rule = rule(who.kind);
        let Some(failures) = self.known.get(&who).and_then(|held| forgiven(*held, rule, now))
        else {
            return Duration::ZERO;
        };
        let delay = delay(failures.count, rule);
        // A clock that was set back begins the delay anew.
        delay.saturating_sub(now.duration_since(failures.last).unwrap_or_default())
    }

    /// A password was wrong.
    pub fn failed(&mut self, who: Who, now: SystemTime) {
        let rule = rule(who.kind);
        let held = self.known.get(&who).and_then(|held| forgiven(*held, rule, now));
        if held.is_none() && !self.known.contains_key(&who) && self.known.len() >= self.max {
            return;
        }
        let failures = match held {
            Some(Failures { count, forgiven_to, .. }) => {
                Failures { count: count.saturating_add(1), forgiven_to, last: now }
            }
            None => Failures { count: 1, forgiven_to: now, last: now },
        };
        self.known.insert(who, failures);
        self.changed.insert(who);
    }

    /// The password was right.
    pub fn cleared(&mut self, who: Who) {
        if self.known.remove(&who).is_some() {
            self.changed.insert(who);
        }
    }

    /// Forgets what has been forgiven, and when it is full also those who have had no delay yet. To be called every few
    /// seconds.
    pub fn sweep(&mut self, now: SystemTime) {
        let full = self.known.len() >= self.max;
        let Book { known, changed, .. } = self;
        known.retain(|who, failures| {
            let rule = rule(who.kind);
            let kept = forgiven(*failures, rule, now)
                .is_some_and(|failures| !full || failures.count >= rule.free);
            if !kept {
                changed.insert(*who);
            }
            kept
        });
    }

    /// Some of those that are to be stored as they are now.
    pub fn take_changed(&mut self, max: usize) -> Vec<(Who, Option<Failures>)> {
        let some: Vec<Who> = self.changed.iter().take(max).copied().collect();
        let with_failures = some.into_iter().map(|who| {
            self.changed.remove(&who);
            (who, self.known.get(&who).copied())
        });
        with_failures.collect()
    }

    /// They could not be stored: another time.
    pub fn put_back(&mut self, changed: Vec<(Who, Option<Failures>)>) {
        self.changed.extend(changed.into_iter().map(|(who, _)| who));
    }
}
