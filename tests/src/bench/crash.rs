//! `bench crash`: rooms whose game panics in `input`, one after the other, and how soon they go on.

use std::{fs, time::Duration};

use anyhow::{Context, Result, ensure};
use serde_json::json;

use super::{
    Setup,
    format::{Format, Kind},
    gamev1::{self, Program},
    pump::{Ignore, Load, Pump},
    report::{Table, figure},
    samples::Samples,
    wire::TEXT,
};

#[derive(Debug, clap::Args)]
pub(crate) struct CrashArgs {
    #[command(flatten)]
    setup: Setup,
    #[arg(long, default_value_t = 100)]
    rooms: usize,
    /// Members of a room. Each crashes it once, for the second time within a minute would cost the seat
    #[arg(long, default_value_t = 5)]
    members: usize,
    /// Between one crash, somewhere, and the next
    #[arg(long, default_value_t = 20, value_name = "MS")]
    every: u64,
}

/// Steps from room to room; a prime, so that neighbours do not follow each other.
const STRIDE: usize = 37;
/// The game's tick, which the table compares with.
const TICK_MS: u32 = 50;

/// What members see of crashes.
#[derive(Debug)]
struct Bombs {
    members: usize,
    sockets: Vec<Member>,
    counting: bool,
    /// From the bomb to `room.input_rejected`: the room has met it, died of it and is back.
    told: Samples,
    /// From there to the sender's next state.
    told_to_state: Samples,
    /// From the bomb to its sender's next state.
    next_state: Samples,
    /// From a member's last state before a crash to its first one after.
    gap_over_crash: Samples,
    gap_otherwise: Samples,
}

#[derive(Debug)]
struct Member {
    room: String,
    bombed: Option<Duration>,
    told: Option<Duration>,
    /// Whether the room has been bombed since this member's last snapshot.
    waits: bool,
    last_state: Option<Duration>,
}

pub(crate) fn run(args: &CrashArgs, core: Option<usize>) -> Result<()> {
    ensure!(args.rooms > 0 && args.members > 0, "there are rooms, with members");
    ensure!(
        !args.rooms.is_multiple_of(STRIDE),
        "{STRIDE} does not visit every one of {} rooms",
        args.rooms
    );
    let program = match &args.setup.server {
        Some(path) => Program { path: path.clone() },
        None => Program::build("e2e", "gamev1-e2e")?,
    };
    args.setup.take_place(core)?;
    let dir = tempfile::tempdir()?;
    let file = dir.path().join("supervision.toml");
    fs::write(&file, without_budget()?)?;
    let file = file.to_str().context("a temporary path is not UTF-8")?;
    let running = program.serve(core, &["--supervision", file])?;

    let sockets = args.rooms * args.members;
    let tokens = running.sign_in(sockets)?;
    let mut pump = Pump::new()?;
    let mut rooms: Vec<String> = Vec::with_capacity(sockets);
    for token in &tokens {
        let mut socket = running.open(token, Format::Json)?;
        let room = match rooms.last().filter(|_| !rooms.len().is_multiple_of(args.members)) {
            Some(neighbour) => gamev1::join(&mut socket, neighbour)?,
            None => gamev1::create(&mut socket, "bomb")?,
        };
        rooms.push(room);
        pump.add(socket)?;
        pump.catch_up()?;
    }
    pump.run(pump.now() + args.setup.warm_up(), None, &mut Ignore)?;
    let bombs = throw(args, &mut pump, rooms)?;
    print(args, &pump, bombs);
    Ok(())
}

/// One bomb after the other, until every member has thrown one.
fn throw(args: &CrashArgs, pump: &mut Pump, rooms: Vec<String>) -> Result<Bombs> {
    let member = |room| Member { room, bombed: None, told: None, waits: false, last_state: None };
    let mut bombs = Bombs {
        members: args.members,
        sockets: rooms.into_iter().map(member).collect(),
        counting: true,
        told: Samples::default(),
        told_to_state: Samples::default(),
        next_state: Samples::default(),
        gap_over_crash: Samples::default(),
        gap_otherwise: Samples::default(),
    };
    let start = pump.now() + Duration::from_millis(200);
    for at in 0..args.rooms * args.members {
        let due = start + Duration::from_millis(args.every) * u32::try_from(at)?;
        pump.run(due, None, &mut bombs)?;
        let (room, member) = (at * STRIDE % args.rooms, at / args.rooms);
        pump.send(room * args.members + member, pump.now(), &mut bombs)?;
    }
    pump.run(pump.now() + Duration::from_secs(1), None, &mut bombs)?;
    bombs.counting = false;
    Ok(bombs)
}

/// The repository's supervision file with the budget of a room lifted as far as it goes.
pub(crate) fn without_budget() -> Result<String> {
    let original = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../supervision.toml"));
    let (before, rooms) = original.split_once("[dynamic.rooms]").context("no [dynamic.rooms]")?;
    let lifted = rooms.replacen("intensity = 10", "intensity = 1000000", 1);
    ensure!(lifted != rooms, "the budget of rooms is not what it was");
    Ok(format!("{before}[dynamic.rooms]{lifted}"))
}

impl Load for Bombs {
    fn compose(&mut self, socket: usize, now: Duration, payload: &mut Vec<u8>) -> u8 {
        let room = socket / self.members * self.members;
        for member in &mut self.sockets[room..room + self.members] {
            member.waits = true;
        }
        let sender = &mut self.sockets[socket];
        sender.bombed = Some(now);
        let data = json!({"room": sender.room, "seq": 1, "input": {"boom": "input"}});
        payload
            .extend_from_slice(json!({"type": "room.input", "data": data}).to_string().as_bytes());
        TEXT
    }

    fn frame(&mut self, socket: usize, now: Duration, payload: &[u8]) {
        let member = &mut self.sockets[socket];
        match Format::Json.kind(payload) {
            Kind::Rejected => {
                if let Some(bombed) = member.bombed.filter(|_| member.told.is_none()) {
                    member.told = Some(now);
                    self.told.push(now - bombed);
                }
                return;
            }
            Kind::Delta | Kind::Snapshot => {}
            Kind::Other => return,
        }
        let Some(before) = member.last_state.replace(now).filter(|_| self.counting) else { return };
        // The first state of the next incarnation is a snapshot; a delta may have been under way before the bomb.
        if member.waits && Format::Json.kind(payload) == Kind::Snapshot {
            member.waits = false;
            self.gap_over_crash.push(now - before);
            if let Some(bombed) = std::mem::take(&mut member.bombed) {
                self.next_state.push(now - bombed);
                self.told_to_state.push(now - member.told.unwrap_or(now));
            }
        } else {
            self.gap_otherwise.push(now - before);
        }
    }
}

fn print(args: &CrashArgs, pump: &Pump, bombs: Bombs) {
    for reason in pump.closed.iter().take(3) {
        eprintln!("closed by the server: {reason}");
    }
    println!(
        "\ncrash: {} rooms of {}, a panic every {} ms\n",
        args.rooms, args.members, args.every
    );
    let unanswered = bombs.sockets.iter().filter(|member| member.told.is_none()).count();
    let closed = pump.len() - pump.open();
    let mut table = Table::new(&["from the client's side", "n", "p50 ms", "p99 ms", "max ms"]);
    for (name, samples) in [
        ("bomb sent → told that it was set aside", bombs.told),
        ("told → sender's next state", bombs.told_to_state),
        ("bomb sent → sender's next state", bombs.next_state),
        ("between two states, over a crash", bombs.gap_over_crash),
        ("between two states, otherwise", bombs.gap_otherwise),
    ] {
        let n = samples.len().to_string();
        let took = samples.quantiles();
        table.row(vec![name.to_owned(), n, figure(took.p50), figure(took.p99), figure(took.max)]);
    }
    table.print();
    println!("\nbombs unanswered: {unanswered}, sockets closed: {closed}  (bar 0)");
    println!("next state: bar p99 one tick, {TICK_MS} ms");
}
