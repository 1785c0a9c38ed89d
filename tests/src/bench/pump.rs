//! The generator's loop: one thread, epoll, every socket non-blocking, sends by the schedule.

use std::{
    io::{ErrorKind, Read, Write},
    time::Duration,
};

use anyhow::{Context, Result};
use mio::{Events, Interest, Poll, Token, net::TcpStream};
use tokio::time::Instant;

use super::{
    samples::Samples,
    schedule::Schedule,
    socket::{self, Opened},
    wire,
};

/// Due sends made before sockets are read again, so that a burst of sends does not show as latency.
const SENDS_A_TURN: usize = 8;

/// What a run sends and what it makes of the answers. Sockets are numbered in the order added.
pub(crate) trait Load {
    /// Writes what `socket` sends now into `payload`, which is empty; returns the opcode. Empty: nothing is sent.
    fn compose(&mut self, socket: usize, now: Duration, payload: &mut Vec<u8>) -> u8;

    /// A whole frame has come.
    fn frame(&mut self, socket: usize, now: Duration, payload: &[u8]);
}

/// Takes no part: while a run is being set up or ends.
#[derive(Debug)]
pub(crate) struct Ignore;

impl Load for Ignore {
    fn compose(&mut self, _socket: usize, _now: Duration, _payload: &mut Vec<u8>) -> u8 {
        wire::TEXT
    }

    fn frame(&mut self, _socket: usize, _now: Duration, _payload: &[u8]) {}
}

#[derive(Debug)]
struct Socket {
    stream: TcpStream,
    /// The part of a frame whose end has not come.
    rest: Vec<u8>,
    /// What the kernel did not take.
    unsent: Vec<u8>,
    open: bool,
}

#[derive(Debug)]
pub(crate) struct Pump {
    poll: Poll,
    events: Events,
    sockets: Vec<Socket>,
    started: Instant,
    buffer: Vec<u8>,
    payload: Vec<u8>,
    out: Vec<u8>,
    /// Frames received, of any kind.
    pub(crate) frames: u64,
    /// How late the sends of the schedule were.
    pub(crate) late: Samples,
    /// What was said by sockets that were closed from the other side.
    pub(crate) closed: Vec<String>,
}

impl Pump {
    pub(crate) fn new() -> Result<Pump> {
        Ok(Pump {
            poll: Poll::new()?,
            events: Events::with_capacity(512),
            sockets: Vec::new(),
            started: Instant::now(),
            buffer: vec![0; 64 * 1024],
            payload: Vec::new(),
            out: Vec::new(),
            frames: 0,
            late: Samples::default(),
            closed: Vec::new(),
        })
    }

    /// The clock of the run.
    pub(crate) fn now(&self) -> Duration {
        self.started.elapsed()
    }

    pub(crate) fn len(&self) -> usize {
        self.sockets.len()
    }

    /// Takes over a socket that was opened with blocking calls.
    pub(crate) fn add(&mut self, opened: Opened) -> Result<()> {
        opened.stream.set_nonblocking(true)?;
        let mut stream = TcpStream::from_std(opened.stream);
        let interest = Interest::READABLE | Interest::WRITABLE;
        self.poll.registry().register(&mut stream, Token(self.sockets.len()), interest)?;
        self.sockets.push(Socket { stream, rest: opened.rest, unsent: Vec::new(), open: true });
        Ok(())
    }

    /// Reads what is there, so that nothing piles up while more sockets are opened.
    pub(crate) fn catch_up(&mut self) -> Result<()> {
        self.turn(Duration::ZERO, &mut Ignore)
    }

    /// Reads until `until` on the run's clock and makes the sends that `schedule` asks for.
    pub(crate) fn run(
        &mut self,
        until: Duration,
        mut schedule: Option<&mut Schedule>,
        load: &mut impl Load,
    ) -> Result<()> {
        loop {
            let mut wait = until.saturating_sub(self.now());
            if wait.is_zero() {
                return Ok(());
            }
            if let Some(schedule) = schedule.as_deref_mut() {
                for _ in 0..SENDS_A_TURN {
                    let now = self.now();
                    let Some((socket, due)) = schedule.due(now) else { break };
                    self.late.push(now - due);
                    self.send(socket, now, load)?;
                }
                wait = wait.min(schedule.next_due().saturating_sub(self.now()));
            }
            self.turn(wait, load)?;
        }
    }

    /// Reads until nothing has come for `quiet`, at most for `at_most`.
    pub(crate) fn drain(
        &mut self,
        quiet: Duration,
        at_most: Duration,
        load: &mut impl Load,
    ) -> Result<()> {
        let end = self.now() + at_most;
        while self.now() < end {
            let before = self.frames;
            self.run(self.now() + quiet, None, load)?;
            if self.frames == before {
                break;
            }
        }
        Ok(())
    }

    pub(crate) fn send(&mut self, at: usize, now: Duration, load: &mut impl Load) -> Result<()> {
        self.payload.clear();
        let opcode = load.compose(at, now, &mut self.payload);
        if self.payload.is_empty() {
            return Ok(());
        }
        self.out.clear();
        wire::put_masked(&mut self.out, opcode, &self.payload);
        let socket = self.sockets.get_mut(at).context("no such socket")?;
        socket.send(&self.out);
        Ok(())
    }

    fn turn(&mut self, wait: Duration, load: &mut impl Load) -> Result<()> {
        match self.poll.poll(&mut self.events, Some(wait)) {
            Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(()),
            other => other?,
        }
        for event in &self.events {
            let at = event.token().0;
            let Some(socket) = self.sockets.get_mut(at).filter(|socket| socket.open) else {
                continue;
            };
            if event.is_writable() {
                socket.flush();
            }
            if !event.is_readable() {
                continue;
            }
            // Edge-triggered: the next event comes only after a short read.
            loop {
                let bytes = match socket.stream.read(&mut self.buffer) {
                    Ok(bytes) => bytes,
                    Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                    Err(_) => 0,
                };
                let now = self.started.elapsed();
                let went_on = bytes > 0
                    && socket.take(
                        at,
                        now,
                        &self.buffer[..bytes],
                        &mut self.frames,
                        &mut self.closed,
                        load,
                    )?;
                if !went_on {
                    socket.open = false;
                    self.poll.registry().deregister(&mut socket.stream)?;
                    break;
                }
                if bytes < self.buffer.len() {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Sockets that are still open.
    pub(crate) fn open(&self) -> usize {
        self.sockets.iter().filter(|socket| socket.open).count()
    }
}

impl Socket {
    fn send(&mut self, bytes: &[u8]) {
        self.unsent.extend_from_slice(bytes);
        self.flush();
    }

    /// An error shows at the next read, which counts it.
    fn flush(&mut self) {
        while !self.unsent.is_empty() {
            match self.stream.write(&self.unsent) {
                Ok(bytes) => drop(self.unsent.drain(..bytes)),
                Err(_) => break,
            }
        }
    }

    /// Looks at `bytes`, which have just come. `false`: the other side is closing.
    fn take(
        &mut self,
        at: usize,
        now: Duration,
        bytes: &[u8],
        frames: &mut u64,
        closed: &mut Vec<String>,
        load: &mut impl Load,
    ) -> Result<bool> {
        let kept = (!self.rest.is_empty()).then(|| {
            self.rest.extend_from_slice(bytes);
            std::mem::take(&mut self.rest)
        });
        let mut left = kept.as_deref().unwrap_or(bytes);
        while let Some(span) = wire::frame(left)? {
            let payload = &left[span.start..span.end];
            match span.opcode {
                wire::TEXT | wire::BINARY => {
                    *frames += 1;
                    load.frame(at, now, payload);
                }
                wire::PING => {
                    let mut pong = Vec::new();
                    wire::put_masked(&mut pong, wire::PONG, payload);
                    self.send(&pong);
                }
                wire::CLOSE => {
                    closed.push(socket::close_reason(payload));
                    return Ok(false);
                }
                _ => {}
            }
            left = &left[span.end..];
        }
        self.rest.extend_from_slice(left);
        Ok(true)
    }
}
