//! Logs: readable in dev mode, JSON lines otherwise, on standard error. And what a panic says.

use std::{io, sync::OnceLock};

use gamev1_actors::panics;
use opentelemetry_sdk::trace::SdkTracer;
use tracing_subscriber::{
    EnvFilter, Layer,
    filter::{ParseError, filter_fn},
    layer::SubscriberExt,
    reload,
    util::SubscriberInitExt,
};

/// ractor logs every actor that starts or stops, however many there are.
const ALWAYS: &str = "info,ractor=warn";

/// The target of the spans of HTTP requests.
pub const HTTP: &str = "gamev1_server::http";

/// Puts another filter in the place of the one that is in force.
type Change = Box<dyn Fn(EnvFilter) + Send + Sync>;

static CHANGE: OnceLock<Change> = OnceLock::new();

/// The filter for what an operator asked for.
///
/// # Errors
/// It is no list of levels and directives.
pub fn filter(asked: &str) -> Result<EnvFilter, ParseError> {
    EnvFilter::builder().parse(format!("{ALWAYS},{asked}"))
}

/// The filter for what is asked of a running server: what ractor says is not let in by it.
///
/// # Errors
/// As [`filter`].
pub fn changed(asked: &str) -> Result<EnvFilter, ParseError> {
    EnvFilter::builder().with_regex(false).parse(format!("{ALWAYS},{asked},ractor=warn"))
}

/// Begins to log, and to trace HTTP requests with `tracer` if there is one. Only the first call of a process counts.
///
/// # Errors
/// As [`filter`].
pub fn init(asked: &str, readable: bool, tracer: Option<SdkTracer>) -> Result<(), ParseError> {
    let (filter, handle) = reload::Layer::new(filter(asked)?);
    let lines = tracing_subscriber::fmt::layer().with_writer(io::stderr);
    let lines = if readable {
        let ansi = io::IsTerminal::is_terminal(&io::stderr());
        lines.with_ansi(ansi).with_target(false).boxed()
    } else {
        lines.json().flatten_event(true).boxed()
    };
    // Spans of requests alone: everything else is drawn where it happens, and ractor's own would never end.
    let requests = filter_fn(|meta| meta.is_span() && meta.target() == HTTP);
    let traces = tracer.map(|tracer| {
        let layer = tracing_opentelemetry::layer().with_tracer(tracer);
        let layer = layer.with_location(false).with_threads(false).with_tracked_inactivity(false);
        layer.with_filter(requests)
    });
    let begun = tracing_subscriber::registry().with(lines.with_filter(filter)).with(traces);
    // Whoever embeds the server may have begun already, and then changes it there.
    if begun.try_init().is_ok() {
        // The first one stays, as what it changes does.
        let _ = CHANGE.set(Box::new(move |filter| drop(handle.reload(filter))));
    }
    panics::install_hook();
    Ok(())
}

/// Changes what is logged from here on.
pub fn change(filter: EnvFilter) {
    if let Some(change) = CHANGE.get() {
        change(filter);
    }
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

    #[test]
    fn ractor_stays_quiet_whatever_a_running_server_is_asked_for() {
        for asked in ["debug", "ractor=trace", "trace,ractor=trace", ""] {
            let filter = changed(asked).unwrap().to_string();
            let ractor: Vec<_> = filter.split(',').filter(|it| it.starts_with("ractor")).collect();
            assert_eq!(ractor, ["ractor=warn"], "{asked}: {filter}");
        }
        assert!(changed("gamev1=loud").is_err());
    }
}
