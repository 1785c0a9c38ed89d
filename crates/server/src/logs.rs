//! Logs: readable in dev mode, JSON lines otherwise, on standard error. And what a panic says.

use std::io;

use gamev1_actors::panics;
use tracing_subscriber::{EnvFilter, filter::ParseError};

/// ractor logs every actor that starts or stops, however many there are.
const ALWAYS: &str = "info,ractor=warn";

/// The filter for what an operator asked for.
///
/// # Errors
/// It is no list of levels and directives.
pub fn filter(asked: &str) -> Result<EnvFilter, ParseError> {
    EnvFilter::builder().parse(format!("{ALWAYS},{asked}"))
}

/// Begins to log. Only the first call of a process counts.
///
/// # Errors
/// As [`filter`].
pub fn init(asked: &str, readable: bool) -> Result<(), ParseError> {
    let builder = tracing_subscriber::fmt().with_env_filter(filter(asked)?).with_writer(io::stderr);
    // Whoever embeds the server may have begun already.
    let _ = if readable {
        let ansi = io::IsTerminal::is_terminal(&io::stderr());
        builder.with_ansi(ansi).with_target(false).try_init()
    } else {
        builder.json().flatten_event(true).try_init()
    };
    panics::install_hook();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_comes_after_what_always_holds() {
        for (asked, expected) in [
            ("info", &["info", "ractor=warn"][..]),
            ("debug", &["debug", "ractor=warn"]),
            ("warn,gamev1_server=trace", &["warn", "ractor=warn", "gamev1_server=trace"]),
            ("ractor=debug", &["info", "ractor=debug"]),
        ] {
            let filter = filter(asked).unwrap().to_string();
            let directives: Vec<_> = filter.split(',').collect();
            assert!(expected.iter().all(|part| directives.contains(part)), "{asked}: {filter}");
            assert_eq!(directives.len(), expected.len(), "{asked}: {filter}");
        }
        assert!(filter("gamev1=loud").is_err());
    }
}
