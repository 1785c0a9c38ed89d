//! Every path with its methods: what a 405 and an OPTIONS answer. A test holds it against the routes themselves.

use crate::{pages, problem::DOCS};

/// `{…}` stands for one segment.
pub const ROUTES: &[(&str, &[&str])] = &[
    ("/v1/auth/guest", &["POST"]),
    ("/v1/auth/refresh", &["POST"]),
    ("/v1/auth/register", &["POST"]),
    ("/v1/auth/login", &["POST"]),
    ("/v1/auth/logout", &["POST"]),
    ("/v1/auth/logout-all", &["POST"]),
    ("/v1/ws-tickets", &["POST"]),
    ("/v1/me", &["GET", "PATCH", "DELETE"]),
    ("/v1/me/password", &["POST"]),
    ("/v1/me/export", &["GET"]),
    ("/v1/players/{player}", &["GET"]),
    ("/v1/rooms", &["GET", "POST"]),
    ("/v1/rooms/{room}", &["GET"]),
    ("/v1/admin/supervision", &["GET"]),
    ("/v1/admin/supervision/snapshot", &["POST"]),
    ("/v1/admin/incidents", &["GET"]),
    ("/v1/admin/chaos", &["POST"]),
    ("/v1/admin/drain", &["POST"]),
    ("/v1/admin/log", &["PUT"]),
    ("/v1/admin/players", &["GET"]),
    ("/v1/admin/players/{player}", &["GET"]),
    ("/v1/admin/players/{player}/ban", &["POST", "DELETE"]),
    ("/v1/admin/players/{player}/role", &["PUT"]),
    ("/v1/admin/players/{player}/sign-out", &["POST"]),
    ("/v1/admin/audit", &["GET"]),
    ("/v1/admin/sanctions", &["GET"]),
    ("/ws", &["GET"]),
    ("/health", &["GET"]),
    ("/ready", &["GET"]),
    ("/live", &["GET"]),
    ("/metrics", &["GET"]),
    ("/.well-known/jwks.json", &["GET"]),
    ("/openapi.json", &["GET"]),
    (DOCS, &["GET"]),
];

/// The methods of a path, as `Allow` lists them.
pub fn methods(path: &str) -> String {
    // The routes take a slash behind a path too.
    let path = path.strip_suffix('/').filter(|path| !path.is_empty()).unwrap_or(path);
    let known =
        ROUTES.iter().find(|(pattern, _)| matches(pattern, path)).map(|(_, methods)| *methods);
    let page: Option<&[&str]> = pages::find(path).map(|_| &["GET"][..]);
    let mut all = Vec::new();
    for &method in known.or(page).unwrap_or_default() {
        all.push(method);
        if method == "GET" {
            all.push("HEAD");
        }
    }
    all.push("OPTIONS");
    all.join(", ")
}

fn matches(pattern: &str, path: &str) -> bool {
    let (mut pattern, mut path) = (pattern.split('/'), path.split('/'));
    loop {
        match (pattern.next(), path.next()) {
            (None, None) => return true,
            (Some(pattern), Some(segment)) if pattern.starts_with('{') && !segment.is_empty() => {}
            (Some(pattern), Some(segment)) if pattern == segment => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_allows_the_methods_of_its_route() {
        assert_eq!(methods("/v1/rooms"), "GET, HEAD, POST, OPTIONS");
        assert_eq!(methods("/v1/rooms/ABC"), "GET, HEAD, OPTIONS");
        assert_eq!(methods("/v1/auth/guest"), "POST, OPTIONS");
        assert_eq!(methods("/v1/rooms/"), "GET, HEAD, POST, OPTIONS");
        assert_eq!(methods("/"), "GET, HEAD, OPTIONS");
        assert_eq!(methods("/v1/rooms/ABC/x"), "OPTIONS");
        assert_eq!(methods("/nothing"), "OPTIONS");
    }
}
