//! A game without its type: what a room holds.

use gamev1_protocol::{
    Seat, WireError,
    view::{Built, View, ViewError},
};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;

use super::{Ctx, Game, Member, RawInput, Refusal, Said};

/// What a room lends to its game for one call.
pub struct Play<'a> {
    pub tick: u64,
    pub rng: &'a mut ChaCha8Rng,
    pub said: &'a mut Vec<Said<Value>>,
}

/// Why an input was not applied.
#[derive(Debug, Clone, PartialEq)]
pub enum GameError {
    /// It is not what the game calls an input.
    Malformed(WireError),
    /// The game says no.
    Refused(Refusal),
}

/// [`Game`] with its types erased. Every call may panic: that is the game's bug and the room's affair.
pub trait AnyGame: Send {
    fn join(&mut self, member: &Member, play: Play<'_>) -> Result<(), Refusal>;
    fn leave(&mut self, seat: Seat, play: Play<'_>);
    fn input(&mut self, input: &RawInput, play: Play<'_>) -> Result<(), GameError>;
    fn tick(&mut self, play: Play<'_>);
    fn view(&self) -> Result<Built, ViewError>;
    fn result(&self, seat: Seat) -> Option<Value>;
    fn forget(&mut self, seat: Seat);
    /// The state as MessagePack with field names.
    fn checkpoint(&self) -> Result<Vec<u8>, String>;
}

pub(super) struct Hosted<G: Game> {
    pub(super) game: G,
    /// Kept between calls, so that a quiet tick allocates nothing.
    pub(super) said: Vec<Said<G::Event>>,
}

impl<G: Game> Hosted<G> {
    fn with<T>(
        &mut self,
        play: Play<'_>,
        call: impl FnOnce(&mut G, &mut Ctx<'_, G::Event>) -> T,
    ) -> T {
        let done = call(&mut self.game, &mut Ctx::new(play.tick, play.rng, &mut self.said));
        erase(&mut self.said, play.said);
        done
    }
}

/// Events leave their type here. One that serde cannot write is dropped: nobody could be told of it.
pub(super) fn erase<E: serde::Serialize>(said: &mut Vec<Said<E>>, to: &mut Vec<Said<Value>>) {
    to.extend(said.drain(..).filter_map(|said| match said {
        Said::Event(event) => match serde_json::to_value(event) {
            Ok(event) => Some(Said::Event(event)),
            Err(error) => {
                tracing::error!(%error, "a game's event cannot be written");
                None
            }
        },
        Said::End(result) => Some(Said::End(result)),
    }));
}

impl<G: Game> AnyGame for Hosted<G> {
    fn join(&mut self, member: &Member, play: Play<'_>) -> Result<(), Refusal> {
        self.with(play, |game, ctx| game.join(member, ctx))
    }

    fn leave(&mut self, seat: Seat, play: Play<'_>) {
        self.with(play, |game, ctx| game.leave(seat, ctx));
    }

    fn input(&mut self, input: &RawInput, play: Play<'_>) -> Result<(), GameError> {
        let read = input.input.read("/data/input").map_err(GameError::Malformed)?;
        self.with(play, |game, ctx| game.input(input.seat, read, ctx)).map_err(GameError::Refused)
    }

    fn tick(&mut self, play: Play<'_>) {
        self.with(play, |game, ctx| game.tick(ctx));
    }

    fn view(&self) -> Result<Built, ViewError> {
        View::of(&self.game.view())
    }

    fn result(&self, seat: Seat) -> Option<Value> {
        self.game.result(seat)
    }

    fn forget(&mut self, seat: Seat) {
        self.game.forget(seat);
    }

    fn checkpoint(&self) -> Result<Vec<u8>, String> {
        rmp_serde::to_vec_named(&self.game).map_err(|error| error.to_string())
    }
}
