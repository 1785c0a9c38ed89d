//! The arena's rules, one by one: ships are put where a rule can be seen, and time is made by hand.

mod life;
mod shots;
mod steering;

use std::f64::consts::FRAC_PI_2;

use gamev1_actors::{
    game::Said,
    protocol::{PlayerId, view::View},
    rand_chacha::{ChaCha8Rng, rand_core::SeedableRng},
};

use super::{physics::Vector, ship::Life, *};

const ADA: Seat = Seat(0);
const BOB: Seat = Seat(1);
const EVE: Seat = Seat(7);

const EAST: f64 = 0.0;
const SOUTH: f64 = FRAC_PI_2;
const WEST: f64 = 2.0 * FRAC_PI_2;
const NORTH: f64 = 3.0 * FRAC_PI_2;

/// An arena, and what a room would hold around it.
struct Table {
    arena: Arena,
    rng: ChaCha8Rng,
    tick: u64,
    said: Vec<Said<Event>>,
}

impl Table {
    fn new() -> Table {
        let (mut rng, mut said) = (ChaCha8Rng::from_seed([7; 32]), Vec::new());
        let arena = Arena::new(Options::default(), &mut Ctx::new(0, &mut rng, &mut said)).unwrap();
        Table { arena, rng, tick: 0, said }
    }

    /// With those ships, each at its place in units.
    fn with<const N: usize>(ships: [(Seat, i32, i32); N]) -> Table {
        let mut table = Table::new();
        for (seat, x, y) in ships {
            table.join(seat);
            table.put(seat, x * map::UNIT, y * map::UNIT);
        }
        table
    }

    fn call<T>(&mut self, call: impl FnOnce(&mut Arena, &mut Ctx<'_, Event>) -> T) -> T {
        call(&mut self.arena, &mut Ctx::new(self.tick, &mut self.rng, &mut self.said))
    }

    fn join(&mut self, seat: Seat) {
        let member = Member { seat, player: PlayerId::new(), username: format!("seat {seat}") };
        self.call(|arena, ctx| arena.join(&member, ctx)).unwrap();
    }

    fn leave(&mut self, seat: Seat) {
        self.call(|arena, ctx| arena.leave(seat, ctx));
    }

    /// To a place in quarters of a unit, whole again.
    fn put(&mut self, seat: Seat, x: i32, y: i32) {
        self.arena.ships.get_mut(&seat).unwrap().respawn(Vector { x, y });
    }

    fn try_input(
        &mut self,
        seat: Seat,
        steer: [f64; 2],
        aim: f64,
        fire: bool,
    ) -> Result<(), Refusal> {
        self.call(|arena, ctx| arena.input(seat, Input { steer, aim, fire }, ctx))
    }

    fn input(&mut self, seat: Seat, steer: [f64; 2], aim: f64, fire: bool) {
        self.try_input(seat, steer, aim, fire).unwrap();
    }

    fn ticks(&mut self, n: u64) {
        for _ in 0..n {
            self.tick += 1;
            self.call(|arena, ctx| arena.tick(ctx));
        }
    }

    /// One shot from `by`, and as many ticks as it takes to get anywhere.
    fn shoot(&mut self, by: Seat, aim: f64) {
        self.input(by, [0.0, 0.0], aim, true);
        self.ticks(1);
        self.input(by, [0.0, 0.0], aim, false);
        self.ticks(u64::from(shot::LIFE_TICKS));
        assert_eq!(self.shots(), [], "a shot that outlives its time");
    }

    fn ship(&self, seat: Seat) -> &Ship {
        &self.arena.ships[&seat]
    }

    /// In quarters of a unit.
    fn place(&self, seat: Seat) -> (i32, i32) {
        let Vector { x, y } = self.ship(seat).at().unwrap();
        (x, y)
    }

    fn hp(&self, seat: Seat) -> u8 {
        match self.ship(seat).life() {
            Life::Alive { hp, .. } => hp,
            Life::Dead { .. } => 0,
        }
    }

    fn shots(&self) -> Vec<(i32, i32)> {
        self.arena.shots.iter().map(|shot| (shot.at.x, shot.at.y)).collect()
    }

    fn events(&mut self) -> Vec<Event> {
        let event = |said| match said {
            Said::Event(event) => event,
            Said::End(_) => panic!("an arena does not end"),
        };
        self.said.drain(..).map(event).collect()
    }

    fn view(&self) -> Value {
        let built = View::of(&self.arena.view()).unwrap();
        assert_eq!(built.not_finite, 0);
        built.view.to_value()
    }

    fn checkpoint(&self) -> Vec<u8> {
        rmp_serde::to_vec_named(&self.arena).unwrap()
    }
}
