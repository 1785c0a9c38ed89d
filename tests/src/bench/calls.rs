//! The generator's loop for HTTP: one thread, epoll, connections that stay open, requests that are written beforehand.

use std::{
    collections::VecDeque,
    io::{ErrorKind, Read, Write},
    net::SocketAddr,
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use mio::{Events, Interest, Poll, Token, net::TcpStream};
use tokio::time::Instant;

use super::samples::Samples;

/// How the next request is chosen.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Pace {
    /// Each connection asks again as soon as it is answered.
    Closed,
    /// So many a second over all connections, whether or not the last is answered.
    Open { per_second: f64 },
}

/// What came of a run.
#[derive(Debug)]
pub(crate) struct Answers {
    pub(crate) count: u64,
    /// From when a request was due to its answer.
    pub(crate) took: Samples,
    /// Answers that were not 200.
    pub(crate) refused: u64,
}

#[derive(Debug)]
struct Line {
    stream: TcpStream,
    unsent: Vec<u8>,
    rest: Vec<u8>,
    /// When each request that waits for its answer was due.
    due: VecDeque<Duration>,
}

#[derive(Debug)]
pub(crate) struct Calls {
    poll: Poll,
    events: Events,
    lines: Vec<Line>,
    requests: Vec<Vec<u8>>,
    next: usize,
    started: Instant,
    buffer: Vec<u8>,
}

impl Calls {
    pub(crate) fn new(addr: SocketAddr, lines: usize, requests: Vec<Vec<u8>>) -> Result<Calls> {
        ensure!(lines > 0 && !requests.is_empty(), "there are connections, and requests");
        let poll = Poll::new()?;
        let lines = (0..lines).map(|at| {
            let stream = std::net::TcpStream::connect(addr).context("cannot connect")?;
            stream.set_nodelay(true)?;
            stream.set_nonblocking(true)?;
            let mut stream = TcpStream::from_std(stream);
            let interest = Interest::READABLE | Interest::WRITABLE;
            poll.registry().register(&mut stream, Token(at), interest)?;
            Ok(Line { stream, unsent: Vec::new(), rest: Vec::new(), due: VecDeque::new() })
        });
        let lines = lines.collect::<Result<Vec<_>>>()?;
        Ok(Calls {
            poll,
            events: Events::with_capacity(512),
            lines,
            requests,
            next: 0,
            started: Instant::now(),
            buffer: vec![0; 64 * 1024],
        })
    }

    /// Asks for `window` at that pace. What is not answered a second later is an error.
    pub(crate) fn run(&mut self, pace: Pace, window: Duration) -> Result<Answers> {
        let mut answers = Answers { count: 0, took: Samples::default(), refused: 0 };
        let begin = self.started.elapsed();
        let end = begin + window;
        if let Pace::Closed = pace {
            (0..self.lines.len()).for_each(|at| self.ask(at, begin));
        }
        let (mut asked, mut turn) = (0_u64, 0);
        loop {
            let now = self.started.elapsed();
            if now >= end {
                break;
            }
            let mut wait = end - now;
            if let Pace::Open { per_second } = pace {
                let due = |asked: u64| begin + Duration::from_secs_f64(asked as f64 / per_second);
                while due(asked) <= now {
                    self.ask(turn, due(asked));
                    turn = (turn + 1) % self.lines.len();
                    asked += 1;
                }
                wait = wait.min(due(asked).saturating_sub(self.started.elapsed()));
            }
            self.turn(wait, matches!(pace, Pace::Closed), &mut answers)?;
        }
        answers.count = answers.took.len() as u64;
        let mut last = Answers { count: 0, took: Samples::default(), refused: 0 };
        while self.lines.iter().any(|line| !line.due.is_empty()) {
            ensure!(self.started.elapsed() < end + Duration::from_secs(1), "answers are missing");
            self.turn(Duration::from_millis(10), false, &mut last)?;
        }
        ensure!(last.refused == 0, "{} were refused at the end", last.refused);
        Ok(answers)
    }

    fn ask(&mut self, at: usize, due: Duration) {
        let (line, request) = (&mut self.lines[at], &self.requests[self.next]);
        self.next = (self.next + 1) % self.requests.len();
        line.due.push_back(due);
        line.unsent.extend_from_slice(request);
        line.flush();
    }

    fn turn(&mut self, wait: Duration, again: bool, answers: &mut Answers) -> Result<()> {
        match self.poll.poll(&mut self.events, Some(wait)) {
            Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(()),
            other => other?,
        }
        let ready: Vec<_> =
            self.events.iter().map(|event| (event.token().0, event.is_readable())).collect();
        for (at, readable) in ready {
            self.lines[at].flush();
            if !readable {
                continue;
            }
            // Edge-triggered: the next event comes only after a short read.
            loop {
                let bytes = match self.lines[at].stream.read(&mut self.buffer) {
                    Ok(bytes) => bytes,
                    Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                    Err(error) => return Err(error.into()),
                };
                ensure!(bytes > 0, "the server hung up");
                let now = self.started.elapsed();
                let answered = self.lines[at].take(&self.buffer[..bytes], now, answers)?;
                if again {
                    (0..answered).for_each(|_| self.ask(at, now));
                }
                if bytes < self.buffer.len() {
                    break;
                }
            }
        }
        Ok(())
    }
}

impl Line {
    /// An error shows at the next read.
    fn flush(&mut self) {
        while !self.unsent.is_empty() {
            match self.stream.write(&self.unsent) {
                Ok(bytes) => drop(self.unsent.drain(..bytes)),
                Err(_) => break,
            }
        }
    }

    /// Looks at `bytes`, which have just come, and says how many answers end in them.
    fn take(&mut self, bytes: &[u8], now: Duration, answers: &mut Answers) -> Result<usize> {
        self.rest.extend_from_slice(bytes);
        let (mut at, mut answered) = (0, 0);
        while let Some((status, length)) = answer(&self.rest[at..])? {
            let due = self.due.pop_front().context("an answer that nobody asked for")?;
            answers.took.push(now - due);
            answers.refused += u64::from(status != *b"200");
            at += length;
            answered += 1;
        }
        self.rest.drain(..at);
        Ok(answered)
    }
}

/// The status and the length of the first answer, when all of it is there.
fn answer(bytes: &[u8]) -> Result<Option<([u8; 3], usize)>> {
    const LENGTH: &[u8] = b"content-length: ";
    let Some(end) = bytes.windows(4).position(|end| end == b"\r\n\r\n") else { return Ok(None) };
    let head = &bytes[..end];
    let status = head.get(9..12).and_then(|status| status.try_into().ok()).context("no status")?;
    let body = head.windows(LENGTH.len()).position(|name| name.eq_ignore_ascii_case(LENGTH));
    let digits = body.map_or(&[][..], |at| &head[at + LENGTH.len()..]);
    let digits = digits.iter().take_while(|digit| digit.is_ascii_digit());
    let body = digits.fold(0_usize, |sum, digit| sum * 10 + usize::from(digit - b'0'));
    let length = end + 4 + body;
    Ok((bytes.len() >= length).then_some((status, length)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_told_apart_however_they_come() {
        let one = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
        let other = b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n";
        let both = [&one[..], other].concat();
        assert_eq!(answer(&both).unwrap(), Some((*b"200", one.len())));
        assert_eq!(answer(&both[one.len()..]).unwrap(), Some((*b"401", other.len())));
        for short in [0, 1, one.len() - 1] {
            assert_eq!(answer(&one[..short]).unwrap(), None);
        }
    }
}
