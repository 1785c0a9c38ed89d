//! The two encodings, as far as the generator has to know them.

use anyhow::Result;
use serde_json::Value;

use super::wire::{BINARY, TEXT};

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    Json,
    Msgpack,
}

/// What a frame is, told from its first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Snapshot,
    Delta,
    Rejected,
    Other,
}

impl Format {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Format::Json => "json",
            Format::Msgpack => "msgpack",
        }
    }

    pub(crate) fn subprotocol(self) -> &'static str {
        match self {
            Format::Json => "gamev1.v1.json",
            Format::Msgpack => "gamev1.v1.msgpack",
        }
    }

    pub(crate) fn opcode(self) -> u8 {
        match self {
            Format::Json => TEXT,
            Format::Msgpack => BINARY,
        }
    }

    pub(crate) fn encode(self, value: &Value) -> Result<Vec<u8>> {
        Ok(match self {
            Format::Json => serde_json::to_vec(value)?,
            Format::Msgpack => rmp_serde::to_vec_named(value)?,
        })
    }

    pub(crate) fn decode(self, payload: &[u8]) -> Result<Value> {
        Ok(match self {
            Format::Json => serde_json::from_slice(payload)?,
            Format::Msgpack => rmp_serde::from_slice(payload)?,
        })
    }

    /// The server writes `id` or `type` first.
    pub(crate) fn is_reply(self, payload: &[u8]) -> bool {
        match self {
            Format::Json => payload.starts_with(br#"{"id""#),
            Format::Msgpack => payload.get(1..).is_some_and(|rest| rest.starts_with(b"\xa2id")),
        }
    }

    pub(crate) fn kind(self, payload: &[u8]) -> Kind {
        match self {
            Format::Json => match payload.get(9..) {
                Some(rest) if rest.starts_with(b"room.delta") => Kind::Delta,
                Some(rest) if rest.starts_with(b"room.snapshot") => Kind::Snapshot,
                Some(rest) if rest.starts_with(b"room.input_rejected") => Kind::Rejected,
                _ => Kind::Other,
            },
            Format::Msgpack => match payload {
                [0x96, 0, ..] => Kind::Snapshot,
                [0x96, 1, ..] => Kind::Delta,
                [_, rest @ ..] if rest.starts_with(b"\xa4type\xb3room.input_rejected") => {
                    Kind::Rejected
                }
                _ => Kind::Other,
            },
        }
    }

    /// A frame of `bytes` that the generator takes for a delta: what the bare relay sends.
    pub(crate) fn state_like(self, bytes: usize) -> Vec<u8> {
        let mut frame = match self {
            Format::Json => br#"{"type":"room.delta","data":{"ack":1,"pad":""#.to_vec(),
            Format::Msgpack => b"\x96\x01\xce\x00\x00\x00\x01".to_vec(),
        };
        frame.resize(bytes.max(frame.len()), b'x');
        frame
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_state_like_frame_counts_as_a_delta_of_its_length_in_both_formats() {
        for format in [Format::Json, Format::Msgpack] {
            let frame = format.state_like(300);
            assert_eq!((frame.len(), format.kind(&frame)), (300, Kind::Delta));
        }
    }

    #[test]
    fn a_reply_is_told_from_a_push_in_both_formats() {
        for format in [Format::Json, Format::Msgpack] {
            assert!(format.is_reply(&format.encode(&json!({"id": 1})).unwrap()));
            assert!(!format.is_reply(&format.encode(&json!({"type": "room.joined"})).unwrap()));
            let rejected = format.encode(&json!({"type": "room.input_rejected"})).unwrap();
            assert_eq!(format.kind(&rejected), Kind::Rejected);
        }
    }
}
