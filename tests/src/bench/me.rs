//! `bench me`: authenticated `GET /v1/me` over connections that stay open: how many a second one core answers, and how
//! soon at four fifths of that.

use std::time::Duration;

use anyhow::{Result, ensure};

use super::{
    Setup, Side,
    calls::{Answers, Calls, Pace},
    measure::{Meter, Spent},
    report::{Table, figure, percent},
    samples::median,
};

#[derive(Debug, clap::Args)]
pub(crate) struct MeArgs {
    #[command(flatten)]
    setup: Setup,
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// Players that ask in turn
    #[arg(long, default_value_t = 1_000)]
    players: usize,
    /// The part of the most that is asked for when answers are timed
    #[arg(long, default_value_t = 0.8)]
    part: f64,
}

pub(crate) fn run(args: &MeArgs, core: Option<usize>) -> Result<()> {
    let Some(program) = args.setup.gamev1()? else { return Ok(()) };
    args.setup.take_place(core)?;
    let running = program.serve(core, &[])?;
    let tokens = running.sign_in(args.players)?;
    let request = |token: &String| {
        format!(
            "GET /v1/me HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {token}\r\n\r\n",
            running.addr
        )
    };
    let requests = tokens.iter().map(|token| request(token).into_bytes()).collect();
    let mut calls = Calls::new(running.addr, args.connections, requests)?;
    calls.run(Pace::Closed, args.setup.warm_up())?;

    let mut table = Table::new(&[
        "pace",
        "a second",
        "p50 ms",
        "p99 ms",
        "max ms",
        "CPU µs",
        "generator",
        "foreign",
    ]);
    let window = args.setup.window();
    let mut most = Vec::new();
    for _ in 0..args.setup.rounds {
        let (answers, spent) = measured(&mut calls, Pace::Closed, window, &running, core)?;
        most.push(answers.count as f64 / window.as_secs_f64());
        table.row(row("as fast as it goes", answers, spent, window));
    }
    let per_second = median(most) * args.part;
    for _ in 0..args.setup.rounds {
        let pace = Pace::Open { per_second };
        let (answers, spent) = measured(&mut calls, pace, window, &running, core)?;
        table.row(row(&format!("{} of that", percent(args.part)), answers, spent, window));
    }
    println!("{}: {} connections, {} players", Side::Gamev1.name(), args.connections, args.players);
    table.print();
    Ok(())
}

fn measured(
    calls: &mut Calls,
    pace: Pace,
    window: Duration,
    running: &super::gamev1::Running,
    core: Option<usize>,
) -> Result<(Answers, Spent)> {
    let meter = Meter::start(&running.server, core)?;
    let answers = calls.run(pace, window)?;
    let spent = meter.stop(&running.server)?;
    ensure!(answers.refused == 0, "{} of {} were refused", answers.refused, answers.count);
    Ok((answers, spent))
}

fn row(pace: &str, answers: Answers, spent: Spent, window: Duration) -> Vec<String> {
    let rate = answers.count as f64 / window.as_secs_f64();
    let each = spent.micros_each(answers.count);
    let quantiles = answers.took.quantiles();
    vec![
        pace.to_owned(),
        figure(rate),
        figure(quantiles.p50),
        figure(quantiles.p99),
        figure(quantiles.max),
        figure(each),
        percent(spent.generator),
        percent(spent.foreign),
    ]
}
