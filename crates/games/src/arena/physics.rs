//! Where things are and what they run into. Lengths are whole quarters of a unit, as in the view.
//!
//! Floats appear only on the way to a whole number or to a comparison, by operations that IEEE 754 rounds exactly; sine
//! and cosine, which it does not, are rounded to a quarter before anything depends on them. That is enough for a replay
//! in the same binary. On another platform a last bit may fall on the other side of a rounding.

#[cfg(test)]
mod tests;

use std::f64::consts::TAU;

use serde::{Deserialize, Serialize};

/// A place, or a way from one place to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Vector {
    pub(super) x: i32,
    pub(super) y: i32,
}

impl Vector {
    /// Whole quarters of a way that was calculated.
    pub(super) fn rounded(x: f64, y: f64) -> Vector {
        Vector { x: x.round() as i32, y: y.round() as i32 }
    }

    pub(super) fn plus(self, way: Vector) -> Vector {
        Vector { x: self.x + way.x, y: self.y + way.y }
    }

    pub(super) fn minus(self, other: Vector) -> Vector {
        Vector { x: self.x - other.x, y: self.y - other.y }
    }

    pub(super) fn dot(self, other: Vector) -> i64 {
        i64::from(self.x) * i64::from(other.x) + i64::from(self.y) * i64::from(other.y)
    }
}

/// A direction in whole hundredths of a radian, 0 to 628: clockwise from the x axis, for y grows downwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Aim(u16);

impl Aim {
    pub(super) const AHEAD: Aim = Aim(0);

    /// `None` for what is no direction.
    pub(super) fn of(radians: f64) -> Option<Aim> {
        radians.is_finite().then(|| Aim((radians.rem_euclid(TAU) * 100.0).round() as u16))
    }

    pub(super) fn hundredths(self) -> i32 {
        self.0.into()
    }

    /// The way of that length in this direction.
    pub(super) fn way(self, length: i32) -> Vector {
        let (sin, cos) = (f64::from(self.0) / 100.0).sin_cos();
        Vector::rounded(cos * f64::from(length), sin * f64::from(length))
    }
}

/// An axis-aligned box, its upper left corner first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Area {
    pub(super) x: i32,
    pub(super) y: i32,
    pub(super) w: i32,
    pub(super) h: i32,
}

impl Area {
    /// Whether the point is inside, the edge not counted.
    pub(super) fn holds(self, at: Vector) -> bool {
        at.x > self.x && at.x < self.x + self.w && at.y > self.y && at.y < self.y + self.h
    }

    /// The box with a margin on each side.
    pub(super) fn grown(self, by: i32) -> Area {
        Area { x: self.x - by, y: self.y - by, w: self.w + 2 * by, h: self.h + 2 * by }
    }

    /// The nearest point that is inside or on the edge.
    pub(super) fn clamp(self, at: Vector) -> Vector {
        Vector { x: at.x.clamp(self.x, self.x + self.w), y: at.y.clamp(self.y, self.y + self.h) }
    }

    /// After which share of `way` a point that starts at `from` gets inside.
    pub(super) fn entered(self, from: Vector, way: Vector) -> Option<f64> {
        let x = crossing(from.x, way.x, self.x, self.x + self.w)?;
        let y = crossing(from.y, way.y, self.y, self.y + self.h)?;
        let (enter, leave) = (x.0.max(y.0).max(0.0), x.1.min(y.1).min(1.0));
        (enter < leave).then_some(enter)
    }

    /// After which share of `way` a point that starts inside or on the edge gets outside.
    pub(super) fn left(self, from: Vector, way: Vector) -> Option<f64> {
        let end = from.plus(way);
        if self.clamp(end) == end {
            return None;
        }
        let share = |from: i32, way: i32, low: i32, high: i32| match way.signum() {
            1 => f64::from(high - from) / f64::from(way),
            -1 => f64::from(low - from) / f64::from(way),
            _ => f64::INFINITY,
        };
        let x = share(from.x, way.x, self.x, self.x + self.w);
        let y = share(from.y, way.y, self.y, self.y + self.h);
        Some(x.min(y).max(0.0))
    }
}

/// The shares of `way` between which one coordinate lies between `low` and `high`.
fn crossing(from: i32, way: i32, low: i32, high: i32) -> Option<(f64, f64)> {
    if way == 0 {
        return (from > low && from < high).then_some((f64::NEG_INFINITY, f64::INFINITY));
    }
    let share = |edge: i32| f64::from(edge - from) / f64::from(way);
    Some(if way > 0 { (share(low), share(high)) } else { (share(high), share(low)) })
}

/// After which share of `way` a point that starts at `from` comes within `radius` of `centre`.
pub(super) fn reached(from: Vector, way: Vector, centre: Vector, radius: i32) -> Option<f64> {
    // |from + t·way − centre| = radius, solved for the smaller t. In whole numbers below 2^53 until the root.
    let gap = from.minus(centre);
    let radius = i64::from(radius);
    let (a, b, c) = (way.dot(way), gap.dot(way), gap.dot(gap) - radius * radius);
    if c <= 0 {
        return Some(0.0);
    }
    let discriminant = b * b - a * c;
    if b >= 0 || discriminant < 0 {
        return None;
    }
    let share = (-b as f64 - (discriminant as f64).sqrt()) / a as f64;
    (share <= 1.0).then_some(share)
}
