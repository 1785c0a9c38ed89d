//! The curve, what time forgives, and what happens when there is no room.

use super::*;

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_600_000_000 + seconds)
}

fn who(kind: Kind, n: u64) -> Who {
    let mut hash = [0; 32];
    hash[..8].copy_from_slice(&n.to_be_bytes());
    Who { kind, hash }
}

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn the_delay_doubles_from_the_fifth_failure_to_a_quarter_of_an_hour() {
    let of = |count| delay(count, rule(Kind::Account)).as_secs();
    assert_eq!([0, 1, 4, 5, 6, 7, 10].map(of), [0, 0, 0, 1, 2, 4, 32]);
    assert_eq!([14, 15, 16, 100, u32::MAX].map(of), [512, 900, 900, 900, 900]);
}

#[test]
fn an_account_waits_after_five_failures_and_not_before() {
    let (mut book, ada) = (Book::new(10), who(Kind::Account, 1));
    for _ in 0..4 {
        book.failed(ada, at(0));
        assert_eq!(book.wait(ada, at(0)), Duration::ZERO);
    }
    book.failed(ada, at(0));
    assert_eq!(book.wait(ada, at(0)), SECOND);
    assert_eq!(book.wait(ada, at(1)), Duration::ZERO);
    book.failed(ada, at(1));
    assert_eq!(book.wait(ada, at(1)), 2 * SECOND);
    // Hours forgive an account nothing, a day everything.
    book.failed(ada, at(7_200));
    assert_eq!(book.wait(ada, at(7_200)), 4 * SECOND);
    book.failed(ada, at(7_200 + FORGOTTEN_AFTER.as_secs()));
    assert_eq!(book.wait(ada, at(7_200 + FORGOTTEN_AFTER.as_secs())), Duration::ZERO);
}

#[test]
fn an_address_may_fail_twenty_times_in_ten_minutes() {
    let (mut book, address) = (Book::new(10), who(Kind::Address, 1));
    for n in 0..19 {
        book.failed(address, at(n));
        assert_eq!(book.wait(address, at(n)), Duration::ZERO, "{n}");
    }
    book.failed(address, at(19));
    assert_eq!(book.wait(address, at(19)), SECOND);
    book.failed(address, at(20));
    assert_eq!(book.wait(address, at(20)), 2 * SECOND);
    // Ten minutes on, one of them counts still.
    for n in 0..19 {
        assert_eq!(book.wait(address, at(620)), Duration::ZERO, "{n}");
        book.failed(address, at(620));
    }
    assert_eq!(book.wait(address, at(620)), SECOND);
    // One failure every half minute goes on for ever.
    for n in 0..100 {
        let now = at(2_000 + 30 * n);
        assert_eq!(book.wait(address, now), Duration::ZERO);
        book.failed(address, now);
    }
}

#[test]
fn a_right_password_clears_whom_it_was_right_for() {
    let (mut book, ada, bob) = (Book::new(10), who(Kind::Device, 1), who(Kind::Device, 2));
    for _ in 0..9 {
        book.failed(ada, at(0));
        book.failed(bob, at(0));
    }
    book.cleared(ada);
    assert_eq!(book.wait(ada, at(0)), Duration::ZERO);
    assert_eq!(book.wait(bob, at(0)), 16 * SECOND);
}

#[test]
fn a_clock_that_was_set_back_lets_nobody_in_sooner() {
    let (mut book, address) = (Book::new(10), who(Kind::Address, 1));
    for _ in 0..25 {
        book.failed(address, at(1_000));
    }
    assert_eq!(book.wait(address, at(0)), 32 * SECOND);
    book.failed(address, at(0));
    assert_eq!(book.wait(address, at(0)), 64 * SECOND);
}

#[test]
fn a_flood_of_names_neither_grows_without_bound_nor_washes_anyone_out() {
    let (mut book, ada) = (Book::new(100), who(Kind::Account, 0));
    for _ in 0..10 {
        book.failed(ada, at(0));
    }
    for n in 1..10_000 {
        book.failed(who(Kind::Account, n), at(0));
        assert!(book.len() <= 100);
    }
    assert_eq!(book.wait(ada, at(0)), 32 * SECOND);
    book.sweep(at(1));
    assert_eq!(book.len(), 1, "those who have had no delay make room");
    let late = who(Kind::Account, 99_999);
    book.failed(late, at(1));
    assert_eq!(book.len(), 2);
}

#[test]
fn what_was_forgiven_is_swept() {
    let mut book = Book::new(100);
    book.failed(who(Kind::Address, 1), at(0));
    book.failed(who(Kind::Account, 1), at(0));
    book.sweep(at(31));
    assert_eq!(book.len(), 1);
    book.sweep(at(FORGOTTEN_AFTER.as_secs()));
    assert!(book.is_empty());
}

#[test]
fn what_changed_is_stored_once_and_again_when_that_failed() {
    let mut book = Book::new(10);
    let (ada, bob) = (who(Kind::Account, 1), who(Kind::Account, 2));
    book.failed(ada, at(0));
    book.failed(ada, at(1));
    book.failed(bob, at(0));
    let first = book.take_changed(1);
    let expected = Failures { count: 2, forgiven_to: at(0), last: at(1) };
    assert_eq!(first, [(ada, Some(expected))]);
    book.put_back(first);
    book.cleared(bob);
    assert_eq!(book.take_changed(10), [(ada, Some(expected)), (bob, None)]);
    assert_eq!(book.take_changed(10), []);
    let mut next = Book::new(10);
    next.load(vec![(ada, expected)]);
    assert_eq!(next.take_changed(10), []);
    next.failed(ada, at(2));
    assert_eq!(next.take_changed(10)[0].1.map(|failures| failures.count), Some(3));
}
