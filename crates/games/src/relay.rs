//! The relay: a room without rules. What one member sends, the others get at once; nothing is kept.

#[cfg(test)]
mod tests;

use gamev1_actors::{
    game::{Ctx, Game, Member, Refusal, Settings},
    protocol::Seat,
};
use serde::{Deserialize, Serialize, de::IgnoredAny};

/// Members talk through `room.send`, which never reaches the game; so there is nothing to remember here.
#[derive(Debug, Serialize, Deserialize)]
pub struct Relay {}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Members in a room.
    #[serde(deserialize_with = "crate::seats::up_to::<{ Settings::SEATS_MAX }, _>")]
    pub seats: u16,
}

impl Default for Options {
    fn default() -> Options {
        Options { seats: 128 }
    }
}

/// The relay shows nothing.
#[derive(Debug, Serialize)]
pub struct NoView {}

/// The relay says nothing.
#[derive(Debug, Serialize)]
pub enum NoEvent {}

impl Game for Relay {
    const NAME: &'static str = "relay";

    type Options = Options;
    type Input = IgnoredAny;
    type View = NoView;
    type Event = NoEvent;

    fn settings(options: &Options) -> Settings {
        Settings {
            tick_hz: 0,
            patch_hz: 0,
            seats_max: options.seats,
            seats_per_player: 8,
            sends: true,
            stateful: false,
        }
    }

    fn new(_: Options, _: &mut Ctx<'_, NoEvent>) -> Result<Relay, Refusal> {
        Ok(Relay {})
    }

    fn join(&mut self, _: &Member, _: &mut Ctx<'_, NoEvent>) -> Result<(), Refusal> {
        Ok(())
    }

    fn leave(&mut self, _: Seat, _: &mut Ctx<'_, NoEvent>) {}

    fn input(&mut self, _: Seat, _: IgnoredAny, _: &mut Ctx<'_, NoEvent>) -> Result<(), Refusal> {
        Err(Refusal::new("no_inputs", "a relay takes no inputs: use room.send"))
    }

    fn view(&self) -> NoView {
        NoView {}
    }
}
