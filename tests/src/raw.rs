//! WebSocket frames and HTTP requests byte by byte, for what no well-behaved client sends.

pub const TEXT: u8 = 0x1;
pub const BINARY: u8 = 0x2;
pub const PING: u8 = 0x9;

const FIN: u8 = 0x80;
const MASKED: u8 = 0x80;

/// A whole frame as a client sends it. The mask is zero, which leaves the payload as it is.
pub fn frame(opcode: u8, payload: &[u8]) -> Vec<u8> {
    [header(FIN | opcode, MASKED, payload.len()), vec![0; 4], payload.to_vec()].concat()
}

/// The same without a mask, which RFC 6455 5.1 forbids.
pub fn unmasked(opcode: u8, payload: &[u8]) -> Vec<u8> {
    [header(FIN | opcode, 0, payload.len()), payload.to_vec()].concat()
}

/// A frame with one of the bits that belong to extensions that were never agreed on.
pub fn compressed(opcode: u8, payload: &[u8]) -> Vec<u8> {
    [header(FIN | 0x40 | opcode, MASKED, payload.len()), vec![0; 4], payload.to_vec()].concat()
}

/// The head of a frame that claims to be `len` bytes long.
pub fn announced(opcode: u8, len: usize) -> Vec<u8> {
    [header(FIN | opcode, MASKED, len), vec![0; 4]].concat()
}

/// A message in as many frames as there are pieces.
pub fn fragments(opcode: u8, pieces: &[&[u8]]) -> Vec<u8> {
    let last = pieces.len().saturating_sub(1);
    let piece = |(at, payload): (usize, &&[u8])| {
        let fin = if at == last { FIN } else { 0 };
        let opcode = if at == 0 { opcode } else { 0 };
        [header(fin | opcode, MASKED, payload.len()), vec![0; 4], payload.to_vec()].concat()
    };
    pieces.iter().enumerate().flat_map(piece).collect()
}

fn header(first: u8, masked: u8, len: usize) -> Vec<u8> {
    let mut header = vec![first];
    match len {
        0..=125 => header.push(masked | len as u8),
        126..=0xFFFF => {
            header.push(masked | 126);
            header.extend_from_slice(&(len as u16).to_be_bytes());
        }
        _ => {
            header.push(masked | 127);
            header.extend_from_slice(&(len as u64).to_be_bytes());
        }
    }
    header
}
