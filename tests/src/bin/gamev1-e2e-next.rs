//! The next version of the server with the game that can be made to panic, for the tests that upgrade it.

use e2e::bomb::BombNext;

fn main() -> std::process::ExitCode {
    gamev1_server::run(gamev1_games::all().with::<BombNext>())
}
