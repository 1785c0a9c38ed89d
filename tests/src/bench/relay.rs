//! `bench relay`: what one member sends, the others get at once.

use std::time::Duration;

use anyhow::Result;

use super::{
    Setup, Side,
    format::Format,
    measure::{Meter, Spent},
    pump::{Load, Pump},
    report::{Table, figure, percent},
    samples::{Quantiles, Samples, median},
    schedule::Schedule,
    stage::{Rooms, Stage},
    wire::TEXT,
};

#[derive(Debug, clap::Args)]
pub(crate) struct RelayArgs {
    #[command(flatten)]
    setup: Setup,
    #[arg(long, default_value_t = 100)]
    rooms: usize,
    /// Members of a room
    #[arg(long, default_value_t = 10)]
    players: usize,
    /// Sends a second and member
    #[arg(long, default_value_t = 20)]
    hz: u32,
    /// Of the payload, a JSON string with its quotes
    #[arg(long, default_value_t = 64)]
    payload_bytes: usize,
}

/// Opens the payload: no other string of the wire begins with it.
const MARK: &[u8] = b"\"@";
const STAMP_DIGITS: usize = 16;
/// Digits of base 16 from here on have their value in the low four bits.
const DIGIT_ZERO: u8 = b'@';
/// Where the payload ends, counted from the end of a frame.
const AFTER_PAYLOAD: usize = 2;

/// Sends stamped payloads and reads the stamps that come back.
#[derive(Debug)]
struct Relay {
    /// The room of each socket.
    seats: Vec<String>,
    payload_bytes: usize,
    counting: bool,
    latency: Samples,
    sent: u64,
    delivered: u64,
    delivered_bytes: u64,
}

/// One run of one side.
#[derive(Debug)]
struct Outcome {
    side: Side,
    deliveries: u64,
    lost: i64,
    closed: usize,
    spent: Spent,
    latency: Quantiles,
    late_p99: f64,
    bytes: f64,
    kib_idle: f64,
    kib_after: f64,
}

pub(crate) fn run(args: &RelayArgs, core: Option<usize>) -> Result<()> {
    let program = args.setup.gamev1()?;
    args.setup.take_place(core)?;
    let rooms = Rooms { rooms: args.rooms, a_room: args.players };
    let mut outcomes = Vec::new();
    for round in 1..=args.setup.rounds {
        for side in [Side::Bare, Side::Gamev1] {
            let stage = match (side, &program) {
                (Side::Bare, _) if args.setup.runs(side) => {
                    Stage::bare(core, rooms, Format::Json, None)?
                }
                (Side::Gamev1, Some(program)) => {
                    Stage::gamev1(program, &args.setup, core, rooms, "relay", Format::Json)?
                }
                _ => continue,
            };
            eprintln!("relay, round {round}: {} (pid {})", side.name(), stage.server().pid());
            outcomes.push(measure(args, core, side, stage)?);
        }
    }
    print(args, &outcomes);
    Ok(())
}

fn measure(args: &RelayArgs, core: Option<usize>, side: Side, mut stage: Stage) -> Result<Outcome> {
    let mut relay = Relay {
        seats: std::mem::take(&mut stage.seats),
        payload_bytes: args.payload_bytes,
        counting: false,
        latency: Samples::default(),
        sent: 0,
        delivered: 0,
        delivered_bytes: 0,
    };
    let pump = &mut stage.pump;
    let start = pump.now();
    let period = Duration::from_secs(1) / args.hz;
    let mut schedule = Schedule::new(pump.len(), period, start, args.setup.seed);
    let warm = start + args.setup.warm_up();
    pump.run(warm, Some(&mut schedule), &mut relay)?;

    let meter = Meter::start(stage.server(), core)?;
    let (before, bytes_before) = (relay.delivered, relay.delivered_bytes);
    relay.counting = true;
    stage.pump.run(warm + args.setup.window(), Some(&mut schedule), &mut relay)?;
    relay.counting = false;
    let spent = meter.stop(stage.server())?;
    let deliveries = relay.delivered - before;
    let bytes = relay.delivered_bytes - bytes_before;

    stage.pump.drain(Duration::from_millis(500), Duration::from_secs(5), &mut relay)?;
    Ok(Outcome {
        side,
        deliveries,
        lost: lost(&relay, args.players),
        closed: closed(&stage.pump),
        spent,
        latency: relay.latency.quantiles(),
        late_p99: std::mem::take(&mut stage.pump.late).quantiles().p99,
        bytes: bytes as f64 / deliveries as f64,
        kib_idle: stage.rss_each / 1024.0,
        kib_after: stage.rss_each_now()? / 1024.0,
    })
}

/// What was sent, warm-up and all, and had not come when everything was quiet.
fn lost(relay: &Relay, a_room: usize) -> i64 {
    let expected = relay.sent * (a_room as u64 - 1);
    expected.cast_signed() - relay.delivered.cast_signed()
}

fn closed(pump: &Pump) -> usize {
    for reason in pump.closed.iter().take(3) {
        eprintln!("closed by the server: {reason}");
    }
    pump.len() - pump.open()
}

impl Load for Relay {
    fn compose(&mut self, socket: usize, now: Duration, payload: &mut Vec<u8>) -> u8 {
        payload.extend_from_slice(br#"{"type":"room.send","data":{"room":""#);
        payload.extend_from_slice(self.seats[socket].as_bytes());
        payload.extend_from_slice(br#"","payload":"#);
        let start = payload.len();
        payload.extend_from_slice(MARK);
        let mut nanos = now.as_nanos() as u64;
        for _ in 0..STAMP_DIGITS {
            payload.push(DIGIT_ZERO + (nanos >> 60) as u8);
            nanos <<= 4;
        }
        payload.resize(start + self.payload_bytes - 1, b'.');
        payload.extend_from_slice(b"\"}}");
        self.sent += 1;
        TEXT
    }

    fn frame(&mut self, _socket: usize, now: Duration, payload: &[u8]) {
        let Some(start) = payload.len().checked_sub(AFTER_PAYLOAD + self.payload_bytes) else {
            return;
        };
        let Some(stamp) = payload[start..].strip_prefix(MARK) else { return };
        let digits = stamp[..STAMP_DIGITS].iter();
        let nanos = digits.fold(0, |nanos: u64, digit| (nanos << 4) | u64::from(digit & 0x0f));
        self.delivered += 1;
        self.delivered_bytes += payload.len() as u64;
        if self.counting {
            self.latency.push(now.saturating_sub(Duration::from_nanos(nanos)));
        }
    }
}

fn print(args: &RelayArgs, outcomes: &[Outcome]) {
    println!();
    let RelayArgs { rooms, players, hz, payload_bytes, .. } = args;
    println!(
        "relay: {rooms} rooms × {players} members × {hz} sends a second of {payload_bytes} bytes\n"
    );
    let mut table = Table::new(&[
        "server",
        "deliveries",
        "lost",
        "closed",
        "CPU µs/delivery",
        "p50 ms",
        "p99 ms",
        "max ms",
        "KiB/conn idle",
        "after load",
        "bytes/delivery",
        "generator",
        "its p99 delay ms",
        "foreign on core",
    ]);
    for run in outcomes {
        table.row(vec![
            run.side.name().to_owned(),
            run.deliveries.to_string(),
            run.lost.to_string(),
            run.closed.to_string(),
            figure(run.spent.micros_each(run.deliveries)),
            figure(run.latency.p50),
            figure(run.latency.p99),
            figure(run.latency.max),
            figure(run.kib_idle),
            figure(run.kib_after),
            figure(run.bytes),
            percent(run.spent.generator),
            figure(run.late_p99),
            percent(run.spent.foreign),
        ]);
    }
    table.print();
    let of = |side: Side, value: fn(&Outcome) -> f64| {
        median(outcomes.iter().filter(|run| run.side == side).map(value).collect())
    };
    let each = |run: &Outcome| run.spent.micros_each(run.deliveries);
    let ratio = of(Side::Gamev1, each) / of(Side::Bare, each);
    println!("\nCPU a delivery, GameV1 ÷ bare relay (medians): {}  (bar 1.50)", figure(ratio));
    let p99 = |run: &Outcome| run.latency.p99;
    println!(
        "p99: GameV1 {} ms, bare relay {} ms  (bar 15 ms or twice the bare relay's)",
        figure(of(Side::Gamev1, p99)),
        figure(of(Side::Bare, p99)),
    );
    let kib = of(Side::Gamev1, |run| run.kib_idle);
    println!("memory a connection: {} KiB  (bar 20)", figure(kib));
}
