//! The [`Game`] trait: what a game author writes. A game is a plain value without a clock, a random source of its
//! own, or I/O; that is what makes a room's replay after a crash exact.

mod any;
mod registry;

use std::time::Duration;

use gamev1_protocol::{PlayerId, Raw, Seat};
use rand_chacha::ChaCha8Rng;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

pub use self::{
    any::{AnyGame, GameError, Play},
    registry::{GameRegistry, GameType},
};

/// A map and a set with a fixed order, for what a game keeps. `HashMap` has none, and replay would differ.
pub use std::collections::{BTreeMap as Map, BTreeSet as Set};

/// A game: rules of play as a value. All methods are called by one room, one at a time.
///
/// The value itself is the state that checkpoints keep, as MessagePack with field names.
///
/// A panic in any method restarts the room from its last checkpoint and replays what came since.
/// A method therefore decides from `self`, its arguments and [`Ctx`] alone.
pub trait Game: Serialize + DeserializeOwned + Send + Sized + 'static {
    /// What clients name in `room.create`.
    const NAME: &'static str;
    /// Grows by one whenever the shape of the value changes.
    const STATE_VERSION: u32 = 1;

    /// What the maker of a room may choose. `Default` is what `{}` means.
    type Options: DeserializeOwned + Default + Send;
    /// What a player does. Decoded from JSON or MessagePack.
    type Input: DeserializeOwned;
    /// What members see: an object whose changing parts are objects keyed by seat or id.
    type View: Serialize;
    /// What happens once, told to members with the tick.
    type Event: Serialize + Send;

    /// Rates and sizes for a room with these options.
    fn settings(options: &Self::Options) -> Settings;

    /// A new room's game.
    ///
    /// # Errors
    /// A [`Refusal`] when the options make no sense; the room is not made.
    fn new(options: Self::Options, ctx: &mut Ctx<'_, Self::Event>) -> Result<Self, Refusal>;

    /// A player takes a seat. When a room has gone back to a checkpoint, whoever came since takes it again; a refusal
    /// then costs the seat.
    ///
    /// # Errors
    /// A [`Refusal`] is told to the player; the seat stays free and `self` must be as before.
    fn join(&mut self, member: &Member, ctx: &mut Ctx<'_, Self::Event>) -> Result<(), Refusal>;

    /// A member is gone for good. The seat may be given again afterwards.
    fn leave(&mut self, seat: Seat, ctx: &mut Ctx<'_, Self::Event>);

    /// A member did something.
    ///
    /// # Errors
    /// A [`Refusal`] is told to the member as `input_refused`; `self` must be as before.
    fn input(
        &mut self,
        seat: Seat,
        input: Self::Input,
        ctx: &mut Ctx<'_, Self::Event>,
    ) -> Result<(), Refusal>;

    /// One step of the room's time. Not called when [`Settings::tick_hz`] is 0.
    fn tick(&mut self, _ctx: &mut Ctx<'_, Self::Event>) {}

    /// What all members see now.
    fn view(&self) -> Self::View;

    /// What is stored of a member's part in the game when it leaves or the game ends: a score, say.
    fn result(&self, _seat: Seat) -> Option<Value> {
        None
    }

    /// Told once more that a member is gone, after `leave` itself has panicked.
    fn forget(&mut self, _seat: Seat) {}

    /// Reads a checkpoint that `version` of this game wrote.
    ///
    /// # Errors
    /// Says why the bytes cannot be read; the room then goes back to an older checkpoint.
    fn restore(version: u32, bytes: &[u8]) -> Result<Self, String> {
        if version != Self::STATE_VERSION {
            let own = Self::STATE_VERSION;
            return Err(format!("expected state version {own}, got {version}"));
        }
        rmp_serde::from_slice(bytes).map_err(|error| error.to_string())
    }
}

/// Who takes a seat.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Member {
    pub seat: Seat,
    pub player: PlayerId,
    pub username: String,
}

/// Rates and sizes of a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Steps a second; 0 for a game without time, whose view is sent when an input has changed it.
    pub tick_hz: u32,
    /// State frames a second, at most one a tick.
    pub patch_hz: u32,
    /// Seats in a room.
    pub seats_max: u16,
    /// Seats that one player may hold in one room, by several sessions.
    pub seats_per_player: u16,
    /// Whether members may `room.send` to each other.
    pub sends: bool,
    /// Whether the game has a state to show and to recover. A relay has none: no view, no log.
    pub stateful: bool,
}

impl Settings {
    pub const TICK_HZ_MAX: u32 = 128;
    pub const SEATS_MAX: u16 = 1_024;

    /// The same, as a room takes it.
    pub(crate) fn within_bounds(self) -> Settings {
        let tick_hz = self.tick_hz.min(Settings::TICK_HZ_MAX);
        Settings {
            tick_hz,
            patch_hz: self.patch_hz.clamp(tick_hz.min(1), tick_hz),
            seats_max: self.seats_max.clamp(1, Settings::SEATS_MAX),
            seats_per_player: self.seats_per_player.max(1),
            ..self
        }
    }

    /// `None` when the game has no ticks.
    pub fn tick_period(&self) -> Option<Duration> {
        (self.tick_hz > 0).then(|| Duration::from_secs(1) / self.tick_hz)
    }
}

/// An expected "no" of a game, told to the player under the game's own code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub code: &'static str,
    pub message: String,
}

impl Refusal {
    pub fn new(code: &'static str, message: impl Into<String>) -> Refusal {
        Refusal { code, message: message.into() }
    }
}

/// What a game may use besides its own state: the tick, the room's random source, and ways to say something.
pub struct Ctx<'a, E> {
    tick: u64,
    rng: &'a mut ChaCha8Rng,
    said: &'a mut Vec<Said<E>>,
}

/// What a game says while it handles something. It leaves once the room has committed that.
#[derive(Debug, Clone, PartialEq)]
pub enum Said<E> {
    /// To all members, as `room.event`.
    Event(E),
    /// The game is over; the room tells the result and closes.
    End(Option<Value>),
}

impl<'a, E> Ctx<'a, E> {
    /// For tests that drive a game without a room.
    pub fn new(tick: u64, rng: &'a mut ChaCha8Rng, said: &'a mut Vec<Said<E>>) -> Ctx<'a, E> {
        Ctx { tick, rng, said }
    }

    /// The number of the step that is being made, or of the last one made.
    pub fn tick(&self) -> u64 {
        self.tick
    }

    /// The only random source that replays exactly.
    pub fn rng(&mut self) -> &mut ChaCha8Rng {
        self.rng
    }

    pub fn event(&mut self, event: E) {
        self.said.push(Said::Event(event));
    }

    /// Ends the game: members get `room.ended` with `result`, then `room.closed`.
    pub fn end(&mut self, result: Option<Value>) {
        self.said.push(Said::End(result));
    }
}

/// An input as it waits for its turn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct RawInput {
    pub seat: Seat,
    pub seq: u32,
    pub input: Raw,
}
