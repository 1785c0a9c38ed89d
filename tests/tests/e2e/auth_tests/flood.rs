//! A flood of sign-ins: whoever plays does not notice it, and who has the right password gets in.

use std::{io::Write, pin::pin, sync::Arc, time::Duration};

use e2e::server::Setup;
use tokio::{task::JoinSet, time::Instant};

use super::{
    accounts::{OTHER, PASSWORD, login, register},
    *,
};

const AT_ONCE: usize = 200;
const ROUNDS: usize = 5;
/// Of the arena.
const TICK: Duration = Duration::from_millis(50);
/// How much later a tick may be seen with the flood than without. The flood itself, and whoever sees the ticks, are at
/// work on the same cores, and how fast these are differs; hashing on the threads of the rooms would take all of the
/// flood's seconds. What is seen is printed.
const LATER_MAX: Duration = Duration::from_millis(500);
/// What else runs on the machine is later at times by as much; hashing in the way of the ticks is so each time.
const TRIES: usize = 4;
/// A turn of hashing takes 19 MiB, and the sockets of the flood some.
const RSS_MORE_MAX_KIB: u64 = 64 * 1024;

/// What a player saw of a room's ticks.
struct Seen {
    ticks: u64,
    took: Duration,
    /// How much later than the most punctual of them each was, in order.
    lateness: Vec<Duration>,
}

impl Seen {
    fn p99(&self) -> Duration {
        self.lateness[self.lateness.len() * 99 / 100]
    }
}

/// Plays until `end` has come, and says how the ticks came in. Something moves at each, so that each is told.
async fn play(client: &mut Client, room: &str, seq: &mut u64, end: impl Future) -> Seen {
    let mut end = pin!(end);
    let mut tick = client.room(room).tick;
    let (first, start) = (tick, Instant::now());
    let mut offsets = Vec::new();
    loop {
        *seq += 1;
        let input = json!({ "move": [0, 0], "aim": (*seq % 6) as f64, "fire": false });
        client.input(room, *seq, input).await;
        let next = client.view(room, "the next tick", |view| view.tick > tick);
        tokio::select! {
            view = next => tick = view.tick,
            _ = &mut end => break,
        }
        let due = TICK * u32::try_from(tick - first).expect("a short while");
        offsets.push(start.elapsed() + Duration::from_secs(1) - due);
    }
    let earliest = offsets.iter().min().copied().unwrap_or_default();
    let mut lateness: Vec<_> = offsets.into_iter().map(|offset| offset - earliest).collect();
    lateness.sort();
    Seen { ticks: tick - first, took: start.elapsed(), lateness }
}

/// Wrong logins, so many at once; gives how many were checked and how many were told to come back.
async fn flood(server: Arc<Server>) -> (usize, usize) {
    let (mut wrong, mut overloaded) = (0, 0);
    for round in 0..ROUNDS {
        let mut calls = JoinSet::new();
        for n in 0..AT_ONCE {
            let server = server.clone();
            calls.spawn(async move {
                // Half of them try one account, the others any.
                let name = if n % 2 == 0 { "Ada".to_owned() } else { format!("n{round}-{n}") };
                login(&server, &name, OTHER).await
            });
        }
        for answer in calls.join_all().await {
            if answer.status == 503 {
                answer.problem(503, "overloaded");
                overloaded += 1;
            } else {
                answer.problem(401, "invalid_credentials");
                wrong += 1;
            }
        }
    }
    (wrong, overloaded)
}

/// Signs in as often as it is let until `end` has come, and once more: how often that was.
async fn sign_in_again_and_again(server: &Server, end: impl Future) -> usize {
    let mut end = pin!(end);
    let mut signed_in = 0;
    loop {
        tokio::select! {
            answer = login(server, "Ada", PASSWORD) => match answer.status {
                200 => signed_in += 1,
                _ => drop(answer.problem(503, "overloaded")),
            },
            _ = &mut end => return signed_in,
        }
    }
}

fn resident_kib(server: &Server) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid()));
    let status = status.expect("its status");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("its peak");
    line.split_whitespace().next().and_then(|kib| kib.parse().ok()).expect("a number")
}

/// Plays in quiet and then through a flood; tells what was seen when it was noticed.
async fn flooded(
    server: &Arc<Server>,
    client: &mut Client,
    room: &str,
    seq: &mut u64,
) -> Result<(), String> {
    let quiet = tokio::time::sleep(TICK * 60);
    let before = play(client, room, seq, quiet).await;
    let (told, is_told) = tokio::sync::watch::channel(());
    let (mut over, calls) = (is_told.clone(), server.clone());
    let mut flooding = JoinSet::new();
    flooding.spawn(async move {
        let counted = flood(calls).await;
        drop(told);
        counted
    });
    let mut end = is_told;
    let (during, signed_in) = tokio::join!(
        play(client, room, seq, async move { over.changed().await }),
        sign_in_again_and_again(server, async move { end.changed().await }),
    );
    let (wrong, overloaded) = flooding.join_all().await[0];

    let told = format!(
        "tick lateness p99 {:?} before and {:?} during {wrong} wrong logins, {overloaded} told to come back and \
         {signed_in} right ones in {:.1?}; {} ticks",
        before.p99(),
        during.p99(),
        during.took,
        during.ticks,
    );
    let _ = writeln!(std::io::stderr(), "{told}");
    assert_eq!(wrong + overloaded, AT_ONCE * ROUNDS, "each was answered: {told}");
    assert!(wrong >= ROUNDS && signed_in >= 1, "{told}");
    let due = u64::try_from(during.took.as_millis() / TICK.as_millis()).expect("a count");
    let all_came = during.ticks + 3 + due / 4 >= due;
    let in_time = during.p99() <= before.p99() + LATER_MAX;
    if all_came && in_time { Ok(()) } else { Err(format!("of {due} ticks: {told}")) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_wrong_logins_is_nothing_to_those_who_play() {
    let server = Arc::new(Setup::new().unlimited().start().await);
    register(&server, "Ada").await;
    let mut client = server.connect(Format::MsgPack).await;
    let room = client.create("arena").await;
    client.view(&room, "the first state", |_| true).await;
    let (mut seq, before_kib) = (0, resident_kib(&server));

    let mut told = String::new();
    for _ in 0..TRIES {
        match flooded(&server, &mut client, &room, &mut seq).await {
            Ok(()) => {
                told.clear();
                break;
            }
            Err(noticed) => told = noticed,
        }
    }
    assert_eq!(told, "", "it is noticed each time");
    let more_kib = resident_kib(&server).saturating_sub(before_kib);
    assert!(more_kib <= RSS_MORE_MAX_KIB, "{more_kib} KiB more at the peak");
    client.alive().await;
    login(&server, "Ada", PASSWORD).await.ok(200);
}
