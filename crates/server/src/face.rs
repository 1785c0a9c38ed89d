//! What is served where: players and operators may have a listener each.

use std::net::SocketAddr;

/// A listener, as the requests that come in by it see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Face {
    /// The address that is really listened on.
    pub bound: SocketAddr,
    pub serves: Serves,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Serves {
    /// There is one listener.
    All,
    /// What is for operators is elsewhere.
    Players,
    /// Only what is for operators, and health.
    Operators,
}

impl Face {
    /// Whether anything may be at `path` here.
    pub fn has(self, path: &str) -> bool {
        let for_operators =
            path == "/metrics" || path == "/v1/admin" || path.starts_with("/v1/admin/");
        match self.serves {
            Serves::All => true,
            Serves::Players => !for_operators,
            Serves::Operators => for_operators || matches!(path, "/health" | "/ready" | "/live"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_for_operators_is_at_one_listener_alone() {
        let has = |serves, path| Face { bound: ([127, 0, 0, 1], 1).into(), serves }.has(path);
        for path in ["/v1/admin/chaos", "/v1/admin", "/metrics"] {
            let places = [Serves::All, Serves::Players, Serves::Operators].map(|it| has(it, path));
            assert_eq!(places, [true, false, true], "{path}");
        }
        for path in ["/", "/v1/me", "/ws", "/v1/administer"] {
            let places = [Serves::All, Serves::Players, Serves::Operators].map(|it| has(it, path));
            assert_eq!(places, [true, true, false], "{path}");
        }
        assert!(has(Serves::Players, "/live") && has(Serves::Operators, "/live"));
    }
}
