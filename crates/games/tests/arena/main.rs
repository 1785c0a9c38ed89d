//! The arena from outside: driven as a room drives it, without one.

mod budget;
mod harness;
mod patches;
mod replay;
mod table;
