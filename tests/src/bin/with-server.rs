//! Runs a command against a server of its own: `with-server node --test …`. The command finds its address in
//! `GAMEV1_URL`; its exit code is passed on.

use std::process::{Command, ExitCode};

use anyhow::{Context, Result};
use e2e::server::Setup;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode> {
    let mut args = std::env::args_os().skip(1);
    let program = args.next().context("which command is to be run?")?;
    // As `make run` starts it, but for the rates: tests sign in more guests than one address may.
    let server = Setup::new().dev().unlimited().start().await;
    let mut command = Command::new(&program);
    command.args(args).env("GAMEV1_URL", server.url());
    let status = command.status().with_context(|| format!("{program:?} does not start"))?;
    if !status.success() {
        server.show_log();
    }
    // Beyond 255 there is no exit code; a signal has none.
    Ok(ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1)))
}
