//! Decoding from outside: what comes of good frames, and what is said about bad ones.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod accepted;
mod malformed;
mod refused;

use bytes::Bytes;
use gamev1_protocol::{
    ErrorCode, Format, WireError,
    decode::{DecodeError, Incoming, Rules, decode},
};
use serde_json::Value;

/// A frame with this value, in each format.
fn both(value: &Value) -> [(Format, Bytes); 2] {
    [
        (Format::Json, serde_json::to_vec(value).unwrap().into()),
        (Format::MsgPack, rmp_serde::to_vec_named(value).unwrap().into()),
    ]
}

fn json(text: &str) -> Result<Incoming, DecodeError> {
    decode(Format::Json, &Bytes::copy_from_slice(text.as_bytes()), Rules::default())
}

fn msgpack(bytes: &[u8]) -> Result<Incoming, DecodeError> {
    decode(Format::MsgPack, &Bytes::copy_from_slice(bytes), Rules::default())
}

/// The refusal of a frame that must be an envelope.
fn refusal(decoded: Result<Incoming, DecodeError>) -> WireError {
    match decoded {
        Err(DecodeError::Refused { error, .. }) => error,
        other => panic!("expected a refusal, got {other:?}"),
    }
}

/// What came instead of an envelope.
fn not_an_envelope(decoded: Result<Incoming, DecodeError>) -> String {
    match decoded {
        Err(DecodeError::NotAnEnvelope(why)) => why,
        other => panic!("expected no envelope, got {other:?}"),
    }
}

/// Pointer, expected and got of a `bad_request`.
fn details(error: &WireError) -> (&str, &str, &str) {
    assert_eq!(error.code, ErrorCode::BadRequest, "{error:?}");
    let details = error.details.as_ref().unwrap();
    let member = |name: &str| details[name].as_str().unwrap();
    (member("pointer"), member("expected"), member("got"))
}
