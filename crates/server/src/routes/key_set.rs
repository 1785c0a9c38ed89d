//! `GET /.well-known/jwks.json`: the public halves of the keys of access tokens, for whoever verifies them elsewhere.

use std::sync::Arc;

use bytes::Bytes;
use hyper::{
    Response,
    header::{self, HeaderValue},
};

use super::answer::Answer;
use crate::{app::App, call::Call};

/// RFC 7517 8.5.
const MEDIA_TYPE: HeaderValue = HeaderValue::from_static("application/jwk-set+json");
/// Shorter than a new key waits before it signs, by more than a server takes to read it.
const CACHED_FOR: HeaderValue = HeaderValue::from_static("public, max-age=60");

pub fn get(app: Arc<App>, _: Call) -> Answer {
    let keys = app.services()?.tokens.keys();
    let mut response = Response::new(Bytes::copy_from_slice(keys.key_set().as_bytes()));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, MEDIA_TYPE);
    headers.insert(header::CACHE_CONTROL, CACHED_FOR);
    Ok(response)
}
