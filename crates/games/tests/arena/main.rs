//! The arena from outside: driven as a room drives it, without one.

#![allow(clippy::unwrap_used, clippy::panic, reason = "what goes wrong here fails the test")]

mod budget;
mod harness;
mod patches;
mod replay;
mod table;
