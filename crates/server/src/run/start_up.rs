//! What an operator is told when the server is up: where to open what, and what may surprise.

use std::{fmt::Write, net::SocketAddr};

use crate::{app::App, config::Config};

/// Descriptors beside the connections: database, logs, listening socket.
const DESCRIPTORS_BESIDE: u64 = 200;

/// The lines on standard output.
pub fn lines(app: &App, admin: Option<SocketAddr>, games: &[&str], runtime: &str) -> String {
    let origin = app.own_origin();
    let mut text = format!("gamev1 {} is up: {runtime}\n", env!("CARGO_PKG_VERSION"));
    let rows = [
        ("listening on", format!("http://{}", app.bound)),
        ("play", format!("{origin}/")),
        ("sockets", origin.socket_url()),
        ("health", format!("{origin}/health")),
        ("games", games.join(", ")),
        ("data", app.config.data_dir.display().to_string()),
    ];
    let database = app.config.database_url.as_ref().map(|url| ("database", url.to_string()));
    let admin = admin.map(|bound| ("operators", format!("http://{bound}/v1/admin")));
    for (name, value) in rows.into_iter().chain(database).chain(admin) {
        // Writing into a string does not fail.
        let _ = writeln!(text, "  {name:<13} {value}");
    }
    text.push_str("Ctrl-C stops it.");
    text
}

/// What is allowed and yet worth a word.
pub fn warnings(app: &App) -> Vec<String> {
    let Config { connections_max, rates, public_url, origins, dev, database_url, .. } = &app.config;
    let mut warnings = Vec::new();
    if *dev {
        warnings.push("--dev: for work on this machine alone".to_owned());
    }
    if let Some(url) = database_url.as_ref().filter(|url| !url.is_local()) {
        warnings.push(format!("{url}: what is said to this database is not encrypted on its way"));
    }
    if rates.is_none() {
        warnings.push(
            "RATE_LIMIT_ENABLED=false: rates and connections of one address are not limited".into(),
        );
    }
    if app.bound.ip().is_unspecified() && public_url.is_none() && origins.is_empty() {
        warnings.push(format!(
            "listening on {} without --public-url or --origins: pages in browsers will be refused",
            app.bound
        ));
    }
    let needed = *connections_max as u64 + DESCRIPTORS_BESIDE;
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    if let Some(open) = open_files_max(&limits).filter(|&open| open < needed) {
        warnings.push(format!(
            "this process may open {open} files, {connections_max} connections need {needed}: raise it with ulimit -n"
        ));
    }
    warnings
}

/// The soft limit of `Max open files`.
fn open_files_max(limits: &str) -> Option<u64> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_of_open_files_is_read() {
        let limits =
            "Limit   Soft Limit  Hard Limit Units\nMax open files   1024   524288   files\n";
        assert_eq!(open_files_max(limits), Some(1_024));
        assert_eq!(open_files_max("Max open files   unlimited unlimited files\n"), None);
        assert_eq!(open_files_max(""), None);
    }
}
