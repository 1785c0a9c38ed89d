//! From replies and pushes to frames. What is sent often is written by hand, the rest through serde.

use bytes::Bytes;
use serde::Serialize;

use crate::{Format, Push, Raw, Reply, RoomId, Seat, WireError};

/// A reply: `{"id", "data"}`.
pub fn reply(format: Format, id: u64, data: &Reply) -> Bytes {
    #[derive(Serialize)]
    struct Envelope<'a> {
        id: u64,
        data: &'a Reply,
    }
    write(format, &Envelope { id, data })
}

/// A refusal: `{"id", "error"}`, or an `error` push naming the request when it had no id.
pub fn refusal(format: Format, id: Option<u64>, request: &str, error: &WireError) -> Bytes {
    #[derive(Serialize)]
    struct Envelope<'a> {
        id: u64,
        error: &'a WireError,
    }
    match id {
        Some(id) => write(format, &Envelope { id, error }),
        None => {
            let request = (!request.is_empty()).then(|| request.to_owned());
            push(format, &Push::Error { request, error: error.clone() })
        }
    }
}

/// A push: `{"type", "data"}`.
pub fn push(format: Format, push: &Push) -> Bytes {
    write(format, push)
}

/// `room.message`, its payload carried as it came when the formats agree.
///
/// # Errors
/// The payload is well formed in the sender's format but cannot be written in this one.
pub fn room_message(
    format: Format,
    room: RoomId,
    from: Seat,
    payload: &Raw,
) -> Result<Bytes, WireError> {
    let payload = payload.to(format)?;
    let mut frame = Vec::with_capacity(payload.len() + 80);
    match format {
        Format::Json => {
            frame.extend_from_slice(br#"{"type":"room.message","data":{"room":""#);
            frame.extend_from_slice(&room.text());
            frame.extend_from_slice(br#"","from":"#);
            decimal(&mut frame, from.0);
            frame.extend_from_slice(br#","payload":"#);
            frame.extend_from_slice(&payload);
            frame.extend_from_slice(b"}}");
        }
        Format::MsgPack => {
            frame.extend_from_slice(b"\x82\xa4type\xacroom.message\xa4data\x83\xa4room\xaa");
            frame.extend_from_slice(&room.text());
            frame.extend_from_slice(b"\xa4from\xcd");
            frame.extend_from_slice(&from.0.to_be_bytes());
            frame.extend_from_slice(b"\xa7payload");
            frame.extend_from_slice(&payload);
        }
    }
    Ok(frame.into())
}

pub(crate) fn decimal(frame: &mut Vec<u8>, value: impl itoa::Integer) {
    frame.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

fn write<T: Serialize>(format: Format, message: &T) -> Bytes {
    // Our own messages have string keys and finite numbers: neither writer can refuse them.
    match format {
        Format::Json => serde_json::to_vec(message).unwrap_or_default().into(),
        Format::MsgPack => rmp_serde::to_vec_named(message).unwrap_or_default().into(),
    }
}
