//! The task that owns one WebSocket: it reads frames into the session's inbox and writes what the outbox gathers.
//! What the player is doing is the session actor's affair; a crash there leaves this task, and the socket, standing.

mod close;
mod frame;
#[cfg(test)]
mod tests;
mod wire;

use std::{future::poll_fn, pin::pin, task::Poll, time::Duration};

use bytes::Bytes;
use futures_util::StreamExt;
use gamev1_actors::{inbox::Full, outbox::Close, session::Opened, vault::SocketPermit};
use gamev1_protocol::{
    CloseCode, Format,
    limits::{FRAME_IN_BYTES_MAX, HEARTBEAT_MS},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::{Instant, sleep_until, timeout},
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Error, Message,
        protocol::{Role, WebSocketConfig},
    },
};

use self::wire::Wire;

const HEARTBEAT: Duration = Duration::from_millis(HEARTBEAT_MS);
/// How long a socket stays unread because its session's inbox is full, before it is closed.
const INBOX_FULL_FOR: Duration = Duration::from_secs(2);
/// What one socket reads at once. tungstenite's own 128 KiB would be the largest part of an idle connection, and it
/// is filled with zeros before each read.
const BUFFER_BYTES: usize = 2 * 1024;

/// How a socket is served.
#[derive(Debug, Clone, Copy, Default)]
pub struct SocketOptions {
    /// Let other tasks run before a write, so that frames gather: where the runtime has a LIFO slot, a woken socket
    /// would otherwise write each frame by itself.
    pub yield_before_write: bool,
}

/// Why the task ends.
enum End {
    /// The server closes, for this reason.
    Close(Close),
    /// The client closed; `done` when it will not come back.
    Closed { done: bool },
    /// The connection broke.
    Broken,
}

/// Serves a socket until it ends. `early` is what the client sent behind its upgrade request.
pub async fn run<S>(stream: S, early: Vec<u8>, opened: Opened, permit: SocketPermit, options: SocketOptions)
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let config = WebSocketConfig::default()
        .read_buffer_size(BUFFER_BYTES)
        .write_buffer_size(0)
        .max_write_buffer_size(BUFFER_BYTES)
        .max_message_size(Some(FRAME_IN_BYTES_MAX))
        .max_frame_size(Some(FRAME_IN_BYTES_MAX));
    let wire = Wire::new(stream);
    let socket =
        WebSocketStream::from_partially_read(wire, early, Role::Server, Some(config)).await;
    let format = opened.session.outbox.format();
    let mut task = Task { socket, format, opened: &opened, options, heard: Instant::now() };
    let end = task.serve().await;
    let Task { socket, .. } = task;
    match end {
        End::Close(Close { code, retry_after_ms }) => {
            // Boxed: every idle socket would have to hold the room that only its end needs.
            Box::pin(close::close(socket, code, retry_after_ms)).await;
            drop(opened);
        }
        End::Closed { done: true } => opened.done(),
        End::Closed { done: false } | End::Broken => drop(opened),
    }
    drop(permit);
}

struct Task<'a, S> {
    socket: WebSocketStream<Wire<S>>,
    format: Format,
    opened: &'a Opened,
    options: SocketOptions,
    /// When something last came from the client.
    heard: Instant,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Task<'_, S> {
    async fn serve(&mut self) -> End {
        let mut silence = pin!(sleep_until(self.heard + HEARTBEAT));
        loop {
            let step = tokio::select! {
                biased;
                end = self.turn() => end,
                () = &mut silence => {
                    match self.silent() {
                        Ok(next) => silence.as_mut().reset(next),
                        Err(end) => return end,
                    }
                    continue;
                }
            };
            match step {
                Ok(frame) => {
                    if let Err(end) = self.take_up(frame).await {
                        return end;
                    }
                }
                Err(end) => return end,
            }
        }
    }

    /// Writes what there is to write until a frame comes.
    async fn turn(&mut self) -> Result<Message, End> {
        let outbox = &self.opened.session.outbox;
        let (socket, format) = (&mut self.socket, self.format);
        let yields = self.options.yield_before_write;
        let mut yielded = !yields;
        poll_fn(|cx| {
            loop {
                // Reading first: it may put a Pong into the buffer that the write below takes along.
                match socket.poll_next_unpin(cx) {
                    Poll::Ready(Some(Ok(message))) => return Poll::Ready(Ok(message)),
                    Poll::Ready(Some(Err(error))) => return Poll::Ready(Err(ended(&error))),
                    Poll::Ready(None) => return Poll::Ready(Err(End::Closed { done: false })),
                    Poll::Pending => {}
                }
                let wire = socket.get_mut();
                let drained = outbox.poll_drain(cx, &mut wire.gather(format));
                if drained.is_ready() && !std::mem::replace(&mut yielded, true) {
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                match wire.poll_send(cx) {
                    Poll::Ready(Ok(())) => {}
                    Poll::Ready(Err(_)) => return Poll::Ready(Err(End::Broken)),
                    Poll::Pending => return Poll::Pending,
                }
                match drained {
                    Poll::Ready(Some(close)) => return Poll::Ready(Err(End::Close(close))),
                    Poll::Ready(None) => {}
                    Poll::Pending => {
                        yielded = !yields;
                        return Poll::Pending;
                    }
                }
            }
        })
        .await
    }

    /// What one message means. A frame goes to the session; while its inbox is full the socket is not read.
    async fn take_up(&mut self, message: Message) -> Result<(), End> {
        self.heard = Instant::now();
        let frame = match (message, self.format) {
            (Message::Text(text), Format::Json) => Bytes::from(text),
            (Message::Binary(bytes), Format::MsgPack) => bytes,
            (Message::Text(_) | Message::Binary(_), _) => return Err(close(CloseCode::WrongFrame)),
            (Message::Close(close), _) => {
                // The library has queued the answer; it leaves before the socket does.
                let code = close.map(|close| u16::from(close.code));
                let answered = timeout(INBOX_FULL_FOR, async {
                    while self.socket.next().await.is_some() {}
                    let wire = self.socket.get_mut();
                    poll_fn(|cx| wire.poll_send(cx)).await
                });
                // Whether the answer arrived does not matter any more.
                let _ = answered.await;
                return Err(End::Closed { done: matches!(code, None | Some(1000 | 1001)) });
            }
            (Message::Ping(_) | Message::Pong(_) | Message::Frame(_), _) => return Ok(()),
        };
        let inbox = &self.opened.session.inbox;
        let Err(Full(frame)) = inbox.push(frame) else { return Ok(()) };
        if self.opened.session.ended() || timeout(INBOX_FULL_FOR, inbox.space()).await.is_err() {
            return Err(End::Close(Close {
                code: CloseCode::RateLimited,
                retry_after_ms: Some(1_000),
            }));
        }
        // This task alone fills the inbox: what was free stays free, unless the session has just ended.
        inbox.push(frame).map_err(|Full(_)| End::Broken)
    }

    /// Nothing has come for a while: asks whether anyone is there, the second time gives up.
    fn silent(&mut self) -> Result<Instant, End> {
        let quiet = self.heard.elapsed();
        if quiet >= 2 * HEARTBEAT {
            return Err(close(CloseCode::Silent));
        }
        if quiet >= HEARTBEAT {
            frame::ping(self.socket.get_mut().buffer());
            return Ok(self.heard + 2 * HEARTBEAT);
        }
        Ok(self.heard + HEARTBEAT)
    }
}

fn close(code: CloseCode) -> End {
    End::Close(Close { code, retry_after_ms: None })
}

/// What the client is told of its own mistake in the framing, if anything.
fn ended(error: &Error) -> End {
    match error {
        Error::Capacity(_) => close(CloseCode::TooLarge),
        Error::Utf8(_) => close(CloseCode::NotUtf8),
        Error::Protocol(_) => close(CloseCode::Policy),
        _ => End::Broken,
    }
}
