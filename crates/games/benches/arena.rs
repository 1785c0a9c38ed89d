//! One tick of an arena of ten ships, and what it takes to show it: `cargo bench -p gamev1-games`.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use gamev1_actors::{
    game::{Ctx, Game, Member, Said},
    protocol::{Format, PlayerId, RoomId, Seat, StateOf, StateTail, view::View},
    rand_chacha::{ChaCha8Rng, rand_core::SeedableRng},
};
use gamev1_games::arena::{Arena, Event, Input, Options};

const SHIPS: u16 = 10;
const OF: StateOf = StateOf { room: RoomId::from_bits(1), n: 1, epoch: 0 };

/// An arena in full swing.
struct Fight {
    arena: Arena,
    rng: ChaCha8Rng,
    said: Vec<Said<Event>>,
    tick: u64,
    fire: bool,
}

impl Fight {
    fn new(fire: bool) -> Option<Fight> {
        let (mut rng, mut said) = (ChaCha8Rng::from_seed([1; 32]), Vec::new());
        let mut ctx = Ctx::new(0, &mut rng, &mut said);
        let mut arena = Arena::new(Options::default(), &mut ctx).ok()?;
        for seat in (0..SHIPS).map(Seat) {
            let username = format!("seat {seat}");
            arena.join(&Member { seat, player: PlayerId::new(), username }, &mut ctx).ok()?;
        }
        let mut fight = Fight { arena, rng, said, tick: 0, fire };
        (0..200).for_each(|_| fight.tick());
        Some(fight)
    }

    /// Everybody steers, then time goes on.
    fn tick(&mut self) {
        self.tick += 1;
        self.said.clear();
        let mut ctx = Ctx::new(self.tick, &mut self.rng, &mut self.said);
        for seat in 0..SHIPS {
            let angle = self.tick as f64 * 0.03 + f64::from(seat);
            let steer = [angle.cos(), angle.sin()];
            let input = Input { steer, aim: -angle, fire: self.fire };
            // Within range, as above.
            let _ = self.arena.input(Seat(seat), input, &mut ctx);
        }
        self.arena.tick(&mut ctx);
    }

    fn view(&self) -> Option<View> {
        Some(View::of(&self.arena.view()).ok()?.view)
    }
}

fn benches(criterion: &mut Criterion) {
    for (name, fire) in [("moving", false), ("fighting", true)] {
        let Some(mut fight) = Fight::new(fire) else { continue };
        criterion.bench_function(&format!("{name}: inputs and tick"), |bencher| {
            bencher.iter(|| fight.tick());
        });
        criterion.bench_function(&format!("{name}: game's view"), |bencher| {
            bencher.iter(|| black_box(fight.arena.view()));
        });
        criterion.bench_function(&format!("{name}: tree of the view"), |bencher| {
            bencher.iter(|| black_box(fight.view()));
        });
        let before = fight.view();
        fight.tick();
        let (Some(before), Some(now)) = (before, fight.view()) else { continue };
        criterion.bench_function(&format!("{name}: diff"), |bencher| {
            bencher.iter(|| View::diff(black_box(&before), black_box(&now)));
        });
        let patch = View::diff(&before, &now);
        for format in Format::ALL {
            criterion.bench_function(&format!("{name}: delta {format:?}"), |bencher| {
                bencher.iter(|| StateTail::delta(format, OF, 201, 200, black_box(patch.as_ref())));
            });
        }
        criterion.bench_function(&format!("{name}: checkpoint"), |bencher| {
            bencher.iter(|| rmp_serde::to_vec_named(black_box(&fight.arena)).ok());
        });
    }
}

criterion_group!(arena, benches);
criterion_main!(arena);
