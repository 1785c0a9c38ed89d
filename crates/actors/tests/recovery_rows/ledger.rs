//! Games that write down what they are told.

use std::collections::BTreeMap;

use gamev1_actors::{
    game::{Ctx, Game, Member, Refusal, Settings},
    protocol::Seat,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

const SETTINGS: Settings = Settings {
    tick_hz: 20,
    patch_hz: 20,
    seats_max: 4,
    seats_per_player: 1,
    sends: false,
    stateful: true,
};

/// Adds what members say, and shows who came and went since the last few ticks began to matter.
#[derive(Serialize, Deserialize, Default)]
pub(crate) struct Ledger {
    ticks: u64,
    sums: BTreeMap<Seat, i64>,
    told: Vec<String>,
}

impl Game for Ledger {
    const NAME: &'static str = "ledger";
    type Options = ();
    type Input = i64;
    type View = Value;
    type Event = Value;

    fn settings((): &()) -> Settings {
        SETTINGS
    }

    fn new((): (), _: &mut Ctx<'_, Value>) -> Result<Ledger, Refusal> {
        Ok(Ledger::default())
    }

    fn join(&mut self, member: &Member, ctx: &mut Ctx<'_, Value>) -> Result<(), Refusal> {
        let name = &member.username;
        if name == "only later than tick 100" && ctx.tick() <= 100 {
            return Err(Refusal::new("early", "not yet"));
        }
        self.told.push(format!("join {} {name}", member.seat));
        self.sums.insert(member.seat, 0);
        Ok(())
    }

    fn leave(&mut self, seat: Seat, _: &mut Ctx<'_, Value>) {
        self.told.push(format!("leave {seat}"));
        self.sums.remove(&seat);
    }

    fn input(&mut self, seat: Seat, add: i64, ctx: &mut Ctx<'_, Value>) -> Result<(), Refusal> {
        let add = match add {
            add if add < 0 => return Err(Refusal::new("negative", "only what adds is taken")),
            // Good for one tick.
            add if add >= 1_000 && ctx.tick() != add as u64 - 1_000 => {
                return Err(Refusal::new("late", "that was for another tick"));
            }
            999 => {
                ctx.end(None);
                0
            }
            add => add,
        };
        *self.sums.entry(seat).or_default() += add;
        Ok(())
    }

    fn tick(&mut self, _: &mut Ctx<'_, Value>) {
        self.ticks += 1;
    }

    fn view(&self) -> Value {
        json!({ "ticks": self.ticks, "sums": self.sums, "told": self.told })
    }

    fn forget(&mut self, seat: Seat) {
        self.told.push(format!("forget {seat}"));
        self.sums.remove(&seat);
    }
}

/// A relay that takes inputs, and keeps nothing.
#[derive(Serialize, Deserialize)]
pub(crate) struct Stateless;

impl Game for Stateless {
    const NAME: &'static str = "stateless";
    type Options = ();
    type Input = i64;
    type View = Value;
    type Event = i64;

    fn settings((): &()) -> Settings {
        Settings { tick_hz: 0, patch_hz: 0, sends: true, stateful: false, ..SETTINGS }
    }

    fn new((): (), _: &mut Ctx<'_, i64>) -> Result<Stateless, Refusal> {
        Ok(Stateless)
    }

    fn join(&mut self, _: &Member, _: &mut Ctx<'_, i64>) -> Result<(), Refusal> {
        Ok(())
    }

    fn leave(&mut self, _: Seat, _: &mut Ctx<'_, i64>) {}

    fn input(&mut self, _: Seat, said: i64, ctx: &mut Ctx<'_, i64>) -> Result<(), Refusal> {
        ctx.event(said);
        Ok(())
    }

    fn view(&self) -> Value {
        json!({})
    }
}
