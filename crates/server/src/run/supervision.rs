//! `gamev1 supervision`: checks a supervision file, prints the tree.

use std::io::Write;

use super::{Exit, complain, say};
use crate::config::{self, ConfigError, command::Supervision, settings::Settings};

pub fn run(command: &Supervision) -> Exit {
    match command {
        Supervision::Check { path } => match config::supervision(Some(path)) {
            Ok(_) => {
                say(format_args!("{} is right", path.display()));
                Exit::Done
            }
            Err(error) => {
                // The place stands first, where editors look for it.
                let _ = writeln!(std::io::stderr(), "{error}");
                Exit::Refused
            }
        },
        Supervision::Print { file, supervision } => {
            let given = Settings { supervision: supervision.clone(), ..Settings::default() };
            match print(file.config.as_deref(), given) {
                Ok(tree) => {
                    say(tree.trim_end());
                    Exit::Done
                }
                Err(error) => {
                    complain(error);
                    Exit::Refused
                }
            }
        }
    }
}

/// The tree that `serve` would start with the same flags, variables and file of settings.
fn print(config: Option<&std::path::Path>, given: Settings) -> Result<String, ConfigError> {
    let settings = given.or(config::read_file(config)?);
    Ok(config::supervision(settings.supervision.as_deref())?.to_string())
}
