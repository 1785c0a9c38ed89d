//! `bench restart`: inside one process, without sockets: how long a room is away when it panics, while the process is at
//! work and out of its sleep, what the registry and the inbox cost a message, and what a checkpoint costs.

use std::{
    hint::black_box,
    sync::atomic::{AtomicU64, Ordering::SeqCst},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use gamev1_actors::{
    game::{Ctx, Game, GameRegistry, Map, Member, RawInput, Refusal, Settings},
    inbox::Inbox,
    panics,
    registry::{ActorMeta, Kind},
    room::state::Room,
    supervisor::Supervision,
    testing::{RoomHarness, TestMember},
};
use gamev1_protocol::{PlayerId, Raw, Seat};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{
    crash::without_budget,
    report::{self, Table, figure},
    samples::Samples,
};

#[derive(Debug, clap::Args)]
pub(crate) struct RestartArgs {
    #[arg(long, default_value_t = 100)]
    rooms: usize,
    /// Members of a room; each crashes it once, for the second time within a minute would cost the seat
    #[arg(long, default_value_t = 10)]
    members: usize,
    /// How long the process sleeps before each crash of the second row
    #[arg(long, default_value_t = 4, value_name = "MS")]
    sleep: u64,
}

/// How many times something cheap is done before its time is looked at.
const ROUNDS: u32 = 2_000_000;
const CHECKPOINTS: u32 = 2_000;
const PLAYERS: u16 = 16;

/// Nanoseconds of this process at which a game panicked, and at which the next incarnation was at work.
static PANICKED: AtomicU64 = AtomicU64::new(0);
static BACK: AtomicU64 = AtomicU64::new(0);

/// A game that panics at every input.
#[derive(Serialize, Deserialize)]
struct Fuse {
    seats: Map<Seat, u32>,
    #[serde(skip)]
    clock: Option<Clock>,
}

#[derive(Clone, Copy)]
struct Clock(Instant);

impl Clock {
    fn start() -> Clock {
        static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
        Clock(*START.get_or_init(Instant::now))
    }

    fn now(self) -> u64 {
        self.0.elapsed().as_nanos() as u64
    }
}

impl Game for Fuse {
    const NAME: &'static str = "fuse";
    type Options = Map<String, Value>;
    type Input = Value;
    type View = Map<Seat, u32>;
    type Event = ();

    fn settings(_: &Self::Options) -> Settings {
        Settings {
            tick_hz: 0,
            patch_hz: 0,
            seats_max: 64,
            seats_per_player: 1,
            sends: false,
            stateful: true,
        }
    }

    fn new(_: Self::Options, _: &mut Ctx<'_, ()>) -> Result<Fuse, Refusal> {
        Ok(Fuse { seats: Map::new(), clock: Some(Clock::start()) })
    }

    fn join(&mut self, member: &Member, _: &mut Ctx<'_, ()>) -> Result<(), Refusal> {
        self.seats.insert(member.seat, 0);
        Ok(())
    }

    fn leave(&mut self, seat: Seat, _: &mut Ctx<'_, ()>) {
        self.seats.remove(&seat);
    }

    #[expect(clippy::panic, reason = "that is what it is for")]
    fn input(&mut self, _: Seat, _: Value, _: &mut Ctx<'_, ()>) -> Result<(), Refusal> {
        PANICKED.store(self.clock.unwrap_or_else(Clock::start).now(), SeqCst);
        panic!("on order")
    }

    fn view(&self) -> Map<Seat, u32> {
        self.seats.clone()
    }

    fn restore(_: u32, bytes: &[u8]) -> Result<Fuse, String> {
        let clock = Clock::start();
        BACK.store(clock.now(), SeqCst);
        let fuse: Fuse = rmp_serde::from_slice(bytes).map_err(|error| error.to_string())?;
        Ok(Fuse { clock: Some(clock), ..fuse })
    }
}

pub(crate) fn run(args: &RestartArgs) -> Result<()> {
    report::print_machine();
    panics::install_hook();
    let built = gamev1_server::run::runtime::build()?;
    let n = args.rooms * args.members;
    println!("\nrestart alone: {n} panics over {} rooms, {}\n", args.rooms, built.kind);
    let us = |ms: f64| figure(ms * 1e3);
    let mut table = Table::new(&["panic → next incarnation at work", "p50 µs", "p99 µs", "max µs"]);
    for sleep in [0, args.sleep] {
        let took = built.runtime.block_on(crash(args, sleep))?.quantiles();
        let name = match sleep {
            0 => "one after the other".to_owned(),
            ms => format!("each after {ms} ms of sleep, caches cold"),
        };
        table.row(vec![name, us(took.p50), us(took.p99), us(took.max)]);
    }
    table.print();
    println!("\nbar: p99 100 µs");

    let message = message();
    println!(
        "\na message: inbox and registry together {message:.0} ns  (bar, with undrawn tracing, 300)"
    );
    let (micros, bytes) = checkpoint()?;
    println!("checkpoint of an arena with {PLAYERS} players: {micros:.1} µs, {bytes} bytes");
    Ok(())
}

/// The rooms under one supervisor, without its budget and without its pauses.
async fn rooms(args: &RestartArgs) -> Result<Vec<(RoomHarness, Vec<TestMember>)>> {
    let file = format!("{}\n[dynamic.rooms.backoff]\nyoung_ms = 0\n", without_budget()?);
    let supervision = Supervision::parse(&file)?;
    let first = RoomHarness::under::<Fuse>(&supervision, json!({}), 1).await;
    let others: Vec<_> = (1..args.rooms).map(|_| first.beside(json!({}), 1)).collect();
    let mut rooms = Vec::new();
    for harness in std::iter::once(first).chain(others) {
        let mut members = Vec::new();
        for at in 0..args.members {
            let joined = harness.join(&format!("member {at}")).await;
            members.push(joined.map_err(|error| anyhow::anyhow!(error.message))?);
        }
        rooms.push((harness, members));
    }
    Ok(rooms)
}

async fn crash(args: &RestartArgs, sleep: u64) -> Result<Samples> {
    let mut rooms = rooms(args).await?;
    let mut samples = Samples::default();
    for at in 0..args.rooms * args.members {
        let (harness, members) = &mut rooms[at % args.rooms];
        let member = &mut members[at / args.rooms];
        harness.input(member, &json!({}));
        let told =
            tokio::time::timeout(Duration::from_secs(5), member.expect("room.input_rejected"));
        told.await.context("a room did not come back")?;
        let (panicked, back) = (PANICKED.load(SeqCst), BACK.load(SeqCst));
        ensure!(back > panicked, "the room came back before it panicked");
        samples.push(Duration::from_nanos(back - panicked));
        if sleep > 0 {
            tokio::time::sleep(Duration::from_millis(sleep)).await;
        }
    }
    Ok(samples)
}

/// Nanoseconds for a message's way through an inbox and the registry.
fn message() -> f64 {
    const KIND: Kind = Kind::new("bench", &["message"]);
    let meta = ActorMeta::alone(&KIND);
    let inbox = Inbox::new(64);
    inbox.attach(Box::new(|| {}));
    let frame = bytes::Bytes::from_static(b"{\"type\":\"room.input\"}");
    let start = Instant::now();
    for _ in 0..ROUNDS {
        // A queue of 64 takes one.
        let _ = black_box(inbox.push(frame.clone()));
        meta.begin(0);
        black_box(inbox.begin());
        inbox.commit();
        meta.end();
    }
    start.elapsed().as_nanos() as f64 / f64::from(ROUNDS)
}

/// Microseconds and bytes of a checkpoint of a full arena.
fn checkpoint() -> Result<(f64, usize)> {
    let games = GameRegistry::new().with::<gamev1_games::arena::Arena>();
    let refused = |error: gamev1_protocol::WireError| anyhow::anyhow!(error.message);
    let game = games.get("arena").map_err(refused)?;
    let options = serde_json::Map::new();
    let settings = game.settings(&options).map_err(refused)?;
    let mut room = Room::create(&**game, &options, &settings, [1; 32]).map_err(refused)?;
    for seat in (0..PLAYERS).map(Seat) {
        let member = Member { seat, player: PlayerId::new(), username: format!("seat {seat}") };
        room.join(member).map_err(|refusal| anyhow::anyhow!(refusal.message))?;
    }
    for tick in 1..=200_u32 {
        for seat in (0..PLAYERS).map(Seat) {
            let angle = f64::from(tick) * 0.03 + f64::from(seat.0);
            let input = json!({ "move": [angle.cos(), angle.sin()], "aim": -angle, "fire": true });
            room.input(&RawInput { seat, seq: tick, input: Raw::json(&input)? });
        }
        room.tick();
    }
    let written = |room: &Room| {
        let checkpoint = room.checkpoint(game.state_version()).map_err(anyhow::Error::msg)?;
        Ok::<_, anyhow::Error>(rmp_serde::to_vec_named(&checkpoint)?)
    };
    let bytes = written(&room)?.len();
    let start = Instant::now();
    for _ in 0..CHECKPOINTS {
        black_box(room.checkpoint(game.state_version()).map_err(anyhow::Error::msg)?);
    }
    let micros = start.elapsed().as_nanos() as f64 / 1e3 / f64::from(CHECKPOINTS);
    Ok((micros, bytes))
}
