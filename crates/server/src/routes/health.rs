//! `/health` for people and monitors, `/ready` for load balancers, `/live` for whoever restarts processes.

use std::{collections::BTreeMap, fs, sync::Arc, time::SystemTime};

use gamev1_persistence::Condition;
use gamev1_protocol::ErrorCode;
use hyper::{StatusCode, header, header::HeaderValue};
use serde::Serialize;

use super::answer::{Answer, json};
use crate::{app::App, call::Call, problem::Problem, telemetry::metrics, time::rfc3339};

/// Parts of the readiness that stand for the database.
pub const DATABASE_PARTS: &[&str] = &["database", "store"];

#[derive(Serialize)]
struct Health {
    status: &'static str,
    timestamp: String,
    version: &'static str,
    uptime_s: u64,
    services: Parts,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reasons: Vec<String>,
}

#[derive(Serialize)]
struct Parts {
    database: &'static str,
    worker: &'static str,
    memory_usage: String,
    sockets: usize,
    sessions: usize,
    players: usize,
    rooms: usize,
    /// Not while the server starts.
    #[serde(skip_serializing_if = "Option::is_none")]
    database_pool: Option<Pool>,
}

#[derive(Serialize)]
struct Pool {
    idle: u64,
    used: u64,
    max: u64,
    /// Calls that wait for a connection.
    waiting: u64,
    /// What the circuit breakers do with calls.
    breakers: BTreeMap<&'static str, &'static str>,
}

impl From<Condition> for Pool {
    fn from(Condition { idle, used, max, classes, .. }: Condition) -> Pool {
        let waiting = classes.iter().map(|class| class.waiting).sum();
        let breakers = classes.map(|class| (class.class, class.breaker.word())).into();
        Pool { idle, used, max, waiting, breakers }
    }
}

/// What Prometheus reads.
pub fn metrics(app: Arc<App>, _: Call) -> Answer {
    let text = app.telemetry.metrics.text().map_err(|error| {
        tracing::error!(error, "the metrics cannot be written");
        Problem::new(ErrorCode::Internal, "the metrics cannot be written")
    })?;
    let mut response = hyper::Response::new(text.into());
    let media_type = HeaderValue::from_static(metrics::MEDIA_TYPE);
    response.headers_mut().insert(header::CONTENT_TYPE, media_type);
    Ok(response)
}

pub fn health(app: Arc<App>, _: Call) -> Answer {
    let now = SystemTime::now();
    let was_ready = app.was_ready();
    let reasons = app.readiness.reasons();
    let status = match () {
        () if reasons.is_empty() => "healthy",
        // It still serves those who are here.
        () if was_ready => "degraded",
        () => "unhealthy",
    };
    let waits = |part: &str| reasons.iter().any(|reason| reason.split(':').next() == Some(part));
    let services = app.services_if_open();
    let counts = services.map(|services| services.vault.counts());
    let count = |of: fn(gamev1_actors::vault::Counts) -> usize| counts.map_or(0, of);
    let database_waits = DATABASE_PARTS.iter().any(|part| waits(part));
    let worker_waits =
        reasons.iter().any(|reason| !DATABASE_PARTS.iter().any(|part| reason.starts_with(part)));
    let health = Health {
        status,
        timestamp: rfc3339(now),
        version: env!("CARGO_PKG_VERSION"),
        uptime_s: now.duration_since(app.started_at).map_or(0, |uptime| uptime.as_secs()),
        services: Parts {
            database: if database_waits { "disconnected" } else { "connected" },
            worker: match () {
                () if app.readiness.draining() => "draining",
                () if worker_waits => "starting",
                () => "healthy",
            },
            memory_usage: memory_usage(),
            sockets: count(|counts| counts.sockets),
            sessions: count(|counts| counts.sessions),
            players: count(|counts| counts.players),
            rooms: count(|counts| counts.rooms),
            database_pool: services.map(|services| services.database.condition().into()),
        },
        reasons,
    };
    if status == "unhealthy" {
        let mut response = json(StatusCode::SERVICE_UNAVAILABLE, &health)?;
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        return Ok(response);
    }
    json(StatusCode::OK, &health)
}

pub fn ready(app: Arc<App>, _: Call) -> Answer {
    let reasons = app.readiness.reasons();
    if reasons.is_empty() {
        return json(StatusCode::OK, &serde_json::json!({ "status": "ready" }));
    }
    let code = if app.readiness.draining() { ErrorCode::Draining } else { ErrorCode::Unavailable };
    Err(Problem::new(code, reasons.join("; ")))
}

pub fn live() -> Answer {
    json(StatusCode::OK, &serde_json::json!({ "status": "live" }))
}

/// What this process holds of the memory that it may have: the machine's, or its control group's if that is less.
fn memory_usage() -> String {
    let used = fs::read_to_string("/proc/self/status").ok().and_then(|text| kib(&text, "VmRSS:"));
    let all = fs::read_to_string("/proc/meminfo").ok().and_then(|text| kib(&text, "MemTotal:"));
    let group = fs::read_to_string("/sys/fs/cgroup/memory.max").ok();
    let group = group.and_then(|text| text.trim().parse::<u64>().ok()).map(|bytes| bytes / 1_024);
    percent(used, all.into_iter().chain(group).min())
}

/// A line such as `VmRSS:     1234 kB`.
fn kib(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

fn percent(used: Option<u64>, of: Option<u64>) -> String {
    match (used, of) {
        (Some(used), Some(of @ 1..)) => format!("{}%", used.saturating_mul(100).div_ceil(of)),
        _ => "unknown".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_told_in_percent() {
        assert_eq!(kib("Name:\tx\nVmRSS:\t    2048 kB\n", "VmRSS:"), Some(2_048));
        assert_eq!(kib("Name:\tx\n", "VmRSS:"), None);
        assert_eq!(percent(Some(45), Some(100)), "45%");
        assert_eq!(percent(Some(1), Some(1_000)), "1%");
        assert_eq!(percent(None, Some(1)), "unknown");
        assert_eq!(percent(Some(1), Some(0)), "unknown");
    }
}
