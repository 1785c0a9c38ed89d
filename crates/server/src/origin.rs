//! Which web pages may speak to this server: a browser's `Origin` is the server's own, on the list, or refused.

#[cfg(test)]
mod tests;

use std::{fmt, net::SocketAddr, str::FromStr};

use hyper::Uri;

/// A web origin (RFC 6454): scheme, host and port, in lower case, without the scheme's default port.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Origin {
    https: bool,
    host: String,
    port: Option<u16>,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected an origin such as https://play.example.org or http://127.0.0.1:8080, got {got:?}"
)]
pub struct OriginError {
    got: String,
}

impl Origin {
    /// The one of plain HTTP at `host` and `port`.
    pub fn http(host: impl Into<String>, port: u16) -> Origin {
        Origin { https: false, host: host.into(), port: (port != 80).then_some(port) }
    }

    /// Where a WebSocket to this origin is opened.
    pub fn socket_url(&self) -> String {
        let scheme = if self.https { "wss" } else { "ws" };
        match self.port {
            Some(port) => format!("{scheme}://{}:{port}/ws", self.host),
            None => format!("{scheme}://{}/ws", self.host),
        }
    }

    fn is_loopback(&self) -> bool {
        let host = self.host.trim_start_matches('[').trim_end_matches(']');
        host == "localhost"
            || host.ends_with(".localhost")
            || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
    }
}

impl FromStr for Origin {
    type Err = OriginError;

    fn from_str(text: &str) -> Result<Origin, OriginError> {
        let wrong = || OriginError { got: text.chars().take(100).collect() };
        let uri: Uri = text.parse().map_err(|_| wrong())?;
        let https = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return Err(wrong()),
        };
        let authority = uri.authority().ok_or_else(wrong)?;
        let bare = matches!(uri.path(), "" | "/") && uri.query().is_none();
        if !bare || authority.as_str().contains('@') || authority.host().is_empty() {
            return Err(wrong());
        }
        let port = match authority.port() {
            Some(port) => Some(port.as_str().parse::<u16>().map_err(|_| wrong())?),
            None => None,
        };
        let port = port.filter(|&port| port != if https { 443 } else { 80 });
        Ok(Origin { https, host: authority.host().to_ascii_lowercase(), port })
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.https { "https" } else { "http" };
        write!(f, "{scheme}://{}", self.host)?;
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

/// What an `Origin` header is held against. It is never compared with `Host`, which an attacker's page chooses.
#[derive(Debug, Clone)]
pub struct OriginRule {
    own: Vec<Origin>,
    listed: Vec<Origin>,
    any_loopback: bool,
}

impl OriginRule {
    /// `bound` is the address that the server really listens on.
    pub fn new(
        bound: SocketAddr,
        public_url: Option<&Origin>,
        listed: &[Origin],
        dev: bool,
    ) -> OriginRule {
        let mut own = vec![bound_origin(bound)];
        if bound.ip().is_loopback() {
            own.push(Origin::http("localhost", bound.port()));
        }
        own.extend(public_url.cloned());
        OriginRule { own, listed: listed.to_vec(), any_loopback: dev }
    }

    /// Whether a page of this origin may open a socket. Without an `Origin` it is no browser.
    pub fn admits_socket(&self, origin: Option<&str>) -> bool {
        let Some(origin) = origin else { return true };
        let Ok(origin) = origin.parse::<Origin>() else { return false };
        self.knows(&origin) || (self.any_loopback && origin.is_loopback())
    }

    /// Whether a request may be the work of a page of the server's own or of a listed one. In dev mode nothing else
    /// stands between a page that one happens to visit and what needs no sign-in.
    pub fn admits_change(&self, origin: Option<&str>) -> bool {
        origin.is_none_or(|origin| origin.parse().is_ok_and(|origin| self.knows(&origin)))
    }

    /// Whether a page of this origin may read answers (CORS): the list alone, one's own needs no leave.
    pub fn shares_with(&self, origin: &str) -> bool {
        origin.parse().is_ok_and(|origin| self.listed.contains(&origin))
    }

    fn knows(&self, origin: &Origin) -> bool {
        self.own.contains(origin) || self.listed.contains(origin)
    }
}

/// The origin of a page that a browser loads from the bound address.
pub fn bound_origin(bound: SocketAddr) -> Origin {
    let host = match bound {
        SocketAddr::V4(v4) => v4.ip().to_string(),
        SocketAddr::V6(v6) => format!("[{}]", v6.ip()),
    };
    Origin::http(host, bound.port())
}
