//! What waits while a room comes back: what moved past a tick, who sits now, and what fails of it.

use super::*;
use crate::room::state::Sitting;

fn member(seat: u16, username: &str) -> Member {
    Member { seat: Seat(seat), player: PlayerId::new(), username: username.to_owned() }
}

fn held(memory: &mut Memory) -> Vec<Entry> {
    std::iter::from_fn(|| memory.next_held()).collect()
}

#[test]
fn what_came_since_the_last_tick_is_held_back_from_a_tick_that_panicked_and_comes_in_its_order() {
    let mut memory = memory();
    let leave = Entry::Leave(Seat(3));
    memory.log(input(0, 1), false);
    memory.log(leave.clone(), false);
    memory.log(input(0, 2), true);
    memory.log(input(1, 7), false);
    assert_eq!(crash(&mut memory, Site::Tick, S), Way::ReplayTick);
    assert_eq!(memory.entries().cloned().collect::<Vec<_>>(), vec![Entry::Tick; 5]);
    assert_eq!((memory.tick(), memory.tick_again()), (205, true));
    memory.log(Entry::Tick, false);
    assert!(!memory.tick_again());
    // Whoever was told no is not told otherwise by another tick.
    let no = Entry::Settle { seat: Seat(0), seq: 2 };
    assert_eq!(held(&mut memory), [input(0, 1), leave, no, input(1, 7)]);
}

#[test]
fn what_is_held_back_is_lost_with_the_log_and_counted() {
    let mut memory = memory();
    memory.log(input(0, 1), false);
    memory.log(input(0, 2), false);
    memory.log(input(0, 3), true);
    assert_eq!(crash(&mut memory, Site::Tick, S), Way::ReplayTick);
    assert_eq!(crash(&mut memory, Site::Tick, S), Way::BackToNewest);
    assert_eq!(lost(&mut memory), (5, 2));
    assert_eq!((memory.next_held(), memory.tick_again()), (None, false));
}

#[test]
fn a_room_stays_on_another_course_when_a_tick_behind_it_is_made_again() {
    let mut memory = memory();
    assert_eq!(crash(&mut memory, Site::View, S), Way::BackToNewest);
    memory.log(Entry::Reseed(7), false);
    memory.log(input(0, 1), false);
    assert_eq!(crash(&mut memory, Site::Tick, 2 * S), Way::ReplayTick);
    assert_eq!(memory.entries().cloned().collect::<Vec<_>>(), [Entry::Reseed(7)]);
    assert_eq!(held(&mut memory), [input(0, 1)]);
}

/// Two sat there when the checkpoint was made.
fn with_two(alice: &Member, bob: &Member) -> Memory {
    let mut memory = memory();
    let mut seats = checkpoint(300);
    let sitting = |member: &Member| Sitting { member: member.clone(), ack: 50 };
    seats.seats = vec![sitting(alice), sitting(bob)];
    memory.keep(seats);
    memory
}

#[test]
fn whoever_came_since_the_checkpoint_joins_and_whoever_is_gone_leaves_be_it_the_same_player() {
    let (alice, bob, carol) = (member(0, "alice"), member(1, "bob"), member(2, "carol"));
    let mut memory = with_two(&alice, &bob);
    for entry in [Entry::Join(carol.clone()), Entry::Leave(Seat(0)), Entry::Join(alice.clone())] {
        memory.log(entry, false);
    }
    memory.go_back(Way::BackToNewest, 7, &[bob, carol.clone(), alice.clone()]);
    let expected =
        [Entry::Reseed(7), Entry::Leave(Seat(0)), Entry::Join(carol), Entry::Join(alice)];
    assert_eq!(held(&mut memory), expected);
}

#[test]
fn a_seat_that_changed_hands_before_the_newer_checkpoint_changes_them_again_behind_the_older() {
    let (alice, bob) = (member(0, "alice"), member(1, "bob"));
    let mut memory = with_two(&alice, &bob);
    memory.log(Entry::Leave(Seat(1)), false);
    memory.log(Entry::Join(bob.clone()), false);
    memory.keep(checkpoint(400));
    memory.go_back(Way::BackToOlder, 7, &[alice, bob.clone()]);
    assert_eq!(held(&mut memory), [Entry::Reseed(7), Entry::Leave(Seat(1)), Entry::Join(bob)]);
}

#[test]
fn a_leave_that_panics_is_forgotten_and_a_forget_that_panics_too_is_not_told() {
    let mut memory = memory();
    memory.hold(Entry::Leave(Seat(1)));
    memory.hold(Entry::Tick);
    for entry in [Entry::Leave(Seat(1)), Entry::Forget(Seat(1)), Entry::Unseat(Seat(1))] {
        assert_eq!(memory.next_held(), Some(entry.clone()));
        assert_eq!((memory.site, memory.at_hand()), (Site::Leave, Some(&entry)));
        memory.failed = true;
        assert_eq!(come_back(&mut memory, S), Way::Replay);
        assert_eq!(memory.failed_at_hand(), None);
    }
    assert_eq!(held(&mut memory), [Entry::Tick]);
}

#[test]
fn an_input_or_a_join_that_panics_while_it_is_held_is_known_until_it_has_been_told() {
    let alice = member(1, "alice");
    let mut memory = memory();
    memory.hold(input(0, 9));
    memory.hold(Entry::Join(alice.clone()));
    let mut now = S;
    for (site, failed) in [
        (Site::Input, Failed::Input(raw_input(0, 9, &json!(null)))),
        (Site::Join, Failed::Join(alice)),
    ] {
        memory.next_held().unwrap();
        for site in [site, Site::Own] {
            now += 10 * S;
            assert_eq!(crash(&mut memory, site, now), Way::Replay);
            assert_eq!(memory.failed_at_hand(), Some(failed.clone()));
        }
        memory.told_failed();
        assert_eq!(memory.failed_at_hand(), None);
        if site == Site::Input {
            assert_eq!(memory.next_held(), Some(Entry::Settle { seat: Seat(0), seq: 9 }));
            memory.done();
        }
    }
    assert_eq!(held(&mut memory), []);
}
