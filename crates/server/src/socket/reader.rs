//! Frames as a client writes them (RFC 6455 5): unmasked, put together, checked. An idle socket holds no buffer here.

use bytes::Bytes;
use gamev1_protocol::limits::FRAME_IN_BYTES_MAX;

/// What a buffer may keep when all of it has been read.
const IDLE_BYTES_MAX: usize = 512;

/// Something that a client has sent.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Received {
    Text(Bytes),
    Binary(Bytes),
    /// To be answered with a Pong of the same content.
    Ping(Vec<u8>),
    Pong,
    /// The client closes, with its code if it gave one.
    Close(Option<u16>),
}

/// Why a client is not read any further.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// It breaks the framing.
    Framing,
    NotUtf8,
    TooLarge,
}

const CONTINUATION: u8 = 0x0;
const TEXT: u8 = 0x1;
const BINARY: u8 = 0x2;
const CLOSE: u8 = 0x8;
const PING: u8 = 0x9;
const PONG: u8 = 0xA;
const CONTROL_BYTES_MAX: u64 = 125;

/// Reads messages out of whatever pieces the bytes come in.
#[derive(Debug, Default)]
pub(super) struct Reader {
    buffer: Vec<u8>,
    /// How much of the buffer has been read.
    read: usize,
    /// The fragments of a message so far, and whether it is text.
    fragments: Option<(bool, Vec<u8>)>,
}

struct Header {
    fin: bool,
    opcode: u8,
    mask: [u8; 4],
    /// Bytes of the header itself.
    bytes: usize,
    payload: usize,
}

impl Reader {
    pub(super) fn new(early: Vec<u8>) -> Reader {
        Reader { buffer: early, ..Reader::default() }
    }

    /// Takes what came from the socket.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next message, if all of it has come.
    pub(super) fn next(&mut self) -> Result<Option<Received>, Fault> {
        loop {
            let Some(header) = header(&self.buffer[self.read..])? else {
                self.compact();
                return Ok(None);
            };
            let fragments = self.fragments.as_ref().map_or(0, |(_, so_far)| so_far.len());
            if header.opcode < CLOSE && fragments + header.payload > FRAME_IN_BYTES_MAX {
                return Err(Fault::TooLarge);
            }
            let start = self.read + header.bytes;
            let Some(payload) = self.buffer.get(start..start + header.payload) else {
                self.compact();
                return Ok(None);
            };
            let payload = unmasked(payload, header.mask);
            self.read = start + header.payload;
            if let Some(received) = self.received(&header, payload)? {
                return Ok(Some(received));
            }
        }
    }

    /// Forgets what has been read.
    fn compact(&mut self) {
        if self.read > 0 {
            self.buffer.drain(..self.read);
            self.read = 0;
        }
        if self.buffer.is_empty() {
            self.buffer.shrink_to(IDLE_BYTES_MAX);
        }
    }

    fn received(&mut self, header: &Header, payload: Vec<u8>) -> Result<Option<Received>, Fault> {
        match header.opcode {
            PING => Ok(Some(Received::Ping(payload))),
            PONG => Ok(Some(Received::Pong)),
            CLOSE => closing(&payload).map(|code| Some(Received::Close(code))),
            CONTINUATION => {
                let (text, mut message) = self.fragments.take().ok_or(Fault::Framing)?;
                message.extend_from_slice(&payload);
                self.part(header.fin, text, message)
            }
            opcode if self.fragments.is_none() => self.part(header.fin, opcode == TEXT, payload),
            _ => Err(Fault::Framing),
        }
    }

    fn part(&mut self, fin: bool, text: bool, message: Vec<u8>) -> Result<Option<Received>, Fault> {
        if !fin {
            self.fragments = Some((text, message));
            return Ok(None);
        }
        if !text {
            return Ok(Some(Received::Binary(message.into())));
        }
        let text = String::from_utf8(message).map_err(|_| Fault::NotUtf8)?;
        Ok(Some(Received::Text(text.into())))
    }
}

/// The header at the start of `bytes`, if all of it is there.
fn header(bytes: &[u8]) -> Result<Option<Header>, Fault> {
    let [first, second, rest @ ..] = bytes else { return Ok(None) };
    let (fin, opcode) = (first & 0x80 != 0, first & 0x0F);
    let known = matches!(opcode, CONTINUATION | TEXT | BINARY | CLOSE | PING | PONG);
    // No extension is negotiated, so that no reserved bit means anything; a client masks what it sends.
    if first & 0x70 != 0 || !known || second & 0x80 == 0 {
        return Err(Fault::Framing);
    }
    let (payload, extended) = match second & 0x7F {
        126 => match rest.first_chunk::<2>() {
            Some(len) => (u64::from(u16::from_be_bytes(*len)), 2),
            None => return Ok(None),
        },
        127 => match rest.first_chunk::<8>() {
            Some(len) => (u64::from_be_bytes(*len), 8),
            None => return Ok(None),
        },
        len => (u64::from(len), 0),
    };
    if opcode >= CLOSE && (!fin || payload > CONTROL_BYTES_MAX) {
        return Err(Fault::Framing);
    }
    let payload = usize::try_from(payload).unwrap_or(usize::MAX);
    if payload > FRAME_IN_BYTES_MAX {
        return Err(Fault::TooLarge);
    }
    let Some(mask) = rest[extended..].first_chunk::<4>() else { return Ok(None) };
    Ok(Some(Header { fin, opcode, mask: *mask, bytes: 2 + extended + 4, payload }))
}

fn unmasked(payload: &[u8], mask: [u8; 4]) -> Vec<u8> {
    let mut clear = payload.to_vec();
    let wide = u64::from_ne_bytes([
        mask[0], mask[1], mask[2], mask[3], mask[0], mask[1], mask[2], mask[3],
    ]);
    let (words, rest) = clear.as_chunks_mut::<8>();
    for word in words {
        *word = (u64::from_ne_bytes(*word) ^ wide).to_ne_bytes();
    }
    for (byte, key) in rest.iter_mut().zip(mask.into_iter().cycle()) {
        *byte ^= key;
    }
    clear
}

/// The code of a close frame (RFC 6455 7.4).
fn closing(payload: &[u8]) -> Result<Option<u16>, Fault> {
    let Some((code, reason)) = payload.split_first_chunk::<2>() else {
        return if payload.is_empty() { Ok(None) } else { Err(Fault::Framing) };
    };
    let code = u16::from_be_bytes(*code);
    if !matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999) {
        return Err(Fault::Framing);
    }
    std::str::from_utf8(reason).map_err(|_| Fault::NotUtf8)?;
    Ok(Some(code))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MASK: [u8; 4] = [0xA1, 0x02, 0xFF, 0x47];

    /// A masked frame whose first byte is `first`.
    fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
        let mut bytes = vec![first];
        match payload.len() {
            len @ 0..=125 => bytes.push(0x80 | len as u8),
            len @ 126..=0xFFFF => {
                bytes.push(0x80 | 126);
                bytes.extend_from_slice(&(len as u16).to_be_bytes());
            }
            len => {
                bytes.push(0x80 | 127);
                bytes.extend_from_slice(&(len as u64).to_be_bytes());
            }
        }
        bytes.extend_from_slice(&MASK);
        bytes.extend(payload.iter().zip(MASK.into_iter().cycle()).map(|(byte, key)| byte ^ key));
        bytes
    }

    fn read(bytes: &[u8]) -> Result<Vec<Received>, Fault> {
        let mut reader = Reader::default();
        reader.push(bytes);
        std::iter::from_fn(|| reader.next().transpose()).collect()
    }

    fn text(content: &str) -> Received {
        Received::Text(Bytes::copy_from_slice(content.as_bytes()))
    }

    #[test]
    fn messages_come_whole_however_they_are_fragmented_and_control_frames_between() {
        let bytes = [
            frame(0x81, b"one"),
            frame(0x01, "f\u{fc}".as_bytes().split_at(2).0),
            frame(0x89, b"are you there"),
            frame(0x80, &"f\u{fc}".as_bytes()[2..]),
            frame(0x82, &[0; 300]),
            frame(0x8A, b""),
            frame(0x88, &[0x03, 0xE8, b'b', b'y', b'e']),
        ];
        let expected = vec![
            text("one"),
            Received::Ping(b"are you there".to_vec()),
            text("f\u{fc}"),
            Received::Binary(vec![0; 300].into()),
            Received::Pong,
            Received::Close(Some(1000)),
        ];
        assert_eq!(read(&bytes.concat()), Ok(expected));
    }

    #[test]
    fn each_breach_of_the_framing_is_told_apart() {
        let close = |code: u16| frame(0x88, &code.to_be_bytes());
        let table = [
            ("a reserved bit", frame(0xC1, b"x"), Fault::Framing),
            ("an unknown opcode", frame(0x83, b"x"), Fault::Framing),
            ("no mask", vec![0x81, 0x01, b'x'], Fault::Framing),
            ("a fragmented control frame", frame(0x09, b"x"), Fault::Framing),
            ("a long control frame", frame(0x89, &[0; 126]), Fault::Framing),
            ("a continuation of nothing", frame(0x80, b"x"), Fault::Framing),
            (
                "a message within another",
                [frame(0x01, b"x"), frame(0x81, b"y")].concat(),
                Fault::Framing,
            ),
            ("half a close code", frame(0x88, &[3]), Fault::Framing),
            ("a code that is never sent", close(1005), Fault::Framing),
            ("a code below the range", close(999), Fault::Framing),
            ("a close reason that is not UTF-8", frame(0x88, &[3, 0xE8, 0xFF]), Fault::NotUtf8),
            ("text that is not UTF-8", frame(0x81, &[0xC3, 0x28]), Fault::NotUtf8),
            (
                "a frame that is too large",
                frame(0x82, &[0; FRAME_IN_BYTES_MAX + 1]),
                Fault::TooLarge,
            ),
            (
                "fragments that are too large together",
                [frame(0x02, &[0; FRAME_IN_BYTES_MAX]), frame(0x80, b"x")].concat(),
                Fault::TooLarge,
            ),
            (
                "a length beyond all memory",
                [vec![0x82, 0xFF], vec![0xFF; 12]].concat(),
                Fault::TooLarge,
            ),
        ];
        for (what, bytes, fault) in table {
            assert_eq!(read(&bytes), Err(fault), "{what}");
        }
        assert_eq!(read(&frame(0x88, b"")), Ok(vec![Received::Close(None)]));
        assert_eq!(read(&close(4999)), Ok(vec![Received::Close(Some(4999))]));
    }

    #[test]
    fn a_frame_of_the_largest_size_is_read() {
        let bytes = frame(0x82, &[7; FRAME_IN_BYTES_MAX]);
        assert_eq!(read(&bytes), Ok(vec![Received::Binary(vec![7; FRAME_IN_BYTES_MAX].into())]));
    }

    proptest! {
        #[test]
        fn it_does_not_matter_in_which_pieces_the_bytes_come(
            messages in prop::collection::vec((any::<bool>(), "\\PC{0,200}"), 0..8),
            cuts in prop::collection::vec(1_usize..90, 1..64),
        ) {
            let whole: Vec<u8> = messages
                .iter()
                .flat_map(|(fragmented, message)| {
                    let (a, b) = message.as_bytes().split_at(message.len() / 2);
                    match fragmented {
                        true => [frame(0x01, a), frame(0x80, b)].concat(),
                        false => frame(0x81, message.as_bytes()),
                    }
                })
                .collect();
            let (mut reader, mut rest, mut got) = (Reader::default(), &whole[..], Vec::new());
            for cut in cuts.iter().cycle() {
                if rest.is_empty() {
                    break;
                }
                let (piece, behind) = rest.split_at((*cut).min(rest.len()));
                reader.push(piece);
                rest = behind;
                while let Some(received) = reader.next().unwrap() {
                    got.push(received);
                }
            }
            let expected: Vec<_> = messages.iter().map(|(_, message)| text(message)).collect();
            prop_assert_eq!(got, expected);
            prop_assert!(reader.buffer.is_empty());
        }

        #[test]
        fn arbitrary_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
            let _ = read(&bytes);
        }
    }
}
