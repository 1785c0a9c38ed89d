//! The games that a server offers, by name.

use std::{
    collections::BTreeMap,
    marker::PhantomData,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use gamev1_protocol::{ErrorCode, WireError, decode};
use serde_json::{Map, Value};

use super::{
    AnyGame, Ctx, Game, Settings,
    any::{Hosted, Play, erase},
};

/// All games of a server. Cheap to clone.
#[derive(Clone, Default)]
pub struct GameRegistry {
    games: BTreeMap<&'static str, Arc<dyn GameType>>,
}

impl GameRegistry {
    pub fn new() -> GameRegistry {
        GameRegistry::default()
    }

    /// Adds a game; a later one of the same name takes its place.
    pub fn with<G: Game>(mut self) -> GameRegistry {
        self.games.insert(G::NAME, Arc::new(TypeOf::<G>(PhantomData)));
        self
    }

    /// # Errors
    /// `game_not_found`, naming the games that there are.
    pub fn get(&self, name: &str) -> Result<&Arc<dyn GameType>, WireError> {
        self.games.get(name).ok_or_else(|| {
            let name: String = name.chars().take(64).collect();
            let known: Vec<_> = self.games.keys().collect();
            WireError::new(ErrorCode::GameNotFound, format!("no game is called {name:?}"))
                .details(serde_json::json!({ "games": known }))
        })
    }

    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.games.keys().copied()
    }
}

/// One game of the registry: how rooms of it are made.
pub trait GameType: Send + Sync {
    fn name(&self) -> &'static str;
    fn state_version(&self) -> u32;

    /// # Errors
    /// `bad_request` with a pointer below `/data/options`.
    fn settings(&self, options: &Map<String, Value>) -> Result<Settings, WireError>;

    /// # Errors
    /// As [`GameType::settings`], or the game's own refusal as `validation_failed`.
    fn create(
        &self,
        options: &Map<String, Value>,
        play: Play<'_>,
    ) -> Result<Box<dyn AnyGame>, WireError>;

    /// # Errors
    /// What is wrong with the checkpoint.
    fn restore(&self, version: u32, bytes: &[u8]) -> Result<Box<dyn AnyGame>, String>;
}

struct TypeOf<G>(PhantomData<fn() -> G>);

impl<G: Game> TypeOf<G> {
    fn options(options: &Map<String, Value>) -> Result<G::Options, WireError> {
        if options.is_empty() {
            return Ok(G::Options::default());
        }
        let value = Value::Object(options.clone());
        match serde_json::from_value(value.clone()) {
            Ok(options) => Ok(options),
            Err(_) => Err(decode::explain::<G::Options>("/data/options", &value)),
        }
    }
}

impl<G: Game> GameType for TypeOf<G> {
    fn name(&self) -> &'static str {
        G::NAME
    }

    fn state_version(&self) -> u32 {
        G::STATE_VERSION
    }

    fn settings(&self, options: &Map<String, Value>) -> Result<Settings, WireError> {
        // Asked by the lobby, which is not to fall for a game's bug; there is no state that could be left half changed.
        let settings = || Ok(G::settings(&TypeOf::<G>::options(options)?).within_bounds());
        catch_unwind(AssertUnwindSafe(settings)).unwrap_or_else(|_| {
            Err(WireError::new(ErrorCode::Internal, "the game failed over its options"))
        })
    }

    fn create(
        &self,
        options: &Map<String, Value>,
        play: Play<'_>,
    ) -> Result<Box<dyn AnyGame>, WireError> {
        let options = TypeOf::<G>::options(options)?;
        let mut said = Vec::new();
        let made = G::new(options, &mut Ctx::new(play.tick, play.rng, &mut said));
        erase(&mut said, play.said);
        match made {
            Ok(game) => Ok(Box::new(Hosted { game, said })),
            Err(refusal) => Err(WireError::new(ErrorCode::ValidationFailed, refusal.message)
                .details(serde_json::json!({ "game": refusal.code }))),
        }
    }

    fn restore(&self, version: u32, bytes: &[u8]) -> Result<Box<dyn AnyGame>, String> {
        Ok(Box::new(Hosted { game: G::restore(version, bytes)?, said: Vec::new() }))
    }
}
