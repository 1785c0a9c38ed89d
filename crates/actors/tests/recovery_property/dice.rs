//! The game whose rooms are crashed: it shows every step that is made too often or not at all.

use std::collections::BTreeMap;

use gamev1_actors::{
    game::{Ctx, Game, Member, Refusal, Settings},
    protocol::Seat,
    rand_chacha::rand_core::Rng as _,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Draws at every turn, so that a step too many or too few shows for ever after.
#[derive(Serialize, Deserialize)]
pub(crate) struct Dice {
    hands: BTreeMap<Seat, Hand>,
    drawn: u64,
    /// JSON would change one in ten of these.
    product: f64,
}

#[derive(Serialize, Deserialize, Default)]
struct Hand {
    sum: i64,
    cards: Vec<u32>,
}

impl Game for Dice {
    const NAME: &'static str = "dice";
    type Options = ();
    type Input = i64;
    type View = Value;
    type Event = Value;

    fn settings((): &()) -> Settings {
        Settings {
            tick_hz: 20,
            patch_hz: 20,
            seats_max: 5,
            seats_per_player: 1,
            sends: false,
            stateful: true,
        }
    }

    fn new((): (), ctx: &mut Ctx<'_, Value>) -> Result<Dice, Refusal> {
        Ok(Dice { hands: BTreeMap::new(), drawn: ctx.rng().next_u64(), product: 1.0 })
    }

    fn join(&mut self, member: &Member, ctx: &mut Ctx<'_, Value>) -> Result<(), Refusal> {
        let cards = vec![ctx.rng().next_u32()];
        if member.username == "nobody" {
            ctx.event(json!("never told"));
            return Err(Refusal::new("no_name", "nobody plays here"));
        }
        self.hands.insert(member.seat, Hand { sum: 0, cards });
        Ok(())
    }

    fn leave(&mut self, seat: Seat, _: &mut Ctx<'_, Value>) {
        self.hands.remove(&seat);
    }

    fn input(&mut self, seat: Seat, add: i64, ctx: &mut Ctx<'_, Value>) -> Result<(), Refusal> {
        let card = ctx.rng().next_u32();
        if add < 0 {
            return Err(Refusal::new("negative", "only what adds is taken"));
        }
        let hand = self.hands.entry(seat).or_default();
        hand.sum += add;
        hand.cards.push(card);
        hand.cards.truncate(4);
        self.product *= 1.0 + f64::from(card) / f64::from(u32::MAX);
        Ok(())
    }

    fn tick(&mut self, ctx: &mut Ctx<'_, Value>) {
        self.drawn = ctx.rng().next_u64() ^ ctx.tick();
        self.product = self.product.sqrt();
        for hand in self.hands.values_mut() {
            hand.sum += 1;
        }
    }

    fn view(&self) -> Value {
        json!({ "hands": self.hands, "drawn": self.drawn >> 12, "product": self.product })
    }

    fn forget(&mut self, seat: Seat) {
        self.hands.remove(&seat);
    }
}
