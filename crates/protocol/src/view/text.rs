//! Strings of a view. Up to 15 bytes are held in place as one number, which is what seats, ids and most names of
//! members need: they allocate nothing, and comparing two is comparing numbers.

use std::{cmp::Ordering, fmt, sync::Arc};

const SHORT_MAX: usize = 15;

/// A string of UTF-8. Ordered as `str` is.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Text {
    /// The bytes from the highest downwards, zeros, and the length in the lowest byte. In halves, because a `u128`
    /// would be aligned to 16 bytes.
    Short(u64, u64),
    /// Every string that is longer.
    Long(Arc<str>),
}

impl Text {
    pub(super) fn new(text: &str) -> Text {
        if text.len() > SHORT_MAX {
            return Text::Long(text.into());
        }
        // Byte by byte in a register: a buffer that is filled in pieces and read at once stalls the processor.
        let bits = text.bytes().fold(0_u128, |bits, byte| bits << 8 | u128::from(byte));
        Text::packed(bits << (8 * (SHORT_MAX - text.len())), text.len())
    }

    /// An integer in decimal.
    pub(super) fn decimal(value: i128) -> Text {
        let (mut rest, mut bits, mut len) = (value.unsigned_abs() as u64, 0_u128, 0);
        if value.unsigned_abs() >= 10_u128.pow(SHORT_MAX as u32 - 1) {
            return Text::new(&value.to_string());
        }
        loop {
            bits = bits >> 8 | u128::from(b'0' + (rest % 10) as u8) << 112;
            len += 1;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        if value < 0 {
            bits = bits >> 8 | u128::from(b'-') << 112;
            len += 1;
        }
        Text::packed(bits, len)
    }

    /// `bits` has 15 bytes.
    fn packed(bits: u128, len: usize) -> Text {
        let bits = bits << 8 | len as u128;
        Text::Short((bits >> 64) as u64, bits as u64)
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Text::Short(_, low) => (low & 0xff) as usize,
            Text::Long(text) => text.len(),
        }
    }

    pub(super) fn append_to(&self, bytes: &mut Vec<u8>) {
        match self {
            Text::Short(high, low) => {
                let packed = unpacked(*high, *low);
                // All sixteen at once and what is too much off again: faster than as many as there are.
                bytes.extend_from_slice(&packed);
                bytes.truncate(bytes.len() - packed.len() + self.len());
            }
            Text::Long(text) => bytes.extend_from_slice(text.as_bytes()),
        }
    }

    /// Calls `read` with the string.
    pub(super) fn with<T>(&self, read: impl FnOnce(&str) -> T) -> T {
        match self {
            Text::Short(high, low) => {
                let packed = unpacked(*high, *low);
                // It was a whole string when it was packed.
                read(std::str::from_utf8(&packed[..self.len()]).unwrap_or_default())
            }
            Text::Long(text) => read(text),
        }
    }
}

fn unpacked(high: u64, low: u64) -> [u8; SHORT_MAX + 1] {
    (u128::from(high) << 64 | u128::from(low)).to_be_bytes()
}

impl Ord for Text {
    fn cmp(&self, other: &Text) -> Ordering {
        match (self, other) {
            (Text::Short(high, low), Text::Short(other_high, other_low)) => {
                (high, low).cmp(&(other_high, other_low))
            }
            _ => self.with(|text| other.with(|other| text.cmp(other))),
        }
    }
}

impl PartialOrd for Text {
    fn partial_cmp(&self, other: &Text) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.with(|text| f.write_str(text))
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.with(|text| fmt::Debug::fmt(text, f))
    }
}

#[cfg(test)]
mod tests;
