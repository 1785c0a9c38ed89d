//! The stream of one socket: what comes in goes to the reader, what goes out gathers in one buffer.

use std::{
    io,
    mem::MaybeUninit,
    pin::Pin,
    task::{Context, Poll, ready},
};

use gamev1_protocol::Format;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{
    frame::{self, Gather},
    reader::{Fault, Reader, Received},
};

/// Bytes that gather before they are written; one frame may go beyond.
const GATHER_BYTES_MAX: usize = 64 * 1024;
/// What an idle socket keeps of its write buffer.
const IDLE_BYTES_MAX: usize = 1024;
/// Bytes that are read at once, on the stack of whoever runs the task.
const READ_BYTES: usize = 4 * 1024;

pub(super) struct Wire<S> {
    stream: S,
    reader: Reader,
    buffer: Vec<u8>,
    /// How much of the buffer has been written.
    written: usize,
}

/// Why nothing more is read.
pub(super) enum Ended {
    Fault(Fault),
    /// The connection is gone.
    Broken,
}

impl<S> Wire<S> {
    pub(super) fn new(stream: S, early: Vec<u8>) -> Wire<S> {
        Wire { stream, reader: Reader::new(early), buffer: Vec::new(), written: 0 }
    }

    pub(super) fn gather(&mut self, format: Format) -> Gather<'_> {
        Gather { buffer: &mut self.buffer, bytes_max: GATHER_BYTES_MAX, format }
    }

    pub(super) fn ping(&mut self) {
        frame::ping(&mut self.buffer);
    }

    /// Answers a Ping; one that comes while much is unsent already goes without.
    pub(super) fn pong(&mut self, content: &[u8]) {
        if self.buffer.len() < GATHER_BYTES_MAX {
            frame::pong(&mut self.buffer, content);
        }
    }

    pub(super) fn close(&mut self, code: u16, reason: &str) {
        frame::close(&mut self.buffer, code, reason);
    }
}

impl<S: AsyncRead + Unpin> Wire<S> {
    /// The next thing that the client sends.
    pub(super) fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<Result<Received, Ended>> {
        loop {
            match self.reader.next() {
                Ok(Some(received)) => return Poll::Ready(Ok(received)),
                Ok(None) => {}
                Err(fault) => return Poll::Ready(Err(Ended::Fault(fault))),
            }
            let mut bytes = [const { MaybeUninit::uninit() }; READ_BYTES];
            let mut read = ReadBuf::uninit(&mut bytes);
            match ready!(Pin::new(&mut self.stream).poll_read(cx, &mut read)) {
                Ok(()) if !read.filled().is_empty() => self.reader.push(read.filled()),
                Ok(()) | Err(_) => return Poll::Ready(Err(Ended::Broken)),
            }
        }
    }
}

impl<S: AsyncWrite + Unpin> Wire<S> {
    /// Writes all that has gathered.
    pub(super) fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.buffer.is_empty() {
            return Poll::Ready(Ok(()));
        }
        while self.written < self.buffer.len() {
            let rest = &self.buffer[self.written..];
            let n = ready!(Pin::new(&mut self.stream).poll_write(cx, rest))?;
            if n == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.written += n;
        }
        self.written = 0;
        self.buffer.clear();
        self.buffer.shrink_to(IDLE_BYTES_MAX);
        Poll::Ready(Ok(()))
    }

    /// The stream alone, once the last frame has been sent.
    pub(super) fn into_stream(self) -> S {
        self.stream
    }
}
