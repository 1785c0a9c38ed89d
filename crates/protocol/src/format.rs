//! The two formats of the wire and the subprotocols that name them.

/// How envelopes are written on one socket. Chosen once, at the upgrade.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// Text frames of JSON (RFC 8259).
    Json,
    /// Binary frames of MessagePack: maps with string keys, no extension types.
    MsgPack,
}

impl Format {
    pub const ALL: [Format; 2] = [Format::Json, Format::MsgPack];

    /// The WebSocket subprotocol that selects this format.
    pub const fn subprotocol(self) -> &'static str {
        match self {
            Format::Json => "gamev1.v1.json",
            Format::MsgPack => "gamev1.v1.msgpack",
        }
    }

    pub fn from_subprotocol(name: &str) -> Option<Format> {
        Format::ALL.into_iter().find(|format| format.subprotocol() == name)
    }
}
