//! One use, thirty seconds, a bounded number.

use std::collections::HashSet;

use super::*;

const NOW: SystemTime = SystemTime::UNIX_EPOCH;

#[test]
fn a_ticket_is_good_once_and_for_its_holder() {
    let tickets = Tickets::default();
    let alice = tickets.issue("alice", NOW).unwrap();
    let bob = tickets.issue("bob", NOW).unwrap();
    assert_eq!(tickets.redeem(&bob, NOW), Ok("bob"));
    assert_eq!(tickets.redeem(&alice, NOW), Ok("alice"));
    for used in [&alice, &bob, "", "made up"] {
        let error = tickets.redeem(used, NOW).unwrap_err();
        assert_eq!(error.code, ErrorCode::TicketInvalid);
    }
}

#[test]
fn a_ticket_ends_after_thirty_seconds() {
    let tickets = Tickets::default();
    let [early, late] = [(); 2].map(|()| tickets.issue((), NOW).unwrap());
    let before = NOW + TICKET_TTL - Duration::from_millis(1);
    assert_eq!(tickets.redeem(&early, before), Ok(()));
    assert_eq!(tickets.redeem(&late, NOW + TICKET_TTL).unwrap_err().code, ErrorCode::TicketInvalid);
}

#[test]
fn a_ticket_has_too_many_bits_to_be_guessed_and_fits_a_subprotocol() {
    let tickets = Tickets::default();
    let issued: HashSet<_> = (0..1_000).map(|_| tickets.issue((), NOW).unwrap()).collect();
    assert_eq!(issued.len(), 1_000);
    for ticket in issued {
        assert_eq!(ticket.len(), 32);
        assert!(ticket.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
    }
}

#[test]
fn there_are_never_more_than_the_bound_and_old_ones_make_room() {
    let tickets = Tickets { max: 3, ..Tickets::default() };
    for _ in 0..3 {
        tickets.issue((), NOW).unwrap();
    }
    let error = tickets.issue((), NOW).unwrap_err();
    assert_eq!((error.code, error.retry_after_ms), (ErrorCode::Overloaded, Some(30_000)));
    let later = NOW + TICKET_TTL;
    assert!(tickets.issue((), later).is_ok());
    tickets.sweep(later + TICKET_TTL);
    assert_eq!(tickets.out.lock().len(), 0);
}
