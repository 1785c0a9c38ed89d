//! A seat's ship: how it is steered, what it survives, what it has scored.

use serde::{Deserialize, Serialize};

use super::{
    map::{self, UNIT},
    physics::{Aim, Vector},
};

pub(super) const RADIUS: i32 = 16 * UNIT;
pub(super) const HP_MAX: u8 = 100;
pub(super) const COOLDOWN_TICKS: u64 = 5;
pub(super) const RESPAWN_TICKS: u64 = 40;
/// 260 units a second.
const QUARTERS_A_TICK: i32 = 260 * UNIT / super::TICK_HZ as i32;
const DAMAGE: u8 = 20;

/// What a seat wants, until it wants something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Controls {
    /// The way of one tick.
    step: Vector,
    aim: Aim,
    fire: bool,
}

impl Controls {
    const IDLE: Controls = Controls { step: Vector { x: 0, y: 0 }, aim: Aim::AHEAD, fire: false };

    /// `x` and `y` from -1 to 1; together they do not make a ship faster than one of them.
    pub(super) fn new([x, y]: [f64; 2], aim: Aim, fire: bool) -> Controls {
        let step = f64::from(QUARTERS_A_TICK) / (x * x + y * y).sqrt().max(1.0);
        Controls { step: Vector::rounded(x * step, y * step), aim, fire }
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Ship {
    controls: Controls,
    /// The trigger was pulled since the last tick: a click is a shot, even when its release is already here.
    clicked: bool,
    /// The first tick in which it may fire again.
    ready_at: u64,
    life: Life,
    pub(super) kills: u32,
    pub(super) deaths: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Life {
    Alive { at: Vector, hp: u8 },
    Dead { respawn_at: u64 },
}

impl Ship {
    pub(super) fn new(at: Vector) -> Ship {
        let life = Life::Alive { at, hp: HP_MAX };
        Ship { controls: Controls::IDLE, clicked: false, ready_at: 0, life, kills: 0, deaths: 0 }
    }

    pub(super) fn life(&self) -> Life {
        self.life
    }

    pub(super) fn aim(&self) -> Aim {
        self.controls.aim
    }

    /// `None` while it is dead.
    pub(super) fn at(&self) -> Option<Vector> {
        match self.life {
            Life::Alive { at, .. } => Some(at),
            Life::Dead { .. } => None,
        }
    }

    /// The dead are steered too: they come back with what their player wants by then.
    pub(super) fn steer(&mut self, controls: Controls) {
        self.clicked |= controls.fire;
        self.controls = controls;
    }

    /// One tick of flight.
    pub(super) fn fly(&mut self) {
        if let Life::Alive { at, .. } = &mut self.life {
            *at = map::stepped(*at, self.controls.step, RADIUS);
        }
    }

    /// Where the shot leaves the ship that it fires in this tick, if it does.
    pub(super) fn fire(&mut self, tick: u64) -> Option<Vector> {
        let wants = std::mem::take(&mut self.clicked) || self.controls.fire;
        let at = self.at()?;
        if !wants || tick < self.ready_at {
            return None;
        }
        self.ready_at = tick + COOLDOWN_TICKS;
        Some(at.plus(self.controls.aim.way(RADIUS)))
    }

    /// A shot hits. True when that was the end of the ship.
    pub(super) fn hit(&mut self, tick: u64) -> bool {
        let Life::Alive { hp, .. } = &mut self.life else { return false };
        *hp = hp.saturating_sub(DAMAGE);
        if *hp > 0 {
            return false;
        }
        self.life = Life::Dead { respawn_at: tick + RESPAWN_TICKS };
        self.deaths += 1;
        true
    }

    /// Whether it is dead and has been for long enough.
    pub(super) fn returns(&self, tick: u64) -> bool {
        matches!(self.life, Life::Dead { respawn_at } if respawn_at <= tick)
    }

    pub(super) fn respawn(&mut self, at: Vector) {
        self.life = Life::Alive { at, hp: HP_MAX };
    }
}
