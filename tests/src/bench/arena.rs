//! `bench arena`: rooms that tick. Every ship flies in a circle, so that every position changes at every tick.

use anyhow::{Result, ensure};

use super::{
    Setup, Side,
    format::Format,
    gamev1::Program,
    measure::{Meter, Spent},
    report::{Table, figure, percent},
    samples::{Quantiles, median},
    schedule::Schedule,
    ships::Ships,
    stage::{Rooms, Stage, States},
};

#[derive(Debug, clap::Args)]
pub(crate) struct ArenaArgs {
    #[command(flatten)]
    setup: Setup,
    #[arg(long, default_value_t = 1_000)]
    players: usize,
    /// Players of an arena
    #[arg(long, default_value_t = 10)]
    a_room: usize,
    /// Inputs a second and player
    #[arg(long, default_value_t = 10)]
    input_hz: u32,
    #[arg(long, value_enum, value_delimiter = ',', default_value = "json,msgpack")]
    formats: Vec<Format>,
    /// Find how many players one core holds: these numbers of players, until the gaps grow too long
    #[arg(long, value_delimiter = ',')]
    ladder: Vec<usize>,
    /// A step of the ladder holds while the p99 of the gap between states is at most this
    #[arg(long, default_value_t = 60.0, value_name = "MS")]
    gap_max: f64,
}

/// The arena's, which the bare relay copies.
const TICK_HZ: u32 = 20;
/// What the bare relay's frames are made of when GameV1 is left out.
const STATE_BYTES: usize = 320;

/// One run of one side.
#[derive(Debug)]
struct Outcome {
    side: Side,
    format: Format,
    players: usize,
    frames: u64,
    snapshots: u64,
    rejected: u64,
    closed: usize,
    spent: Spent,
    seconds: f64,
    gap: Quantiles,
    bytes: f64,
    kib: f64,
    late_p99: f64,
}

pub(crate) fn run(args: &ArenaArgs, core: Option<usize>) -> Result<()> {
    ensure!(args.a_room > 0 && args.input_hz > 0, "rooms have players, and players send inputs");
    let program = args.setup.gamev1()?;
    args.setup.take_place(core)?;
    match program {
        Some(program) if !args.ladder.is_empty() => ladder(args, core, &program),
        program => side_by_side(args, core, program.as_ref()),
    }
}

fn side_by_side(args: &ArenaArgs, core: Option<usize>, program: Option<&Program>) -> Result<()> {
    let rooms = Rooms { rooms: args.players / args.a_room, a_room: args.a_room };
    let mut outcomes = Vec::new();
    for &format in &args.formats {
        let mut bytes = STATE_BYTES;
        for round in 1..=args.setup.rounds {
            if let Some(program) = program {
                let stage = Stage::gamev1(program, &args.setup, core, rooms, "arena", format)?;
                tell(Side::Gamev1, format, round, &stage);
                let outcome = measure(args, core, Side::Gamev1, format, stage)?;
                bytes = outcome.bytes.round() as usize;
                outcomes.push(outcome);
            }
            if args.setup.runs(Side::Bare) {
                let states = States { bytes, tick_hz: TICK_HZ };
                let stage = Stage::bare(core, rooms, format, Some(states))?;
                tell(Side::Bare, format, round, &stage);
                outcomes.push(measure(args, core, Side::Bare, format, stage)?);
            }
        }
    }
    print(args, &outcomes);
    for &format in &args.formats {
        let of = |side: Side| {
            let runs = outcomes.iter().filter(|run| run.side == side && run.format == format);
            median(runs.map(Outcome::micros_each).collect())
        };
        let ratio = of(Side::Gamev1) / of(Side::Bare);
        let (format, ratio) = (format.name(), figure(ratio));
        println!("CPU a state frame, {format}, GameV1 ÷ bare relay (medians): {ratio}  (bar 1.60)");
    }
    println!("bytes a state: bars 320 in JSON, 135 in MessagePack");
    Ok(())
}

fn tell(side: Side, format: Format, round: usize, stage: &Stage) {
    let (side, format, pid) = (side.name(), format.name(), stage.server().pid());
    eprintln!("arena, {format}, round {round}: {side} (pid {pid})");
}

fn ladder(args: &ArenaArgs, core: Option<usize>, program: &Program) -> Result<()> {
    let mut outcomes: Vec<Outcome> = Vec::new();
    let mut held = None;
    let format = args.formats.first().copied().unwrap_or(Format::Json);
    for &players in &args.ladder {
        let rooms = Rooms { rooms: players / args.a_room, a_room: args.a_room };
        let stage = Stage::gamev1(program, &args.setup, core, rooms, "arena", format)?;
        eprintln!("arena, ladder: {players} players (pid {})", stage.server().pid());
        let outcome = measure(args, core, Side::Gamev1, format, stage)?;
        let holds = outcome.gap.p99 <= args.gap_max && outcome.closed == 0;
        outcomes.push(outcome);
        if !holds {
            break;
        }
        held = Some(players);
    }
    print(args, &outcomes);
    match held {
        Some(players) => println!(
            "one core held {players} players with a p99 gap of at most {} ms",
            args.gap_max
        ),
        None => println!("no step of the ladder held a p99 gap of {} ms", args.gap_max),
    }
    Ok(())
}

fn measure(
    args: &ArenaArgs,
    core: Option<usize>,
    side: Side,
    format: Format,
    mut stage: Stage,
) -> Result<Outcome> {
    let mut ships = Ships::new(format, std::mem::take(&mut stage.seats), args.setup.seed)?;
    let start = stage.pump.now();
    let period = std::time::Duration::from_secs(1) / args.input_hz;
    let mut schedule = Schedule::new(stage.pump.len(), period, start, args.setup.seed);
    let warm = start + args.setup.warm_up();
    stage.pump.run(warm, Some(&mut schedule), &mut ships)?;

    let meter = Meter::start(stage.server(), core)?;
    ships.counting = true;
    stage.pump.run(warm + args.setup.window(), Some(&mut schedule), &mut ships)?;
    ships.counting = false;
    let spent = meter.stop(stage.server())?;
    for reason in stage.pump.closed.iter().take(3) {
        eprintln!("closed by the server: {reason}");
    }
    Ok(Outcome {
        side,
        format,
        players: stage.pump.len(),
        frames: ships.states + ships.snapshots,
        snapshots: ships.snapshots,
        rejected: ships.rejected,
        closed: stage.pump.len() - stage.pump.open(),
        spent,
        seconds: args.setup.window().as_secs_f64(),
        gap: ships.gaps.quantiles(),
        bytes: ships.state_bytes as f64 / ships.states as f64,
        kib: stage.rss_each_now()? / 1024.0,
        late_p99: std::mem::take(&mut stage.pump.late).quantiles().p99,
    })
}

impl Outcome {
    fn micros_each(&self) -> f64 {
        self.spent.micros_each(self.frames)
    }
}

fn print(args: &ArenaArgs, outcomes: &[Outcome]) {
    let ArenaArgs { a_room, input_hz, .. } = args;
    println!(
        "\narena: rooms of {a_room}, {input_hz} inputs a second and player, states at {TICK_HZ} Hz\n"
    );
    let mut table = Table::new(&[
        "server",
        "format",
        "players",
        "states",
        "states/s/player",
        "snapshots",
        "rejected",
        "closed",
        "CPU µs/state",
        "server",
        "bytes/state",
        "gap p50 ms",
        "p99 ms",
        "max ms",
        "KiB/conn",
        "generator",
        "its p99 delay ms",
        "foreign on core",
    ]);
    for run in outcomes {
        table.row(vec![
            run.side.name().to_owned(),
            run.format.name().to_owned(),
            run.players.to_string(),
            run.frames.to_string(),
            figure(run.frames as f64 / run.seconds / run.players as f64),
            run.snapshots.to_string(),
            run.rejected.to_string(),
            run.closed.to_string(),
            figure(run.micros_each()),
            percent(run.spent.cpu.as_secs_f64() / run.seconds),
            figure(run.bytes),
            figure(run.gap.p50),
            figure(run.gap.p99),
            figure(run.gap.max),
            figure(run.kib),
            percent(run.spent.generator),
            figure(run.late_p99),
            percent(run.spent.foreign),
        ]);
    }
    table.print();
    println!();
}
