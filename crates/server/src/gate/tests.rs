//! What dev mode refuses, and which paths are always answered.

use gamev1_protocol::ErrorCode::{Forbidden, MisdirectedRequest, OriginRefused};

use super::*;
use crate::origin::OriginRule;

type Sent = &'static [(&'static str, &'static str)];

fn refusal(method: &str, uri: &str, sent: Sent) -> Option<ErrorCode> {
    let bound = "127.0.0.1:8080".parse().unwrap();
    let origins = OriginRule::new(bound, None, &[], true);
    let mut headers = HeaderMap::new();
    for (name, value) in sent {
        headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    let (method, uri) = (method.parse().unwrap(), uri.parse().unwrap());
    guard::dev(bound, &origins, &method, &uri, &headers).err().map(|problem| problem.code())
}

const HOST: (&str, &str) = ("host", "localhost:8080");
const JSON: (&str, &str) = ("content-type", "application/json");

#[test]
fn dev_mode_answers_to_its_own_names_only() {
    for (host, expected) in [
        ("127.0.0.1:8080", None),
        ("localhost:8080", None),
        ("LocalHost:8080", None),
        ("[::1]:8080", None),
        ("localhost", Some(MisdirectedRequest)),
        ("localhost:", Some(MisdirectedRequest)),
        ("localhost:8081", Some(MisdirectedRequest)),
        ("evil.example:8080", Some(MisdirectedRequest)),
        ("localhost.evil.example:8080", Some(MisdirectedRequest)),
        ("user@localhost:8080", Some(MisdirectedRequest)),
        ("127.0.0.2:8080", Some(MisdirectedRequest)),
        ("", Some(MisdirectedRequest)),
    ] {
        let host: &'static str = host;
        let sent: Sent = Box::leak(Box::new([("host", host)]));
        assert_eq!(refusal("GET", "/", sent), expected, "{host:?}");
    }
    assert_eq!(refusal("GET", "/", &[]), Some(MisdirectedRequest));
    assert_eq!(refusal("GET", "http://evil.example/", &[HOST]), Some(MisdirectedRequest));
    assert_eq!(refusal("GET", "http://localhost:8080/", &[HOST]), None);
    assert_eq!(refusal("GET", "/", &[HOST, ("host", "evil.example")]), Some(MisdirectedRequest));
}

#[test]
fn dev_mode_stands_behind_no_proxy() {
    for name in ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"] {
        let sent: Sent = Box::leak(Box::new([HOST, (name, "x")]));
        assert_eq!(refusal("GET", "/", sent), Some(Forbidden), "{name}");
    }
    assert_eq!(refusal("GET", "/", &[HOST, ("x-forward", "x")]), None);
}

#[test]
fn a_change_in_dev_mode_is_json_of_the_own_page() {
    let own = ("origin", "http://localhost:8080");
    let form = ("content-type", "application/x-www-form-urlencoded");
    for method in ["POST", "PUT", "PATCH", "DELETE"] {
        assert_eq!(refusal(method, "/", &[HOST, JSON]), None);
        assert_eq!(refusal(method, "/", &[HOST, JSON, ("origin", "http://127.0.0.1:8080")]), None);
        assert_eq!(refusal(method, "/", &[HOST]), Some(Forbidden));
        assert_eq!(refusal(method, "/", Box::leak(Box::new([HOST, form, own]))), Some(Forbidden));
        for origin in ["http://localhost:3000", "https://evil.example", "null"] {
            let sent: Sent = Box::leak(Box::new([HOST, JSON, ("origin", origin)]));
            assert_eq!(refusal(method, "/", sent), Some(OriginRefused), "{origin}");
        }
    }
    for method in ["GET", "HEAD"] {
        assert_eq!(refusal(method, "/", &[HOST, ("origin", "https://evil.example")]), None);
    }
}

#[test]
fn health_and_pages_are_always_answered_and_nothing_else() {
    for path in ["/health", "/live", "/ready", "/docs/errors"] {
        assert!(is_open(path), "{path}");
    }
    for path in ["/v1/me", "/ws", "/v1/auth/guest", "/nothing", "/health/x"] {
        assert!(!is_open(path), "{path}");
    }
}
