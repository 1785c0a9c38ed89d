//! WebSocket framing by hand, both ways: the generator must cost less than what it measures.

use anyhow::{Result, bail};

pub(crate) const TEXT: u8 = 1;
pub(crate) const BINARY: u8 = 2;
pub(crate) const CLOSE: u8 = 8;
pub(crate) const PING: u8 = 9;
pub(crate) const PONG: u8 = 10;

/// Any key but zero, so that the receiver has the work of a real client's frame.
const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
const FIN: u8 = 0x80;
const MASKED: u8 = 0x80;

/// Where a frame lies in a buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) opcode: u8,
    pub(crate) mask: Option<[u8; 4]>,
    /// The payload's first byte.
    pub(crate) start: usize,
    /// One past the payload's last byte; the next frame begins here.
    pub(crate) end: usize,
}

/// The first frame of `buffer`, when all of it is there.
pub(crate) fn frame(buffer: &[u8]) -> Result<Option<Span>> {
    let &[first, second, ..] = buffer else { return Ok(None) };
    if first & FIN == 0 {
        bail!("a fragmented frame, which neither side sends here");
    }
    let (bytes, head) = match second & !MASKED {
        126 => match buffer.get(2..4) {
            Some(&[a, b]) => (usize::from(u16::from_be_bytes([a, b])), 4),
            _ => return Ok(None),
        },
        127 => match buffer.get(2..10).and_then(|bytes| <[u8; 8]>::try_from(bytes).ok()) {
            Some(bytes) => (usize::try_from(u64::from_be_bytes(bytes))?, 10),
            None => return Ok(None),
        },
        short => (usize::from(short), 2),
    };
    let (mask, start) = match (second & MASKED != 0, buffer.get(head..head + 4)) {
        (false, _) => (None, head),
        (true, Some(&[a, b, c, d])) => (Some([a, b, c, d]), head + 4),
        (true, _) => return Ok(None),
    };
    let end = start + bytes;
    Ok((buffer.len() >= end).then_some(Span { opcode: first & 0x0f, mask, start, end }))
}

/// Appends a client's frame.
pub(crate) fn put_masked(out: &mut Vec<u8>, opcode: u8, payload: &[u8]) {
    put_head(out, opcode, payload.len(), MASKED);
    out.extend_from_slice(&MASK);
    let start = out.len();
    out.extend_from_slice(payload);
    unmask(&mut out[start..], MASK);
}

/// Appends a server's frame.
pub(crate) fn put_plain(out: &mut Vec<u8>, opcode: u8, payload: &[u8]) {
    put_head(out, opcode, payload.len(), 0);
    out.extend_from_slice(payload);
}

/// Masking twice gives the payload back.
pub(crate) fn unmask(payload: &mut [u8], mask: [u8; 4]) {
    let word = u32::from_ne_bytes(mask);
    let mut words = payload.chunks_exact_mut(4);
    for chunk in &mut words {
        let masked = u32::from_ne_bytes([chunk[0], chunk[1], chunk[2], chunk[3]]) ^ word;
        chunk.copy_from_slice(&masked.to_ne_bytes());
    }
    for (byte, mask) in words.into_remainder().iter_mut().zip(mask) {
        *byte ^= mask;
    }
}

fn put_head(out: &mut Vec<u8>, opcode: u8, bytes: usize, masked: u8) {
    out.push(FIN | opcode);
    match (u8::try_from(bytes), u16::try_from(bytes)) {
        (Ok(short @ 0..=125), _) => out.push(masked | short),
        (_, Ok(middle)) => {
            out.push(masked | 126);
            out.extend_from_slice(&middle.to_be_bytes());
        }
        _ => {
            out.push(masked | 127);
            out.extend_from_slice(&(bytes as u64).to_be_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_masked_frame_comes_out_as_it_went_in_whatever_its_length() {
        for bytes in [0, 1, 125, 126, 127, 65_535, 65_536] {
            let payload: Vec<u8> = (0..bytes).map(|at: usize| at.to_le_bytes()[0]).collect();
            let mut out = Vec::new();
            put_masked(&mut out, TEXT, &payload);
            for short in [0, 1, out.len() - 1] {
                assert_eq!(frame(&out[..short]).unwrap(), None);
            }
            let span = frame(&out).unwrap().unwrap();
            assert_eq!((span.opcode, span.end), (TEXT, out.len()));
            unmask(&mut out[span.start..], span.mask.unwrap());
            assert_eq!(out[span.start..], payload);
        }
    }

    #[test]
    fn the_first_of_two_frames_ends_where_the_second_begins() {
        let mut out = Vec::new();
        put_plain(&mut out, BINARY, b"one");
        let second = out.len();
        put_plain(&mut out, TEXT, b"two");
        assert_eq!(
            frame(&out).unwrap(),
            Some(Span { opcode: BINARY, mask: None, start: 2, end: second })
        );
    }
}
