//! What is served from the program itself, and that its parts find each other.

use super::*;

#[test]
fn whatever_a_page_refers_to_is_there() {
    let mut followed = 0;
    for &(path, name, content) in FILES {
        let Ok(text) = std::str::from_utf8(content) else { continue };
        let marks: &[&str] = match name.rsplit_once('.').map(|(_, extension)| extension) {
            Some("html") => &["src=\"", "href=\""],
            Some("js") => &["from \"", "import \"", "import(\""],
            Some("css") => &["url(\""],
            _ => continue,
        };
        for mark in marks {
            for part in text.split(mark).skip(1) {
                let reference = part.split('"').next().unwrap();
                let Some(target) = resolve(path, reference) else { continue };
                assert!(
                    find(&target).is_some(),
                    "{path} refers to {reference}, which is not served"
                );
                followed += 1;
            }
        }
    }
    assert!(followed > 10, "only {followed} references were found");
}

/// The path that a reference in the file at `from` means, unless it leads away or within the page.
fn resolve(from: &str, reference: &str) -> Option<String> {
    let outside = ["http:", "https:", "data:", "mailto:", "//", "#"];
    if reference.is_empty() || outside.iter().any(|prefix| reference.starts_with(prefix)) {
        return None;
    }
    let reference = reference.split(['?', '#']).next().unwrap();
    // These are routes, not files.
    let routes = ["/docs/errors", "/health", "/openapi.json"];
    if reference.starts_with("/v1") || routes.contains(&reference) {
        return None;
    }
    if reference.starts_with('/') {
        return Some(reference.to_owned());
    }
    let mut segments: Vec<_> = from.split('/').collect();
    segments.pop();
    for segment in reference.split('/') {
        match segment {
            "." => {}
            ".." => drop(segments.pop()),
            segment => segments.push(segment),
        }
    }
    Some(segments.join("/"))
}

#[test]
fn the_page_and_the_library_are_served_and_nothing_beside_them() {
    assert!(find("/").is_some());
    assert!(find("/client/gamev1.js").is_some());
    for path in ["/index.html", "/client/package.json", "/client/gamev1.d.ts", "/../Cargo.toml", ""]
    {
        assert!(find(path).is_none(), "{path}");
    }
}

#[test]
fn every_kind_of_file_has_a_type() {
    for &(_, name, _) in FILES {
        assert_ne!(content_type(name), "application/octet-stream", "{name}");
    }
}

#[test]
fn a_browser_that_holds_the_version_gets_no_content() {
    let page = Page::new("text/css; charset=utf-8", Bytes::from_static(b"body {}"));
    let fresh = page.response(None);
    assert_eq!(fresh.status(), 200);
    assert_eq!(fresh.headers()["cache-control"], "no-cache");
    assert!(
        fresh.headers()["content-security-policy"].to_str().unwrap().contains("default-src 'none'")
    );
    let etag = fresh.headers()["etag"].to_str().unwrap().to_owned();
    for held in [etag.clone(), format!("\"old\", W/{etag}")] {
        let answer = page.response(Some(&held));
        assert_eq!((answer.status().as_u16(), answer.body().len()), (304, 0));
        assert_eq!(answer.headers()["etag"], etag.as_str());
    }
    assert_eq!(page.response(Some("\"old\"")).status(), 200);
}
