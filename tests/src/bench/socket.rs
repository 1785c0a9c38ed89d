//! One WebSocket of the generator: opened and seated with blocking calls, then given to the pump.

use std::{
    io::{ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use anyhow::{Context, Result, bail};

use super::{format::Format, wire};

/// How long an answer may take while the run is set up.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// A socket that is open and blocks.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) stream: TcpStream,
    /// Read, not yet looked at.
    pub(crate) rest: Vec<u8>,
    format: Format,
}

impl Opened {
    /// Opens a WebSocket at `path`; `headers` are whole lines.
    pub(crate) fn open(
        addr: SocketAddr,
        path: &str,
        headers: &str,
        format: Format,
    ) -> Result<Opened> {
        let mut stream = TcpStream::connect(addr).context("cannot connect")?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(ANSWER_WITHIN))?;
        let offered = format.subprotocol();
        let request = format!(
            "GET {path} HTTP/1.1\r\nhost: {addr}\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\
             sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\
             sec-websocket-protocol: {offered}\r\n{headers}\r\n"
        );
        stream.write_all(request.as_bytes())?;
        let mut opened = Opened { stream, rest: Vec::new(), format };
        let head = loop {
            match opened.rest.windows(4).position(|end| end == b"\r\n\r\n") {
                Some(end) => break opened.rest.drain(..end + 4).collect::<Vec<u8>>(),
                None => opened.read_more()?,
            }
        };
        if !head.starts_with(b"HTTP/1.1 101") {
            bail!(
                "no upgrade: {}{}",
                String::from_utf8_lossy(&head),
                String::from_utf8_lossy(&opened.rest)
            );
        }
        Ok(opened)
    }

    /// Sends a request that carries an `id` and returns the `data` of the reply; pushes on the way are dropped.
    pub(crate) fn ask(&mut self, request: &serde_json::Value) -> Result<serde_json::Value> {
        let mut out = Vec::new();
        wire::put_masked(&mut out, self.format.opcode(), &self.format.encode(request)?);
        self.stream.write_all(&out)?;
        loop {
            let (opcode, payload) = self.next_frame()?;
            if opcode == wire::CLOSE {
                bail!("closed while asking {request}: {}", close_reason(&payload));
            }
            if opcode != self.format.opcode() || !self.format.is_reply(&payload) {
                continue;
            }
            let reply = self.format.decode(&payload)?;
            match reply.get("data") {
                Some(data) => return Ok(data.clone()),
                None => bail!("{request} was refused: {reply}"),
            }
        }
    }

    /// Waits for the next frame.
    fn next_frame(&mut self) -> Result<(u8, Vec<u8>)> {
        loop {
            if let Some(span) = wire::frame(&self.rest)? {
                let payload = self.rest[span.start..span.end].to_vec();
                self.rest.drain(..span.end);
                return Ok((span.opcode, payload));
            }
            self.read_more()?;
        }
    }

    fn read_more(&mut self) -> Result<()> {
        let mut chunk = [0; 4096];
        match self.stream.read(&mut chunk) {
            Ok(0) => bail!("the server hung up: {}", String::from_utf8_lossy(&self.rest)),
            Ok(bytes) => self.rest.extend_from_slice(&chunk[..bytes]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                bail!("no answer within {ANSWER_WITHIN:?}")
            }
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }
}

/// What a close frame says, as text.
pub(crate) fn close_reason(payload: &[u8]) -> String {
    match payload {
        [high, low, reason @ ..] => {
            format!("{} {}", u16::from_be_bytes([*high, *low]), String::from_utf8_lossy(reason))
        }
        _ => "without a code".to_owned(),
    }
}
