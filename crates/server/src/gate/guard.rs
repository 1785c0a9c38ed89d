//! What dev mode asks of every request. It is for one machine and asks nobody to sign in, so that pages which one
//! happens to visit must not reach it: not by a name that resolves to this machine, not through a proxy, not by a form.

use std::net::SocketAddr;

use gamev1_protocol::ErrorCode;
use hyper::{
    HeaderMap, Method, Uri,
    header::{self, HeaderValue},
    http::uri::Authority,
};

use crate::{body, origin::OriginRule, problem::Problem};

/// # Errors
/// `misdirected_request`, `forbidden` or `origin_refused`, saying what is expected.
pub fn dev(
    bound: SocketAddr,
    origins: &OriginRule,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
) -> Result<(), Problem> {
    let mut hosts = headers.get_all(header::HOST).iter().map(HeaderValue::as_bytes).peekable();
    let named = hosts.peek().is_some();
    let by_host =
        hosts.all(|host| Authority::try_from(host).is_ok_and(|host| is_here(&host, bound)));
    let by_uri = uri.authority().is_none_or(|host| is_here(host, bound));
    if !(named && by_host && by_uri) {
        let port = bound.port();
        let detail = format!(
            "with --dev the host must be 127.0.0.1:{port}, [::1]:{port} or localhost:{port}"
        );
        return Err(Problem::new(ErrorCode::MisdirectedRequest, detail));
    }
    if let Some(name) = headers.keys().map(|name| name.as_str()).find(|name| is_forwarded(name)) {
        let detail = format!("with --dev this server stands behind no proxy, but {name} was sent");
        return Err(Problem::new(ErrorCode::Forbidden, detail));
    }
    if matches!(*method, Method::GET | Method::HEAD) {
        return Ok(());
    }
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    if !content_type.is_some_and(body::is_json) {
        let detail = format!("with --dev a {method} must be application/json");
        return Err(Problem::new(ErrorCode::Forbidden, detail));
    }
    let origin = headers.get(header::ORIGIN).map(|origin| origin.to_str().unwrap_or("null"));
    if !origins.admits_change(origin) {
        let detail = format!("with --dev a {method} must come from this server's own page or none");
        return Err(Problem::new(ErrorCode::OriginRefused, detail));
    }
    Ok(())
}

fn is_here(host: &Authority, bound: SocketAddr) -> bool {
    let port = match host.port() {
        Some(port) => port.as_str().parse().ok(),
        None if host.as_str().ends_with(':') => None,
        None => Some(80),
    };
    let name = host.host();
    let local = name.eq_ignore_ascii_case("localhost") || matches!(name, "127.0.0.1" | "[::1]");
    local && port == Some(bound.port()) && !host.as_str().contains('@')
}

fn is_forwarded(name: &str) -> bool {
    name == "forwarded" || name.starts_with("x-forwarded-")
}
