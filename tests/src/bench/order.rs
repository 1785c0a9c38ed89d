//! `bench order`: a hundred rooms with a member each that are crashed on order, a thousand times, while inputs come.

use std::{
    fs,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::{
    Setup, crash,
    format::{Format, Kind},
    gamev1::{self, Program},
    pump::{Load, Pump},
    report::{Table, figure},
    samples::Samples,
    wire::TEXT,
};

#[derive(Debug, clap::Args)]
pub(crate) struct OrderArgs {
    #[command(flatten)]
    setup: Setup,
    #[arg(long, default_value_t = 100)]
    rooms: usize,
    #[arg(long, default_value_t = 1_000)]
    crashes: usize,
    /// Between one crash, somewhere, and the next
    #[arg(long, default_value_t = 15, value_name = "MS")]
    every: u64,
}

/// Steps from room to room; a prime, so that neighbours do not follow each other.
const STRIDE: usize = 37;
const TICK_MS: u32 = 50;

#[derive(Debug)]
struct Orders {
    members: Vec<Member>,
    /// From the order to the first state of the next incarnation.
    next_state: Samples,
    gap_over_crash: Samples,
    gap_otherwise: Samples,
}

#[derive(Debug)]
struct Member {
    room: String,
    sent: u32,
    ordered: Option<Duration>,
    last_state: Option<Duration>,
    /// What the game has counted of its inputs.
    sum: u64,
}

pub(crate) fn run(args: &OrderArgs, core: Option<usize>) -> Result<()> {
    let rooms = args.rooms;
    ensure!(rooms > 0 && !rooms.is_multiple_of(STRIDE), "{STRIDE} does not visit every room");
    let program = match &args.setup.server {
        Some(path) => Program { path: path.clone() },
        None => Program::build("e2e", "gamev1-e2e")?,
    };
    args.setup.take_place(core)?;
    let dir = tempfile::tempdir()?;
    let file = dir.path().join("supervision.toml");
    fs::write(&file, crash::without_budget()?)?;
    let file = file.to_str().context("a temporary path is not UTF-8")?;
    let running = program.serve(core, &["--dev", "--supervision", file])?;
    let mut pump = Pump::new()?;
    let mut members = Vec::new();
    for token in running.sign_in(rooms)? {
        let mut socket = running.open(&token, Format::Json)?;
        let room = gamev1::create(&mut socket, "bomb")?;
        members.push(Member { room, sent: 0, ordered: None, last_state: None, sum: 0 });
        pump.add(socket)?;
        pump.catch_up()?;
    }
    let (next_state, gap_over_crash, gap_otherwise) = Default::default();
    let mut orders = Orders { members, next_state, gap_over_crash, gap_otherwise };
    let mut operator = Operator::connect(running.addr)?;
    let start = pump.now() + args.setup.warm_up();
    for at in 0..args.crashes {
        let due = start + Duration::from_millis(args.every) * u32::try_from(at)?;
        pump.run(due, None, &mut orders)?;
        let at = at * STRIDE % rooms;
        // An input is on its way when the room panics.
        pump.send(at, pump.now(), &mut orders)?;
        let member = &mut orders.members[at];
        member.ordered = Some(pump.now());
        operator.crash(&member.room)?;
    }
    pump.run(pump.now() + Duration::from_secs(2), None, &mut orders)?;
    print(args, &pump, orders);
    Ok(())
}

/// Somebody who crashes rooms, over one connection.
struct Operator(TcpStream);

impl Operator {
    fn connect(addr: SocketAddr) -> Result<Operator> {
        let stream = TcpStream::connect(addr)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        Ok(Operator(stream))
    }

    fn crash(&mut self, room: &str) -> Result<()> {
        let body = json!({ "crash": format!("room:{room}") }).to_string();
        let host = self.0.peer_addr()?;
        let length = body.len();
        let request = format!(
            "POST /v1/admin/chaos HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\n\
             content-length: {length}\r\n\r\n{body}"
        );
        self.0.write_all(request.as_bytes())?;
        let mut answer = [0; 2_048];
        let read = self.0.read(&mut answer)?;
        let answer = String::from_utf8_lossy(&answer[..read]);
        ensure!(answer.starts_with("HTTP/1.1 202"), "the crash was refused: {answer}");
        Ok(())
    }
}

impl Load for Orders {
    fn compose(&mut self, socket: usize, _: Duration, payload: &mut Vec<u8>) -> u8 {
        let member = &mut self.members[socket];
        member.sent += 1;
        let data = json!({ "room": member.room, "seq": member.sent, "input": { "add": 1 } });
        let envelope = json!({ "type": "room.input", "data": data });
        payload.extend_from_slice(envelope.to_string().as_bytes());
        TEXT
    }

    fn frame(&mut self, socket: usize, now: Duration, payload: &[u8]) {
        let member = &mut self.members[socket];
        let kind = Format::Json.kind(payload);
        if !matches!(kind, Kind::Delta | Kind::Snapshot) {
            return;
        }
        let data: Value = serde_json::from_slice(payload).unwrap_or_default();
        let sums = &data["data"][if kind == Kind::Snapshot { "state" } else { "patch" }]["sums"];
        member.sum = sums["0"].as_u64().unwrap_or(member.sum);
        let Some(before) = member.last_state.replace(now) else { return };
        // The first state of the next incarnation is a snapshot.
        if kind == Kind::Snapshot
            && let Some(ordered) = member.ordered.take()
        {
            self.next_state.push(now - ordered);
            self.gap_over_crash.push(now - before);
        } else {
            self.gap_otherwise.push(now - before);
        }
    }
}

fn print(args: &OrderArgs, pump: &Pump, orders: Orders) {
    println!("\norder: {} crashes of {} rooms on order\n", args.crashes, args.rooms);
    let lost: i64 =
        orders.members.iter().map(|member| i64::from(member.sent) - member.sum as i64).sum();
    let waiting = orders.members.iter().filter(|member| member.ordered.is_some()).count();
    let mut table = Table::new(&["from the client's side", "n", "p50 ms", "p99 ms", "max ms"]);
    for (name, samples) in [
        ("order sent → member's next state", orders.next_state),
        ("between two states, over a crash", orders.gap_over_crash),
        ("between two states, otherwise", orders.gap_otherwise),
    ] {
        let n = samples.len().to_string();
        let took = samples.quantiles();
        table.row(vec![name.to_owned(), n, figure(took.p50), figure(took.p99), figure(took.max)]);
    }
    table.print();
    let closed = pump.len() - pump.open();
    println!("\nsockets closed: {closed}, inputs lost: {lost}, rooms not back: {waiting}  (bar 0)");
    println!("next state: bar p99 one tick, {TICK_MS} ms");
}
