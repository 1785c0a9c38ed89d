//! The slower look at bytes that were refused: the members of an object one by one, good or not.

use std::fmt;

use rmp::Marker;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::{Value, value::RawValue};

use crate::{Format, json, msgpack::Walk};

/// Name and bytes of every member in their order, those that come twice too. `None` when the bytes are not one
/// object, or break off.
pub(super) fn members(format: Format, bytes: &[u8]) -> Option<Vec<(String, &[u8])>> {
    match format {
        Format::Json => {
            let mut reader = serde_json::Deserializer::from_slice(bytes);
            let members = reader.deserialize_map(Members).ok()?;
            reader.end().ok()?;
            Some(members)
        }
        Format::MsgPack => {
            let mut walk = Walk::new(bytes);
            let mut members = Vec::new();
            for _ in 0..walk.map().ok()? {
                let key = walk.span().ok()?;
                let name = Walk::new(key).string().unwrap_or("\u{fffd}");
                members.push((name.to_owned(), walk.span().ok()?));
            }
            walk.at_end().then_some(members)
        }
    }
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Vec<(String, &'de [u8])>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some((name, value)) = map.next_entry::<String, &RawValue>()? {
            members.push((name, value.get().as_bytes()));
        }
        Ok(members)
    }
}

/// The bytes as a tree, or what stands in them that cannot be read.
pub(super) fn tree(format: Format, bytes: &[u8], depth: usize) -> Result<Value, &'static str> {
    match format {
        Format::Json => {
            if json::shape(bytes).depth > depth {
                return Err("one that nests deeper");
            }
            serde_json::from_slice(bytes).map_err(|error| match error.classify() {
                serde_json::error::Category::Syntax if bytes.contains(&b'\\') => {
                    "half a surrogate pair, or a number beyond f64"
                }
                _ => "a number beyond f64",
            })
        }
        Format::MsgPack => {
            let mut walk = Walk::new(bytes);
            let value = walk.value(depth).map_err(|malformed| malformed.0)?;
            rmp_serde::from_slice(value).map_err(|_| "something else")
        }
    }
}

/// What the bytes begin with, in the words of JSON.
pub(super) fn kind(format: Format, bytes: &[u8]) -> &'static str {
    match format {
        Format::Json => match bytes.trim_ascii_start().first() {
            Some(b'{') => "an object",
            Some(b'[') => "an array",
            Some(b'"') => "a string",
            Some(b'0'..=b'9' | b'-') => "a number",
            Some(b't' | b'f') => "a boolean",
            Some(b'n') => "null",
            Some(_) => "something else",
            None => "nothing",
        },
        Format::MsgPack => match Walk::new(bytes).peek() {
            Some(Marker::FixMap(_) | Marker::Map16 | Marker::Map32) => "an object",
            Some(Marker::FixArray(_) | Marker::Array16 | Marker::Array32) => "an array",
            Some(Marker::FixStr(_) | Marker::Str8 | Marker::Str16 | Marker::Str32) => "a string",
            Some(Marker::Null) => "null",
            Some(Marker::True | Marker::False) => "a boolean",
            Some(Marker::Bin8 | Marker::Bin16 | Marker::Bin32) => "binary data",
            Some(
                Marker::FixPos(_)
                | Marker::FixNeg(_)
                | Marker::U8
                | Marker::U16
                | Marker::U32
                | Marker::U64
                | Marker::I8
                | Marker::I16
                | Marker::I32
                | Marker::I64
                | Marker::F32
                | Marker::F64,
            ) => "a number",
            Some(Marker::Reserved) => "something else",
            Some(_) => "an extension type",
            None => "nothing",
        },
    }
}
