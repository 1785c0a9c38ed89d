//! The breaker against its description: by example, and by a model under any sequence of calls.

use proptest::prelude::*;

use super::*;

const S: Duration = Duration::from_secs(1);

/// A breaker and the time at which it is asked.
struct Bench {
    breaker: Breaker,
    now: Duration,
}

impl Bench {
    fn new() -> Bench {
        Bench { breaker: Breaker::new(), now: S }
    }

    fn call(&mut self, verdict: Verdict) -> Result<(), Duration> {
        let pass = self.breaker.admit(self.now, 0.0)?;
        self.breaker.settle(&pass, verdict, self.now, 0.0);
        Ok(())
    }

    fn calls(&mut self, verdicts: &[Verdict]) -> Phase {
        for &verdict in verdicts {
            self.call(verdict).expect("it is made");
        }
        self.breaker.phase()
    }

    fn after(&mut self, wait: Duration) -> &mut Bench {
        self.now += wait;
        self
    }
}

use Verdict::{Fault, Good, Slow};

#[test]
fn three_faults_in_a_row_open_it_and_an_answer_between_does_not() {
    let mut bench = Bench::new();
    assert_eq!(bench.calls(&[Fault, Fault, Good, Fault, Fault]), Phase::Closed);
    assert_eq!(bench.calls(&[Fault]), Phase::Open);
    assert_eq!(bench.breaker.take_change(), Some(Change::Opened(S)));
    assert_eq!(bench.after(S / 4).call(Good), Err(S * 3 / 4));
}

#[test]
fn half_of_twenty_calls_within_ten_seconds_open_it() {
    let mut bench = Bench::new();
    assert_eq!(bench.calls(&[Fault, Good].repeat(9)), Phase::Closed);
    assert_eq!(bench.calls(&[Good, Fault]), Phase::Open);

    let mut bench = Bench::new();
    bench.calls(&[Fault, Good].repeat(9));
    bench.after(10 * S);
    assert_eq!(bench.calls(&[Good, Fault, Good, Fault]), Phase::Closed, "what is old is forgotten");
}

#[test]
fn answers_that_are_mostly_slow_open_it() {
    let mut bench = Bench::new();
    assert_eq!(bench.calls(&[Slow, Slow, Slow, Good, Good].repeat(3)), Phase::Closed);
    assert_eq!(bench.calls(&[Slow, Slow, Slow, Good, Good]), Phase::Closed, "nobody waits now");
    assert_eq!(bench.calls(&[Slow]), Phase::Open);
}

#[test]
fn it_stays_open_longer_each_time_and_begins_anew_once_it_was_closed() {
    let mut bench = Bench::new();
    bench.calls(&[Fault, Fault, Fault]);
    for seconds in [1, 2, 3, 3] {
        assert_eq!(bench.call(Good), Err(S * seconds));
        assert_eq!(bench.after(S * seconds).calls(&[Fault]), Phase::Open);
    }
    bench.after(3 * S);
    assert_eq!(bench.calls(&[Good, Good]), Phase::HalfOpen);
    assert_eq!(bench.calls(&[Good]), Phase::Closed);
    assert_eq!(bench.breaker.take_change(), Some(Change::Closed));
    bench.calls(&[Fault, Fault, Fault]);
    assert_eq!(bench.call(Good), Err(S));
}

#[test]
fn jitter_makes_it_a_quarter_longer_at_most() {
    let mut bench = Bench::new();
    for _ in 0..3 {
        let pass = bench.breaker.admit(bench.now, 1.0).unwrap();
        bench.breaker.settle(&pass, Fault, bench.now, 1.0);
    }
    assert_eq!(bench.call(Good), Err(S * 5 / 4));
}

#[test]
fn half_open_it_lets_three_through_and_probes_that_hang_open_it_again() {
    let mut bench = Bench::new();
    bench.calls(&[Fault, Fault, Fault]);
    bench.after(S);
    let probes: Vec<_> = (0..3).map(|_| bench.breaker.admit(bench.now, 0.0).unwrap()).collect();
    assert_eq!(bench.call(Good), Err(PROBED_FOR));
    assert_eq!(bench.after(PROBE_WITHIN).call(Good), Err(2 * S));
    assert_eq!(bench.breaker.phase(), Phase::Open);
    for probe in &probes {
        bench.breaker.settle(probe, Good, bench.now, 0.0);
    }
    assert_eq!(bench.breaker.phase(), Phase::Open, "they speak of what was");
}

#[test]
fn a_probe_that_was_given_up_makes_room_for_another() {
    let mut bench = Bench::new();
    bench.calls(&[Fault, Fault, Fault]);
    bench.after(S);
    for _ in 0..10 {
        bench.call(Verdict::None).unwrap();
    }
    assert_eq!(bench.breaker.phase(), Phase::HalfOpen);
    assert_eq!(bench.after(60 * S).calls(&[Good, Good, Good]), Phase::Closed, "however few ask");
}

#[test]
fn what_was_begun_before_it_opened_does_not_open_it_again() {
    let mut bench = Bench::new();
    let early: Vec<_> = (0..9).map(|_| bench.breaker.admit(bench.now, 0.0).unwrap()).collect();
    bench.calls(&[Fault, Fault, Fault]);
    bench.after(S).calls(&[Good, Good]);
    for pass in &early {
        bench.breaker.settle(pass, Fault, bench.now, 0.0);
    }
    assert_eq!(bench.calls(&[Good]), Phase::Closed);
}

#[test]
fn nobody_has_to_try_while_looks_fail_and_one_that_does_not_ends_the_wait() {
    let mut bench = Bench::new();
    bench.calls(&[Fault, Fault, Fault]);
    for _ in 0..60 {
        bench.breaker.looked(Fault, bench.now, 0.0);
        assert!(bench.after(S * 3 / 2).call(Good).is_err());
    }
    bench.breaker.looked(Good, bench.now, 0.0);
    assert_eq!(bench.calls(&[Good, Good]), Phase::Closed, "the look was the first of three");
}

#[test]
fn another_classs_looks_end_the_wait_only_if_they_failed_before() {
    let mut bench = Bench::new();
    bench.calls(&[Fault, Fault, Fault]);
    bench.breaker.heard(true, bench.now);
    assert_eq!(bench.call(Good), Err(S), "reads are well and always were");
    bench.breaker.heard(false, bench.now);
    assert_eq!(bench.call(Good), Err(LOOKED_FOR));
    bench.breaker.heard(true, bench.now);
    assert_eq!(bench.calls(&[Good, Good, Good]), Phase::Closed);
}

/// Something that happens to a breaker.
#[derive(Debug, Clone, Copy)]
enum Step {
    Admit,
    /// The oldest call that runs, or the newest, comes to its end.
    Settle(bool, Verdict),
    Look(Verdict),
    Hear(bool),
    Pass(u64),
}

fn verdicts() -> impl Strategy<Value = Verdict> {
    prop_oneof![3 => Just(Good), 3 => Just(Fault), 1 => Just(Slow), 1 => Just(Verdict::None)]
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => Just(Step::Admit),
        4 => (any::<bool>(), verdicts()).prop_map(|(oldest, verdict)| Step::Settle(oldest, verdict)),
        1 => verdicts().prop_map(Step::Look),
        1 => any::<bool>().prop_map(Step::Hear),
        2 => (0_u64..6_000).prop_map(Step::Pass),
    ];
    prop::collection::vec(step, 0..200)
}

proptest! {
    /// Whatever happens: it is never open for longer than its bound, never lets more than its probes through while it
    /// is half open, closes only after good answers, and lets everybody through again once the database is well.
    #[test]
    fn it_never_gets_stuck_and_never_lets_too_many_through(steps in steps(), chance in 0.0..1.0) {
        let mut bench = Bench::new();
        let mut running: Vec<(Pass, u64)> = Vec::new();
        for step in steps {
            let before = bench.breaker.phase();
            match step {
                Step::Admit => match bench.breaker.admit(bench.now, chance) {
                    Ok(pass) => {
                        let period = pass.period;
                        running.push((pass, period));
                        prop_assert_ne!(bench.breaker.phase(), Phase::Open);
                    }
                    Err(wait) => {
                        prop_assert!(wait <= OPEN_FOR * OPEN_FOR_MAX * 5 / 4);
                        prop_assert_ne!(bench.breaker.phase(), Phase::Closed);
                    }
                },
                Step::Settle(oldest, verdict) if !running.is_empty() => {
                    let (pass, _) = if oldest { running.remove(0) } else { running.pop().unwrap() };
                    bench.breaker.settle(&pass, verdict, bench.now, chance);
                    let closed = before != Phase::Closed && bench.breaker.phase() == Phase::Closed;
                    prop_assert!(!closed || (before == Phase::HalfOpen && verdict == Good));
                }
                Step::Settle(..) => {}
                Step::Look(verdict) => bench.breaker.looked(verdict, bench.now, chance),
                Step::Hear(good) => bench.breaker.heard(good, bench.now),
                Step::Pass(ms) => drop(bench.after(Duration::from_millis(ms))),
            }
            if bench.breaker.phase() == Phase::HalfOpen {
                let now = running.iter().filter(|(_, period)| *period == bench.breaker.period);
                prop_assert!(now.count() <= PROBES as usize);
            }
        }
        for (pass, _) in running {
            bench.breaker.settle(&pass, Verdict::None, bench.now, chance);
        }
        bench.after(OPEN_FOR * OPEN_FOR_MAX * 5 / 4);
        for _ in 0..PROBES {
            prop_assert_eq!(bench.call(Good), Ok(()));
        }
        prop_assert_eq!(bench.breaker.phase(), Phase::Closed);
    }
}
