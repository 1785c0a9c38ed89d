//! The table of the Origin rule.

use super::*;

fn rule(bound: &str, public_url: Option<&str>, listed: &[&str], dev: bool) -> OriginRule {
    let listed: Vec<_> = listed.iter().map(|origin| origin.parse().unwrap()).collect();
    let public_url = public_url.map(|url| url.parse().unwrap());
    OriginRule::new(bound.parse().unwrap(), public_url.as_ref(), &listed, dev)
}

#[test]
fn a_socket_is_opened_from_the_own_page_a_listed_one_or_no_browser() {
    let v4 = rule("127.0.0.1:8080", None, &["https://play.example.org"], false);
    let v6 = rule("[::1]:8080", None, &[], false);
    let public = rule("0.0.0.0:8080", Some("https://game.example.org"), &[], false);
    let dev = rule("127.0.0.1:8080", None, &[], true);
    for (rule, origin, admitted) in [
        (&v4, None, true),
        (&v4, Some("http://127.0.0.1:8080"), true),
        (&v4, Some("http://localhost:8080"), true),
        (&v4, Some("HTTP://LOCALHOST:8080"), true),
        (&v4, Some("https://play.example.org"), true),
        (&v4, Some("https://play.example.org:443"), true),
        (&v4, Some("http://play.example.org"), false),
        (&v4, Some("https://play.example.org.evil.example"), false),
        (&v4, Some("https://evil.example"), false),
        (&v4, Some("http://127.0.0.1:9090"), false),
        (&v4, Some("http://127.0.0.1"), false),
        (&v4, Some("https://127.0.0.1:8080"), false),
        (&v4, Some("http://[::1]:8080"), false),
        (&v4, Some("null"), false),
        (&v4, Some(""), false),
        (&v4, Some("http://user@localhost:8080"), false),
        (&v6, Some("http://[::1]:8080"), true),
        (&v6, Some("http://localhost:8080"), true),
        (&v6, Some("http://127.0.0.1:8080"), false),
        (&public, Some("https://game.example.org"), true),
        (&public, Some("http://game.example.org"), false),
        (&public, Some("http://localhost:8080"), false),
        (&dev, Some("http://localhost:5173"), true),
        (&dev, Some("http://127.0.0.1:1"), true),
        (&dev, Some("http://[::1]:5173"), true),
        (&dev, Some("http://app.localhost:5173"), true),
        (&dev, Some("http://localhost.evil.example"), false),
        (&dev, Some("https://evil.example"), false),
        (&dev, Some("null"), false),
    ] {
        assert_eq!(rule.admits_socket(origin), admitted, "{origin:?} at {rule:?}");
    }
}

#[test]
fn a_change_in_dev_mode_comes_from_the_own_page_only() {
    let dev = rule("127.0.0.1:8080", None, &["http://localhost:5173"], true);
    assert!(dev.admits_change(None));
    assert!(dev.admits_change(Some("http://localhost:8080")));
    assert!(dev.admits_change(Some("http://localhost:5173")));
    assert!(!dev.admits_change(Some("http://localhost:3000")));
    assert!(!dev.admits_change(Some("null")));
}

#[test]
fn answers_are_shared_with_listed_pages_only() {
    let rule = rule("127.0.0.1:8080", None, &["https://play.example.org"], true);
    assert!(rule.shares_with("https://play.example.org"));
    assert!(!rule.shares_with("http://localhost:5173"));
    assert!(!rule.shares_with("null"));
}

#[test]
fn an_origin_is_scheme_host_and_port_and_nothing_else() {
    for text in
        ["https://a.example/path", "https://a.example?x", "ftp://a.example", "a.example", "*"]
    {
        assert!(text.parse::<Origin>().is_err(), "{text}");
    }
    let origin: Origin = "https://A.example:8443/".parse().unwrap();
    assert_eq!(origin.to_string(), "https://a.example:8443");
    assert_eq!(origin.socket_url(), "wss://a.example:8443/ws");
    assert_eq!(bound_origin("[::1]:80".parse().unwrap()).to_string(), "http://[::1]");
}
