//! Frames as a server writes them: whole, unmasked, with the shortest length there is (RFC 6455 5.2).

use gamev1_actors::outbox::{Sink, StateFrame};
use gamev1_protocol::Format;

const FIN: u8 = 0x80;
const TEXT: u8 = 0x1;
const BINARY: u8 = 0x2;
const CLOSE: u8 = 0x8;
const PING: u8 = 0x9;
const PONG: u8 = 0xA;

/// The write buffer as the outbox fills it: one write then carries all that has gathered.
pub(super) struct Gather<'a> {
    pub(super) buffer: &'a mut Vec<u8>,
    pub(super) bytes_max: usize,
    pub(super) format: Format,
}

impl Sink for Gather<'_> {
    fn has_room(&self) -> bool {
        self.buffer.len() < self.bytes_max
    }

    fn frame(&mut self, frame: &[u8]) {
        self.buffer.extend_from_slice(header(opcode(self.format), frame.len()).as_slice());
        self.buffer.extend_from_slice(frame);
    }

    fn state(&mut self, frame: &StateFrame) {
        // How long `ack` is in text is known once it is written, and the header with it: room for the longest is
        // left, the frame moved up behind the one that it gets.
        let start = self.buffer.len();
        self.buffer.extend_from_slice(&[0; HEADER_BYTES_MAX]);
        frame.tail.write(frame.ack, self.buffer);
        let body = start + HEADER_BYTES_MAX;
        let end = self.buffer.len();
        let head = header(opcode(self.format), end - body);
        let head = head.as_slice();
        self.buffer[start..start + head.len()].copy_from_slice(head);
        self.buffer.copy_within(body.., start + head.len());
        self.buffer.truncate(end - HEADER_BYTES_MAX + head.len());
    }
}

const HEADER_BYTES_MAX: usize = 10;

fn opcode(format: Format) -> u8 {
    match format {
        Format::Json => TEXT,
        Format::MsgPack => BINARY,
    }
}

struct Header {
    bytes: [u8; HEADER_BYTES_MAX],
    len: usize,
}

impl Header {
    fn as_slice(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

fn header(opcode: u8, len: usize) -> Header {
    let mut bytes = [0; HEADER_BYTES_MAX];
    bytes[0] = FIN | opcode;
    let len = match len {
        0..=125 => {
            bytes[1] = len as u8;
            2
        }
        126..=0xFFFF => {
            bytes[1] = 126;
            bytes[2..4].copy_from_slice(&(len as u16).to_be_bytes());
            4
        }
        _ => {
            bytes[1] = 127;
            bytes[2..].copy_from_slice(&(len as u64).to_be_bytes());
            HEADER_BYTES_MAX
        }
    };
    Header { bytes, len }
}

pub(super) fn ping(buffer: &mut Vec<u8>) {
    buffer.extend_from_slice(header(PING, 0).as_slice());
}

pub(super) fn pong(buffer: &mut Vec<u8>, content: &[u8]) {
    buffer.extend_from_slice(header(PONG, content.len()).as_slice());
    buffer.extend_from_slice(content);
}

pub(super) fn close(buffer: &mut Vec<u8>, code: u16, reason: &str) {
    buffer.extend_from_slice(header(CLOSE, 2 + reason.len()).as_slice());
    buffer.extend_from_slice(&code.to_be_bytes());
    buffer.extend_from_slice(reason.as_bytes());
}
