//! The task that owns one WebSocket: it reads frames into the session's inbox and writes what the outbox gathers.
//! What the player is doing is the session actor's affair; a crash there leaves this task, and the socket, standing.

mod close;
mod frame;
mod reader;
#[cfg(test)]
mod tests;
mod wire;

use std::{future::poll_fn, pin::pin, task::Poll, time::Duration};

use bytes::Bytes;
use gamev1_actors::{
    inbox::Full,
    outbox::{Close, Drained},
    session::Opened,
    vault::SocketPermit,
};
use gamev1_protocol::{CloseCode, Format, limits::HEARTBEAT_MS};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::{Instant, sleep_until, timeout},
};

use self::{
    reader::{Fault, Received},
    wire::{Ended, Wire},
};

const HEARTBEAT: Duration = Duration::from_millis(HEARTBEAT_MS);
/// How long a socket stays unread because its session's inbox is full, before it is closed.
const INBOX_FULL_FOR: Duration = Duration::from_secs(2);
/// How long a client may take to read the answer to its close frame.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);

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

/// What the task cannot do between two polls.
enum Turn {
    /// The session's inbox has no place for this frame.
    Full(Bytes),
    /// The client closes.
    Closing(Option<u16>),
    End(End),
}

/// Serves a socket until it ends. `early` is what the client sent behind its upgrade request.
pub async fn run<S>(
    stream: S,
    early: Vec<u8>,
    opened: Opened,
    permit: SocketPermit,
    options: SocketOptions,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let format = opened.session.outbox.format();
    let wire = Wire::new(stream, early);
    let mut task = Task { wire, format, opened: &opened, options, heard: Instant::now() };
    let end = task.serve().await;
    let Task { wire, .. } = task;
    match end {
        End::Close(Close { code, retry_after_ms }) => {
            // Boxed: every idle socket would have to hold the room that only its end needs.
            Box::pin(close::close(wire, code, retry_after_ms)).await;
            drop(opened);
        }
        End::Closed { done: true } => opened.done(),
        End::Closed { done: false } | End::Broken => drop(opened),
    }
    drop(permit);
}

struct Task<'a, S> {
    wire: Wire<S>,
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
            let turn = tokio::select! {
                biased;
                turn = self.turn() => turn,
                () = &mut silence => {
                    match self.silent() {
                        Ok(next) => silence.as_mut().reset(next),
                        Err(end) => return end,
                    }
                    continue;
                }
            };
            let end = match turn {
                Turn::Full(frame) => match self.wait_for_place(frame).await {
                    Ok(()) => continue,
                    Err(end) => end,
                },
                Turn::Closing(code) => self.answer_close(code).await,
                Turn::End(end) => end,
            };
            return end;
        }
    }

    /// Reads and writes until something comes up that takes longer.
    async fn turn(&mut self) -> Turn {
        let mut yielded = !self.options.yield_before_write;
        poll_fn(|cx| {
            loop {
                // Reading first: it may put a Pong into the buffer that the write below takes along.
                while let Poll::Ready(received) = self.wire.poll_receive(cx) {
                    if let Some(turn) = self.take_up(received) {
                        return Poll::Ready(turn);
                    }
                }
                let mut gather = self.wire.gather(self.format);
                let Drained { moved, empty, close } =
                    self.opened.session.outbox.drain(cx, &mut gather);
                if moved && !std::mem::replace(&mut yielded, true) {
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                match self.wire.poll_send(cx) {
                    Poll::Ready(Ok(())) => {}
                    Poll::Ready(Err(_)) => return Poll::Ready(Turn::End(End::Broken)),
                    Poll::Pending => return Poll::Pending,
                }
                match close {
                    Some(close) if empty => return Poll::Ready(Turn::End(End::Close(close))),
                    _ if empty => {
                        yielded = !self.options.yield_before_write;
                        return Poll::Pending;
                    }
                    _ => {}
                }
            }
        })
        .await
    }

    /// What a message means. A frame goes to the session.
    fn take_up(&mut self, received: Result<Received, Ended>) -> Option<Turn> {
        self.heard = Instant::now();
        let frame = match (received, self.format) {
            (Ok(Received::Text(frame)), Format::Json) => frame,
            (Ok(Received::Binary(frame)), Format::MsgPack) => frame,
            (Ok(Received::Text(_) | Received::Binary(_)), _) => {
                return Some(Turn::End(close(CloseCode::WrongFrame)));
            }
            (Ok(Received::Ping(content)), _) => {
                self.wire.pong(&content);
                return None;
            }
            (Ok(Received::Pong), _) => return None,
            (Ok(Received::Close(code)), _) => return Some(Turn::Closing(code)),
            (Err(Ended::Fault(fault)), _) => return Some(Turn::End(close(code_of(fault)))),
            (Err(Ended::Broken), _) => return Some(Turn::End(End::Broken)),
        };
        match self.opened.session.inbox.push(frame) {
            Ok(()) => None,
            Err(Full(frame)) => Some(Turn::Full(frame)),
        }
    }

    /// While the session's inbox is full the socket is not read.
    async fn wait_for_place(&mut self, frame: Bytes) -> Result<(), End> {
        let session = &self.opened.session;
        if session.ended() || timeout(INBOX_FULL_FOR, session.inbox.space()).await.is_err() {
            let (code, retry_after_ms) = (CloseCode::RateLimited, Some(1_000));
            return Err(End::Close(Close { code, retry_after_ms }));
        }
        // This task alone fills the inbox: what was free stays free, unless the session has just ended.
        session.inbox.push(frame).map_err(|Full(_)| End::Broken)
    }

    /// The client closes: it gets its code back, and nothing more is read.
    async fn answer_close(&mut self, code: Option<u16>) -> End {
        self.wire.close(code.unwrap_or(CloseCode::Done as u16), "");
        // Whether the answer arrives does not matter any more.
        let _ = timeout(ANSWER_WITHIN, poll_fn(|cx| self.wire.poll_send(cx))).await;
        End::Closed { done: matches!(code, None | Some(1000 | 1001)) }
    }

    /// Nothing has come for a while: asks whether anyone is there, the second time gives up.
    fn silent(&mut self) -> Result<Instant, End> {
        let quiet = self.heard.elapsed();
        if quiet >= 2 * HEARTBEAT {
            return Err(close(CloseCode::Silent));
        }
        if quiet >= HEARTBEAT {
            self.wire.ping();
            return Ok(self.heard + 2 * HEARTBEAT);
        }
        Ok(self.heard + HEARTBEAT)
    }
}

fn close(code: CloseCode) -> End {
    End::Close(Close { code, retry_after_ms: None })
}

/// What the client is told of its own mistake in the framing.
fn code_of(fault: Fault) -> CloseCode {
    match fault {
        Fault::Framing => CloseCode::Framing,
        Fault::NotUtf8 => CloseCode::NotUtf8,
        Fault::TooLarge => CloseCode::TooLarge,
    }
}
