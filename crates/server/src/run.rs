//! From the command line to an exit code.

pub mod commands;
pub mod hang;
pub mod housekeeping;
pub mod keys;
pub mod replay;
pub mod runtime;
pub mod serve;
pub mod signals;
pub mod start_up;
pub mod supervision;
pub mod transfer;

use std::{io::Write, process::ExitCode};

use clap::Parser;
use gamev1_actors::game::GameRegistry;

use crate::config::command::{self, Cli, Command};

/// How a run of the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done, or stopped in order.
    Done,
    /// Something failed that may work the next time.
    Failed,
    /// The configuration, or an edited migration, is refused.
    Refused,
    /// The root of the tree gave up, or the process hangs.
    GaveUp,
    /// `replay` reached the panic.
    Reached,
    /// Asked to stop a second time.
    Interrupted,
}

impl Exit {
    pub fn code(self) -> i32 {
        i32::from(self.byte())
    }

    fn byte(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Refused => 2,
            Exit::Reached => 3,
            Exit::GaveUp => 70,
            Exit::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.byte())
    }
}

/// The whole program, with the games that it offers. A game author's own server is this call:
///
/// ```no_run
/// fn main() -> std::process::ExitCode {
///     gamev1_server::run(gamev1_games::all())
/// }
/// ```
pub fn run(games: GameRegistry) -> ExitCode {
    let exit = match Cli::try_parse() {
        Ok(cli) => match cli.command {
            Command::Serve(serve) => serve::run(*serve, games),
            Command::Token(token) => commands::token(&token),
            Command::Keys(command::Keys::Rotate(rotate)) => commands::rotate_keys(&rotate),
            Command::Admin(command::Admin::Create(create)) => commands::create_admin(&create),
            Command::Migrate(data) => commands::migrate(&data),
            Command::Db(command::Db::Backup(backup)) => commands::backup(&backup),
            Command::Db(command::Db::Export(export)) => transfer::export(&export),
            Command::Db(command::Db::Import(import)) => transfer::import(&import),
            Command::Replay(replay) => replay::run(&replay, &games),
            Command::Supervision(command) => supervision::run(&command),
        },
        Err(error) => {
            // Where even this cannot be written there is nobody to read it.
            let _ = error.print();
            if error.exit_code() == 0 { Exit::Done } else { Exit::Refused }
        }
    };
    exit.into()
}

/// Says why the program ends, to the one who started it.
fn complain(error: impl std::fmt::Display) {
    let _ = writeln!(std::io::stderr(), "error: {error}");
}

/// What the program is asked for, and nothing else.
fn say(text: impl std::fmt::Display) {
    let mut out = std::io::stdout();
    let _ = writeln!(out, "{text}");
    let _ = out.flush();
}
