//! The three members of an envelope, and from them the request.

use std::borrow::Cow;

use bytes::Bytes;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::value::RawValue;

use super::{
    DATA_DEPTH_MAX,
    data::{AuthRefresh, InRoom, Input, Ping, Send, Whole},
    explain,
};
use crate::{ErrorCode, Format, Raw, Request, RoomInput, RoomSend, WireError, json, msgpack::Walk};

/// What a frame holds, as slices of it.
pub(super) struct Envelope<'a> {
    pub(super) format: Format,
    pub(super) id: Option<u64>,
    /// The `type`. Owned only when JSON wrote it with escapes.
    pub(super) kind: Cow<'a, str>,
    /// One whole value; empty when the member is missing or null.
    pub(super) data: &'a [u8],
    /// The same as text, in JSON only.
    text: &'a str,
}

impl<'a> Envelope<'a> {
    /// `None` when anything at all is wrong with the envelope itself.
    pub(super) fn read(format: Format, frame: &'a [u8]) -> Option<Envelope<'a>> {
        match format {
            Format::Json => Envelope::json(frame),
            Format::MsgPack => Envelope::msgpack(frame),
        }
    }

    fn json(frame: &'a [u8]) -> Option<Envelope<'a>> {
        #[derive(Deserialize)]
        struct Json<'a> {
            #[serde(default)]
            id: Option<Whole>,
            #[serde(rename = "type", borrow)]
            kind: Cow<'a, str>,
            #[serde(borrow, default)]
            data: Option<&'a RawValue>,
        }
        // serde reads a struct from an array too; an envelope is an object.
        if frame.trim_ascii_start().first() != Some(&b'{') {
            return None;
        }
        // Looked at once for the whole frame, instead of at each string of it.
        let frame = std::str::from_utf8(frame).ok()?;
        let Json { id, kind, data } = serde_json::from_str(frame).ok()?;
        let text = data.map_or("", RawValue::get);
        let id = id.map(|Whole(id)| id);
        Some(Envelope { format: Format::Json, id, kind, data: text.as_bytes(), text })
    }

    fn msgpack(frame: &'a [u8]) -> Option<Envelope<'a>> {
        let mut walk = Walk::new(frame);
        let (mut id, mut kind, mut data) = (None, None, None);
        for _ in 0..walk.map().ok()? {
            match walk.bytes().ok()? {
                b"id" if id.is_none() => id = Some(Whole::msgpack(&mut walk)?),
                b"type" if kind.is_none() => kind = Some(walk.string().ok()?),
                b"data" if data.is_none() => data = Some(walk.value(DATA_DEPTH_MAX).ok()?),
                b"id" | b"type" | b"data" => return None,
                // What nobody reads may be anything, as in JSON.
                _ => drop(walk.span().ok()?),
            }
        }
        let data = data.filter(|data| data != b"\xc0").unwrap_or_default();
        let kind = Cow::Borrowed(kind?);
        let id = id.flatten().map(|Whole(id)| id);
        walk.at_end().then_some(Envelope { format: Format::MsgPack, id, kind, data, text: "" })
    }

    pub(super) fn request(&self, frame: &Bytes) -> Result<Request, WireError> {
        if !self.data_is_carried() {
            return Err(explain::unreadable("/data", self.format, self.data, DATA_DEPTH_MAX));
        }
        Ok(match &*self.kind {
            "room.input" => Request::RoomInput(self.input(frame)?),
            "room.send" => Request::RoomSend(self.send(frame)?),
            "ping" => {
                let Ping { received } = self.data()?;
                Request::Ping { received: received.map(|Whole(received)| received) }
            }
            "auth.refresh" => {
                let AuthRefresh { access_token } = self.data()?;
                Request::AuthRefresh { access_token }
            }
            "room.create" => Request::RoomCreate(self.data()?),
            "room.match" => Request::RoomMatch(self.data()?),
            "room.join" => Request::RoomJoin { room: self.data::<InRoom>()?.room },
            "room.leave" => Request::RoomLeave { room: self.data::<InRoom>()?.room },
            "room.sync" => Request::RoomSync { room: self.data::<InRoom>()?.room },
            other => return Err(unknown_type(other)),
        })
    }

    /// Whether both formats can carry what is in `data`. MessagePack was checked when its end was looked for.
    fn data_is_carried(&self) -> bool {
        match self.format {
            Format::Json => {
                let shape = json::shape(self.data);
                let readable = || serde_json::from_slice::<serde_json::Value>(self.data).is_ok();
                shape.depth <= DATA_DEPTH_MAX && (!shape.doubtful || readable())
            }
            Format::MsgPack => true,
        }
    }

    fn data<T: DeserializeOwned>(&self) -> Result<T, WireError> {
        self.read_object().ok_or_else(|| explain::data::<T>(self.format, self.data))
    }

    /// A struct from an object. serde would read one from an array as well, which the protocol does not have.
    fn read_object<T: DeserializeOwned>(&self) -> Option<T> {
        match self.format {
            Format::Json => read_object_json(self.text),
            Format::MsgPack if self.data.is_empty() => rmp_serde::from_slice(&[0x80]).ok(),
            Format::MsgPack => {
                Walk::new(self.data).map().ok()?;
                rmp_serde::from_slice(self.data).ok()
            }
        }
    }

    fn input(&self, frame: &Bytes) -> Result<RoomInput, WireError> {
        let read = match self.format {
            Format::Json => read_object_json(self.text).map(Input::<&RawValue>::bytes),
            Format::MsgPack => Input::msgpack(self.data),
        };
        let Input { room, seq, input } = read
            .ok_or_else(|| explain::data::<Input<serde::de::IgnoredAny>>(self.format, self.data))?;
        let input = Raw::new(self.format, frame.slice_ref(input));
        Ok(RoomInput { room, seq: seq.get(), input })
    }

    fn send(&self, frame: &Bytes) -> Result<RoomSend, WireError> {
        let read = match self.format {
            Format::Json => read_object_json(self.text).map(Send::<&RawValue>::bytes),
            Format::MsgPack => Send::msgpack(self.data),
        };
        let Send { room, payload, to } = read
            .ok_or_else(|| explain::data::<Send<serde::de::IgnoredAny>>(self.format, self.data))?;
        let payload = Raw::new(self.format, frame.slice_ref(payload));
        Ok(RoomSend { room, payload, to })
    }
}

fn read_object_json<'a, T: Deserialize<'a>>(data: &'a str) -> Option<T> {
    match data.as_bytes().first() {
        Some(b'{') => serde_json::from_str(data).ok(),
        None => serde_json::from_str("{}").ok(),
        Some(_) => None,
    }
}

fn unknown_type(kind: &str) -> WireError {
    let known: Vec<_> = Request::TYPES.iter().map(|(name, _)| *name).collect();
    let got = explain::clip(kind);
    WireError::new(ErrorCode::UnknownType, format!("no request has the type {got:?}"))
        .details(serde_json::json!({ "pointer": "/type", "expected": known, "got": got }))
}
