//! The metrics, all of them, in one table: what they are called, what they say, and where the numbers come from. Gauges
//! are read from the registry and the vault when somebody asks, so that no crash leaves one wrong.

mod database;

use std::{
    collections::BTreeMap,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, SystemTime},
};

use gamev1_actors::{revocations::Table, vault::Vault};
use gamev1_persistence::Operations;
use opentelemetry::{
    KeyValue,
    metrics::{AsyncInstrument, Counter, Histogram, Meter, MeterProvider},
};
use opentelemetry_sdk::metrics::SdkMeterProvider;
use prometheus::{Encoder, Registry, TextEncoder};
use tokio::time::Instant;

/// A metric by the name under which it is exported, and what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Name {
    pub exported: &'static str,
    instrument: &'static str,
    unit: &'static str,
    pub help: &'static str,
}

macro_rules! names {
    ($($handle:ident: $exported:literal = $instrument:literal $unit:literal, $help:literal;)*) => {
        $(pub const $handle: Name = Name {
            exported: $exported, instrument: $instrument, unit: $unit, help: $help,
        };)*
        /// Every metric of this server.
        pub const NAMES: &[Name] = &[$($handle),*];
    };
}

names! {
    WS_CONNECTIONS: "ws_connections" = "ws_connections" "", "WebSockets that are open.";
    ACTIVE_ROOMS: "active_rooms" = "active_rooms" "", "Rooms that live.";
    PLAYERS_ONLINE: "players_online" = "players_online" "", "Players with at least one open WebSocket.";
    SESSIONS: "sessions" = "sessions" "", "Sessions, those that wait to be resumed among them.";
    MEMORY_USAGE: "memory_usage_bytes" = "memory_usage" "By", "Resident memory of the process.";
    RATE_LIMIT_HITS: "rate_limit_hits_total" = "rate_limit_hits" "", "Calls and requests that were over a rate, by scope and limit.";
    GAME_TICK_RATE: "game_tick_rate" = "game_tick_rate" "", "Ticks a second that rooms make, one observation a tick.";
    GAME_TICK_DURATION: "game_tick_duration_seconds" = "game_tick_duration" "s", "Time that a tick takes: inputs, the game, states to members.";
    GAME_TICK_OVERRUNS: "game_tick_overruns_total" = "game_tick_overruns" "", "Ticks that took longer than their period.";
    ACTOR_LIVE: "actor_live" = "actor_live" "", "Actors that run, by kind.";
    ACTOR_RESTARTS: "actor_restarts_total" = "actor_restarts" "", "Restarts after a failure, by kind of actor and reason.";
    ACTOR_MAILBOX_DEPTH: "actor_mailbox_depth" = "actor_mailbox_depth" "", "The fullest inbox now, by kind.";
    DATABASE_CONNECTIONS: "database_connections" = "database_connections" "", "Connections to the database, by state.";
    DATABASE_WAITING: "database_waiting" = "database_waiting" "", "Calls that wait for a connection to the database now, by class of work.";
    DATABASE_BREAKER: "database_breaker" = "database_breaker" "", "Whether calls to the database are made (0), tried (1) or refused (2), by class of work.";
    DATABASE_WAIT: "database_wait_seconds" = "database_wait" "s", "Time that a call waited for its connection to the database.";
    DATABASE_CALLS: "database_calls_total" = "database_calls" "", "Calls to the database, by class of work and what came of them.";
    DATABASE_RETRIES: "database_retries_total" = "database_retries" "", "Calls to the database that were made again.";
    DATABASE_CONNECTION_ATTEMPTS: "database_connection_attempts_total" = "database_connection_attempts" "", "Connections that were asked of the database, whether or not they were given.";
    REVOCATIONS: "revocations" = "revocations" "", "Sign-ins and players of whom something was revoked that may still be shown.";
    REVOCATIONS_AGE: "revocations_age_seconds" = "revocations_age" "s", "Time since the log of revocations was read; over 30 s operators are refused.";
    BUILD_INFO: "build_info" = "build_info" "", "Always 1; the version is a label.";
}

/// Hertz around the rates that games have.
const RATES: [f64; 16] =
    [1.0, 5.0, 9.0, 10.0, 15.0, 18.0, 19.0, 19.5, 20.5, 21.0, 25.0, 29.0, 31.0, 59.0, 61.0, 130.0];
const SECONDS: [f64; 12] =
    [0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 1.0];
/// A slow tick is traced at most this often.
const SLOW_TICK_EVERY_MS: u64 = 1_000;

/// What is asked when somebody scrapes.
pub struct Sources {
    pub vault: Arc<Vault>,
    pub revoked: Arc<Table>,
    /// By scope and limit.
    pub rate_limit_hits: Box<dyn Fn() -> Vec<(&'static str, &'static str, u64)> + Send + Sync>,
    pub database: Arc<dyn Operations>,
}

pub struct Metrics {
    registry: Registry,
    // Dropped, it would take its readers with it.
    _provider: SdkMeterProvider,
    sources: Arc<OnceLock<Sources>>,
    database_waits: Histogram<f64>,
    tick_duration: Histogram<f64>,
    tick_rate: Histogram<f64>,
    overruns: Counter<u64>,
    slow_tick_at_ms: AtomicU64,
}

impl Metrics {
    /// # Errors
    /// Two metrics have one name, which a test excludes.
    pub fn new() -> Result<Metrics, String> {
        let registry = Registry::new();
        let exporter = opentelemetry_prometheus::exporter()
            .with_registry(registry.clone())
            .scope_info_enabled(false)
            .without_target_info()
            .build()
            .map_err(|error| error.to_string())?;
        let provider = SdkMeterProvider::builder().with_reader(exporter).build();
        let meter = provider.meter("gamev1");
        let sources = Arc::<OnceLock<Sources>>::default();
        gauges(&meter, &sources);
        counters(&meter, &sources);
        database::instruments(&meter, &sources);
        let histogram = |name: Name, bounds: &[f64]| {
            let histogram = meter.f64_histogram(name.instrument).with_description(name.help);
            let histogram = histogram.with_unit(name.unit).with_boundaries(bounds.to_vec());
            histogram.build()
        };
        let overruns = meter.u64_counter(GAME_TICK_OVERRUNS.instrument);
        let overruns = overruns.with_description(GAME_TICK_OVERRUNS.help).build();
        overruns.add(0, &[]);
        Ok(Metrics {
            database_waits: histogram(DATABASE_WAIT, &SECONDS),
            tick_duration: histogram(GAME_TICK_DURATION, &SECONDS),
            tick_rate: histogram(GAME_TICK_RATE, &RATES),
            overruns,
            registry,
            _provider: provider,
            sources,
            slow_tick_at_ms: AtomicU64::new(0),
        })
    }

    /// Where the numbers come from, once there is a vault. Only the first call counts.
    pub fn read_from(&self, sources: Sources) {
        // A second server in one process, as tests make them, has metrics of its own.
        let _ = self.sources.set(sources);
    }

    /// Where it is recorded how long calls wait for the database, in seconds.
    pub fn database_waits(&self) -> Histogram<f64> {
        self.database_waits.clone()
    }

    pub fn tick(&self, took: Duration, period: Duration) {
        self.tick_duration.record(took.as_secs_f64(), &[]);
        if took > period {
            self.overruns.add(1, &[]);
        }
    }

    /// The time between two ticks of a room.
    pub fn ticked_after(&self, since_last: Duration) {
        if !since_last.is_zero() {
            self.tick_rate.record(1.0 / since_last.as_secs_f64(), &[]);
        }
    }

    pub(super) fn slow_tick_is_due(&self) -> bool {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let now = since.as_millis() as u64;
        let last = self.slow_tick_at_ms.load(Relaxed);
        now.saturating_sub(last) >= SLOW_TICK_EVERY_MS
            && self.slow_tick_at_ms.compare_exchange(last, now, Relaxed, Relaxed).is_ok()
    }

    /// The text that Prometheus reads.
    ///
    /// # Errors
    /// A metric cannot be written.
    pub fn text(&self) -> Result<String, String> {
        let mut text = Vec::new();
        TextEncoder::new()
            .encode(&self.registry.gather(), &mut text)
            .map_err(|error| error.to_string())?;
        String::from_utf8(text).map_err(|error| error.to_string())
    }
}

/// The media type of [`Metrics::text`].
pub const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// How a value is read when somebody scrapes.
type Read = fn(&Sources, &dyn AsyncInstrument<u64>);

fn gauge(meter: &Meter, sources: &Arc<OnceLock<Sources>>, name: Name, read: Read) {
    let sources = sources.clone();
    let gauge = meter.u64_observable_gauge(name.instrument).with_unit(name.unit);
    let gauge = gauge.with_description(name.help).with_callback(move |to| {
        if let Some(sources) = sources.get() {
            read(sources, to);
        }
    });
    gauge.build();
}

fn counter(meter: &Meter, sources: &Arc<OnceLock<Sources>>, name: Name, read: Read) {
    let sources = sources.clone();
    let counter = meter.u64_observable_counter(name.instrument).with_description(name.help);
    let counter = counter.with_callback(move |to| {
        if let Some(sources) = sources.get() {
            read(sources, to);
        }
    });
    counter.build();
}

fn gauges(meter: &Meter, sources: &Arc<OnceLock<Sources>>) {
    let gauge = |name, read| gauge(meter, sources, name, read);
    gauge(WS_CONNECTIONS, |from, to| plain(from.vault.counts().sockets, to));
    gauge(ACTIVE_ROOMS, |from, to| plain(from.vault.counts().rooms, to));
    gauge(PLAYERS_ONLINE, |from, to| plain(from.vault.counts().players, to));
    gauge(SESSIONS, |from, to| plain(from.vault.counts().sessions, to));
    gauge(MEMORY_USAGE, |_, to| to.observe(resident_bytes().unwrap_or(0), &[]));
    gauge(ACTOR_LIVE, |from, to| {
        for (kind, (live, _)) in by_kind(from) {
            to.observe(live, &[KeyValue::new("kind", kind)]);
        }
    });
    gauge(ACTOR_MAILBOX_DEPTH, |from, to| {
        for (kind, (_, deepest)) in by_kind(from) {
            to.observe(deepest, &[KeyValue::new("kind", kind)]);
        }
    });
    gauge(REVOCATIONS, |from, to| plain(from.revoked.len(), to));
    gauge(REVOCATIONS_AGE, |from, to| {
        if let Some(age) = from.revoked.age(Instant::now()) {
            to.observe(age.as_secs(), &[]);
        }
    });
    gauge(BUILD_INFO, |_, to| {
        to.observe(1, &[KeyValue::new("version", env!("CARGO_PKG_VERSION"))]);
    });
}

fn plain(value: usize, to: &dyn AsyncInstrument<u64>) {
    to.observe(value as u64, &[]);
}

fn counters(meter: &Meter, sources: &Arc<OnceLock<Sources>>) {
    let counter = |name, read| counter(meter, sources, name, read);
    counter(ACTOR_RESTARTS, |from, to| {
        for ((kind, cause), restarts) in from.vault.registry.restarts() {
            let labels = [KeyValue::new("kind", kind), KeyValue::new("reason", cause.word())];
            to.observe(restarts, &labels);
        }
    });
    counter(RATE_LIMIT_HITS, |from, to| {
        for (scope, limit, hits) in (from.rate_limit_hits)() {
            to.observe(hits, &[KeyValue::new("scope", scope), KeyValue::new("limit", limit)]);
        }
    });
}

/// How many actors run, and how full the fullest inbox is.
fn by_kind(from: &Sources) -> BTreeMap<&'static str, (u64, u64)> {
    let mut kinds = BTreeMap::<_, (u64, u64)>::new();
    from.vault.registry.each(|actor| {
        let (live, deepest) = kinds.entry(actor.kind.name).or_default();
        *live += u64::from(actor.state() == gamev1_actors::registry::State::Running);
        *deepest = (*deepest).max(actor.inbox().now as u64);
    });
    kinds
}

/// `VmRSS` of this process.
fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib * 1024)
}
