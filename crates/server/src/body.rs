//! Bodies of requests: bounded, JSON, and refused with the place that is wrong.

#[cfg(test)]
mod tests;

use std::time::Duration;

use bytes::{Buf, Bytes};
use futures_util::{Stream, StreamExt};
use gamev1_protocol::{
    ErrorCode, Format, Request, RoomCreate, WireError,
    decode::{self, DecodeError},
};
use serde::de::DeserializeOwned;
use serde_json::{Value, value::RawValue};

use crate::problem::Problem;

pub const BODY_BYTES_MAX: usize = 16 * 1024;
/// How long a client may take to send its body.
const BODY_WITHIN: Duration = Duration::from_secs(5);

/// What a route reads.
pub trait Body: DeserializeOwned {
    /// The members that it knows; in dev mode others are refused.
    const MEMBERS: &'static [&'static str];
}

/// Reads a body to its end.
///
/// # Errors
/// `unsupported_media_type`, `too_large`, or `bad_request` when it does not arrive.
pub async fn read<B: Buf, E>(
    content_type: Option<&str>,
    stream: impl Stream<Item = Result<B, E>>,
) -> Result<Bytes, Problem> {
    let reading = async {
        let mut stream = std::pin::pin!(stream);
        let mut body = Vec::new();
        while let Some(chunk) = stream.next().await {
            let Ok(mut chunk) = chunk else {
                return Err(Problem::bad_request("", "a whole body", "one that broke off"));
            };
            if body.len() + chunk.remaining() > BODY_BYTES_MAX {
                let message = format!("a body has at most {BODY_BYTES_MAX} bytes");
                let details = serde_json::json!({ "limit": BODY_BYTES_MAX });
                return Err(WireError::new(ErrorCode::TooLarge, message).details(details).into());
            }
            while chunk.has_remaining() {
                let part = chunk.chunk();
                body.extend_from_slice(part);
                chunk.advance(part.len());
            }
        }
        Ok(Bytes::from(body))
    };
    let body = tokio::time::timeout(BODY_WITHIN, reading).await.map_err(|_| {
        let within = BODY_WITHIN.as_secs();
        Problem::bad_request("", &format!("a body within {within} s"), "part of one")
    })??;
    if !body.is_empty() && !content_type.is_some_and(is_json) {
        let got = content_type.unwrap_or("none").chars().take(64).collect::<String>();
        let detail = format!("expected the content type application/json, got {got}");
        return Err(Problem::new(ErrorCode::UnsupportedMediaType, detail));
    }
    Ok(body)
}

/// Whether a `Content-Type` is that of JSON, whatever its parameters.
pub fn is_json(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
}

/// Reads a body as `T`. No body at all is an empty object.
///
/// # Errors
/// `bad_request` with the pointer, what was expected and what came.
pub fn parse<T: Body>(body: &[u8], strict: bool) -> Result<T, Problem> {
    let body = if body.is_empty() { b"{}" } else { body };
    // serde reads a struct from an array too; a body is an object.
    let parsed = match body.trim_ascii_start().first() {
        Some(b'{') => serde_json::from_slice::<T>(body).ok(),
        _ => None,
    };
    let parsed = match parsed {
        Some(parsed) if !strict => return Ok(parsed),
        parsed => parsed,
    };
    let tree: Value = serde_json::from_slice(body).map_err(|_| unreadable(body))?;
    let Value::Object(members) = &tree else {
        return Err(Problem::bad_request("", "an object", kind(&tree)));
    };
    let unknown = members.keys().find(|name| !T::MEMBERS.contains(&name.as_str()));
    if let (true, Some(unknown)) = (strict, unknown) {
        let expected = match T::MEMBERS {
            [] => "no members".to_owned(),
            members => format!("one of {}", members.join(", ")),
        };
        let place = format!("/{}", unknown.chars().take(64).collect::<String>());
        return Err(Problem::bad_request(&place, &expected, "an unknown member"));
    }
    parsed.ok_or_else(|| decode::explain::<T>("", &tree).into())
}

/// Reads the body of `POST /v1/rooms` by the rules of the socket's `room.create`, so that both take the same.
///
/// # Errors
/// As `room.create` is refused.
pub fn room_create(body: &[u8], strict: bool) -> Result<RoomCreate, Problem> {
    let body = if body.is_empty() { b"{}" } else { body };
    // One whole value, so that it cannot reach out of the place in which it is put below.
    serde_json::from_slice::<&RawValue>(body).map_err(|_| unreadable(body))?;
    let frame = [br#"{"type":"room.create","data":"#, body, b"}"].concat();
    match decode::decode(Format::Json, &Bytes::from(frame), decode::Rules { strict }) {
        Ok(decode::Incoming { request: Request::RoomCreate(create), .. }) => Ok(create),
        Err(DecodeError::Refused { error, .. }) => Err(error.into()),
        Ok(_) | Err(DecodeError::NotAnEnvelope(_)) => Err(unreadable(body)),
    }
}

fn unreadable(body: &[u8]) -> Problem {
    let got = match serde_json::from_slice::<serde::de::IgnoredAny>(body) {
        Err(error) => error.to_string(),
        Ok(_) => "one that is not valid UTF-8, repeats a member, or has a number or an escape that none can hold".to_owned(),
    };
    Problem::bad_request("", "a JSON object", &got)
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}
