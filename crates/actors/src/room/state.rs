//! A room's rules as a value: seats, the sequence of inputs, the game, its random source and its time. No actor, no
//! clock, no store; what it says goes out as return values.

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
};

use bytes::Bytes;
use gamev1_protocol::{
    ErrorCode, Raw, Seat, WireError,
    view::{Built, ViewError},
};
use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng as _, SeedableRng},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::game::{AnyGame, GameError, GameType, Member, Play, RawInput, Refusal, Said, Settings};

/// A room with its game. Everything that a replay must bring back is in here.
pub struct Room {
    game: Box<dyn AnyGame>,
    rng: ChaCha8Rng,
    tick: u64,
    /// A game without time: its ticks only number its views.
    timeless: bool,
    seats: BTreeMap<Seat, Sitting>,
    said: Vec<Said<Value>>,
}

/// A member and how far its inputs have been settled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sitting {
    pub member: Member,
    pub ack: u32,
}

/// Something that happened to a room, as the log keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Entry {
    Join(Member),
    Leave(Seat),
    /// `seq` and what the player did.
    Input(RawInput),
    /// An input that was settled without being applied.
    Settle {
        seat: Seat,
        seq: u32,
    },
    Tick,
    /// The seat was freed without the game's `leave`, which panics.
    Forget(Seat),
    /// The seat was freed without telling the game, whose `forget` panics too.
    Unseat(Seat),
    /// The room went back without its log, in this epoch.
    Reseed(u64),
}

/// A room at one moment, readable by a later version of its game.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    pub state_version: u32,
    pub tick: u64,
    pub seats: Vec<Sitting>,
    seed: [u8; 32],
    stream: u64,
    word_pos: u128,
    game: Bytes,
}

/// How an input ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Settled {
    Applied,
    /// Its `seq` is not above the last: it was settled before.
    Ignored,
    /// Not applied, and the player is told why.
    Rejected(WireError),
}

impl Checkpoint {
    /// The game's own state.
    pub(super) fn game(&self) -> &[u8] {
        &self.game
    }
}

impl Room {
    /// # Errors
    /// The game refuses the options.
    pub fn create(
        game: &dyn GameType,
        options: &Map<String, Value>,
        settings: &Settings,
        seed: [u8; 32],
    ) -> Result<Room, WireError> {
        let mut rng = ChaCha8Rng::from_seed(seed);
        let mut said = Vec::new();
        let play = Play { tick: 0, rng: &mut rng, said: &mut said };
        let game = game.create(options, play)?;
        let timeless = settings.tick_hz == 0;
        Ok(Room { game, rng, tick: 0, timeless, seats: BTreeMap::new(), said })
    }

    /// # Errors
    /// The game cannot read the checkpoint.
    pub fn restore(
        game: &dyn GameType,
        settings: &Settings,
        checkpoint: &Checkpoint,
    ) -> Result<Room, String> {
        let mut rng = ChaCha8Rng::from_seed(checkpoint.seed);
        rng.set_stream(checkpoint.stream);
        rng.set_word_pos(checkpoint.word_pos);
        let seats = checkpoint.seats.iter().map(|s| (s.member.seat, s.clone())).collect();
        let game = game.restore(checkpoint.state_version, &checkpoint.game)?;
        let timeless = settings.tick_hz == 0;
        Ok(Room { game, rng, tick: checkpoint.tick, timeless, seats, said: Vec::new() })
    }

    /// # Errors
    /// The game's state cannot be written.
    pub fn checkpoint(&self, state_version: u32) -> Result<Checkpoint, String> {
        Ok(Checkpoint {
            state_version,
            tick: self.tick,
            seats: self.seats.values().cloned().collect(),
            seed: self.rng.get_seed(),
            stream: self.rng.get_stream(),
            word_pos: self.rng.get_word_pos(),
            game: self.game.checkpoint()?.into(),
        })
    }

    /// Draws another future: a room that went back without its log must not run into the same panic.
    pub fn reseed(&mut self, epoch: u64) {
        let mut seed = self.rng.get_seed();
        for (byte, turn) in seed.iter_mut().zip(epoch.to_le_bytes()) {
            *byte ^= turn;
        }
        self.rng = ChaCha8Rng::from_seed(seed);
        // Not the first words: they were drawn under the seed that differs in few bits.
        let _ = self.rng.next_u64();
    }

    pub fn tick_number(&self) -> u64 {
        self.tick
    }

    pub fn sitting(&self, seat: Seat) -> Option<&Sitting> {
        self.seats.get(&seat)
    }

    pub fn sittings(&self) -> impl Iterator<Item = &Sitting> {
        self.seats.values()
    }

    /// The lowest seat that nobody has.
    pub fn free_seat(&self, seats_max: u16) -> Option<Seat> {
        (0..seats_max).map(Seat).find(|seat| !self.seats.contains_key(seat))
    }

    /// # Errors
    /// The game refuses the player; the seat stays free.
    pub fn join(&mut self, member: Member) -> Result<(), Refusal> {
        let (drawn, said) = (self.rng.get_word_pos(), self.said.len());
        let play = Play { tick: self.tick, rng: &mut self.rng, said: &mut self.said };
        if let Err(refusal) = self.game.join(&member, play) {
            // A refusal is not in the log: nothing may be left of it.
            self.rng.set_word_pos(drawn);
            self.said.truncate(said);
            return Err(refusal);
        }
        self.seats.insert(member.seat, Sitting { member, ack: 0 });
        Ok(())
    }

    pub fn leave(&mut self, seat: Seat) {
        if self.seats.contains_key(&seat) {
            let play = Play { tick: self.tick, rng: &mut self.rng, said: &mut self.said };
            self.game.leave(seat, play);
            self.seats.remove(&seat);
        }
    }

    /// Frees a seat whose `leave` panicked.
    pub fn forget(&mut self, seat: Seat) {
        self.seats.remove(&seat);
        self.game.forget(seat);
    }

    /// Frees a seat and does not tell the game.
    pub fn unseat(&mut self, seat: Seat) {
        self.seats.remove(&seat);
    }

    pub fn input(&mut self, input: &RawInput) -> Settled {
        match self.seats.get_mut(&input.seat) {
            Some(sitting) if input.seq > sitting.ack => sitting.ack = input.seq,
            _ => return Settled::Ignored,
        }
        let play = Play { tick: self.tick, rng: &mut self.rng, said: &mut self.said };
        match self.game.input(input, play) {
            Ok(()) => Settled::Applied,
            Err(GameError::Malformed(error)) => Settled::Rejected(error),
            Err(GameError::Refused(refusal)) => {
                Settled::Rejected(refusal.into_error(ErrorCode::InputRefused))
            }
        }
    }

    /// Settles an input that is not applied. False when it was settled before.
    pub fn settle(&mut self, seat: Seat, seq: u32) -> bool {
        match self.seats.get_mut(&seat) {
            Some(sitting) if seq > sitting.ack => {
                sitting.ack = seq;
                true
            }
            _ => false,
        }
    }

    pub fn tick(&mut self) {
        self.tick += 1;
        if self.timeless {
            return;
        }
        let play = Play { tick: self.tick, rng: &mut self.rng, said: &mut self.said };
        self.game.tick(play);
    }

    /// Does what an entry says, and gives what the game refused it with, if it did. What the game says meanwhile has been
    /// told before; only that it is over is kept, for then the room has not come to its end yet.
    pub fn apply(&mut self, entry: &Entry) -> Option<WireError> {
        let mut refusal = None;
        match entry {
            // A game that let somebody in must do so again on a replay; if it does not, the comparison at the end of a
            // test or of a dev server's minute tells (`game_not_deterministic`).
            Entry::Join(member) => {
                let refused = self.join(member.clone()).err();
                refusal = refused.map(|refused| refused.into_error(ErrorCode::Forbidden));
            }
            Entry::Leave(seat) => self.leave(*seat),
            Entry::Input(input) => {
                if let Settled::Rejected(error) = self.input(input) {
                    refusal = Some(error);
                }
            }
            Entry::Settle { seat, seq } => drop(self.settle(*seat, *seq)),
            Entry::Tick => self.tick(),
            Entry::Forget(seat) => self.forget(*seat),
            Entry::Unseat(seat) => self.unseat(*seat),
            Entry::Reseed(epoch) => self.reseed(*epoch),
        }
        self.said.retain(|said| matches!(said, Said::End(_)));
        refusal
    }

    /// What the game has said since the last call.
    pub fn take_said(&mut self) -> std::vec::Drain<'_, Said<Value>> {
        self.said.drain(..)
    }

    /// # Errors
    /// The view is not an object, or holds what the wire cannot carry.
    pub fn view(&self) -> Result<Built, ViewError> {
        self.game.view()
    }

    /// What is stored of a member's part in the game. A panic in it costs the result and not the room: it changes
    /// nothing, so there is nothing to recover.
    pub fn result(&self, seat: Seat) -> Option<Value> {
        let result = AssertUnwindSafe(|| self.game.result(seat));
        catch_unwind(result).unwrap_or_default()
    }
}

impl Refusal {
    /// The game's "no", as the player is told of it.
    pub(super) fn into_error(self, code: ErrorCode) -> WireError {
        WireError::new(code, self.message).details(serde_json::json!({ "game": self.code }))
    }
}

impl Entry {
    /// Bytes that the entry keeps alive in the log, about.
    pub fn bytes(&self) -> usize {
        match self {
            Entry::Input(RawInput { input, .. }) => input.bytes().len() + 32,
            Entry::Join(member) => member.username.len() + 64,
            _ => 32,
        }
    }

    pub fn input(seat: Seat, seq: u32, input: Raw) -> Entry {
        Entry::Input(RawInput { seat, seq, input })
    }
}
