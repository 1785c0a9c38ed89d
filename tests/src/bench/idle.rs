//! `bench idle`: connections that do nothing.

use std::time::Duration;

use anyhow::{Context, Result};

use super::{
    Setup, Side,
    format::Format,
    pump::{Load, Pump},
    report::{Table, figure},
    samples::Samples,
    wire::TEXT,
};

#[derive(Debug, clap::Args)]
pub(crate) struct IdleArgs {
    #[command(flatten)]
    setup: Setup,
    #[arg(long, default_value_t = 10_000)]
    connections: usize,
}

const SOCKETS_A_PLAYER: usize = 5;
const PING: &[u8] = br#"{"id":77,"type":"ping","data":{}}"#;
const PONG: &[u8] = br#"{"id":77,"#;
/// Pings that are under way at the same time.
const PINGS_AT_ONCE: usize = 100;
const CATCH_UP_EVERY: usize = 100;

/// Counts answers to pings.
#[derive(Debug, Default)]
struct Echo {
    asked: Vec<Option<Duration>>,
    answered: usize,
    took: Samples,
}

pub(crate) fn run(args: &IdleArgs, core: Option<usize>) -> Result<()> {
    let setup = Setup { only: Some(Side::Gamev1), ..args.setup.clone() };
    let program = setup.gamev1()?.context("this bench needs the server")?;
    setup.take_place(core)?;
    let running = program.serve(core, &[])?;
    let tokens = running.sign_in(args.connections.div_ceil(SOCKETS_A_PLAYER))?;
    let before = running.server.rss_bytes()?;
    let mut pump = Pump::new()?;
    let mut why_not = None;
    for at in 0..args.connections {
        // Whatever stops it, a file limit say: what was reached is what the table shows.
        match running
            .open(&tokens[at % tokens.len()], Format::Json)
            .and_then(|socket| pump.add(socket))
        {
            Ok(()) => {}
            Err(error) => {
                why_not = Some(error);
                break;
            }
        }
        if at % CATCH_UP_EVERY == 0 {
            pump.catch_up()?;
        }
    }
    let mut echo = Echo { asked: vec![None; pump.len()], ..Echo::default() };
    pump.run(pump.now() + Duration::from_secs(2), None, &mut echo)?;
    let idle = running.server.rss_bytes()?;
    for at in 0..pump.len() {
        let now = pump.now();
        pump.send(at, now, &mut echo)?;
        if at % PINGS_AT_ONCE == PINGS_AT_ONCE - 1 {
            pump.run(now + Duration::from_millis(5), None, &mut echo)?;
        }
    }
    pump.drain(Duration::from_millis(500), Duration::from_secs(10), &mut echo)?;
    let after = running.server.rss_bytes()?;
    if let Some(error) = why_not {
        println!("stopped at {} connections: {error:#}", pump.len());
    }
    let each = |rss: u64| figure(rss.saturating_sub(before) as f64 / pump.len() as f64 / 1024.0);
    let mib = |rss: u64| figure(rss as f64 / 1024.0 / 1024.0);
    let took = echo.took.quantiles();
    println!("\nidle: {} connections asked for\n", args.connections);
    let mut table = Table::new(&[
        "connections",
        "open at the end",
        "pings answered",
        "ping p50 ms",
        "p99 ms",
        "KiB/conn idle",
        "after one ping",
        "server MiB before",
        "idle",
        "after",
    ]);
    table.row(vec![
        pump.len().to_string(),
        pump.open().to_string(),
        echo.answered.to_string(),
        figure(took.p50),
        figure(took.p99),
        each(idle),
        each(after),
        mib(before),
        mib(idle),
        mib(after),
    ]);
    table.print();
    println!("\nmemory a connection: {} KiB  (bar 20)", each(idle));
    Ok(())
}

impl Load for Echo {
    fn compose(&mut self, socket: usize, now: Duration, payload: &mut Vec<u8>) -> u8 {
        self.asked[socket] = Some(now);
        payload.extend_from_slice(PING);
        TEXT
    }

    fn frame(&mut self, socket: usize, now: Duration, payload: &[u8]) {
        if payload.starts_with(PONG)
            && let Some(asked) = self.asked[socket].take()
        {
            self.answered += 1;
            self.took.push(now - asked);
        }
    }
}
