//! What the watchdog makes of what it sees: which actors are at one message for too long, and whether the whole process
//! hangs. Time is an argument.

use std::{collections::HashMap, sync::Arc, time::Duration};

/// An actor is at one message for longer than this: somebody should know.
pub const SLOW_AFTER: Duration = Duration::from_secs(1);
/// A thread that a game does not give back for so long is lost to the process.
pub const THREAD_LOST_AFTER: Duration = Duration::from_secs(30);
/// No thread of the runtime has done anything for so long.
pub const HUNG_AFTER: Duration = Duration::from_secs(5);
/// The watchdog itself was held up for so long: the machine or the process stood still, and nothing that it sees now
/// means anything.
pub const STOOD_STILL: Duration = Duration::from_secs(1);

/// An actor at a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Busy {
    pub path: Arc<str>,
    /// Tells this message from the next one of the same name.
    pub handled: u64,
    pub message: &'static str,
    pub lasting: Duration,
    /// Whether its handler runs without a pause: then it is the thread that hangs.
    pub blocks: bool,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// It waits for something for long.
    Slow(Busy),
    /// It will not come back: it is given up.
    Stuck(Busy),
    /// The process is to end.
    Hung(String),
}

/// What was found before, so that each thing is told once.
#[derive(Debug, Default)]
pub struct Watch {
    told: HashMap<Arc<str>, u64>,
    /// What was given up and has not come back since, and for how long when it was.
    lost: Vec<(Busy, Duration)>,
}

impl Watch {
    /// One look. `busy` are those at a message for longer than [`SLOW_AFTER`], `round` is how long ago the last look
    /// was, `beat` for how long the runtime has not answered, `now` the watchdog's age.
    pub fn look(
        &mut self,
        now: Duration,
        round: Duration,
        beat: Duration,
        busy: Vec<Busy>,
    ) -> Vec<Finding> {
        if round >= STOOD_STILL {
            return Vec::new();
        }
        if beat >= HUNG_AFTER {
            return vec![Finding::Hung(format!("no thread has answered for {beat:.1?}"))];
        }
        self.told.retain(|path, handled| {
            busy.iter().any(|busy| busy.path == *path && busy.handled == *handled)
        });
        let mut findings = Vec::new();
        for busy in busy {
            if self.told.insert(busy.path.clone(), busy.handled) == Some(busy.handled) {
                continue;
            }
            if busy.blocks {
                self.lost.push((busy.clone(), now.saturating_sub(busy.lasting)));
                findings.push(Finding::Stuck(busy));
            } else {
                findings.push(Finding::Slow(busy));
            }
        }
        let lost =
            self.lost.iter().find(|(_, since)| now.saturating_sub(*since) >= THREAD_LOST_AFTER);
        if let Some((busy, _)) = lost {
            let Busy { path, message, .. } = busy;
            findings
                .push(Finding::Hung(format!("{path} has not given its thread back ({message})")));
        }
        findings
    }

    /// It was given up and has come back after all: its thread is free.
    pub fn came_back(&mut self, path: &str) {
        self.lost.retain(|(busy, _)| *busy.path != *path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: fn(u64) -> Duration = Duration::from_millis;
    const ROUND: Duration = Duration::from_millis(250);

    fn busy(handled: u64, lasting: Duration, blocks: bool) -> Busy {
        Busy { path: "/root/rooms/room:a".into(), handled, message: "tick", lasting, blocks }
    }

    #[test]
    fn what_takes_long_is_told_once_a_message() {
        let mut watch = Watch::default();
        let slow = |handled, lasting| vec![busy(handled, MS(lasting), false)];
        assert_eq!(
            watch.look(MS(2_000), ROUND, MS(0), slow(7, 1_100)),
            [Finding::Slow(busy(7, MS(1_100), false))]
        );
        assert_eq!(watch.look(MS(2_250), ROUND, MS(0), slow(7, 1_350)), []);
        assert_eq!(watch.look(MS(2_500), ROUND, MS(0), vec![]), []);
        assert_eq!(watch.look(MS(9_000), ROUND, MS(0), slow(8, 1_000)).len(), 1);
    }

    #[test]
    fn a_thread_that_is_not_given_back_ends_the_process_and_one_that_is_does_not() {
        for comes_back in [false, true] {
            let mut watch = Watch::default();
            let stuck = busy(7, MS(1_100), true);
            let found = watch.look(MS(2_000), ROUND, MS(0), vec![stuck.clone()]);
            assert_eq!(found, [Finding::Stuck(stuck.clone())]);
            if comes_back {
                watch.came_back(&stuck.path);
            }
            assert_eq!(watch.look(MS(30_800), ROUND, MS(0), vec![]), []);
            let found = watch.look(MS(30_900), ROUND, MS(0), vec![]);
            assert_eq!(matches!(found[..], [Finding::Hung(_)]), !comes_back, "{found:?}");
        }
    }

    #[test]
    fn a_runtime_that_does_not_answer_hangs() {
        let mut watch = Watch::default();
        assert_eq!(watch.look(MS(9_000), ROUND, MS(4_999), vec![]), []);
        assert!(matches!(watch.look(MS(9_000), ROUND, MS(5_000), vec![])[..], [Finding::Hung(_)]));
    }

    #[test]
    fn after_the_machine_stood_still_nothing_is_concluded() {
        let mut watch = Watch::default();
        let seen = vec![busy(7, MS(60_000), true)];
        assert_eq!(watch.look(MS(70_000), MS(60_000), MS(60_000), seen), []);
    }
}
