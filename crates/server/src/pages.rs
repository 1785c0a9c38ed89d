//! The files that are compiled in: the page at `/` and the client library under `/client/`.

#[cfg(test)]
mod tests;

use std::{collections::HashMap, sync::LazyLock};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use bytes::Bytes;
use hyper::{
    Response, StatusCode,
    header::{self, HeaderName, HeaderValue},
};
use sha2::{Digest, Sha256};

/// Path, file name, content. Written by `build.rs`.
const FILES: &[(&str, &str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/pages.rs"));

/// What a page may do: load what this server sends, connect to it, and nothing else.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
                      connect-src 'self' ws: wss:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// A file, ready to be sent.
#[derive(Debug)]
pub struct Page {
    content_type: &'static str,
    etag: HeaderValue,
    content: Bytes,
}

static PAGES: LazyLock<HashMap<&'static str, Page>> = LazyLock::new(|| {
    let pages = FILES.iter().map(|&(path, name, content)| {
        (path, Page::new(content_type(name), Bytes::from_static(content)))
    });
    pages.collect()
});

/// The file at `path`, if there is one.
pub fn find(path: &str) -> Option<&'static Page> {
    PAGES.get(path)
}

impl Page {
    pub fn new(content_type: &'static str, content: Bytes) -> Page {
        let hash = BASE64_URL_SAFE_NO_PAD.encode(&Sha256::digest(&content)[..12]);
        let etag = HeaderValue::from_str(&format!("\"{hash}\""));
        // Base64 is a valid header value.
        let etag = etag.unwrap_or(HeaderValue::from_static("\"\""));
        Page { content_type, etag, content }
    }

    /// The answer to a browser that holds the versions in `If-None-Match`. It asks each time: a new release is seen
    /// at the next load.
    pub fn response(&self, if_none_match: Option<&str>) -> Response<Bytes> {
        let etag = self.etag.to_str().unwrap_or_default();
        let held = if_none_match.is_some_and(|held| {
            held.split(',')
                .map(|held| held.trim().trim_start_matches("W/"))
                .any(|held| held == etag)
        });
        let mut response = Response::new(if held { Bytes::new() } else { self.content.clone() });
        if held {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
        }
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        headers.insert(header::ETAG, self.etag.clone());
        for (name, value) in [
            (header::CACHE_CONTROL, "no-cache"),
            (header::CONTENT_SECURITY_POLICY, POLICY),
            (header::REFERRER_POLICY, "no-referrer"),
            (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
            (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        response
    }
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, extension)| extension) {
        Some("html") => "text/html; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("woff2") => "font/woff2",
        Some("json") => "application/json",
        Some("webmanifest") => "application/manifest+json",
        Some("txt" | "md") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
