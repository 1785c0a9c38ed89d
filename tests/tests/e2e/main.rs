//! The end-to-end tests: a real server, real sockets, a real database. Each test has a server of its own.
//!
//! `cargo test auth_tests` selects one module. All are one program, because linking four takes longer than they run.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "these are tests")]

mod admin_tests;
mod auth_tests;
mod database_tests;
mod error_handling_tests;
mod integration_tests;
mod memory_tests;
mod permission_tests;
mod supervision_tests;
mod websocket_tests;

use e2e::server::Setup;

/// The server with the game that panics on order.
fn with_bomb() -> Setup {
    Setup::of(env!("CARGO_BIN_EXE_gamev1-e2e"))
}

/// What the old plan called parts of the tests, as far as there are such.
const PLANNED: [&str; 6] = [
    "auth_tests",
    "database_tests",
    "error_handling_tests",
    "integration_tests",
    "memory_tests",
    "websocket_tests",
];

/// Each name that the old plan gave to a part of the tests selects something.
#[test]
fn the_modules_of_the_plan_select_tests() {
    let program = std::env::current_exe().expect("this program");
    for module in PLANNED {
        let listed = std::process::Command::new(&program).args(["--list", module]).output();
        let listed = String::from_utf8(listed.expect("a list").stdout).expect("text");
        let selected = listed.lines().filter(|line| line.ends_with(": test")).count();
        assert!(selected > 0, "cargo test {module} selects nothing");
    }
}
