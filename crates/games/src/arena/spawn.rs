//! Where a ship appears: at random, free of walls, away from the others.

#[cfg(test)]
mod tests;

use gamev1_actors::rand::{Rng, RngExt};

use super::{
    map::{self, FIELD, UNIT},
    physics::Vector,
};

/// Free space to all sides, so that whoever appears can move whichever way they like.
const CLEARANCE: i32 = 60 * UNIT;
/// A place as far from everybody as this is taken at once.
const DISTANCE: i64 = 300 * UNIT as i64;
const TRIES_MAX: u32 = 24;
/// For when all tries fall on walls, which cover less than a quarter of the field even with their clearance.
const LAST_RESORT: Vector = Vector { x: 80 * UNIT, y: 80 * UNIT };

/// The first free place that is far from all `others`, or the farthest that was found.
pub(super) fn place<O>(rng: &mut impl Rng, others: O) -> Vector
where
    O: Iterator<Item = Vector> + Clone,
{
    let mut best = (-1, LAST_RESORT);
    for _ in 0..TRIES_MAX {
        let at = Vector {
            x: rng.random_range(CLEARANCE..=FIELD.w - CLEARANCE),
            y: rng.random_range(CLEARANCE..=FIELD.h - CLEARANCE),
        };
        if map::blocked(at, CLEARANCE) {
            continue;
        }
        let to = |other: Vector| other.minus(at).dot(other.minus(at));
        let nearest = others.clone().map(to).min().unwrap_or(i64::MAX);
        if nearest >= DISTANCE * DISTANCE {
            return at;
        }
        if nearest > best.0 {
            best = (nearest, at);
        }
    }
    best.1
}
