//! The bare relay: the least a WebSocket server can do with the same bytes. No actors, no checks, no accounts; one
//! task a socket on a current-thread runtime, a list of senders a room, hand-made frames, drain-then-flush.
#![expect(clippy::disallowed_methods, reason = "it stands for a server without actors")]

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    time::{MissedTickBehavior, interval},
};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::{
    format::Format,
    wire::{self, TEXT},
};

/// What the bare relay does for its rooms.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct BareArgs {
    #[arg(long)]
    addr: SocketAddr,
    /// Send each member a prebuilt frame of this many bytes at every tick, instead of relaying.
    #[arg(long)]
    state_bytes: Option<usize>,
    #[arg(long, default_value_t = 20)]
    tick_hz: u32,
    #[arg(long, value_enum, default_value = "json")]
    format: Format,
}

#[derive(Debug, Default)]
struct Room {
    members: Mutex<Vec<Member>>,
}

#[derive(Debug)]
struct Member {
    seat: usize,
    frames: UnboundedSender<Bytes>,
}

type Rooms = Arc<Mutex<HashMap<String, Arc<Room>>>>;

/// Serves until it is killed.
pub(crate) fn run(args: BareArgs) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind(args.addr).await?;
        let rooms = Rooms::default();
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            // A socket that fails ends alone; the generator counts it as closed.
            tokio::spawn(socket(stream, Arc::clone(&rooms), args.clone()));
        }
    })
}

async fn socket(mut stream: TcpStream, rooms: Rooms, args: BareArgs) -> Result<()> {
    let name = handshake(&mut stream).await?;
    let (frames, received) = unbounded_channel();
    let (room, seat) = join(&rooms, &name, frames, &args);
    let served = serve(stream, received, &room, &name, seat, args.state_bytes.is_none()).await;
    lock(&room.members).retain(|member| member.seat != seat);
    served
}

/// Answers the upgrade and returns the room, which is the path.
async fn handshake(stream: &mut TcpStream) -> Result<String> {
    let mut request = Vec::with_capacity(512);
    while !request.ends_with(b"\r\n\r\n") {
        ensure!(stream.read_buf(&mut request).await? > 0 && request.len() < 8192, "no request");
    }
    let request = String::from_utf8(request)?;
    let path = request.split(' ').nth(1).context("no path")?;
    let header =
        |name: &str| request.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    let accept = derive_accept_key(header("sec-websocket-key:").context("no key")?.as_bytes());
    let protocol = header("sec-websocket-protocol:").unwrap_or_default();
    let answer = format!(
        "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-accept: {accept}\r\nsec-websocket-protocol: {protocol}\r\n\r\n"
    );
    stream.write_all(answer.as_bytes()).await?;
    Ok(path.trim_start_matches('/').to_owned())
}

fn join(
    rooms: &Rooms,
    name: &str,
    frames: UnboundedSender<Bytes>,
    args: &BareArgs,
) -> (Arc<Room>, usize) {
    let mut rooms = lock(rooms);
    let room = rooms.entry(name.to_owned()).or_insert_with(|| {
        let room = Arc::new(Room::default());
        if let Some(bytes) = args.state_bytes {
            tokio::spawn(ticks(Arc::clone(&room), args.format, bytes, args.tick_hz));
        }
        room
    });
    let mut members = lock(&room.members);
    let seat = members.len();
    members.push(Member { seat, frames });
    (Arc::clone(room), seat)
}

/// Sends the prebuilt frame at every tick.
async fn ticks(room: Arc<Room>, format: Format, bytes: usize, hz: u32) {
    let mut frame = Vec::new();
    wire::put_plain(&mut frame, format.opcode(), &format.state_like(bytes));
    let frame = Bytes::from(frame);
    let mut ticks = interval(Duration::from_secs(1) / hz);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        ticks.tick().await;
        for member in lock(&room.members).iter() {
            // A member that has gone takes itself off the list.
            let _ = member.frames.send(frame.clone());
        }
    }
}

async fn serve(
    mut stream: TcpStream,
    mut frames: UnboundedReceiver<Bytes>,
    room: &Room,
    name: &str,
    seat: usize,
    relays: bool,
) -> Result<()> {
    let (mut reader, mut writer) = stream.split();
    let mut input = Vec::with_capacity(1024);
    let mut output = Vec::with_capacity(1024);
    loop {
        tokio::select! {
            biased;
            read = reader.read_buf(&mut input) => {
                ensure!(read? > 0, "hung up");
                let mut taken = 0;
                while let Some(span) = wire::frame(&input[taken..])? {
                    let payload = &mut input[taken + span.start..taken + span.end];
                    if let Some(mask) = span.mask {
                        wire::unmask(payload, mask);
                    }
                    if relays {
                        relay(room, name, seat, payload)?;
                    }
                    taken += span.end;
                }
                input.drain(..taken);
            }
            Some(frame) = frames.recv() => {
                output.clear();
                output.extend_from_slice(&frame);
                while let Ok(frame) = frames.try_recv() {
                    output.extend_from_slice(&frame);
                }
                writer.write_all(&output).await?;
            }
        }
    }
}

/// Wraps the payload as `room.message` once and queues it for every other member.
fn relay(room: &Room, name: &str, seat: usize, request: &[u8]) -> Result<()> {
    const PAYLOAD: &[u8] = br#""payload":"#;
    let start = request.windows(PAYLOAD.len()).position(|window| window == PAYLOAD);
    let start = start.context("no payload")? + PAYLOAD.len();
    let payload = request.get(start..request.len() - 2).context("no end")?;
    let mut push = Vec::with_capacity(payload.len() + 80);
    push.extend_from_slice(br#"{"type":"room.message","data":{"room":""#);
    push.extend_from_slice(name.as_bytes());
    push.extend_from_slice(format!(r#"","from":{seat},"payload":"#).as_bytes());
    push.extend_from_slice(payload);
    push.extend_from_slice(b"}}");
    let mut frame = Vec::with_capacity(push.len() + 4);
    wire::put_plain(&mut frame, TEXT, &push);
    let frame = Bytes::from(frame);
    for member in lock(&room.members).iter().filter(|member| member.seat != seat) {
        // A member that has gone takes itself off the list.
        let _ = member.frames.send(frame.clone());
    }
    Ok(())
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
