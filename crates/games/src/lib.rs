//! The games that ship with GameV1: rules of play only. Rooms, sockets and storage are the server's.

pub mod arena;
pub mod relay;
mod seats;

use gamev1_actors::game::GameRegistry;

/// Adds all games that ship to those of `registry`.
pub fn register(registry: GameRegistry) -> GameRegistry {
    registry.with::<relay::Relay>().with::<arena::Arena>()
}

/// The games that ship and no others.
pub fn all() -> GameRegistry {
    register(GameRegistry::new())
}
