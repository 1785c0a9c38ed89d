//! Where a request comes from: the peer of its connection, or what trusted proxies say of it.

#[cfg(test)]
mod tests;

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

/// What limits count by: an IPv4 address, or the /64 of an IPv6 one, which is one customer's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AddressKey {
    V4(u32),
    V6(u64),
}

impl AddressKey {
    pub fn of(ip: IpAddr) -> AddressKey {
        match ip.to_canonical() {
            IpAddr::V4(v4) => AddressKey::V4(v4.to_bits()),
            IpAddr::V6(v6) => AddressKey::V6((v6.to_bits() >> 64) as u64),
        }
    }

    /// The neighbourhood: /16 or /48. For when there are more addresses than limits can tell apart.
    pub fn coarse(self) -> AddressKey {
        match self {
            AddressKey::V4(bits) => AddressKey::V4(bits & 0xFFFF_0000),
            AddressKey::V6(bits) => AddressKey::V6(bits & !0xFFFF),
        }
    }
}

/// A network in CIDR notation, or a single address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected an address such as 10.0.0.7 or a network such as 10.0.0.0/8, got {got:?}")]
pub struct NetworkError {
    got: String,
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Network, NetworkError> {
        let wrong = || NetworkError { got: text.chars().take(100).collect() };
        let (address, bits) = text.split_once('/').map_or((text, None), |(a, b)| (a, Some(b)));
        let address = address.parse::<IpAddr>().map_err(|_| wrong())?.to_canonical();
        let bits_max = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(bits_max), str::parse).map_err(|_| wrong())?;
        if bits > bits_max {
            return Err(wrong());
        }
        Ok(Network { address, bits })
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.bits)
    }
}

impl Network {
    pub fn contains(&self, ip: IpAddr) -> bool {
        match (self.address, ip.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(ip)) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(self.bits)).unwrap_or(0);
                own.to_bits() & mask == ip.to_bits() & mask
            }
            (IpAddr::V6(own), IpAddr::V6(ip)) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(self.bits)).unwrap_or(0);
                own.to_bits() & mask == ip.to_bits() & mask
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

/// Whether a connection from `ip` carries the requests of others.
pub fn is_proxy(trusted: &[Network], ip: IpAddr) -> bool {
    trusted.iter().any(|network| network.contains(ip))
}

/// The client's address. `forwarded` are the values of `X-Forwarded-For` in order; they count only behind a trusted
/// proxy, and from the right: what stands left of the first stranger, that stranger may have invented.
pub fn client<'a>(
    peer: IpAddr,
    trusted: &[Network],
    forwarded: impl DoubleEndedIterator<Item = &'a str>,
) -> IpAddr {
    let mut client = peer.to_canonical();
    if !is_proxy(trusted, client) {
        return client;
    }
    for hop in forwarded.rev().flat_map(|value| value.rsplit(',')) {
        let Some(ip) = hop_address(hop.trim()) else { return client };
        client = ip;
        if !is_proxy(trusted, client) {
            break;
        }
    }
    client
}

/// One entry of `X-Forwarded-For`; some proxies add the port.
fn hop_address(hop: &str) -> Option<IpAddr> {
    let ip: Option<IpAddr> = hop.parse().ok();
    let with_port = || hop.parse::<std::net::SocketAddr>().ok().map(|address| address.ip());
    let bracketed =
        || hop.strip_prefix('[')?.strip_suffix(']')?.parse::<Ipv6Addr>().ok().map(IpAddr::V6);
    let ip = ip.or_else(with_port).or_else(bracketed)?.to_canonical();
    (ip != IpAddr::V4(Ipv4Addr::UNSPECIFIED)).then_some(ip)
}
