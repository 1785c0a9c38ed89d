//! The next version of the game, which goes on with some rooms of the former one.

use gamev1_actors::game::{Ctx, Game, Member, Refusal, Settings};
use gamev1_protocol::Seat;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Bomb, Input, Options};

#[derive(Serialize, Deserialize)]
#[serde(transparent)]
pub struct BombNext(Bomb);

impl Game for BombNext {
    const NAME: &'static str = Bomb::NAME;
    const STATE_VERSION: u32 = Bomb::STATE_VERSION + 1;
    type Options = Options;
    type Input = Input;
    type View = Value;
    type Event = Value;

    fn settings(options: &Options) -> Settings {
        Bomb::settings(options)
    }

    fn new(options: Options, ctx: &mut Ctx<'_, Value>) -> Result<BombNext, Refusal> {
        Bomb::new(options, ctx).map(BombNext)
    }

    fn join(&mut self, member: &Member, ctx: &mut Ctx<'_, Value>) -> Result<(), Refusal> {
        self.0.join(member, ctx)
    }

    fn leave(&mut self, seat: Seat, ctx: &mut Ctx<'_, Value>) {
        self.0.leave(seat, ctx);
    }

    fn input(&mut self, seat: Seat, input: Input, ctx: &mut Ctx<'_, Value>) -> Result<(), Refusal> {
        self.0.input(seat, input, ctx)
    }

    fn tick(&mut self, ctx: &mut Ctx<'_, Value>) {
        self.0.tick(ctx);
    }

    fn view(&self) -> Value {
        self.0.view()
    }

    fn restore(version: u32, bytes: &[u8]) -> Result<BombNext, String> {
        let former: Bomb = rmp_serde::from_slice(bytes).map_err(|error| error.to_string())?;
        match version {
            Self::STATE_VERSION => Ok(BombNext(former)),
            Bomb::STATE_VERSION if former.migrates => Ok(BombNext(former)),
            other => Err(format!("rooms of version {other} end here")),
        }
    }
}
