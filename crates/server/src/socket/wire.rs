//! The stream under tungstenite. Reads go through; writes gather in one buffer that this server's own frames share
//! with the library's answers to Ping and Close.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use gamev1_protocol::Format;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::frame::Gather;

/// Bytes that gather before they are written; one frame may go beyond.
const GATHER_BYTES_MAX: usize = 64 * 1024;
/// What an idle socket keeps of its write buffer.
const IDLE_BYTES_MAX: usize = 4 * 1024;

pub(super) struct Wire<S> {
    stream: S,
    buffer: Vec<u8>,
    /// How much of the buffer has been written.
    written: usize,
}

impl<S> Wire<S> {
    pub(super) fn new(stream: S) -> Wire<S> {
        Wire { stream, buffer: Vec::new(), written: 0 }
    }

    pub(super) fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.buffer
    }

    pub(super) fn gather(&mut self, format: Format) -> Gather<'_> {
        Gather { buffer: &mut self.buffer, bytes_max: GATHER_BYTES_MAX, format }
    }
}

impl<S: AsyncWrite + Unpin> Wire<S> {
    /// Writes all that has gathered.
    pub(super) fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
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
}

impl<S: AsyncRead + Unpin> AsyncRead for Wire<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Wire<S> {
    /// What the library answers by itself. A client that sends Pings and reads nothing finds an end here.
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.buffer.len() >= GATHER_BYTES_MAX {
            // The task is woken when the buffer has been written.
            return Poll::Pending;
        }
        self.buffer.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    /// The task itself sends what has gathered.
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_send(cx))?;
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
