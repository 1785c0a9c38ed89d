//! The actors of GameV1: sessions, rooms, lobby, presence, store, their supervisors, and the [`game::Game`] trait.
//!
//! Rules and decisions are plain values (`x/state.rs`); actors only move messages. What must outlive an actor
//! stands in the [`vault`]. No SQL, no HTTP, no token format: those come in through [`ports`].

pub mod ask;
pub mod bus;
pub mod game;
pub mod inbox;
pub mod lobby;
pub mod observe;
pub mod outbox;
pub mod panics;
pub mod ports;
pub mod presence;
pub mod readiness;
pub mod registry;
pub mod restore;
pub mod revocations;
pub mod room;
pub mod sanctions;
pub mod session;
pub mod shutdown;
pub mod store;
pub mod supervisor;
pub mod testing;
pub mod tree;
pub mod vault;
pub mod watchdog;

pub use gamev1_protocol as protocol;
/// What a game draws its random numbers with.
pub use rand;
pub use rand_chacha;
