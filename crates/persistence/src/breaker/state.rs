//! The circuit breaker as a value: what it decides follows from what it was told and when. Times count from when it was
//! made.

use std::time::Duration;

/// So many faults one after another open it, however few calls there are.
const FAULTS_IN_A_ROW: u32 = 3;
/// Otherwise calls of the last so many seconds are looked at, when there are at least so many.
const WINDOW_S: usize = 10;
const CALLS_MIN: u32 = 20;
/// These shares of them open it, in percent.
const FAULTS_PERCENT: u32 = 50;
const SLOW_PERCENT: u32 = 60;
/// How long it stays open: the first time, twice and from the third time on; up to a quarter longer, so that servers
/// do not come back together.
const OPEN_FOR: Duration = Duration::from_secs(1);
const OPEN_FOR_MAX: u32 = 3;
/// Calls that are let through to try, at once and in all until it closes.
const PROBES: u32 = 3;
/// A probe that takes longer has failed.
const PROBE_WITHIN: Duration = Duration::from_secs(5);
/// Looks come every second; while they find nothing, nobody else needs to try.
const LOOKED_FOR: Duration = Duration::from_secs(2);
/// When to ask again while the probes are under way.
const PROBED_FOR: Duration = Duration::from_millis(100);

/// What becomes of calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// They are made.
    Closed,
    /// A few are made, to see whether the database is back.
    HalfOpen,
    /// They are refused.
    Open,
}

impl Phase {
    /// As operators read it.
    pub const fn word(self) -> &'static str {
        match self {
            Phase::Closed => "closed",
            Phase::HalfOpen => "half_open",
            Phase::Open => "open",
        }
    }
}

/// What a call says of the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Good,
    Slow,
    Fault,
    /// Nothing: its caller went away.
    None,
}

/// What may be worth a line in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    Opened(Duration),
    Closed,
}

/// Leave to make one call. What comes of it counts in the phase in which it was given.
#[derive(Debug)]
pub(super) struct Pass {
    period: u64,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Closed { in_a_row: u32 },
    Open { until: Duration, looks_fail: bool },
    HalfOpen { running: u32, good: u32, last_begun: Duration },
}

#[derive(Debug)]
pub(super) struct Breaker {
    state: State,
    window: Window,
    /// Counts the changes of state.
    period: u64,
    /// How often it has opened since it was closed.
    openings: u32,
    change: Option<Change>,
}

impl Breaker {
    pub(super) fn new() -> Breaker {
        let state = State::Closed { in_a_row: 0 };
        Breaker { state, window: Window::default(), period: 0, openings: 0, change: None }
    }

    pub(super) fn phase(&self) -> Phase {
        match self.state {
            State::Closed { .. } => Phase::Closed,
            State::Open { .. } => Phase::Open,
            State::HalfOpen { .. } => Phase::HalfOpen,
        }
    }

    /// Told once.
    pub(super) fn take_change(&mut self) -> Option<Change> {
        self.change.take()
    }

    /// May a call be made? `chance`, from 0 to 1, is where jitter comes from.
    ///
    /// # Errors
    /// How long to wait before it is worth asking again.
    pub(super) fn admit(&mut self, now: Duration, chance: f64) -> Result<Pass, Duration> {
        if let State::Open { until, .. } = self.state {
            if now < until {
                return Err(until - now);
            }
            self.enter(State::HalfOpen { running: 0, good: 0, last_begun: now });
        }
        if let State::HalfOpen { running, last_begun, .. } = &mut self.state {
            let stuck = *running > 0 && now.saturating_sub(*last_begun) >= PROBE_WITHIN;
            if stuck {
                return Err(self.open(now, chance));
            }
            if *running >= PROBES {
                return Err(PROBED_FOR);
            }
            *running += 1;
            *last_begun = now;
        }
        Ok(Pass { period: self.period })
    }

    /// What came of a call. It says nothing of a later phase than its own.
    pub(super) fn settle(&mut self, pass: &Pass, verdict: Verdict, now: Duration, chance: f64) {
        if pass.period != self.period {
            return;
        }
        if let State::HalfOpen { running, .. } = &mut self.state {
            *running = running.saturating_sub(1);
        }
        self.count(verdict, now, chance);
    }

    /// What came of a look of this class, which needs no leave. One that finds the database there ends the wait.
    pub(super) fn looked(&mut self, verdict: Verdict, now: Duration, chance: f64) {
        self.heard(verdict == Verdict::Good, now);
        if matches!(self.state, State::Open { .. }) && verdict == Verdict::Good {
            self.enter(State::HalfOpen { running: 0, good: 0, last_begun: now });
        }
        self.count(verdict, now, chance);
    }

    /// What came of a look of another class: it knows whether anything can be had at all. As long as looks fail, no
    /// caller has to wait in order to find out; calls are tried again with the first that does not.
    pub(super) fn heard(&mut self, good: bool, now: Duration) {
        if let State::Open { until, looks_fail } = &mut self.state {
            match good {
                true if *looks_fail => *until = now,
                true => {}
                false => *until = (*until).max(now + LOOKED_FOR),
            }
            *looks_fail = !good;
        }
    }

    fn count(&mut self, verdict: Verdict, now: Duration, chance: f64) {
        match &mut self.state {
            State::Closed { in_a_row } => {
                *in_a_row = match verdict {
                    Verdict::Fault => *in_a_row + 1,
                    Verdict::Good | Verdict::Slow => 0,
                    Verdict::None => *in_a_row,
                };
                let failing = *in_a_row >= FAULTS_IN_A_ROW;
                self.window.count(verdict, now);
                // A good answer never opens it, though it be the twentieth of a bad lot.
                let is_bad = matches!(verdict, Verdict::Fault | Verdict::Slow);
                if failing || (is_bad && self.window.is_bad(now)) {
                    self.open(now, chance);
                }
            }
            State::HalfOpen { good, .. } => match verdict {
                Verdict::Good => {
                    *good += 1;
                    if *good >= PROBES {
                        self.close();
                    }
                }
                Verdict::Slow | Verdict::Fault => drop(self.open(now, chance)),
                Verdict::None => {}
            },
            State::Open { .. } => {}
        }
    }

    fn open(&mut self, now: Duration, chance: f64) -> Duration {
        self.openings = (self.openings + 1).min(OPEN_FOR_MAX);
        let wait = (OPEN_FOR * self.openings).mul_f64(1.0 + chance / 4.0);
        self.enter(State::Open { until: now + wait, looks_fail: false });
        self.change = Some(Change::Opened(wait));
        wait
    }

    fn close(&mut self) {
        self.openings = 0;
        self.window = Window::default();
        self.enter(State::Closed { in_a_row: 0 });
        self.change = Some(Change::Closed);
    }

    fn enter(&mut self, state: State) {
        self.state = state;
        self.period += 1;
    }
}

/// The calls of the last seconds, by second.
#[derive(Debug, Default)]
struct Window {
    seconds: [Second; WINDOW_S],
}

#[derive(Debug, Clone, Copy, Default)]
struct Second {
    number: u64,
    calls: u32,
    faults: u32,
    slow: u32,
}

impl Window {
    fn count(&mut self, verdict: Verdict, now: Duration) {
        if verdict == Verdict::None {
            return;
        }
        let number = now.as_secs();
        let second = &mut self.seconds[number as usize % WINDOW_S];
        if second.number != number {
            *second = Second { number, ..Second::default() };
        }
        second.calls = second.calls.saturating_add(1);
        second.faults = second.faults.saturating_add(u32::from(verdict == Verdict::Fault));
        second.slow = second.slow.saturating_add(u32::from(verdict == Verdict::Slow));
    }

    fn is_bad(&self, now: Duration) -> bool {
        let oldest = (now.as_secs() + 1).saturating_sub(WINDOW_S as u64);
        let recent = || self.seconds.iter().filter(|second| second.number >= oldest);
        let sum =
            |of: fn(&Second) -> u32| recent().map(|second| u64::from(of(second))).sum::<u64>();
        let calls = sum(|second| second.calls);
        let reaches = |part: u64, percent: u32| part * 100 >= calls * u64::from(percent);
        calls >= u64::from(CALLS_MIN)
            && (reaches(sum(|second| second.faults), FAULTS_PERCENT)
                || reaches(sum(|second| second.slow), SLOW_PERCENT))
    }
}

#[cfg(test)]
mod tests;
