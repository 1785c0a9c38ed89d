//! Load benches, run by hand: `cargo run --release -p e2e --bin bench -- relay`. They are bounded in time, use loopback
//! only, and measure the real server next to a bare relay in alternating runs, because only ratios within one run
//! mean anything on a machine that does other things too. `docs/benchmarks.md` says how to read the tables.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a table is what this program is for"
)]

mod arena;
mod bare;
mod calls;
mod crash;
mod format;
mod gamev1;
mod idle;
mod logins;
mod me;
mod measure;
mod order;
mod process;
mod pump;
mod relay;
mod report;
mod restart;
mod samples;
mod schedule;
mod ships;
mod socket;
mod stage;
mod tokens;
mod wire;

use std::{path::PathBuf, thread::available_parallelism, time::Duration};

use anyhow::Result;
use clap::Parser;

use self::gamev1::Program;

#[derive(Debug, Parser)]
#[command(name = "bench", about = "Load benches of GameV1 next to a bare tokio relay")]
struct Command {
    #[command(subcommand)]
    bench: Bench,
}

#[derive(Debug, clap::Subcommand)]
enum Bench {
    /// Rooms without rules: what one member sends, the others get at once
    Relay(relay::RelayArgs),
    /// Rooms that tick: a state to every member, twenty times a second
    Arena(arena::ArenaArgs),
    /// Connections that do nothing: how many, and what one costs in memory
    Idle(idle::IdleArgs),
    /// A room that panics: how long until its next tick arrives
    Crash(crash::CrashArgs),
    /// Rooms that are crashed on order while inputs come
    Order(order::OrderArgs),
    /// Inside one process: a restart alone, a message's way, a checkpoint
    Restart(restart::RestartArgs),
    /// Inside one process: access tokens that are checked
    Tokens(tokens::TokensArgs),
    /// Authenticated HTTP calls: how many a second, and how soon
    Me(me::MeArgs),
    /// Logins by password: how many a second
    Logins(logins::LoginsArgs),
    /// The bare relay by itself; the benches start it
    #[command(hide = true)]
    Bare(bare::BareArgs),
}

/// What all benches are told.
#[derive(Debug, Clone, clap::Args)]
struct Setup {
    /// A server that is built already, instead of the one that cargo builds
    #[arg(long)]
    server: Option<PathBuf>,
    /// Before anything is counted
    #[arg(long, default_value_t = 2.0, value_name = "SECONDS")]
    warm_up: f64,
    /// What is counted
    #[arg(long, default_value_t = 8.0, value_name = "SECONDS")]
    window: f64,
    /// Runs of each side, alternating
    #[arg(long, default_value_t = 2)]
    rounds: usize,
    /// Leave one side out
    #[arg(long, value_enum)]
    only: Option<Side>,
    /// Sockets that one player opens; the server allows five
    #[arg(long, default_value_t = 1)]
    sockets_a_player: usize,
    /// Schedule server and generator before everything else, where other work shares the machine; needs root
    #[arg(long)]
    realtime: bool,
    /// Where sends fall within the period, and which way ships fly
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Side {
    Bare,
    Gamev1,
}

impl Side {
    fn name(self) -> &'static str {
        match self {
            Side::Bare => "bare relay",
            Side::Gamev1 => "GameV1",
        }
    }
}

impl Setup {
    fn warm_up(&self) -> Duration {
        Duration::from_secs_f64(self.warm_up)
    }

    fn window(&self) -> Duration {
        Duration::from_secs_f64(self.window)
    }

    fn runs(&self, side: Side) -> bool {
        self.only.is_none_or(|only| only == side)
    }

    /// Gives the generator its core and priority and prints the machine. To be called once cargo has done its work.
    fn take_place(&self, core: Option<usize>) -> Result<()> {
        report::print_machine();
        if self.realtime {
            process::hurry_self()?;
        }
        core.map_or(Ok(()), |_| process::pin_self(GENERATOR_CORE))
    }

    /// The server binary, when this run needs one.
    fn gamev1(&self) -> Result<Option<Program>> {
        match (&self.server, self.runs(Side::Gamev1)) {
            (_, false) => Ok(None),
            (Some(path), true) => Ok(Some(Program { path: path.clone() })),
            (None, true) => Program::build("gamev1-server", "gamev1").map(Some),
        }
    }
}

const SERVER_CORE: usize = 0;
const GENERATOR_CORE: usize = 1;

/// Server and generator have a core each, where there are two.
fn server_core() -> Option<usize> {
    available_parallelism().is_ok_and(|cores| cores.get() > GENERATOR_CORE).then_some(SERVER_CORE)
}

/// Reads the command line and runs what it asks for.
pub fn main() -> Result<()> {
    // Asked before anything is pinned: afterwards there is only one core to see.
    let core = server_core();
    match Command::parse().bench {
        Bench::Relay(args) => relay::run(&args, core),
        Bench::Arena(args) => arena::run(&args, core),
        Bench::Idle(args) => idle::run(&args, core),
        Bench::Crash(args) => crash::run(&args, core),
        Bench::Order(args) => order::run(&args, core),
        Bench::Restart(args) => restart::run(&args),
        Bench::Tokens(args) => tokens::run(&args, core),
        Bench::Logins(args) => logins::run(&args, core),
        Bench::Me(args) => me::run(&args, core),
        Bench::Bare(args) => bare::run(args),
    }
}
