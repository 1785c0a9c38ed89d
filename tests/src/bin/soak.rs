//! `make soak`: sessions that come and go by the hundred thousand, and what the server holds afterwards.

use anyhow::{Context, Result, ensure};
use e2e::{server::Setup, soak};

const SESSIONS: usize = 100_000;

#[tokio::main(flavor = "current_thread")]
#[expect(clippy::print_stdout, reason = "a table is what this program is for")]
async fn main() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let program = args.next().context("which program is to be soaked?")?;
    // The server runs in a directory of its own.
    let program = std::fs::canonicalize(program)?;
    let sessions = args.next().map_or(Ok(SESSIONS), |n| n.parse())?;
    let soak = soak::run(Setup::of(program), sessions).await;
    println!("{soak}");
    ensure!(soak.after.counts == soak.before.counts, "something is left");
    Ok(())
}
