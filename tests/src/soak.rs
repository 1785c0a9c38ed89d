//! Sessions that come and go by the thousand: afterwards the server holds what it held before. `make soak` runs a hundred
//! thousand of them, a test two thousand.
#![allow(clippy::expect_used, clippy::panic, reason = "what goes wrong here ends the run")]

use std::{collections::BTreeMap, fmt, fs, sync::Arc};

use serde_json::json;
use tokio::{
    task::JoinSet,
    time::{Duration, Instant, sleep, timeout},
};

use crate::{
    client::{Dial, Format},
    http::Player,
    server::{Server, Setup},
};

/// Sessions that are open at the same time; each of so many players has at most one.
const AT_ONCE: usize = 40;
/// How long the last of them may take to be gone.
const SETTLED_WITHIN: Duration = Duration::from_secs(60);
/// How often it is looked whether they are.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// What the server holds at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// By the name of a metric and its label.
    pub counts: BTreeMap<String, u64>,
    pub descriptors: usize,
    pub threads: usize,
    pub rss_kib: u64,
}

/// A run, from what was held before it to what was held after.
#[derive(Debug)]
pub struct Soak {
    pub sessions: usize,
    pub took: Duration,
    pub before: Held,
    pub after: Held,
}

/// Opens and closes `sessions`, each with a room that ends, over real sockets.
pub async fn run(setup: Setup, sessions: usize) -> Soak {
    let server = Arc::new(setup.unlimited().start().await);
    let mut players = Vec::new();
    for _ in 0..AT_ONCE {
        players.push(Arc::new(server.guest().await));
    }
    // Caches, pools and the allocator have what they need once everything was done a few times.
    rounds(&server, &players, sessions.div_ceil(10).min(2_000)).await;
    let before = settled(&server).await;
    let begun = Instant::now();
    rounds(&server, &players, sessions).await;
    let took = begun.elapsed();
    let after = settled(&server).await;
    Soak { sessions, took, before, after }
}

async fn rounds(server: &Arc<Server>, players: &[Arc<Player>], sessions: usize) {
    let mut lanes = JoinSet::new();
    for (lane, player) in players.iter().enumerate() {
        let (server, player) = (server.clone(), player.clone());
        let share = sessions / players.len() + usize::from(lane < sessions % players.len());
        lanes.spawn(async move {
            for n in 0..share {
                one(&server, &player, Format::BOTH[n % 2]).await;
            }
        });
    }
    lanes.join_all().await;
}

/// One session: it plays in a room to the end of the game and says goodbye.
async fn one(server: &Server, player: &Player, format: Format) {
    let mut client = server.dial(&Dial::new().format(format).bearer(player)).await;
    let room = client.create("bomb").await;
    client.input(&room, 1, json!({ "add": 1, "end": { "won": true } })).await;
    assert_eq!(client.push("room.closed").await["reason"], "ended");
    assert_eq!(client.close().await.code, 1000);
}

/// What is held once nobody is left.
async fn settled(server: &Server) -> Held {
    let empty = |held: &Held| {
        let none = |name: &str| held.counts.get(name).is_none_or(|count| *count == 0);
        ["sessions", "ws_connections", "active_rooms", "actor_live{kind=\"session\"}"].map(none)
            == [true; 4]
    };
    let waited = timeout(SETTLED_WITHIN, async {
        loop {
            let held = held(server).await;
            if empty(&held) {
                return held;
            }
            sleep(LOOK_EVERY).await;
        }
    });
    waited.await.expect("all sessions are gone within a minute")
}

async fn held(server: &Server) -> Held {
    const COUNTED: [&str; 4] = ["sessions", "ws_connections", "active_rooms", "actor_live{"];
    let text = server.get("/metrics").await.text;
    let counts = text.lines().filter(|line| COUNTED.iter().any(|name| line.starts_with(name)));
    let counts = counts.filter_map(|line| {
        let (name, value) = line.rsplit_once(' ')?;
        Some((name.to_owned(), value.parse().ok()?))
    });
    let process = format!("/proc/{}", server.pid());
    let status = fs::read_to_string(format!("{process}/status")).expect("its status");
    let number = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let digits = line.and_then(|line| line.split_whitespace().next());
        digits.and_then(|digits| digits.parse().ok()).expect("a number")
    };
    Held {
        counts: counts.collect(),
        descriptors: fs::read_dir(format!("{process}/fd")).expect("its descriptors").count(),
        threads: number("Threads:") as usize,
        rss_kib: number("VmRSS:"),
    }
}

impl fmt::Display for Soak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Soak { sessions, took, before, after } = self;
        writeln!(
            f,
            "{sessions} sessions in {took:.1?}\n\n| held | before | after |\n|---|---|---|"
        )?;
        for (name, count) in &before.counts {
            writeln!(f, "| `{name}` | {count} | {} |", after.counts.get(name).unwrap_or(&0))?;
        }
        writeln!(f, "| file descriptors | {} | {} |", before.descriptors, after.descriptors)?;
        writeln!(f, "| threads | {} | {} |", before.threads, after.threads)?;
        writeln!(f, "| resident KiB | {} | {} |", before.rss_kib, after.rss_kib)
    }
}
