//! Where ships appear, over many draws.

use gamev1_actors::rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};

use super::*;
use crate::arena::ship;

fn near(one: Vector, other: Vector, distance: i64) -> bool {
    let gap = one.minus(other);
    gap.dot(gap) < distance * distance
}

#[test]
fn a_place_is_free_on_all_sides() {
    let mut rng = ChaCha8Rng::from_seed([1; 32]);
    for _ in 0..10_000 {
        let at = place(&mut rng, std::iter::empty());
        assert!(!map::blocked(at, CLEARANCE), "{at:?}");
        assert_eq!(FIELD.grown(-CLEARANCE).clamp(at), at);
    }
}

#[test]
fn the_last_resort_is_free_too() {
    assert!(!map::blocked(LAST_RESORT, ship::RADIUS));
    assert_eq!(FIELD.grown(-ship::RADIUS).clamp(LAST_RESORT), LAST_RESORT);
}

#[test]
fn few_ships_have_a_place_for_themselves() {
    let mut rng = ChaCha8Rng::from_seed([2; 32]);
    for _ in 0..1_000 {
        let mut ships: Vec<Vector> = Vec::new();
        for _ in 0..4 {
            let at = place(&mut rng, ships.iter().copied());
            assert!(!ships.iter().any(|&other| near(at, other, DISTANCE)), "{at:?} in {ships:?}");
            ships.push(at);
        }
    }
}

#[test]
fn in_a_full_arena_nobody_appears_on_another() {
    let mut rng = ChaCha8Rng::from_seed([3; 32]);
    for _ in 0..1_000 {
        let mut ships: Vec<Vector> = Vec::new();
        for _ in 0..16 {
            let at = place(&mut rng, ships.iter().copied());
            let touching = i64::from(2 * ship::RADIUS);
            assert!(!ships.iter().any(|&other| near(at, other, touching)), "{at:?} in {ships:?}");
            ships.push(at);
        }
    }
}
