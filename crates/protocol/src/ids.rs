//! The names of things: UUIDv7 newtypes, room codes, seats. All are text (or small numbers) on the wire.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

/// An id did not have the shape that its type has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}, got {got:?}")]
pub struct IdError {
    pub expected: &'static str,
    pub got: String,
}

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// A new id that sorts after the earlier ones (UUIDv7, RFC 9562).
            pub fn new() -> $name {
                $name(Uuid::now_v7())
            }

            pub const fn from_uuid(uuid: Uuid) -> $name {
                $name(uuid)
            }

            pub const fn as_uuid(&self) -> &Uuid {
                &self.0
            }
        }

        impl Default for $name {
            fn default() -> $name {
                $name::new()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.as_hyphenated().fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0.as_hyphenated())
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<$name, IdError> {
                match Uuid::try_parse(text) {
                    Ok(uuid) if text.len() == 36 => Ok($name(uuid)),
                    _ => Err(IdError { expected: "a UUID in text", got: clip(text) }),
                }
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.0.as_hyphenated().encode_lower(&mut Uuid::encode_buffer()))
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<$name, D::Error> {
                deserializer.deserialize_str(FromText(std::marker::PhantomData))
            }
        }
    };
}

uuid_id!(
    /// A player: the identity, across sessions.
    PlayerId
);
uuid_id!(
    /// A session: one authenticated client, as an actor. It outlives its socket by the resume window.
    SessionId
);
uuid_id!(
    /// A sign-in (the claim `sid`): what a logout revokes.
    SignInId
);

/// A room: 50 random bits, written as 10 characters of Crockford base32 that people can read out.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoomId(u64);

/// Crockford's alphabet: no I, L, O or U (<https://www.crockford.com/base32.html>).
const CROCKFORD: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const ROOM_CHARS: usize = 10;
/// The value of each byte as a letter of a room code; 255 for those that are none. Lower case is read too, and `O`
/// as 0, `I` and `L` as 1, as Crockford has it.
const VALUES: [u8; 256] = {
    let mut values = [u8::MAX; 256];
    let mut value = 0;
    while value < 32 {
        let letter = CROCKFORD[value as usize];
        values[letter as usize] = value;
        values[letter.to_ascii_lowercase() as usize] = value;
        value += 1;
    }
    let forgiven = [(b'O', 0), (b'o', 0), (b'I', 1), (b'i', 1), (b'L', 1), (b'l', 1)];
    let mut at = 0;
    while at < forgiven.len() {
        values[forgiven[at].0 as usize] = forgiven[at].1;
        at += 1;
    }
    values
};

impl RoomId {
    /// The lowest 50 of `bits`.
    pub const fn from_bits(bits: u64) -> RoomId {
        RoomId(bits & ((1 << 50) - 1))
    }

    pub const fn bits(self) -> u64 {
        self.0
    }

    pub(crate) fn from_ascii(code: &[u8]) -> Option<RoomId> {
        let code: &[u8; ROOM_CHARS] = code.try_into().ok()?;
        let mut bits = 0;
        for &byte in code {
            match VALUES[usize::from(byte)] {
                u8::MAX => return None,
                value => bits = bits << 5 | u64::from(value),
            }
        }
        Some(RoomId(bits))
    }

    /// The code as ASCII.
    pub(crate) fn text(self) -> [u8; ROOM_CHARS] {
        let mut text = [0; ROOM_CHARS];
        for (place, slot) in text.iter_mut().enumerate() {
            *slot = CROCKFORD[(self.0 >> (5 * (ROOM_CHARS - 1 - place))) as usize & 31];
        }
        text
    }
}

impl fmt::Display for RoomId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.text()).unwrap_or_default())
    }
}

impl fmt::Debug for RoomId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RoomId({self})")
    }
}

impl FromStr for RoomId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<RoomId, IdError> {
        RoomId::from_ascii(text.as_bytes())
            .ok_or_else(|| IdError { expected: "a room code of 10 characters", got: clip(text) })
    }
}

impl Serialize for RoomId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(std::str::from_utf8(&self.text()).unwrap_or_default())
    }
}

impl<'de> Deserialize<'de> for RoomId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<RoomId, D::Error> {
        deserializer.deserialize_str(FromText(std::marker::PhantomData))
    }
}

/// A member's place in a room: a small number, given anew when it is free again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seat(pub u16);

impl fmt::Display for Seat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Reads an id from a string without an allocation.
struct FromText<T>(std::marker::PhantomData<T>);

impl<T: FromStr<Err = IdError>> serde::de::Visitor<'_> for FromText<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an id in text")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(|error: IdError| {
            E::invalid_value(serde::de::Unexpected::Str(&error.got), &error.expected)
        })
    }
}

/// At most 64 characters of what came, so that an error cannot grow with its cause.
fn clip(text: &str) -> String {
    text.chars().take(64).collect()
}

#[cfg(test)]
mod tests;
