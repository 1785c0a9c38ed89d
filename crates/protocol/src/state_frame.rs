//! State frames: `room.snapshot` and `room.delta`. `ack` differs from member to member and stands first; the rest,
//! the tail, is encoded once for all members with the same base and shared.

use bytes::Bytes;

use crate::{Format, RoomId, encode::decimal, msgpack::write as msgpack, view::View};

const SNAPSHOT_HEAD: &[u8] = br#"{"type":"room.snapshot","data":{"ack":"#;
const DELTA_HEAD: &[u8] = br#"{"type":"room.delta","data":{"ack":"#;

/// Everything of a state frame but `ack`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateTail {
    format: Format,
    snapshot: bool,
    bytes: Bytes,
}

/// Which room a frame is of, and in which life of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StateOf {
    pub room: RoomId,
    /// The room's number in this process.
    pub n: u32,
    pub epoch: u64,
}

impl StateTail {
    /// The whole view at `tick`.
    pub fn snapshot(format: Format, of: StateOf, tick: u64, view: &View) -> StateTail {
        let mut bytes = Vec::with_capacity(512);
        match format {
            Format::Json => {
                json_head(&mut bytes, of, tick);
                bytes.extend_from_slice(br#","state":"#);
                view.write_json(&mut bytes);
                bytes.extend_from_slice(b"}}");
            }
            Format::MsgPack => {
                msgpack::uint(&mut bytes, of.n.into());
                msgpack::uint(&mut bytes, of.epoch);
                msgpack::uint(&mut bytes, tick);
                view.write_msgpack(&mut bytes);
            }
        }
        StateTail { format, snapshot: true, bytes: bytes.into() }
    }

    /// What changed from tick `base` to `tick`; no `patch` is an empty one: only `ack` moved.
    pub fn delta(
        format: Format,
        of: StateOf,
        tick: u64,
        base: u64,
        patch: Option<&View>,
    ) -> StateTail {
        let mut bytes = Vec::with_capacity(384);
        match format {
            Format::Json => {
                json_head(&mut bytes, of, tick);
                bytes.extend_from_slice(br#","base":"#);
                decimal(&mut bytes, base);
                bytes.extend_from_slice(br#","patch":"#);
                match patch {
                    Some(patch) => patch.write_json(&mut bytes),
                    None => bytes.extend_from_slice(b"{}"),
                }
                bytes.extend_from_slice(b"}}");
            }
            Format::MsgPack => {
                msgpack::uint(&mut bytes, of.n.into());
                msgpack::uint(&mut bytes, tick);
                msgpack::uint(&mut bytes, tick.saturating_sub(base));
                match patch {
                    Some(patch) => patch.write_msgpack(&mut bytes),
                    None => bytes.push(0x80),
                }
            }
        }
        StateTail { format, snapshot: false, bytes: bytes.into() }
    }

    pub fn is_snapshot(&self) -> bool {
        self.snapshot
    }

    /// Bytes of the whole frame, at most.
    pub fn frame_bytes_max(&self) -> usize {
        self.bytes.len() + SNAPSHOT_HEAD.len() + 10
    }

    /// Appends the frame, `ack` in its place, to `frame`.
    pub fn write(&self, ack: u32, frame: &mut Vec<u8>) {
        match self.format {
            Format::Json => {
                frame.extend_from_slice(if self.snapshot { SNAPSHOT_HEAD } else { DELTA_HEAD });
                decimal(frame, ack);
            }
            Format::MsgPack => {
                frame.extend_from_slice(&[0x96, u8::from(!self.snapshot), 0xce]);
                frame.extend_from_slice(&ack.to_be_bytes());
            }
        }
        frame.extend_from_slice(&self.bytes);
    }
}

/// What follows `ack` in both frames.
fn json_head(bytes: &mut Vec<u8>, of: StateOf, tick: u64) {
    bytes.extend_from_slice(br#","room":""#);
    bytes.extend_from_slice(&of.room.text());
    bytes.extend_from_slice(br#"","epoch":"#);
    decimal(bytes, of.epoch);
    bytes.extend_from_slice(br#","tick":"#);
    decimal(bytes, tick);
}
