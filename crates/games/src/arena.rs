//! The arena: ships that move, shoot and come back, in real time, for as long as anybody stays.
//!
//! Only the order of events and the game as a whole stand here; how a [`ship`] and a [`shot`] behave stands with them.

mod map;
mod physics;
mod ship;
mod shot;
mod spawn;
#[cfg(test)]
mod tests;
mod view;

use gamev1_actors::{
    game::{Ctx, Game, Map, Member, Refusal, Settings},
    protocol::Seat,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub use self::view::ArenaView;
use self::{
    physics::Aim,
    ship::{Controls, Ship},
    shot::{Flight, Shot},
};

const TICK_HZ: u32 = 20;
const SEATS_MAX: u16 = 16;

/// Shots are numbered below this and then from 0 again: few digits, and a number comes back long after its shot.
const SHOT_IDS: u16 = 1_000;
const _: () = assert!((SHOT_IDS as u64) > SEATS_MAX as u64 * shot::PER_SEAT_MAX);

/// All that happens in one room.
#[derive(Debug, Serialize, Deserialize)]
pub struct Arena {
    ships: Map<Seat, Ship>,
    /// In the order fired.
    shots: Vec<Shot>,
    next_shot: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Ships in a room.
    #[serde(deserialize_with = "crate::seats::up_to::<SEATS_MAX, _>")]
    pub seats: u16,
}

impl Default for Options {
    fn default() -> Options {
        Options { seats: SEATS_MAX }
    }
}

/// What a player wants from now on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Input {
    /// Right and down, each from -1 to 1.
    #[serde(rename = "move")]
    pub steer: [f64; 2],
    /// Radians.
    pub aim: f64,
    pub fire: bool,
}

/// What is told once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Event {
    /// The ship of `seat` was hit.
    Hit { seat: Seat, by: Seat },
    /// That hit was its last. Comes after the hit itself.
    Kill { seat: Seat, by: Seat },
    /// The ship of `seat` is back.
    Respawn { seat: Seat },
}

impl Game for Arena {
    const NAME: &'static str = "arena";

    type Options = Options;
    type Input = Input;
    type View = ArenaView;
    type Event = Event;

    fn settings(options: &Options) -> Settings {
        Settings {
            tick_hz: TICK_HZ,
            patch_hz: TICK_HZ,
            seats_max: options.seats,
            seats_per_player: 8,
            sends: false,
            stateful: true,
        }
    }

    fn new(_: Options, _: &mut Ctx<'_, Event>) -> Result<Arena, Refusal> {
        Ok(Arena { ships: Map::new(), shots: Vec::new(), next_shot: 0 })
    }

    fn join(&mut self, member: &Member, ctx: &mut Ctx<'_, Event>) -> Result<(), Refusal> {
        let at = spawn::place(ctx.rng(), self.ships.values().filter_map(Ship::at));
        self.ships.insert(member.seat, Ship::new(at));
        Ok(())
    }

    fn leave(&mut self, seat: Seat, _: &mut Ctx<'_, Event>) {
        self.forget(seat);
    }

    fn input(&mut self, seat: Seat, input: Input, _: &mut Ctx<'_, Event>) -> Result<(), Refusal> {
        let controls = read(&input)?;
        if let Some(ship) = self.ships.get_mut(&seat) {
            ship.steer(controls);
        }
        Ok(())
    }

    fn tick(&mut self, ctx: &mut Ctx<'_, Event>) {
        self.respawn(ctx);
        self.ships.values_mut().for_each(Ship::fly);
        // Those in the air fly before new ones are fired: a new shot is first seen where it leaves its ship.
        self.fly_shots(ctx);
        self.fire(ctx.tick());
    }

    fn view(&self) -> ArenaView {
        ArenaView::of(self)
    }

    fn result(&self, seat: Seat) -> Option<Value> {
        let ship = self.ships.get(&seat)?;
        Some(json!({ "kills": ship.kills, "deaths": ship.deaths }))
    }

    fn forget(&mut self, seat: Seat) {
        self.ships.remove(&seat);
        self.shots.retain(|shot| shot.by != seat);
    }
}

/// What the input asks for, or why it cannot be done.
fn read(input: &Input) -> Result<Controls, Refusal> {
    let Input { steer: [x, y], aim, fire } = *input;
    // Not finite is not within either.
    if ![x, y].iter().all(|axis| (-1.0..=1.0).contains(axis)) {
        let message = format!("expected a move from -1 to 1 on both axes, got [{x}, {y}]");
        return Err(Refusal::new("move_out_of_range", message));
    }
    let Some(aim) = Aim::of(aim) else {
        let message = format!("expected an aim in radians, got {aim}");
        return Err(Refusal::new("aim_out_of_range", message));
    };
    Ok(Controls::new([x, y], aim, fire))
}

impl Arena {
    /// One after the other, so that those who come back together do not come back in one place.
    fn respawn(&mut self, ctx: &mut Ctx<'_, Event>) {
        let tick = ctx.tick();
        while let Some(seat) =
            self.ships.iter().find_map(|(&s, ship)| ship.returns(tick).then_some(s))
        {
            let at = spawn::place(ctx.rng(), self.ships.values().filter_map(Ship::at));
            let Some(ship) = self.ships.get_mut(&seat) else { break };
            ship.respawn(at);
            ctx.event(Event::Respawn { seat });
        }
    }

    fn fly_shots(&mut self, ctx: &mut Ctx<'_, Event>) {
        let Arena { ships, shots, .. } = self;
        shots.retain_mut(|shot| match shot.fly(ships) {
            Flight::On => true,
            Flight::Over => false,
            Flight::Hit(seat) => {
                hit(ships, seat, shot.by, ctx);
                false
            }
        });
    }

    fn fire(&mut self, tick: u64) {
        let Arena { ships, shots, next_shot } = self;
        for (&seat, ship) in ships {
            if let Some(at) = ship.fire(tick) {
                let id = free_id(next_shot, shots);
                shots.push(Shot::new(id, seat, at, ship.aim()));
            }
        }
    }
}

fn hit(ships: &mut Map<Seat, Ship>, seat: Seat, by: Seat, ctx: &mut Ctx<'_, Event>) {
    let Some(ship) = ships.get_mut(&seat) else { return };
    ctx.event(Event::Hit { seat, by });
    if !ship.hit(ctx.tick()) {
        return;
    }
    ctx.event(Event::Kill { seat, by });
    if let Some(shooter) = ships.get_mut(&by) {
        shooter.kills += 1;
    }
}

/// The next number that no shot in the air has. There is one: see [`SHOT_IDS`].
fn free_id(next: &mut u16, shots: &[Shot]) -> u16 {
    loop {
        let id = *next;
        *next = (id + 1) % SHOT_IDS;
        if shots.iter().all(|shot| shot.id != id) {
            return id;
        }
    }
}
