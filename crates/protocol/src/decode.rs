//! From a frame to a [`Request`]. The good path parses the envelope once and builds no tree; what was wrong with
//! a bad one is found out by a second, slower look.

mod data;
mod envelope;
mod explain;
mod members;

use bytes::Bytes;

use self::envelope::Envelope;
pub use self::explain::explain;
use crate::{
    Format, Request, RoomCreate, WireError,
    limits::{DEPTH_MAX, METADATA_BYTES_MAX},
};

/// How deeply `data` may nest: a client's own values stand one level within it.
const DATA_DEPTH_MAX: usize = DEPTH_MAX + 1;

/// A request with the id under which its reply is awaited, if one is.
#[derive(Debug, Clone, PartialEq)]
pub struct Incoming {
    pub id: Option<u64>,
    pub request: Request,
}

/// Why a frame is no request.
#[derive(Debug, Clone, PartialEq)]
pub enum DecodeError {
    /// The frame is no envelope, which is an object with a string as `type`: the socket closes with 4400. Says
    /// what was expected and what came.
    NotAnEnvelope(String),
    /// An envelope whose content is refused: the socket stays. `counted` as in [`Request::counted`].
    Refused { id: Option<u64>, request: String, counted: bool, error: WireError },
}

/// What a server may ask of a decoder.
#[derive(Debug, Clone, Copy, Default)]
pub struct Rules {
    /// Refuse members that the protocol does not know, naming them (dev mode).
    pub strict: bool,
}

/// Decodes one frame. Payloads and inputs are slices of `frame`, not copies.
///
/// # Errors
/// The frame is no envelope, or one that is refused with `bad_request` or `unknown_type`.
pub fn decode(format: Format, frame: &Bytes, rules: Rules) -> Result<Incoming, DecodeError> {
    let Some(envelope) = Envelope::read(format, frame) else {
        return Err(explain::envelope(format, frame));
    };
    let decoded = envelope.request(frame).and_then(|request| {
        if rules.strict {
            explain::unknown_members(format, frame, &envelope)?;
        }
        in_range(&request)?;
        Ok(request)
    });
    match decoded {
        Ok(request) => Ok(Incoming { id: envelope.id, request }),
        Err(error) => Err(explain::refuse(envelope.id, &envelope.kind, error)),
    }
}

fn in_range(request: &Request) -> Result<(), WireError> {
    let Request::RoomCreate(RoomCreate { metadata, .. }) = request else { return Ok(()) };
    let bytes = serde_json::to_vec(metadata).map_or(0, |metadata| metadata.len());
    if bytes <= METADATA_BYTES_MAX {
        return Ok(());
    }
    let expected = format!("at most {METADATA_BYTES_MAX} bytes of JSON");
    Err(WireError::bad_request("/data/metadata", &expected, &format!("{bytes} bytes")))
}
