//! Who is kept out, who is not, and what a restart knows.

use super::*;
use crate::auth::memory_accounts::MemoryAccounts;

const NOW: SystemTime = SystemTime::UNIX_EPOCH;

fn address(n: u32) -> AddressKey {
    AddressKey::V4(n)
}

#[test]
fn a_stranger_does_not_keep_a_known_device_out() {
    let guard = BruteForce::new(Arc::new(MemoryAccounts::default()), true);
    let (login, device) = ([1; 32], [2; 32]);
    let own = Attempt::new(login, Some(device), address(1));
    for n in 0..50 {
        // From everywhere, so that no address has too many.
        let stranger = Attempt::new(login, None, address(100 + n));
        let shut = guard.is_shut(stranger, NOW).unwrap();
        assert_eq!(shut, n >= 5, "{n}");
        guard.failed(stranger, shut, NOW);
    }
    assert_eq!(guard.is_shut(own, NOW), Ok(false));
    // The device itself is held to the same.
    for _ in 0..5 {
        guard.failed(own, false, NOW);
    }
    assert_eq!(guard.is_shut(own, NOW), Ok(true));
    guard.succeeded(own);
    assert_eq!(guard.is_shut(own, NOW), Ok(false));
    let other = Attempt::new([3; 32], Some(device), address(1));
    assert_ne!(other.by, own.by, "a device is one of an account");
}

#[test]
fn an_address_that_tries_many_accounts_is_told_to_wait() {
    let guard = BruteForce::new(Arc::new(MemoryAccounts::default()), true);
    let attempt = |n| Attempt::new([n; 32], None, address(1));
    for n in 0..20 {
        assert_eq!(guard.is_shut(attempt(n), NOW), Ok(false));
        guard.failed(attempt(n), false, NOW);
    }
    let problem = guard.is_shut(attempt(99), NOW).unwrap_err();
    assert_eq!(problem.code(), ErrorCode::RateLimited);
    let response = problem.response("x");
    assert_eq!(response.headers()["retry-after"], "1");
    assert_eq!(response.headers()["ratelimit"], "\"failed_logins\";r=0;t=1");
    // Its neighbours are not.
    assert_eq!(guard.is_shut(Attempt::new([99; 32], None, address(2)), NOW), Ok(false));
    assert_eq!(guard.is_shut(attempt(99), NOW + Duration::from_secs(1)), Ok(false));
}

#[tokio::test]
async fn a_restart_gives_no_new_tries() {
    let store = Arc::new(MemoryAccounts::default());
    let attempt = Attempt::new([1; 32], None, address(1));
    let first = BruteForce::new(store.clone(), true);
    for _ in 0..9 {
        first.failed(attempt, false, NOW);
    }
    store.down.store(true, std::sync::atomic::Ordering::Relaxed);
    first.store().await;
    store.down.store(false, std::sync::atomic::Ordering::Relaxed);
    first.store().await;

    let second = BruteForce::new(store, true);
    assert_eq!(second.is_shut(attempt, NOW), Ok(false));
    second.load().await.unwrap();

    assert_eq!(second.is_shut(attempt, NOW), Ok(true));
}

#[test]
fn lifted_rates_count_nothing() {
    let guard = BruteForce::new(Arc::new(MemoryAccounts::default()), false);
    let attempt = Attempt::new([1; 32], None, address(1));
    for _ in 0..100 {
        guard.failed(attempt, false, NOW);
        assert_eq!(guard.is_shut(attempt, NOW), Ok(false));
    }
}

#[tokio::test]
async fn a_device_is_known_to_the_account_that_it_signed_in_to() {
    let guard = BruteForce::new(Arc::new(MemoryAccounts::default()), true);
    let (ada, bob) = (PlayerId::new(), PlayerId::new());
    guard.met(ada, [7; 32], NOW).await;
    assert_eq!(guard.knows(Some(ada), [7; 32]).await, Ok(true));
    for (player, device) in [(Some(ada), [8; 32]), (Some(bob), [7; 32]), (None, [7; 32])] {
        assert_eq!(guard.knows(player, device).await, Ok(false));
    }
}
