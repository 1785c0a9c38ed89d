//! Where a PostgreSQL database is. The password in it is shown to nobody.

use std::{fmt, str::FromStr, time::Duration};

use tokio_postgres::{
    Config,
    config::{Host, SslMode},
};

/// How long one attempt to connect may take.
const CONNECT_WITHIN: Duration = Duration::from_secs(2);
/// What the server is told to end by itself: a statement, a wait for a lock, a transaction that nobody goes on with.
/// Beside the bound of each call on this side, these free what a lost connection held.
const TIMEOUTS: &str =
    "-c statement_timeout=2s -c lock_timeout=2s -c idle_in_transaction_session_timeout=5s";

/// A `postgres://` address as libpq has it (RFC 3986; several hosts and unix sockets included), checked.
#[derive(Clone, PartialEq)]
pub struct DatabaseUrl(Box<Config>);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DatabaseUrlError {
    #[error("expected postgres://user:password@host:port/database")]
    Scheme,
    /// Without what was given: a password may be part of it.
    #[error(
        "expected postgres://user:password@host:port/database, and this is not such an address"
    )]
    Unreadable,
    #[error("expected a host")]
    NoHost,
    #[error(
        "sslmode=require: this server speaks to its database without TLS; use a unix socket, a private network, or a \
         proxy beside the server that does, such as stunnel or pgbouncer, and sslmode=disable"
    )]
    Tls,
}

impl DatabaseUrl {
    /// The settings of a connection that serves calls.
    pub(super) fn serving(&self) -> Config {
        let mut config = self.migrating();
        let options = config.get_options().map_or(String::new(), |own| format!("{own} "));
        config.options(format!("{options}{TIMEOUTS}"));
        config
    }

    /// The settings of a connection whose statements may take as long as they take.
    pub(super) fn migrating(&self) -> Config {
        let mut config = (*self.0).clone();
        config.application_name("gamev1").connect_timeout(CONNECT_WITHIN);
        config.tcp_user_timeout(CONNECT_WITHIN * 5);
        config
    }

    /// Whether what is said to it stays on this machine.
    pub fn is_local(&self) -> bool {
        self.0.get_hosts().iter().all(|host| match host {
            Host::Tcp(name) => {
                name == "localhost"
                    || name.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback())
            }
            Host::Unix(_) => true,
        })
    }
}

impl FromStr for DatabaseUrl {
    type Err = DatabaseUrlError;

    fn from_str(text: &str) -> Result<DatabaseUrl, DatabaseUrlError> {
        if !(text.starts_with("postgres://") || text.starts_with("postgresql://")) {
            return Err(DatabaseUrlError::Scheme);
        }
        let config: Config = text.parse().map_err(|_| DatabaseUrlError::Unreadable)?;
        if config.get_hosts().is_empty() {
            return Err(DatabaseUrlError::NoHost);
        }
        if config.get_ssl_mode() == SslMode::Require {
            return Err(DatabaseUrlError::Tls);
        }
        Ok(DatabaseUrl(Box::new(config)))
    }
}

/// Hosts and name of the database.
impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("postgres://")?;
        for (at, host) in self.0.get_hosts().iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            match host {
                Host::Tcp(name) => write!(f, "{comma}{name}")?,
                Host::Unix(path) => write!(f, "{comma}{}", path.display())?,
            }
            if let Some(port) = self.0.get_ports().get(at).or(self.0.get_ports().first()) {
                write!(f, ":{port}")?;
            }
        }
        write!(f, "/{}", self.0.get_dbname().unwrap_or_default())
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseUrl({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown() {
        let url: DatabaseUrl = "postgres://ada:hunter2@db.example:5433/games".parse().unwrap();
        assert_eq!(url.to_string(), "postgres://db.example:5433/games");
        assert!(!format!("{url:?}").contains("hunter2"));
        for wrong in ["mysql://ada:hunter2@db/games", "postgres://ada:hunter2@:x/y", "hunter2"] {
            let error = wrong.parse::<DatabaseUrl>().unwrap_err();
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn tls_that_was_asked_for_is_not_left_out_in_silence() {
        let required = "postgres://db.example/games?sslmode=require".parse::<DatabaseUrl>();
        assert_eq!(required.unwrap_err(), DatabaseUrlError::Tls);
        assert!("postgres://db.example/games?sslmode=disable".parse::<DatabaseUrl>().is_ok());
    }

    #[test]
    fn what_stays_on_this_machine_is_known() {
        for (url, local) in [
            ("postgres://localhost/games", true),
            ("postgres://127.0.0.1:5433/games", true),
            ("postgres://%2Frun%2Fpostgresql/games", true),
            ("postgres://db.example/games", false),
            ("postgres://localhost,db.example/games", false),
        ] {
            assert_eq!(url.parse::<DatabaseUrl>().unwrap().is_local(), local, "{url}");
        }
    }

    #[test]
    fn connections_that_serve_end_what_takes_too_long() {
        let url: DatabaseUrl = "postgres://localhost/games?options=-c%20jit%3Doff".parse().unwrap();
        let options = url.serving().get_options().unwrap().to_owned();
        assert_eq!(options, format!("-c jit=off {TIMEOUTS}"));
        assert_eq!(url.migrating().get_options(), Some("-c jit=off"));
        assert_eq!(url.serving().get_application_name(), Some("gamev1"));
    }
}
