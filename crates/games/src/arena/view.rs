//! What members see of the arena: seats and shots by key, small tuples, whole numbers.

use gamev1_actors::protocol::Seat;
use serde::{Serialize, Serializer};

use super::{
    Arena,
    map::{TERRAIN, Terrain},
    ship::Life,
};

/// Fields in the order of their names, so that the tree that is built from it every tick need not be sorted.
#[derive(Debug, Serialize)]
pub struct ArenaView {
    arena: &'static Terrain,
    /// The tick in which each of the dead comes back.
    dead: ByKey<Seat, u64>,
    /// Of the living. Not with the ships, whose tuples are sent whole whenever they move: these change with a hit alone.
    hp: ByKey<Seat, u8>,
    /// Kills and deaths.
    scores: ByKey<Seat, [u32; 2]>,
    /// Place and aim.
    ships: ByKey<Seat, [i32; 3]>,
    /// Place and aim.
    shots: ByKey<u16, [i32; 3]>,
}

/// A map for serde, without the nodes of a `BTreeMap`.
#[derive(Debug)]
struct ByKey<K, V>(Vec<(K, V)>);

impl<K: Serialize, V: Serialize> Serialize for ByKey<K, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (key, value)))
    }
}

impl ArenaView {
    pub(super) fn of(arena: &Arena) -> ArenaView {
        let seats = arena.ships.len();
        let (mut ships, mut dead) = (Vec::with_capacity(seats), Vec::new());
        let (mut hps, mut scores) = (Vec::with_capacity(seats), Vec::with_capacity(seats));
        for (&seat, ship) in &arena.ships {
            scores.push((seat, [ship.kills, ship.deaths]));
            match ship.life() {
                Life::Alive { at, hp } => {
                    hps.push((seat, hp));
                    ships.push((seat, [at.x, at.y, ship.aim().hundredths()]));
                }
                Life::Dead { respawn_at } => dead.push((seat, respawn_at)),
            }
        }
        let shots = arena.shots.iter();
        let shots = shots.map(|shot| (shot.id, [shot.at.x, shot.at.y, shot.aim.hundredths()]));
        ArenaView {
            arena: &TERRAIN,
            dead: ByKey(dead),
            hp: ByKey(hps),
            scores: ByKey(scores),
            ships: ByKey(ships),
            shots: ByKey(shots.collect()),
        }
    }
}
