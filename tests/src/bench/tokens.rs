//! `bench tokens`: inside one process and on one thread, how many access tokens are checked a second: shown for the first
//! time, shown again, and shown again by so many players that memory is what counts.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use anyhow::{Result, ensure};
use gamev1_actors::{ports::Revoked, revocations::Table as RevokedTable};
use gamev1_persistence::{Database, Sqlite, SqliteOptions};
use gamev1_protocol::SignInId;
use gamev1_server::auth::{
    authenticator::Authenticator, keys::Keys, sign_in::SignIns, token::Tokens,
};
use tokio::time::Instant;

use super::{
    process,
    report::{self, Table, figure},
};

#[derive(Debug, clap::Args)]
pub(crate) struct TokensArgs {
    /// Players that show a token each
    #[arg(long, default_value_t = 2_000)]
    players: usize,
    /// Sign-ins that were revoked, of others
    #[arg(long, default_value_t = 10_000)]
    revoked: usize,
    /// What is counted of each row
    #[arg(long, default_value_t = 3.0, value_name = "SECONDS")]
    window: f64,
}

/// Checks between two looks at the clock.
const BATCH: usize = 256;

pub(crate) fn run(args: &TokensArgs, core: Option<usize>) -> Result<()> {
    ensure!(args.players > 0, "there are players");
    report::print_machine();
    if let Some(core) = core {
        process::pin_self(core)?;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(measure(args))
}

async fn measure(args: &TokensArgs) -> Result<()> {
    let dir = tempfile::tempdir()?;
    let now = SystemTime::now();
    let sqlite = Arc::new(Sqlite::open(SqliteOptions::new(dir.path())).await?);
    sqlite.migrate().await?;
    let tokens = Arc::new(Tokens::new(Keys::open(dir.path(), now)?));
    let revoked = Arc::<RevokedTable>::default();
    let sign_ins = SignIns::new(sqlite.clone(), tokens.clone());
    let mut shown = Vec::with_capacity(args.players);
    for _ in 0..args.players {
        let signed_in = sign_ins.guest(None, now).await;
        shown.push(signed_in.map_err(|problem| anyhow::anyhow!("{problem:?}"))?.access_token);
    }
    let checker = || Authenticator::new(sqlite.clone(), tokens.clone(), revoked.clone());
    let window = Duration::from_secs_f64(args.window);
    let mut table = Table::new(&["a token that is", "checks a second", "µs each"]);
    let mut row = |what: &str, rate: f64| {
        table.row(vec![what.to_owned(), figure(rate), figure(1e6 / rate)]);
    };

    row("verified alone: its signature", verified(&tokens, &shown, window)?);
    row("shown again, by one player", checked(&checker(), &shown[..1], window).await?);
    let all = checker();
    row("shown for the first time, its player too", checked_once(&all, &shown).await?);
    row("shown again, by all players in turn", checked(&all, &shown, window).await?);
    for _ in 0..args.revoked {
        revoked.add(Revoked::SignIn(SignInId::new()), now + Duration::from_secs(3_600));
    }
    row("the same, while others are revoked", checked(&all, &shown, window).await?);
    sqlite.close().await;
    table.print();
    Ok(())
}

fn verified(tokens: &Tokens, shown: &[String], window: Duration) -> Result<f64> {
    let (started, mut done) = (Instant::now(), 0);
    for token in shown.iter().cycle() {
        tokens.verify(token, SystemTime::now())?;
        done += 1;
        if done % 64 == 0 && started.elapsed() >= window {
            break;
        }
    }
    Ok(f64::from(done) / started.elapsed().as_secs_f64())
}

async fn checked_once(checker: &Authenticator, shown: &[String]) -> Result<f64> {
    let started = Instant::now();
    for token in shown {
        check(checker, token).await?;
    }
    Ok(shown.len() as f64 / started.elapsed().as_secs_f64())
}

async fn checked(checker: &Authenticator, shown: &[String], window: Duration) -> Result<f64> {
    checked_once(checker, shown).await?;
    let mut turn = shown.iter().cycle();
    let (started, mut done) = (Instant::now(), 0);
    while started.elapsed() < window {
        for token in turn.by_ref().take(BATCH) {
            check(checker, token).await?;
        }
        done += BATCH;
    }
    Ok(done as f64 / started.elapsed().as_secs_f64())
}

async fn check(checker: &Authenticator, token: &str) -> Result<()> {
    let checked = checker.check(token, SystemTime::now()).await;
    checked.map(drop).map_err(|error| anyhow::anyhow!("{error:?}"))
}
