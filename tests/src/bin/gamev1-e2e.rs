//! The server with a game that can be made to panic, for the tests that kill rooms.

use e2e::bomb::Bomb;

fn main() -> std::process::ExitCode {
    gamev1_server::run(gamev1_games::all().with::<Bomb>())
}
