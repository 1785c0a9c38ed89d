//! The two encodings. Whatever comes is turned into the JSON envelope, so that a test reads both in the same way.

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Json,
    MsgPack,
}

impl Format {
    pub const BOTH: [Format; 2] = [Format::Json, Format::MsgPack];

    pub const fn subprotocol(self) -> &'static str {
        match self {
            Format::Json => "gamev1.v1.json",
            Format::MsgPack => "gamev1.v1.msgpack",
        }
    }

    pub(super) fn of(subprotocol: Option<&str>) -> Option<Format> {
        let of = |name| Format::BOTH.into_iter().find(|format| format.subprotocol() == name);
        subprotocol.map_or(Some(Format::Json), of)
    }

    pub fn encode(self, envelope: &Value) -> Message {
        match self {
            Format::Json => Message::text(envelope.to_string()),
            Format::MsgPack => {
                Message::binary(rmp_serde::to_vec_named(envelope).expect("JSON can be packed"))
            }
        }
    }

    /// A frame of the server's as it came; a positional state frame is still an array.
    pub(super) fn decode(self, message: &Message) -> Value {
        match (self, message) {
            (Format::Json, Message::Text(text)) => {
                let first = [r#"{"id":"#, r#"{"type":"#];
                assert!(
                    first.iter().any(|start| text.starts_with(start)),
                    "id or type first: {text}"
                );
                serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
            }
            (Format::MsgPack, Message::Binary(bytes)) => {
                let frame: Value = rmp_serde::from_slice(bytes)
                    .unwrap_or_else(|error| panic!("{error}: {bytes:02x?}"));
                let rest = bytes.get(1..).unwrap_or_default();
                let first = [&b"\xa2id"[..], b"\xa4type"];
                let first = frame.is_array() || first.iter().any(|start| rest.starts_with(start));
                assert!(first, "id or type first: {frame}");
                frame
            }
            (_, other) => panic!("the wrong kind of frame for {self:?}: {other:?}"),
        }
    }
}

/// A positional state frame as the envelope that it stands for; `epoch` and `room` are known from before.
pub(super) fn named(frame: &[Value], room: &str, epoch: Option<u64>) -> Value {
    let number = |at: usize| frame[at].as_u64().unwrap_or_else(|| panic!("{frame:?}[{at}]"));
    assert_eq!(frame.len(), 6, "{frame:?}");
    match number(0) {
        0 => json!({ "type": "room.snapshot", "data": {
            "ack": number(1), "room": room, "epoch": number(3), "tick": number(4), "state": frame[5],
        } }),
        1 => json!({ "type": "room.delta", "data": {
            "ack": number(1), "room": room, "epoch": epoch, "tick": number(3),
            "base": number(3) - number(4), "patch": frame[5],
        } }),
        other => panic!("no state frame begins with {other}: {frame:?}"),
    }
}
