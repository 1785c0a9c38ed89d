//! Replay is exact: the same seed and the same happenings make the same bytes, with a checkpoint between or without.

use gamev1_actors::game::{Game, Said};
use gamev1_games::arena::{Arena, Event};
use proptest::{prelude::*, strategy::ValueTree as _};

use super::table::{Action, Table, actions};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_same_happenings_make_the_same_bytes(seed: u8, actions in actions()) {
        let (mut one, mut other) = (Table::new(seed), Table::new(seed));
        for action in &actions {
            one.act(action);
            other.act(action);
            prop_assert_eq!(one.checkpoint(), other.checkpoint());
        }
        prop_assert_eq!(one.said(), other.said());
    }

    #[test]
    fn a_restored_arena_goes_on_as_if_it_had_never_stopped(
        seed: u8, actions in actions(), stop in any::<prop::sample::Index>(),
    ) {
        let (before, after) = actions.split_at(stop.index(actions.len()));
        let mut whole = Table::new(seed);
        before.iter().for_each(|action| whole.act(action));
        let mut restored = whole.restored();
        prop_assert_eq!(whole.checkpoint(), restored.checkpoint());
        for action in after {
            whole.act(action);
            restored.act(action);
            prop_assert_eq!(whole.checkpoint(), restored.checkpoint());
            prop_assert_eq!(whole.view(), restored.view());
        }
        prop_assert_eq!(whole.said(), restored.said());
    }

    #[test]
    fn a_refused_input_leaves_the_arena_as_it_was(seed: u8, actions in actions()) {
        let mut table = Table::new(seed);
        for action in &actions {
            if let Action::Input(seat, input) = action {
                let before = table.checkpoint();
                let within = |axis: &f64| (-1.0..=1.0).contains(axis);
                let refused = table.input(*seat, *input).is_err();
                prop_assert_eq!(refused, !input.steer.iter().all(within));
                prop_assert!(!refused || table.checkpoint() == before);
            } else {
                table.act(action);
            }
        }
    }
}

/// The properties above are worth something only where much happens.
#[test]
fn random_happenings_are_eventful() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut hits, mut kills, mut respawns) = (0, 0, 0);
    for seed in 0..64 {
        let actions = actions().new_tree(&mut runner).unwrap().current();
        let mut table = Table::new(seed);
        actions.iter().for_each(|action| table.act(action));
        for said in table.said() {
            match said {
                Said::Event(Event::Hit { .. }) => hits += 1,
                Said::Event(Event::Kill { .. }) => kills += 1,
                Said::Event(Event::Respawn { .. }) => respawns += 1,
                Said::End(_) => panic!("an arena does not end"),
            }
        }
    }
    assert!(hits > 200 && kills > 5 && respawns > 2, "{hits} {kills} {respawns}");
}

#[test]
fn another_seed_makes_another_arena() {
    let happened = |seed| {
        let mut table = Table::new(seed);
        table.join(gamev1_actors::protocol::Seat(0));
        table.checkpoint()
    };
    assert_ne!(happened(1), happened(2));
}

#[test]
fn bytes_of_another_version_or_of_no_arena_are_refused() {
    let bytes = Table::new(1).checkpoint();
    let error = Arena::restore(Arena::STATE_VERSION + 1, &bytes).unwrap_err();
    assert_eq!(error, "expected state version 1, got 2");
    assert!(Arena::restore(Arena::STATE_VERSION, &bytes[..bytes.len() - 1]).is_err());
    assert!(Arena::restore(Arena::STATE_VERSION, b"").is_err());
}
