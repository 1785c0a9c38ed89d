//! Walking over MessagePack without building anything: where a value ends, and whether it is one that JSON can
//! carry too (maps with string keys, strings in UTF-8, no binary, no extension types).

pub(crate) mod write;

use rmp::Marker;

/// What stands in the bytes instead, for `expected … got …`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformed(pub(crate) &'static str);

const CUT_OFF: Malformed = Malformed("an end in the middle");

/// A cursor over one frame.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Walk<'a> {
    rest: &'a [u8],
}

impl<'a> Walk<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Walk<'a> {
        Walk { rest: bytes }
    }

    pub(crate) fn at_end(&self) -> bool {
        self.rest.is_empty()
    }

    pub(crate) fn peek(&self) -> Option<Marker> {
        self.rest.first().copied().map(Marker::from_u8)
    }

    /// How many members the map has that stands here.
    pub(crate) fn map(&mut self) -> Result<u32, Malformed> {
        match self.marker()? {
            Marker::FixMap(n) => Ok(u32::from(n)),
            Marker::Map16 => self.uint(2).map(|n| n as u32),
            Marker::Map32 => self.uint(4).map(|n| n as u32),
            _ => Err(Malformed("something that is not a map")),
        }
    }

    pub(crate) fn array(&mut self) -> Result<u32, Malformed> {
        match self.marker()? {
            Marker::FixArray(n) => Ok(u32::from(n)),
            Marker::Array16 => self.uint(2).map(|n| n as u32),
            Marker::Array32 => self.uint(4).map(|n| n as u32),
            _ => Err(Malformed("something that is not an array")),
        }
    }

    pub(crate) fn string(&mut self) -> Result<&'a str, Malformed> {
        std::str::from_utf8(self.bytes()?).map_err(|_| Malformed("a string that is not UTF-8"))
    }

    /// A string that may not be UTF-8: enough to know a name by.
    pub(crate) fn bytes(&mut self) -> Result<&'a [u8], Malformed> {
        let len = match self.marker()? {
            Marker::FixStr(n) => u64::from(n),
            Marker::Str8 => self.uint(1)?,
            Marker::Str16 => self.uint(2)?,
            Marker::Str32 => self.uint(4)?,
            _ => return Err(Malformed("a key that is not a string")),
        };
        self.take(len)
    }

    /// An integer from 0, however wide it is written.
    pub(crate) fn unsigned(&mut self) -> Result<u64, Malformed> {
        let (value, sign) = match self.marker()? {
            Marker::FixPos(n) => (u64::from(n), 0),
            Marker::U8 => (self.uint(1)?, 0),
            Marker::U16 => (self.uint(2)?, 0),
            Marker::U32 => (self.uint(4)?, 0),
            Marker::U64 => (self.uint(8)?, 0),
            Marker::I8 => (self.uint(1)?, 1 << 7),
            Marker::I16 => (self.uint(2)?, 1 << 15),
            Marker::I32 => (self.uint(4)?, 1 << 31),
            Marker::I64 => (self.uint(8)?, 1 << 63),
            _ => return Err(Malformed("something that is not an integer")),
        };
        if value & sign != 0 { Err(Malformed("a negative integer")) } else { Ok(value) }
    }

    /// Whether null stands here; it is stepped over then.
    pub(crate) fn null(&mut self) -> bool {
        let null = self.peek() == Some(Marker::Null);
        if null {
            self.rest = &self.rest[1..];
        }
        null
    }

    /// The bytes of the one value that stands here, checked whole; it nests at most `depth` deep.
    pub(crate) fn value(&mut self, depth: usize) -> Result<&'a [u8], Malformed> {
        let start = self.rest;
        self.check(depth)?;
        Ok(&start[..start.len() - self.rest.len()])
    }

    /// The bytes of the one value that stands here, whatever is in it: only its end is looked for.
    pub(crate) fn span(&mut self) -> Result<&'a [u8], Malformed> {
        let start = self.rest;
        let mut open = 1_u64;
        while let Some(others) = open.checked_sub(1) {
            let within = match self.peek().ok_or(CUT_OFF)? {
                Marker::FixMap(_) | Marker::Map16 | Marker::Map32 => 2 * u64::from(self.map()?),
                Marker::FixArray(_) | Marker::Array16 | Marker::Array32 => self.array()?.into(),
                _ => {
                    let len = self.leaf_len()?;
                    self.take(len)?;
                    0
                }
            };
            open = others.saturating_add(within);
        }
        Ok(&start[..start.len() - self.rest.len()])
    }

    fn check(&mut self, depth: usize) -> Result<(), Malformed> {
        match self.peek().ok_or(CUT_OFF)? {
            Marker::FixMap(_) | Marker::Map16 | Marker::Map32 => {
                let below = depth.checked_sub(1).ok_or(Malformed("one that nests deeper"))?;
                for _ in 0..self.map()? {
                    self.string()?;
                    self.check(below)?;
                }
                Ok(())
            }
            Marker::FixArray(_) | Marker::Array16 | Marker::Array32 => {
                let below = depth.checked_sub(1).ok_or(Malformed("one that nests deeper"))?;
                for _ in 0..self.array()? {
                    self.check(below)?;
                }
                Ok(())
            }
            Marker::FixStr(_) | Marker::Str8 | Marker::Str16 | Marker::Str32 => {
                self.string().map(drop)
            }
            Marker::Bin8 | Marker::Bin16 | Marker::Bin32 => Err(Malformed("binary data")),
            Marker::Ext8 | Marker::Ext16 | Marker::Ext32 => Err(Malformed("an extension type")),
            Marker::FixExt1
            | Marker::FixExt2
            | Marker::FixExt4
            | Marker::FixExt8
            | Marker::FixExt16 => Err(Malformed("an extension type")),
            _ => {
                let len = self.leaf_len()?;
                self.take(len).map(drop)
            }
        }
    }

    /// Steps over the marker of what holds no other values, and says how many bytes follow.
    fn leaf_len(&mut self) -> Result<u64, Malformed> {
        Ok(match self.marker()? {
            Marker::Null | Marker::True | Marker::False | Marker::FixPos(_) | Marker::FixNeg(_) => {
                0
            }
            Marker::U8 | Marker::I8 => 1,
            Marker::U16 | Marker::I16 | Marker::FixExt1 => 2,
            Marker::FixExt2 => 3,
            Marker::U32 | Marker::I32 | Marker::F32 => 4,
            Marker::FixExt4 => 5,
            Marker::U64 | Marker::I64 | Marker::F64 => 8,
            Marker::FixExt8 => 9,
            Marker::FixExt16 => 17,
            Marker::FixStr(n) => n.into(),
            Marker::Str8 | Marker::Bin8 => self.uint(1)?,
            Marker::Str16 | Marker::Bin16 => self.uint(2)?,
            Marker::Str32 | Marker::Bin32 => self.uint(4)?,
            Marker::Ext8 => self.uint(1)? + 1,
            Marker::Ext16 => self.uint(2)? + 1,
            Marker::Ext32 => self.uint(4)? + 1,
            _ => return Err(Malformed("a byte that MessagePack does not use")),
        })
    }

    fn marker(&mut self) -> Result<Marker, Malformed> {
        Ok(Marker::from_u8(self.take(1)?[0]))
    }

    fn uint(&mut self, width: u64) -> Result<u64, Malformed> {
        Ok(self.take(width)?.iter().fold(0, |value, &byte| value << 8 | u64::from(byte)))
    }

    fn take(&mut self, len: u64) -> Result<&'a [u8], Malformed> {
        let len = usize::try_from(len).unwrap_or(usize::MAX);
        let (taken, rest) = self.rest.split_at_checked(len).ok_or(CUT_OFF)?;
        self.rest = rest;
        Ok(taken)
    }
}
