//! The settings as they are written: one list that is flags, variables and keys of the file at once.

use std::{fmt, net::SocketAddr, path::PathBuf, str::FromStr, time::Duration};

use clap::{ArgAction, Args, builder::BoolishValueParser};
use serde::{Deserialize, Deserializer};

use crate::{address::Network, origin::Origin};

macro_rules! settings {
    ($($(#[$meta:meta])* $name:ident: $type:ty,)*) => {
        /// What was set in one place. `None` is what that place says nothing of.
        #[derive(Debug, Clone, Default, PartialEq, Args, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct Settings {
            $($(#[$meta])* pub $name: Option<$type>,)*
        }

        impl Settings {
            /// These settings before those.
            pub fn or(self, below: Settings) -> Settings {
                Settings { $($name: self.$name.or(below.$name),)* }
            }
        }
    };
}

settings! {
    /// Where to listen [default: 127.0.0.1:8080]
    #[arg(long, env = "GAMEV1_ADDR", value_name = "IP:PORT")]
    addr: SocketAddr,

    /// Where operators are served, and nowhere else: /v1/admin and /metrics [default: none]
    #[arg(long, env = "GAMEV1_ADMIN_ADDR", value_name = "IP:PORT")]
    admin_addr: SocketAddr,

    /// Database and signing keys [default: ./data]
    #[arg(long, env = "GAMEV1_DATA_DIR", value_name = "DIR")]
    data_dir: PathBuf,

    /// A PostgreSQL database instead of SQLite in the data directory: postgres://user:password@host:port/name [default: none]
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, value_name = "URL")]
    database_url: Secret,

    /// Numbers of the supervision tree [default: the file that is compiled in]
    #[arg(long, env = "GAMEV1_SUPERVISION", value_name = "FILE")]
    supervision: PathBuf,

    /// For work on this machine: readable logs, unknown members of requests are refused, any loopback page may connect. Loopback only [default: false]
    #[arg(
        long, env = "GAMEV1_DEV", value_name = "BOOL", num_args = 0..=1, require_equals = true,
        default_missing_value = "true", action = ArgAction::Set, value_parser = BoolishValueParser::new()
    )]
    dev: bool,

    /// Lets admins crash actors and stall the database outside dev mode [default: false]
    #[arg(
        long, env = "GAMEV1_CHAOS", value_name = "BOOL", num_args = 0..=1, require_equals = true,
        default_missing_value = "true", action = ArgAction::Set, value_parser = BoolishValueParser::new()
    )]
    chaos: bool,

    /// Web origins whose pages may use this server, besides its own [default: none]
    #[arg(long, env = "GAMEV1_ORIGINS", value_name = "ORIGIN,…", value_delimiter = ',')]
    origins: Vec<Origin>,

    /// What browsers call this server when a proxy is before it, such as https://play.example.org [default: none]
    #[arg(long, env = "GAMEV1_PUBLIC_URL", value_name = "URL")]
    public_url: Origin,

    /// Proxies whose X-Forwarded-For is believed: addresses or networks [default: none]
    #[arg(long, env = "GAMEV1_TRUSTED_PROXIES", value_name = "CIDR,…", value_delimiter = ',')]
    trusted_proxies: Vec<Network>,

    /// A proxy before this server ends TLS: allows another address than loopback [default: false]
    #[arg(
        long, env = "GAMEV1_BEHIND_PROXY", value_name = "BOOL", num_args = 0..=1, require_equals = true,
        default_missing_value = "true", action = ArgAction::Set, value_parser = BoolishValueParser::new()
    )]
    behind_proxy: bool,

    /// WebSockets at the same time; beyond it an upgrade answers 503 [default: 20000]
    #[arg(long, env = "GAMEV1_CONNECTIONS_MAX", value_name = "N")]
    connections_max: usize,

    /// Connections of one address (IPv6: one /64) at the same time [default: 1024]
    #[arg(long, env = "GAMEV1_CONNECTIONS_PER_ADDRESS_MAX", value_name = "N")]
    connections_per_address_max: usize,

    /// WebSockets of one player at the same time [default: 5]
    #[arg(long, env = "GAMEV1_SOCKETS_PER_PLAYER_MAX", value_name = "N")]
    sockets_per_player_max: usize,

    /// Rooms at the same time [default: 20000]
    #[arg(long, env = "GAMEV1_ROOMS_MAX", value_name = "N")]
    rooms_max: usize,

    /// How long a stop may take: telling clients, writing what is queued [default: 10s]
    #[arg(long, env = "GAMEV1_DRAIN_BUDGET", value_name = "TIME")]
    drain_budget: Span,

    /// Which crashes of rooms are recorded: those that end one (`quarantine`), or all [default: quarantine]
    #[arg(long, env = "GAMEV1_CRASH_RECORDS", value_name = "WHICH")]
    crash_records: Recorded,

    /// What is logged: a level, or directives such as info,gamev1_server=debug [default: info]
    #[arg(long, env = "GAMEV1_LOG", value_name = "FILTER")]
    log: String,

    /// Whether rates, wrong passwords and connections of one address are limited. Off for load tests; sizes and sockets a player stay limited [default: true]
    #[arg(long, env = "RATE_LIMIT_ENABLED", value_name = "BOOL", action = ArgAction::Set, value_parser = BoolishValueParser::new())]
    rate_limit_enabled: bool,

    /// HTTP calls of one address at once [default: 5000]
    #[arg(long, env = "RATE_LIMIT_DEFAULT_IP_BURST", value_name = "N")]
    rate_limit_default_ip_burst: u32,

    /// HTTP calls of one address a minute in the long run [default: 10000]
    #[arg(long, env = "RATE_LIMIT_DEFAULT_IP_SUSTAINED", value_name = "N")]
    rate_limit_default_ip_sustained: u32,

    /// HTTP calls of one player at once [default: 2000]
    #[arg(long, env = "RATE_LIMIT_DEFAULT_USER_BURST", value_name = "N")]
    rate_limit_default_user_burst: u32,

    /// HTTP calls of one player a minute in the long run [default: 5000]
    #[arg(long, env = "RATE_LIMIT_DEFAULT_USER_SUSTAINED", value_name = "N")]
    rate_limit_default_user_sustained: u32,

    /// Guest sign-ins of one address at once; refreshes, registrations and logins are counted each by themselves [default: 60]
    #[arg(long, env = "RATE_LIMIT_AUTH_IP_BURST", value_name = "N")]
    rate_limit_auth_ip_burst: u32,

    /// The same a minute in the long run [default: 60]
    #[arg(long, env = "RATE_LIMIT_AUTH_IP_SUSTAINED", value_name = "N")]
    rate_limit_auth_ip_sustained: u32,

    /// Passwords tried for one account at once, whether or not there is such an account [default: 5]
    #[arg(long, env = "RATE_LIMIT_PASSWORD_ACCOUNT_BURST", value_name = "N")]
    rate_limit_password_account_burst: u32,

    /// The same an hour in the long run [default: 10]
    #[arg(long, env = "RATE_LIMIT_PASSWORD_ACCOUNT_HOURLY", value_name = "N")]
    rate_limit_password_account_hourly: u32,

    /// New WebSockets of one address at once [default: 20]
    #[arg(long, env = "RATE_LIMIT_CONNECT_IP_BURST", value_name = "N")]
    rate_limit_connect_ip_burst: u32,

    /// New WebSockets of one address a minute in the long run [default: 1200]
    #[arg(long, env = "RATE_LIMIT_CONNECT_IP_SUSTAINED", value_name = "N")]
    rate_limit_connect_ip_sustained: u32,

    /// Caps the inputs and sends at once, which are 60 [default: 10000]
    #[arg(long, env = "RATE_LIMIT_GAMEPLAY_IP_BURST", value_name = "N")]
    rate_limit_gameplay_ip_burst: u32,

    /// Caps the inputs and sends at once, which are 60 [default: 5000]
    #[arg(long, env = "RATE_LIMIT_GAMEPLAY_USER_BURST", value_name = "N")]
    rate_limit_gameplay_user_burst: u32,

    /// Inputs and sends of one session a minute in the long run [default: 1800]
    #[arg(long, env = "RATE_LIMIT_GAMEPLAY_USER_SUSTAINED", value_name = "N")]
    rate_limit_gameplay_user_sustained: u32,
}

impl Settings {
    /// What holds when nobody says otherwise. What is absent here has no value by default.
    pub fn defaults() -> Settings {
        Settings {
            addr: Some(SocketAddr::from(([127, 0, 0, 1], 8080))),
            admin_addr: None,
            data_dir: Some("./data".into()),
            database_url: None,
            supervision: None,
            dev: Some(false),
            chaos: Some(false),
            origins: None,
            public_url: None,
            trusted_proxies: None,
            behind_proxy: Some(false),
            connections_max: Some(20_000),
            connections_per_address_max: Some(1_024),
            sockets_per_player_max: Some(5),
            rooms_max: Some(20_000),
            drain_budget: Some(Span(Duration::from_secs(10))),
            crash_records: Some(Recorded::Quarantine),
            log: Some("info".into()),
            rate_limit_enabled: Some(true),
            rate_limit_default_ip_burst: Some(5_000),
            rate_limit_default_ip_sustained: Some(10_000),
            rate_limit_default_user_burst: Some(2_000),
            rate_limit_default_user_sustained: Some(5_000),
            rate_limit_auth_ip_burst: Some(60),
            rate_limit_auth_ip_sustained: Some(60),
            rate_limit_password_account_burst: Some(5),
            rate_limit_password_account_hourly: Some(10),
            rate_limit_connect_ip_burst: Some(20),
            rate_limit_connect_ip_sustained: Some(1_200),
            rate_limit_gameplay_ip_burst: Some(10_000),
            rate_limit_gameplay_user_burst: Some(5_000),
            rate_limit_gameplay_user_sustained: Some(1_800),
        }
    }
}

/// Text that is shown to nobody. It is read as it stands, so that a mistake in it is not shown either.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

impl FromStr for Secret {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Secret, Self::Err> {
        Ok(Secret(text.to_owned()))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Which crashes of rooms are recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recorded {
    /// Those after which the room is not started again.
    Quarantine,
    All,
}

impl FromStr for Recorded {
    type Err = String;

    fn from_str(text: &str) -> Result<Recorded, String> {
        match text {
            "quarantine" => Ok(Recorded::Quarantine),
            "all" => Ok(Recorded::All),
            other => Err(format!("expected quarantine or all, got {other:?}")),
        }
    }
}

impl fmt::Display for Recorded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Recorded::Quarantine => "quarantine",
            Recorded::All => "all",
        })
    }
}

/// A duration as people write it: `10s`, `2m`, `1h 30m`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span(pub Duration);

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Span, String> {
        let wrong = |error| format!("expected a time such as 10s or 2m, got {text:?}: {error}");
        humantime::parse_duration(text).map(Span).map_err(wrong)
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        humantime::format_duration(self.0).fmt(f)
    }
}

/// In the file these are strings, read as the flags are.
macro_rules! from_text {
    ($($type:ty)*) => {
        $(impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<$type, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        })*
    };
}

from_text! { Span Origin Network Recorded Secret }
