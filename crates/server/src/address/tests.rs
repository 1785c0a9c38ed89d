//! Whose request it is, with and without proxies.

use super::*;

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[test]
fn limits_count_an_ipv4_address_or_an_ipv6_customer() {
    assert_eq!(AddressKey::of(ip("::ffff:10.1.2.3")), AddressKey::of(ip("10.1.2.3")));
    assert_ne!(AddressKey::of(ip("10.1.2.3")), AddressKey::of(ip("10.1.2.4")));
    assert_eq!(AddressKey::of(ip("2001:db8:1:2::1")), AddressKey::of(ip("2001:db8:1:2:ffff::9")));
    assert_ne!(AddressKey::of(ip("2001:db8:1:2::1")), AddressKey::of(ip("2001:db8:1:3::1")));
    let coarse = |text| AddressKey::of(ip(text)).coarse();
    assert_eq!(coarse("10.1.2.3"), coarse("10.1.200.9"));
    assert_eq!(coarse("2001:db8:1:2::1"), coarse("2001:db8:1:3::1"));
    assert_ne!(coarse("2001:db8:1:2::1"), coarse("2001:db8:2:2::1"));
}

#[test]
fn a_network_contains_what_its_bits_say() {
    let net = |text: &str| text.parse::<Network>().unwrap();
    assert!(net("10.0.0.0/8").contains(ip("10.200.3.4")));
    assert!(net("10.0.0.0/8").contains(ip("::ffff:10.200.3.4")));
    assert!(!net("10.0.0.0/8").contains(ip("11.0.0.1")));
    assert!(net("0.0.0.0/0").contains(ip("8.8.8.8")));
    assert!(!net("0.0.0.0/0").contains(ip("2001:db8::1")));
    assert!(net("2001:db8::/32").contains(ip("2001:db8:5::1")));
    assert!(net("127.0.0.1").contains(ip("127.0.0.1")));
    assert!(!net("127.0.0.1").contains(ip("127.0.0.2")));
    for wrong in ["", "10.0.0.0/33", "10.0.0/8", "example.org", "::/129", "10.0.0.0/-1"] {
        assert!(wrong.parse::<Network>().is_err(), "{wrong}");
    }
}

#[test]
fn forwarded_addresses_count_only_from_trusted_proxies_and_from_the_right() {
    let trusted: Vec<Network> = vec!["10.0.0.0/8".parse().unwrap()];
    for (peer, forwarded, expected) in [
        ("203.0.113.9", &["198.51.100.1"][..], "203.0.113.9"),
        ("10.0.0.1", &[], "10.0.0.1"),
        ("10.0.0.1", &["198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", &["1.2.3.4, 198.51.100.1, 10.0.0.2"], "198.51.100.1"),
        ("10.0.0.1", &["1.2.3.4", "198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", &["198.51.100.1:4711"], "198.51.100.1"),
        ("10.0.0.1", &["[2001:db8::1]:4711"], "2001:db8::1"),
        ("10.0.0.1", &["[2001:db8::1]"], "2001:db8::1"),
        ("10.0.0.1", &["198.51.100.1, nonsense"], "10.0.0.1"),
        ("::ffff:10.0.0.1", &["198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", &["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
    ] {
        let client = client(ip(peer), &trusted, forwarded.iter().copied());
        assert_eq!(client, ip(expected), "{peer} {forwarded:?}");
    }
}
