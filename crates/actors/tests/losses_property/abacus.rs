//! The game whose rooms are crashed: what is done in another order, twice or not at all shows in its numbers, and it tells
//! of each input and of each tick.

use std::collections::BTreeMap;

use gamev1_actors::{
    game::{Ctx, Game, Member, Refusal, Settings},
    protocol::Seat,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub(crate) const SEATS: u16 = 6;

#[derive(Serialize, Deserialize, Default)]
pub(crate) struct Abacus {
    values: BTreeMap<Seat, i64>,
    ticks: u64,
}

impl Game for Abacus {
    const NAME: &'static str = "abacus";
    type Options = ();
    type Input = i64;
    type View = Value;
    type Event = Value;

    fn settings((): &()) -> Settings {
        Settings {
            tick_hz: 20,
            patch_hz: 20,
            seats_max: SEATS,
            seats_per_player: 1,
            sends: false,
            stateful: true,
        }
    }

    fn new((): (), _: &mut Ctx<'_, Value>) -> Result<Abacus, Refusal> {
        Ok(Abacus::default())
    }

    fn join(&mut self, member: &Member, _: &mut Ctx<'_, Value>) -> Result<(), Refusal> {
        self.values.insert(member.seat, 0);
        Ok(())
    }

    fn leave(&mut self, seat: Seat, _: &mut Ctx<'_, Value>) {
        self.values.remove(&seat);
    }

    fn input(&mut self, seat: Seat, add: i64, ctx: &mut Ctx<'_, Value>) -> Result<(), Refusal> {
        if add < 0 {
            return Err(Refusal::new("negative", "only what adds is taken"));
        }
        let value = self.values.entry(seat).or_default();
        *value = (*value * 3 + add) % 1_000_003;
        ctx.event(json!({ "seat": seat, "add": add }));
        Ok(())
    }

    fn tick(&mut self, ctx: &mut Ctx<'_, Value>) {
        self.ticks += 1;
        self.values.values_mut().for_each(|value| *value += 1);
        ctx.event(json!({ "tick": ctx.tick() }));
    }

    fn view(&self) -> Value {
        json!({ "values": self.values, "ticks": self.ticks })
    }

    fn forget(&mut self, seat: Seat) {
        self.values.remove(&seat);
    }
}
