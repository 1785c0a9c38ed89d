//! End-to-end tests of GameV1: what they need to start a real server and to speak to it as a stranger would. The
//! tests themselves are in `tests/e2e`.

pub mod bench;
pub mod bomb;
pub mod client;
pub mod http;
pub mod merge_patch;
pub mod otlp;
pub mod raw;
pub mod server;
pub mod soak;

use std::time::Duration;

/// How long a test waits for anything. Far more than a healthy server needs, however busy the machine is.
pub const BOUND: Duration = Duration::from_secs(20);

/// The game author's guide, so that what it shows compiles.
#[cfg(doctest)]
#[doc = include_str!("../../docs/your-game.md")]
struct YourGame;
