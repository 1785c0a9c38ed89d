//! The real server: built by cargo, started on a data directory of its own, with players signed in over HTTP.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicU16, Ordering},
    thread,
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::Instant;

use super::{format::Format, process::Server, socket::Opened};

const READY_WITHIN: Duration = Duration::from_secs(20);
/// Connections over which players sign in at the same time.
const SIGN_IN_CONNECTIONS: usize = 8;

/// Which program stands for GameV1.
#[derive(Debug, Clone)]
pub(crate) struct Program {
    pub(crate) path: PathBuf,
}

/// A server that answers.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) server: Server,
    pub(crate) addr: SocketAddr,
    /// Removed with the handle, after the server.
    _dir: TempDir,
}

impl Program {
    /// Builds `binary` of `package` in the profile that this program was built in, beside itself.
    pub(crate) fn build(package: &str, binary: &str) -> Result<Program> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .parent()
            .context("the package stands in the workspace")?;
        let own = std::env::current_exe()?;
        let dir = own.parent().context("a program stands in a directory")?;
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.current_dir(root).args(["build", "--quiet", "-p", package, "--bin", binary]);
        if dir.file_name().is_some_and(|name| name == "release") {
            cargo.arg("--release");
        }
        ensure!(
            cargo.status().context("cannot run cargo")?.success(),
            "cargo could not build {binary}"
        );
        Ok(Program { path: dir.join(binary) })
    }

    /// Starts it on a free port of `core`, without rate limits, and waits until it is ready.
    pub(crate) fn serve(&self, core: Option<usize>, more: &[&str]) -> Result<Running> {
        let dir = tempfile::tempdir()?;
        let addr = free_addr()?;
        let mut command = Command::new(&self.path);
        command.args(["serve", "--addr", &addr.to_string(), "--log", "warn", "--data-dir"]);
        command.arg(dir.path().join("data")).args(more).env("RATE_LIMIT_ENABLED", "false");
        let log = dir.path().join("log");
        let mut server = Server::start(command, core, &log)?;
        let deadline = Instant::now() + READY_WITHIN;
        while !ready(addr) {
            server.check(&log)?;
            ensure!(Instant::now() < deadline, "not ready within {READY_WITHIN:?}");
            thread::park_timeout(Duration::from_millis(20));
        }
        Ok(Running { server, addr, _dir: dir })
    }
}

impl Running {
    /// Signs `players` in and returns their access tokens.
    pub(crate) fn sign_in(&self, players: usize) -> Result<Vec<String>> {
        let addr = self.addr;
        let share = players.div_ceil(SIGN_IN_CONNECTIONS);
        let work = (0..players).step_by(share.max(1)).map(|from| {
            let to = players.min(from + share);
            thread::spawn(move || sign_in_some(addr, from, to))
        });
        let mut tokens = Vec::with_capacity(players);
        for thread in work.collect::<Vec<_>>() {
            tokens
                .extend(thread.join().map_err(|_| anyhow::anyhow!("a sign-in thread panicked"))??);
        }
        Ok(tokens)
    }

    /// Registers accounts `bench0`, `bench1`, … with that password.
    pub(crate) fn register(&self, accounts: usize, password: &str) -> Result<()> {
        let mut stream = connect(self.addr)?;
        for account in 0..accounts {
            let (username, email) =
                (format!("bench{account}"), format!("bench{account}@example.org"));
            let body = json!({ "username": username, "email": email, "password": password });
            let (status, answer) = exchange(&mut stream, &self.post("/v1/auth/register", &body))?;
            ensure!(status == 201, "{status}: {}", String::from_utf8_lossy(&answer));
        }
        Ok(())
    }

    /// A call, as it is written.
    pub(crate) fn post(&self, path: &str, body: &Value) -> String {
        post(self.addr, path, body)
    }

    /// Opens a socket for the player with `token`; there is no browser, so the token may stand in the upgrade.
    pub(crate) fn open(&self, token: &str, format: Format) -> Result<Opened> {
        Opened::open(self.addr, "/ws", &format!("authorization: Bearer {token}\r\n"), format)
    }
}

/// Makes a room that no one finds by chance, and returns its code.
pub(crate) fn create(socket: &mut Opened, game: &str) -> Result<String> {
    room(
        &socket.ask(
            &json!({"id": 1, "type": "room.create", "data": {"game": game, "private": true}}),
        )?,
    )
}

pub(crate) fn join(socket: &mut Opened, code: &str) -> Result<String> {
    room(&socket.ask(&json!({"id": 1, "type": "room.join", "data": {"room": code}}))?)
}

fn room(joined: &Value) -> Result<String> {
    Ok(joined["room"].as_str().with_context(|| format!("no room in {joined}"))?.to_owned())
}

/// A free port for a server that is told its port. Not one of those that the kernel gives to clients: between the
/// look and the server's start, any connection of anybody could take such a port.
pub(crate) fn free_addr() -> Result<SocketAddr> {
    const PORTS: std::ops::Range<u16> = 20_000..30_000;
    static TRIED: AtomicU16 = AtomicU16::new(0);
    let first = std::process::id() as u16;
    for _ in PORTS {
        let step = TRIED.fetch_add(1, Ordering::Relaxed).wrapping_add(first);
        let addr = SocketAddr::from(([127, 0, 0, 1], PORTS.start + step % PORTS.len() as u16));
        if TcpListener::bind(addr).is_ok() {
            return Ok(addr);
        }
    }
    bail!("no port of {PORTS:?} is free")
}

/// Whether anything listens at `addr` yet.
pub(crate) fn wait_for_listener(addr: SocketAddr, server: &mut Server, log: &Path) -> Result<()> {
    let deadline = Instant::now() + READY_WITHIN;
    while TcpStream::connect(addr).is_err() {
        server.check(log)?;
        ensure!(Instant::now() < deadline, "not listening within {READY_WITHIN:?}");
        thread::park_timeout(Duration::from_millis(20));
    }
    Ok(())
}

fn ready(addr: SocketAddr) -> bool {
    let answer = TcpStream::connect(addr).map_err(anyhow::Error::from).and_then(|mut stream| {
        stream.set_read_timeout(Some(Duration::from_secs(2)))?;
        exchange(&mut stream, &format!("GET /ready HTTP/1.1\r\nhost: {addr}\r\n\r\n"))
    });
    answer.is_ok_and(|(status, _)| status == 200)
}

fn sign_in_some(addr: SocketAddr, from: usize, to: usize) -> Result<Vec<String>> {
    let mut stream = connect(addr)?;
    (from..to)
        .map(|player| {
            let body = json!({"device_id": format!("bench-device-{player:08}")});
            let (status, body) = exchange(&mut stream, &post(addr, "/v1/auth/guest", &body))?;
            let body = String::from_utf8(body)?;
            ensure!((200..300).contains(&status), "sign-in was refused with {status}: {body}");
            let tokens: Value = serde_json::from_str(&body)?;
            Ok(tokens["access_token"].as_str().context("no access token")?.to_owned())
        })
        .collect()
}

fn connect(addr: SocketAddr) -> Result<TcpStream> {
    let stream = TcpStream::connect(addr)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    Ok(stream)
}

fn post(addr: SocketAddr, path: &str, body: &Value) -> String {
    let body = body.to_string();
    format!(
        "POST {path} HTTP/1.1\r\nhost: {addr}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// One request and its answer over a connection that stays open.
fn exchange(stream: &mut TcpStream, request: &str) -> Result<(u16, Vec<u8>)> {
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        if let Some(end) = answer.windows(4).position(|end| end == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&answer[..end]).to_lowercase();
            let status =
                head.get(9..12).and_then(|status| status.parse().ok()).context("no status")?;
            let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
            let length = length.map_or(Ok(0), |length| length.trim().parse::<usize>())?;
            if answer.len() >= end + 4 + length {
                return Ok((status, answer.split_off(end + 4)));
            }
        }
        match stream.read(&mut chunk)? {
            0 => bail!("the server hung up"),
            bytes => answer.extend_from_slice(&chunk[..bytes]),
        }
    }
}
