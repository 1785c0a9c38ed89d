//! The option `seats`, which every game here has: an integer from 1 to what the game can hold.

use std::fmt;

use serde::{
    Deserializer,
    de::{Error, Unexpected, Visitor},
};

/// For `#[serde(deserialize_with)]`: out of range is an error of the same kind as a wrong type.
pub(crate) fn up_to<'de, const MAX: u16, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<u16, D::Error> {
    deserializer.deserialize_u64(UpTo::<MAX>)
}

struct UpTo<const MAX: u16>;

impl<const MAX: u16> Visitor<'_> for UpTo<MAX> {
    type Value = u16;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an integer from 1 to {MAX}")
    }

    fn visit_u64<E: Error>(self, seats: u64) -> Result<u16, E> {
        match u16::try_from(seats) {
            Ok(seats) if (1..=MAX).contains(&seats) => Ok(seats),
            _ => Err(E::invalid_value(Unexpected::Unsigned(seats), &self)),
        }
    }
}
