//! What an operator may set, checked: flags before variables before `gamev1.toml` before defaults.

pub mod command;
pub mod settings;
#[cfg(test)]
mod tests;

use std::{
    fs, io,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use gamev1_actors::{
    supervisor::{Supervision, SupervisionError},
    vault::{Limits, Rate},
};

use gamev1_persistence::DatabaseUrl;

use self::settings::{Recorded, Settings};
use crate::{address::Network, limits::Quota, logs, origin::Origin};

/// The file that is read when no other is named, if it is there.
const FILE: &str = "gamev1.toml";
/// What may be spent at once of the gameplay rate: two seconds' worth of the default.
const GAMEPLAY_BURST: u32 = 60;

/// How often a room of a server in dev mode looks whether its replay is exact.
const REPLAY_CHECKED_EVERY: Duration = Duration::from_secs(60);

/// How this server runs.
#[derive(Debug, Clone)]
pub struct Config {
    pub addr: SocketAddr,
    /// Where operators are served, if not there.
    pub admin_addr: Option<SocketAddr>,
    pub data_dir: PathBuf,
    /// Where the database is, if not in the data directory.
    pub database_url: Option<DatabaseUrl>,
    pub supervision: Supervision,
    pub dev: bool,
    /// Whether admins may make things fail outside dev mode.
    pub chaos: bool,
    pub origins: Vec<Origin>,
    pub public_url: Option<Origin>,
    pub trusted_proxies: Vec<Network>,
    pub connections_max: usize,
    /// `None` when rates are lifted.
    pub connections_per_address_max: Option<usize>,
    pub drain_budget: Duration,
    pub crash_records: Recorded,
    pub log: String,
    pub rates: Option<HttpRates>,
    /// What the actors hold everyone to.
    pub limits: Limits,
}

/// Rates of HTTP calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HttpRates {
    pub address: Quota,
    pub player: Quota,
    pub auth: Quota,
    /// Passwords tried for one account.
    pub password: Quota,
    pub connect: Quota,
}

/// Why the server does not start.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("{}: {error}", path.display())]
    Unreadable { path: PathBuf, error: io::Error },
    #[error("{}: {error}", path.display())]
    File { path: PathBuf, error: toml::de::Error },
    #[error("{}:{error}", path.display())]
    Supervision { path: PathBuf, error: SupervisionError },
    #[error("{0}")]
    Refused(String),
}

/// Reads the file that was named, or `gamev1.toml` where there is one.
///
/// # Errors
/// The file cannot be read, or has an unknown key or a value of the wrong kind: says where.
pub fn read_file(named: Option<&Path>) -> Result<Settings, ConfigError> {
    let path = named.unwrap_or(Path::new(FILE));
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if named.is_none() && error.kind() == io::ErrorKind::NotFound => {
            return Ok(Settings::default());
        }
        Err(error) => return Err(ConfigError::Unreadable { path: path.to_owned(), error }),
    };
    toml::from_str(&text).map_err(|error| ConfigError::File { path: path.to_owned(), error })
}

impl Config {
    /// Checks what was set; what was not has its default.
    ///
    /// # Errors
    /// A value is out of range, or two do not go together.
    pub fn resolve(settings: Settings) -> Result<Config, ConfigError> {
        let set = settings.or(Settings::defaults());
        let missing = || ConfigError::Refused("a setting has no default".into());
        let addr = set.addr.ok_or_else(missing)?;
        let dev = set.dev.unwrap_or_default();
        let behind_proxy = set.behind_proxy.unwrap_or_default();
        reachable("addr", addr, dev, behind_proxy)?;
        if let Some(admin_addr) = set.admin_addr {
            reachable("admin_addr", admin_addr, dev, behind_proxy)?;
        }
        let connections_max = within("connections_max", set.connections_max, 1..=1_000_000)?;
        let rooms_max = within("rooms_max", set.rooms_max, 1..=1_000_000)?;
        let sockets_per_player =
            within("sockets_per_player_max", set.sockets_per_player_max, 1..=1_000)?;
        let per_address =
            within("connections_per_address_max", set.connections_per_address_max, 1..=1_000_000)?;
        let drain_budget = set.drain_budget.ok_or_else(missing)?.0;
        if drain_budget > Duration::from_secs(600) {
            return Err(ConfigError::Refused("drain_budget: expected at most 10m".into()));
        }
        let log = set.log.clone().unwrap_or_default();
        logs::filter(&log).map_err(|error| ConfigError::Refused(format!("log: {error}")))?;
        let limited = set.rate_limit_enabled.unwrap_or(true);
        let defaults = Limits::default();
        let limits = Limits {
            replay_check: dev.then_some(REPLAY_CHECKED_EVERY),
            rooms_max,
            sockets_per_player,
            gameplay: if limited { Some(gameplay(&set)?) } else { None },
            requests: if limited { Some(requests(&set)?) } else { None },
            creates: defaults.creates.filter(|_| limited),
            dev,
            ..defaults
        };
        Ok(Config {
            addr,
            admin_addr: set.admin_addr,
            dev,
            chaos: set.chaos.unwrap_or_default(),
            supervision: supervision(set.supervision.as_deref())?,
            connections_max,
            connections_per_address_max: limited.then_some(per_address),
            drain_budget,
            crash_records: set.crash_records.ok_or_else(missing)?,
            log,
            rates: if limited { Some(http_rates(&set)?) } else { None },
            limits,
            data_dir: set.data_dir.ok_or_else(missing)?,
            database_url: set.database_url.map(|url| database_url(&url.0)).transpose()?,
            origins: set.origins.unwrap_or_default(),
            public_url: set.public_url,
            trusted_proxies: set.trusted_proxies.unwrap_or_default(),
        })
    }
}

fn database_url(text: &str) -> Result<DatabaseUrl, ConfigError> {
    text.parse().map_err(|error| ConfigError::Refused(format!("database_url: {error}")))
}

/// Who may be able to connect, by the address that is bound.
fn reachable(
    key: &str,
    addr: SocketAddr,
    dev: bool,
    behind_proxy: bool,
) -> Result<(), ConfigError> {
    if addr.ip().is_loopback() {
        return Ok(());
    }
    if dev {
        return Err(ConfigError::Refused(format!(
            "{key}: --dev asks nobody to sign in and is for this machine alone: expected a loopback address such as \
             127.0.0.1:8080, got {addr}"
        )));
    }
    if behind_proxy {
        return Ok(());
    }
    Err(ConfigError::Refused(format!(
        "{key}: {addr} is not loopback, and tokens must not travel in the clear: put a proxy that ends TLS before \
         this server and say so with --behind-proxy"
    )))
}

/// Reads that supervision file, or the one that is compiled in.
///
/// # Errors
/// The file cannot be read or has a mistake: says where.
pub fn supervision(path: Option<&Path>) -> Result<Supervision, ConfigError> {
    let refused = |path: &Path| {
        let path = path.to_owned();
        move |error| ConfigError::Supervision { path, error }
    };
    let Some(path) = path else {
        return Supervision::compiled_in().map_err(refused(Path::new("supervision.toml")));
    };
    let text = fs::read_to_string(path)
        .map_err(|error| ConfigError::Unreadable { path: path.to_owned(), error })?;
    Supervision::parse(&text).map_err(refused(path))
}

fn within(
    name: &str,
    value: Option<usize>,
    range: std::ops::RangeInclusive<usize>,
) -> Result<usize, ConfigError> {
    let value = value.unwrap_or_default();
    if range.contains(&value) {
        return Ok(value);
    }
    let (min, max) = (range.start(), range.end());
    Err(ConfigError::Refused(format!("{name}: expected {min} to {max}, got {value}")))
}

fn quota(name: &str, burst: Option<u32>, per_minute: Option<u32>) -> Result<Quota, ConfigError> {
    let (burst, per_minute) = (burst.unwrap_or_default(), per_minute.unwrap_or_default());
    Quota::new(burst, per_minute).ok_or_else(|| {
        let got = format!("{burst} and {per_minute}");
        ConfigError::Refused(format!(
            "rate_limit_{name}_burst and _sustained: expected at least 1 each, got {got}"
        ))
    })
}

fn http_rates(set: &Settings) -> Result<HttpRates, ConfigError> {
    let (address, player) = (set.rate_limit_default_ip_burst, set.rate_limit_default_user_burst);
    let (auth, connect) = (set.rate_limit_auth_ip_burst, set.rate_limit_connect_ip_burst);
    Ok(HttpRates {
        address: quota("default_ip", address, set.rate_limit_default_ip_sustained)?,
        player: quota("default_user", player, set.rate_limit_default_user_sustained)?,
        auth: quota("auth_ip", auth, set.rate_limit_auth_ip_sustained)?,
        password: password_quota(set)?,
        connect: quota("connect_ip", connect, set.rate_limit_connect_ip_sustained)?,
    })
}

fn password_quota(set: &Settings) -> Result<Quota, ConfigError> {
    let burst = set.rate_limit_password_account_burst.unwrap_or_default();
    let per_hour = set.rate_limit_password_account_hourly.unwrap_or_default();
    Quota::hourly(burst, per_hour).ok_or_else(|| {
        ConfigError::Refused(format!(
            "rate_limit_password_account_burst and _hourly: expected at least 1 each, got {burst} and {per_hour}"
        ))
    })
}

/// What a socket asks counts as what is asked over HTTP does.
fn requests(set: &Settings) -> Result<Rate, ConfigError> {
    let (burst, per_minute) =
        (set.rate_limit_default_user_burst, set.rate_limit_default_user_sustained);
    let quota = quota("default_user", burst, per_minute)?;
    Ok(Rate { per_second: quota.per_minute() / 60.0, burst: quota.burst() })
}

/// The old plan's bursts only cap the burst from above: they are far beyond what one socket may do at once.
fn gameplay(set: &Settings) -> Result<Rate, ConfigError> {
    let (user, per_minute) =
        (set.rate_limit_gameplay_user_burst, set.rate_limit_gameplay_user_sustained);
    let user = quota("gameplay_user", user, per_minute)?;
    let address = quota("gameplay_ip", set.rate_limit_gameplay_ip_burst, Some(1))?;
    Ok(Rate {
        per_second: user.per_minute() / 60.0,
        burst: GAMEPLAY_BURST.min(user.burst()).min(address.burst()),
    })
}
