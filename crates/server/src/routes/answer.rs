//! What a route answers with.

use bytes::Bytes;
use hyper::{
    Response, StatusCode,
    header::{self, HeaderValue},
};
use serde::Serialize;

use crate::problem::Problem;

pub type Answer = Result<Response<Bytes>, Problem>;

/// JSON that is the caller's alone, and of this moment.
pub fn json<T: Serialize>(status: StatusCode, value: &T) -> Answer {
    // What is answered here has string keys and finite numbers: serde does not refuse it.
    let mut response = Response::new(Bytes::from(serde_json::to_vec(value).unwrap_or_default()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// It is done, and there is nothing to say.
pub fn no_content() -> Answer {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::NO_CONTENT;
    Ok(response)
}
