//! Errors over HTTP: `application/problem+json` (RFC 9457), made from the one table of error codes.

#[cfg(test)]
mod tests;

use std::time::Duration;

use bytes::Bytes;
use gamev1_protocol::{ErrorCode, WireError};
use hyper::{
    Response, StatusCode,
    header::{self, HeaderName, HeaderValue},
};
use serde::Serialize;
use serde_json::Value;

/// Where the codes are explained; `type` points there.
pub const DOCS: &str = "/docs/errors";

/// How long a client is told to wait when nobody knows better.
const RETRY_AFTER: Duration = Duration::from_secs(2);

/// A refusal or fault, before it is written down for one request.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem(Box<Inner>);

#[derive(Debug, Clone, PartialEq)]
struct Inner {
    code: ErrorCode,
    detail: String,
    retry_after: Option<Duration>,
    errors: Vec<FieldError>,
    details: Option<Value>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// What is wrong with one member of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// A JSON pointer (RFC 6901) into the body, or `/name` of a query parameter.
    pub pointer: String,
    pub code: &'static str,
    pub detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub got: Option<String>,
}

impl FieldError {
    pub fn new(pointer: &str, code: &'static str, detail: impl Into<String>) -> FieldError {
        let (pointer, detail) = (pointer.to_owned(), detail.into());
        FieldError { pointer, code, detail, expected: None, got: None }
    }
}

impl Problem {
    pub fn new(code: ErrorCode, detail: impl Into<String>) -> Problem {
        Problem(Box::new(Inner {
            code,
            detail: detail.into(),
            retry_after: None,
            errors: Vec::new(),
            details: None,
            headers: Vec::new(),
        }))
    }

    /// A member of the wrong type or range.
    pub fn bad_request(pointer: &str, expected: &str, got: &str) -> Problem {
        WireError::bad_request(pointer, expected, got).into()
    }

    /// A member that is understood and still not acceptable.
    pub fn invalid(pointer: &str, code: &'static str, detail: impl Into<String>) -> Problem {
        let detail = detail.into();
        let mut problem = Problem::new(ErrorCode::ValidationFailed, format!("{pointer}: {detail}"));
        problem.0.errors.push(FieldError::new(pointer, code, detail));
        problem
    }

    /// Members that are understood and still not acceptable, all of them at once; one at least.
    pub fn invalid_members(errors: Vec<FieldError>) -> Problem {
        let each: Vec<_> =
            errors.iter().map(|error| format!("{}: {}", error.pointer, error.detail)).collect();
        let mut problem = Problem::new(ErrorCode::ValidationFailed, each.join("; "));
        problem.0.errors = errors;
        problem
    }

    /// With the place of the request that it is about.
    pub fn at(mut self, pointer: &str, code: &'static str) -> Problem {
        let detail = self.0.detail.clone();
        self.0.errors.push(FieldError::new(pointer, code, detail));
        self
    }

    pub fn retry_after(mut self, wait: Duration) -> Problem {
        self.0.retry_after = Some(wait);
        self
    }

    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Problem {
        self.0.headers.push((name, value));
        self
    }

    pub fn code(&self) -> ErrorCode {
        self.0.code
    }

    /// What it says to people.
    pub fn detail(&self) -> &str {
        &self.0.detail
    }

    pub fn status(&self) -> StatusCode {
        // Codes of sockets alone have no status; over HTTP they would be a fault of ours.
        StatusCode::from_u16(self.0.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// The response for the request called `instance`.
    pub fn response(self, instance: &str) -> Response<Bytes> {
        let status = self.status();
        let Inner { code, detail, retry_after, errors, details, headers } = *self.0;
        let document = Document {
            kind: format!("{DOCS}#{}", code.name()),
            title: code.title(),
            status: status.as_u16(),
            code: code.name(),
            detail,
            instance: format!("/requests/{instance}"),
            errors,
            details,
        };
        // Strings and JSON values: serde cannot refuse them.
        let body = serde_json::to_vec(&document).unwrap_or_default();
        let mut response = Response::new(Bytes::from(body));
        *response.status_mut() = status;
        let to = response.headers_mut();
        to.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        to.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if status == StatusCode::UNAUTHORIZED {
            to.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        let must_wait =
            matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
        if let Some(wait) = retry_after.or(must_wait.then_some(RETRY_AFTER)) {
            to.insert(header::RETRY_AFTER, HeaderValue::from(whole_seconds(wait)));
        }
        to.extend(headers);
        response
    }
}

/// Rounded up: who comes back a moment early is refused once more.
pub fn whole_seconds(wait: Duration) -> u64 {
    wait.as_millis().div_ceil(1_000).max(1) as u64
}

#[derive(Serialize)]
struct Document {
    #[serde(rename = "type")]
    kind: String,
    title: &'static str,
    status: u16,
    code: &'static str,
    detail: String,
    instance: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldError>,
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<Value>,
}

impl From<WireError> for Problem {
    /// `details: {pointer, expected, got}` of the wire becomes an entry of `errors`, whose pointer is into the body:
    /// what stands below `/data` in an envelope is the whole body here.
    fn from(error: WireError) -> Problem {
        let WireError { code, message, retry_after_ms, details, .. } = error;
        let mut problem = Problem::new(code, message);
        problem.0.retry_after = retry_after_ms.map(Duration::from_millis);
        let text = |name| match details.as_ref()?.get(name)? {
            Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        };
        match text("pointer") {
            Some(pointer) => {
                let stripped = pointer.strip_prefix("/data").unwrap_or(&pointer).to_owned();
                if stripped != pointer {
                    let place = if stripped.is_empty() { "the body" } else { &stripped };
                    problem.0.detail = problem.0.detail.replacen(&pointer, place, 1);
                }
                problem.0.errors.push(FieldError {
                    pointer: stripped,
                    code: code.name(),
                    detail: problem.0.detail.clone(),
                    expected: text("expected"),
                    got: text("got"),
                });
            }
            None => problem.0.details = details,
        }
        problem
    }
}
