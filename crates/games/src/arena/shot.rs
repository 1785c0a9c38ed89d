//! A shot: it flies straight until it meets a ship, a wall, the edge of the field, or the end of its life.

use gamev1_actors::{game::Map, protocol::Seat};
use serde::{Deserialize, Serialize};

use super::{
    map::{self, UNIT},
    physics::{Aim, Vector, reached},
    ship::{self, Ship},
};

/// 1.2 seconds.
pub(super) const LIFE_TICKS: u8 = 24;
/// 620 units a second.
const QUARTERS_A_TICK: i32 = 620 * UNIT / super::TICK_HZ as i32;
const HIT_RADIUS: i32 = 16 * UNIT;

/// A seat has no more shots than this at a time, whatever it does.
pub(super) const PER_SEAT_MAX: u64 = (LIFE_TICKS as u64).div_ceil(ship::COOLDOWN_TICKS);
const _: () = assert!(PER_SEAT_MAX <= 16);

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Shot {
    pub(super) id: u16,
    pub(super) by: Seat,
    pub(super) at: Vector,
    pub(super) aim: Aim,
    /// The way of one tick.
    step: Vector,
    ticks_left: u8,
}

/// What became of a shot in one tick.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flight {
    On,
    Over,
    Hit(Seat),
}

impl Shot {
    pub(super) fn new(id: u16, by: Seat, at: Vector, aim: Aim) -> Shot {
        Shot { id, by, at, aim, step: aim.way(QUARTERS_A_TICK), ticks_left: LIFE_TICKS }
    }

    /// One tick of flight. The whole way counts, not its end alone, and what is met first is what is met.
    pub(super) fn fly(&mut self, ships: &Map<Seat, Ship>) -> Flight {
        let obstacle = map::obstacle(self.at, self.step);
        let mut free = obstacle.unwrap_or(f64::INFINITY);
        let mut met = None;
        for (&seat, ship) in ships.iter().filter(|(seat, _)| **seat != self.by) {
            let Some(at) = ship.at() else { continue };
            match reached(self.at, self.step, at, HIT_RADIUS) {
                Some(share) if share < free => (free, met) = (share, Some(seat)),
                _ => {}
            }
        }
        if let Some(seat) = met {
            return Flight::Hit(seat);
        }
        self.ticks_left = self.ticks_left.saturating_sub(1);
        if obstacle.is_some() || self.ticks_left == 0 {
            return Flight::Over;
        }
        self.at = self.at.plus(self.step);
        Flight::On
    }
}
