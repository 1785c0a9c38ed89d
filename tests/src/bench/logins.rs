//! `bench logins`: logins by name and password, each of them Argon2id, over connections that stay open.

use anyhow::{Result, ensure};
use serde_json::json;

use super::{
    Setup,
    calls::{Calls, Pace},
    measure::Meter,
    report::{Table, figure, percent},
};

#[derive(Debug, clap::Args)]
pub(crate) struct LoginsArgs {
    #[command(flatten)]
    setup: Setup,
    /// More than the server's queue of passwords holds would be refused
    #[arg(long, default_value_t = 8)]
    connections: usize,
    /// Accounts that sign in in turn
    #[arg(long, default_value_t = 32)]
    accounts: usize,
}

const PASSWORD: &str = "plinth ember quokka sundial";

pub(crate) fn run(args: &LoginsArgs, core: Option<usize>) -> Result<()> {
    let Some(program) = args.setup.gamev1()? else { return Ok(()) };
    args.setup.take_place(core)?;
    let running = program.serve(core, &[])?;
    running.register(args.accounts, PASSWORD)?;
    let request = |account: usize| {
        let body = json!({ "login": format!("bench{account}"), "password": PASSWORD });
        running.post("/v1/auth/login", &body).into_bytes()
    };
    let requests = (0..args.accounts).map(request).collect();
    let mut calls = Calls::new(running.addr, args.connections, requests)?;
    calls.run(Pace::Closed, args.setup.warm_up())?;

    let mut table =
        Table::new(&["logins a second", "p50 ms", "p99 ms", "max ms", "CPU µs", "foreign"]);
    let window = args.setup.window();
    for _ in 0..args.setup.rounds {
        let meter = Meter::start(&running.server, core)?;
        let answers = calls.run(Pace::Closed, window)?;
        let spent = meter.stop(&running.server)?;
        ensure!(answers.refused == 0, "{} of {} were refused", answers.refused, answers.count);
        let each = spent.micros_each(answers.count);
        let quantiles = answers.took.quantiles();
        let rate = answers.count as f64 / window.as_secs_f64();
        let times = [quantiles.p50, quantiles.p99, quantiles.max].map(figure);
        let rest = [figure(each), percent(spent.foreign)];
        table.row([figure(rate)].into_iter().chain(times).chain(rest).collect());
    }
    println!("{} connections, {} accounts", args.connections, args.accounts);
    table.print();
    Ok(())
}
