//! Bursts, what flows back, and what the refused are told.

use governor::clock::FakeRelativeClock;

use super::*;

fn class(burst: u32, per_minute: u32) -> Class<u32, FakeRelativeClock> {
    Class::new("test", Quota::new(burst, per_minute).unwrap(), FakeRelativeClock::default())
}

#[test]
fn a_burst_passes_and_then_what_flows_back() {
    let class = class(3, 60);
    let passed = |n: usize| (0..n).filter(|_| class.check(&1).is_ok()).count();
    assert_eq!(passed(10), 3);
    class.clock.advance(Duration::from_secs(1));
    assert_eq!(passed(10), 1);
    class.clock.advance(Duration::from_secs(2));
    assert_eq!(passed(10), 2);
    class.clock.advance(Duration::from_secs(600));
    assert_eq!(passed(10), 3);
}

#[test]
fn one_key_does_not_spend_anothers_budget() {
    let class = class(1, 1);
    assert!(class.check(&1).is_ok());
    assert!(class.check(&1).is_err());
    assert!(class.check(&2).is_ok());
}

#[test]
fn the_refused_are_told_the_policy_and_when_to_come_back() {
    let class = class(2, 30);
    class.check(&1).unwrap();
    class.check(&1).unwrap();
    let problem = class.check(&1).unwrap_err();
    assert_eq!(problem.code(), ErrorCode::RateLimited);
    let response = problem.response("x");
    let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("retry-after"), "2");
    assert_eq!(header("ratelimit-policy"), "\"test\";q=2;w=4");
    assert_eq!(header("ratelimit"), "\"test\";r=0;t=2");
}

#[test]
fn those_who_have_their_whole_budget_back_are_forgotten() {
    let class = class(2, 60);
    for key in 0..1_000 {
        class.check(&key).unwrap();
    }
    assert!(!class.sweep());
    assert_eq!(class.limiter.len(), 1_000);
    class.clock.advance(Duration::from_secs(10));
    class.sweep();
    assert_eq!(class.limiter.len(), 0);
}

#[test]
fn lifted_rates_refuse_nobody() {
    let limits = HttpLimits::new(None);
    for _ in 0..10_000 {
        limits.guest(AddressKey::V4(1)).unwrap();
    }
}
