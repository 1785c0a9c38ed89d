//! What stands in the `data` of each request, where [`crate::Request`] does not read it by itself.

use std::num::NonZeroU32;

use serde::{Deserialize, Deserializer, de};
use serde_json::value::RawValue;

use crate::{RoomId, Seat, limits::INTEGER_MAX, msgpack::Walk};

#[derive(Deserialize)]
pub(super) struct Ping {
    #[serde(default)]
    pub(super) received: Option<Whole>,
}

#[derive(Deserialize)]
pub(super) struct AuthRefresh {
    pub(super) access_token: String,
}

#[derive(Deserialize)]
pub(super) struct InRoom {
    pub(super) room: RoomId,
}

/// `R` is the input as raw bytes, or what ignores it.
#[derive(Deserialize)]
pub(super) struct Input<R> {
    pub(super) room: RoomId,
    pub(super) seq: NonZeroU32,
    pub(super) input: R,
}

/// `R` is the payload as raw bytes, or what ignores it.
#[derive(Deserialize)]
pub(super) struct Send<R> {
    pub(super) room: RoomId,
    pub(super) payload: R,
    #[serde(default)]
    pub(super) to: Option<Vec<Seat>>,
}

/// An integer from 0 to 2^53−1.
pub(super) struct Whole(pub(super) u64);

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Whole, D::Error> {
        match u64::deserialize(deserializer)? {
            value @ 0..=INTEGER_MAX => Ok(Whole(value)),
            value => Err(de::Error::invalid_value(de::Unexpected::Unsigned(value), &"u64")),
        }
    }
}

impl Whole {
    /// `Some(None)` for null, `None` for what is no such integer.
    pub(super) fn msgpack(walk: &mut Walk<'_>) -> Option<Option<Whole>> {
        if walk.null() {
            return Some(None);
        }
        walk.unsigned().ok().filter(|&value| value <= INTEGER_MAX).map(|value| Some(Whole(value)))
    }
}

impl<'a> Input<&'a RawValue> {
    pub(super) fn bytes(self) -> Input<&'a [u8]> {
        Input { room: self.room, seq: self.seq, input: self.input.get().as_bytes() }
    }
}

impl<'a> Send<&'a RawValue> {
    pub(super) fn bytes(self) -> Send<&'a [u8]> {
        Send { room: self.room, payload: self.payload.get().as_bytes(), to: self.to }
    }
}

impl<'a> Input<&'a [u8]> {
    /// From `data` that was checked whole when the envelope was read.
    pub(super) fn msgpack(data: &'a [u8]) -> Option<Input<&'a [u8]>> {
        let mut walk = Walk::new(data);
        let (mut room, mut seq, mut input) = (None, None, None);
        for _ in 0..walk.map().ok()? {
            match walk.bytes().ok()? {
                b"room" if room.is_none() => room = Some(RoomId::from_ascii(walk.bytes().ok()?)?),
                b"seq" if seq.is_none() => {
                    seq = Some(NonZeroU32::new(walk.unsigned().ok()?.try_into().ok()?)?);
                }
                b"input" if input.is_none() => input = Some(walk.span().ok()?),
                b"room" | b"seq" | b"input" => return None,
                _ => drop(walk.span().ok()?),
            }
        }
        Some(Input { room: room?, seq: seq?, input: input? })
    }
}

impl<'a> Send<&'a [u8]> {
    /// From `data` that was checked whole when the envelope was read.
    pub(super) fn msgpack(data: &'a [u8]) -> Option<Send<&'a [u8]>> {
        let mut walk = Walk::new(data);
        let (mut room, mut payload, mut to) = (None, None, None);
        for _ in 0..walk.map().ok()? {
            match walk.bytes().ok()? {
                b"room" if room.is_none() => room = Some(RoomId::from_ascii(walk.bytes().ok()?)?),
                b"payload" if payload.is_none() => payload = Some(walk.span().ok()?),
                b"to" if to.is_none() => to = Some(seats(&mut walk)?),
                b"room" | b"payload" | b"to" => return None,
                _ => drop(walk.span().ok()?),
            }
        }
        Some(Send { room: room?, payload: payload?, to: to.flatten() })
    }
}

/// `Some(None)` for null.
fn seats(walk: &mut Walk<'_>) -> Option<Option<Vec<Seat>>> {
    if walk.null() {
        return Some(None);
    }
    let n = walk.array().ok()?;
    let seat = |_| walk.unsigned().ok()?.try_into().ok().map(Seat);
    (0..n).map(seat).collect::<Option<Vec<_>>>().map(Some)
}
