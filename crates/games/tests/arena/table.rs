//! An arena with what a room holds around it, and things that may happen to it in any order.

use std::f64::consts::TAU;

use gamev1_actors::{
    game::{Ctx, Game, Member, Refusal, Said},
    protocol::{PlayerId, Seat, view::View},
    rand_chacha::{ChaCha8Rng, rand_core::SeedableRng},
};
use gamev1_games::arena::{Arena, Event, Input, Options};
use proptest::prelude::*;

pub(crate) struct Table {
    pub(crate) arena: Arena,
    pub(crate) tick: u64,
    rng: ChaCha8Rng,
    said: Vec<Said<Event>>,
}

#[derive(Debug, Clone)]
pub(crate) enum Action {
    Join(Seat),
    Leave(Seat),
    Input(Seat, Input),
    Ticks(u8),
}

impl Table {
    pub(crate) fn new(seed: u8) -> Table {
        let (mut rng, mut said) = (ChaCha8Rng::from_seed([seed; 32]), Vec::new());
        let arena = Arena::new(Options::default(), &mut Ctx::new(0, &mut rng, &mut said)).unwrap();
        Table { arena, tick: 0, rng, said }
    }

    fn call<T>(&mut self, call: impl FnOnce(&mut Arena, &mut Ctx<'_, Event>) -> T) -> T {
        call(&mut self.arena, &mut Ctx::new(self.tick, &mut self.rng, &mut self.said))
    }

    pub(crate) fn join(&mut self, seat: Seat) {
        // Not random: the same happenings are to make the same arena.
        let player = PlayerId::from_uuid(Default::default());
        let member = Member { seat, player, username: format!("seat {seat}") };
        self.call(|arena, ctx| arena.join(&member, ctx)).unwrap();
    }

    pub(crate) fn input(&mut self, seat: Seat, input: Input) -> Result<(), Refusal> {
        self.call(|arena, ctx| arena.input(seat, input, ctx))
    }

    pub(crate) fn tick(&mut self) {
        self.tick += 1;
        self.call(|arena, ctx| arena.tick(ctx));
    }

    pub(crate) fn act(&mut self, action: &Action) {
        match action {
            Action::Join(seat) => self.join(*seat),
            Action::Leave(seat) => self.call(|arena, ctx| arena.leave(*seat, ctx)),
            // Refused ones among them: they must not leave a trace.
            Action::Input(seat, input) => drop(self.input(*seat, *input)),
            Action::Ticks(n) => (0..*n).for_each(|_| self.tick()),
        }
    }

    pub(crate) fn view(&self) -> View {
        let built = View::of(&self.arena.view()).unwrap();
        assert_eq!(built.not_finite, 0);
        built.view
    }

    /// As a room makes it.
    pub(crate) fn checkpoint(&self) -> Vec<u8> {
        rmp_serde::to_vec_named(&self.arena).unwrap()
    }

    /// The same table, its arena read back from a checkpoint.
    pub(crate) fn restored(&self) -> Table {
        let arena = Arena::restore(Arena::STATE_VERSION, &self.checkpoint()).unwrap();
        Table { arena, tick: self.tick, rng: self.rng.clone(), said: self.said.clone() }
    }

    pub(crate) fn said(&self) -> &[Said<Event>] {
        &self.said
    }
}

/// The arena's seats, a few of them, so that they meet each other.
const SEATS: u16 = 12;

prop_compose! {
    fn input()(
        x in -1.05..1.05_f64, y in -1.05..1.05_f64, aim in -2.0 * TAU..2.0 * TAU, fire in prop::bool::weighted(0.7),
    ) -> Input {
        Input { steer: [x, y], aim, fire }
    }
}

prop_compose! {
    fn seat()(seat in 0..SEATS) -> Seat {
        Seat(seat)
    }
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        2 => seat().prop_map(Action::Join),
        1 => seat().prop_map(Action::Leave),
        12 => (seat(), input()).prop_map(|(seat, input)| Action::Input(seat, input)),
        8 => (1..12_u8).prop_map(Action::Ticks),
    ]
}

/// Half of the seats taken, then anything.
pub(crate) fn actions() -> impl Strategy<Value = Vec<Action>> {
    prop::collection::vec(action(), 1..200).prop_map(|actions| {
        let joins = (0..SEATS / 2).map(|seat| Action::Join(Seat(seat)));
        joins.chain(actions).collect()
    })
}
