//! One encoded value, kept as the client wrote it: an input or a payload that is not read on the way.

use bytes::Bytes;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::DeserializeOwned};

use crate::{Format, WireError, decode, limits::INTEGER_MAX};

/// Where the values stand that are carried from one format to the other.
const PAYLOAD: &str = "/data/payload";

/// A value in one format, checked to be well formed and not too deep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raw {
    format: Format,
    bytes: Bytes,
}

impl Raw {
    /// `bytes` must hold exactly one well-formed value; [`crate::decode`] sees to that.
    pub(crate) fn new(format: Format, bytes: Bytes) -> Raw {
        Raw { format, bytes }
    }

    /// Encodes a value as JSON, for games and tests that make inputs themselves.
    pub fn json<T: serde::Serialize>(value: &T) -> Result<Raw, serde_json::Error> {
        Ok(Raw { format: Format::Json, bytes: serde_json::to_vec(value)?.into() })
    }

    pub fn format(&self) -> Format {
        self.format
    }

    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The same value in memory of its own, so that a short value does not keep a whole read buffer alive.
    pub fn detached(&self) -> Raw {
        Raw { format: self.format, bytes: Bytes::copy_from_slice(&self.bytes) }
    }

    /// Reads the value as `T`. The error's pointer starts with `pointer`, the place of this value
    /// in its envelope.
    pub fn read<T: DeserializeOwned>(&self, pointer: &str) -> Result<T, WireError> {
        let read = match self.format {
            Format::Json => serde_json::from_slice(&self.bytes).map_err(|_| false),
            Format::MsgPack => rmp_serde::from_slice(&self.bytes).map_err(|error| match error {
                rmp_serde::decode::Error::Syntax(why) => !why.starts_with("duplicate field"),
                _ => true,
            }),
        };
        let tree_may_do = match read {
            Ok(value) => return Ok(value),
            Err(tree_may_do) => tree_may_do,
        };
        let value = self.value(pointer)?;
        // Keys that are integers stand as strings in both formats; rmp_serde alone does not read them so.
        let read = if tree_may_do { T::deserialize(&value).ok() } else { None };
        read.ok_or_else(|| decode::explain::<T>(pointer, &value))
    }

    /// The value in `format`: itself, or carried over.
    pub fn to(&self, format: Format) -> Result<Bytes, WireError> {
        if format == self.format {
            return Ok(self.bytes.clone());
        }
        let value = self.value(PAYLOAD)?;
        let carried = match format {
            Format::Json => serde_json::to_vec(&value).ok(),
            Format::MsgPack => rmp_serde::to_vec_named(&value).ok(),
        };
        carried.map(Bytes::from).ok_or_else(|| Raw::not_carried(PAYLOAD))
    }

    /// The value as a tree: for what is not on the hot path.
    pub fn value(&self, pointer: &str) -> Result<serde_json::Value, WireError> {
        match self.format {
            Format::Json => serde_json::from_slice(&self.bytes).ok(),
            Format::MsgPack => rmp_serde::from_slice(&self.bytes).ok(),
        }
        .ok_or_else(|| Raw::not_carried(pointer))
    }

    /// Well formed, yet beyond what both formats carry: a lone surrogate, a number out of range.
    fn not_carried(pointer: &str) -> WireError {
        let expected =
            format!("a value of strings in UTF-8 and numbers within {INTEGER_MAX} or f64");
        WireError::bad_request(pointer, &expected, "one that only one format can write")
    }
}

/// As a server keeps it: the format, and the bytes as they came.
impl Serialize for Raw {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let msgpack = self.format == Format::MsgPack;
        (msgpack, &self.bytes).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Raw, D::Error> {
        let (msgpack, bytes) = <(bool, Bytes)>::deserialize(deserializer)?;
        Ok(Raw { format: if msgpack { Format::MsgPack } else { Format::Json }, bytes })
    }
}
