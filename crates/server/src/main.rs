//! The `gamev1` program: the server with the games that ship.

use std::process::ExitCode;

fn main() -> ExitCode {
    gamev1_server::run(gamev1_games::all())
}
