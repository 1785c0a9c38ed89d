//! The arena itself: its size and its walls, which never change, and where a ship fits between them.

use serde::Serialize;

use super::physics::{Area, Vector};

/// Quarters of a unit in a unit: fine enough for every speed to be whole, and no coordinate has more than four digits,
/// so that ten ships that move fit into a small delta.
pub(super) const UNIT: i32 = 4;

/// The field of play.
pub(super) const FIELD: Area = Area { x: 0, y: 0, w: 1_600 * UNIT, h: 900 * UNIT };

/// The same seen from both sides: turned by half a circle, the map is itself.
pub(super) const WALLS: [Area; 7] = [
    wall(760, 390, 80, 120),
    wall(320, 180, 40, 220),
    wall(1_240, 500, 40, 220),
    wall(520, 640, 240, 40),
    wall(840, 220, 240, 40),
    wall(180, 560, 120, 40),
    wall(1_300, 300, 120, 40),
];

const fn wall(x: i32, y: i32, w: i32, h: i32) -> Area {
    Area { x: x * UNIT, y: y * UNIT, w: w * UNIT, h: h * UNIT }
}

/// The map as members see it. Fields in the order of their names: the view need not sort them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Terrain {
    h: i32,
    w: i32,
    walls: [[i32; 4]; WALLS.len()],
}

pub(super) static TERRAIN: Terrain = {
    let mut walls = [[0; 4]; WALLS.len()];
    let mut i = 0;
    while i < walls.len() {
        let Area { x, y, w, h } = WALLS[i];
        walls[i] = [x, y, w, h];
        i += 1;
    }
    Terrain { h: FIELD.h, w: FIELD.w, walls }
};

/// Whether a box that reaches `radius` to each side of the point overlaps a wall.
pub(super) fn blocked(at: Vector, radius: i32) -> bool {
    WALLS.iter().any(|wall| wall.grown(radius).holds(at))
}

/// One step of something with that radius. Each axis for itself, so that it slides along a wall.
pub(super) fn stepped(at: Vector, way: Vector, radius: i32) -> Vector {
    let room = FIELD.grown(-radius);
    let along_x = room.clamp(Vector { x: at.x + way.x, y: at.y });
    let at = if blocked(along_x, radius) { at } else { along_x };
    let along_y = room.clamp(Vector { x: at.x, y: at.y + way.y });
    if blocked(along_y, radius) { at } else { along_y }
}

/// After which share of `way` a point meets a wall or leaves the field.
pub(super) fn obstacle(from: Vector, way: Vector) -> Option<f64> {
    let walls = WALLS.iter().filter_map(|wall| wall.entered(from, way));
    walls.chain(FIELD.left(from, way)).reduce(f64::min)
}
