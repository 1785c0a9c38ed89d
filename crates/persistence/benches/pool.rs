//! How long 200 tasks that all ask the database at once wait for a connection, and for their answer, on both engines.
//!
//! Run it on a quiet machine: `cargo bench -p gamev1-persistence`.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "figures are what this program is for"
)]

use std::{
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use gamev1_persistence::{
    Database, Postgres, PostgresOptions, Sqlite, SqliteOptions,
    accounts::{NewPlayer, Role},
    testing::Cluster,
};
use gamev1_protocol::PlayerId;
use tokio::{runtime::Builder, task::JoinSet, time::Instant};

const TASKS: usize = 200;
const PLAYERS: usize = 1_000;
const WINDOW: Duration = Duration::from_secs(3);

fn main() {
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    println!("{TASKS} tasks, each reads one player after the other, for {WINDOW:?}");
    runtime.block_on(async {
        let dir = tempfile::tempdir().unwrap();
        let sqlite = Sqlite::open(SqliteOptions::new(dir.path())).await.unwrap();
        measure("SQLite", Arc::new(sqlite)).await;
    });
    let cluster = Cluster::start(false);
    let url = cluster.create_database("pool", None);
    runtime.block_on(async {
        let postgres = Postgres::new(PostgresOptions::new(url.parse().unwrap()));
        measure("PostgreSQL", Arc::new(postgres)).await;
    });
}

async fn measure(engine: &str, database: Arc<dyn Database>) {
    database.migrate().await.unwrap();
    let players = players(&*database).await;
    let waits = Arc::new(Mutex::new(Vec::new()));
    let to = waits.clone();
    database.observe_waits(Arc::new(move |wait| to.lock().unwrap().push(wait)));
    let started = Instant::now();
    let mut tasks = JoinSet::new();
    for task in 0..TASKS {
        let (database, players) = (database.clone(), players.clone());
        tasks.spawn(async move {
            let mut took = Vec::new();
            for player in players.iter().cycle().skip(task * PLAYERS / TASKS) {
                if started.elapsed() >= WINDOW {
                    break;
                }
                let asked = Instant::now();
                assert!(database.player(*player).await.unwrap().is_some());
                took.push(asked.elapsed());
            }
            took
        });
    }
    let took: Vec<_> = tasks.join_all().await.concat();
    let calls = took.len() as f64 / started.elapsed().as_secs_f64();
    println!("{engine}: {calls:.0} calls a second");
    print("waited for a connection", std::mem::take(&mut *waits.lock().unwrap()));
    print("waited for the answer", took);
    database.close().await;
}

async fn players(database: &dyn Database) -> Arc<[PlayerId]> {
    let mut players = Vec::with_capacity(PLAYERS);
    for n in 0..PLAYERS {
        let new = NewPlayer {
            id: PlayerId::new(),
            username: format!("player{n}"),
            guest: true,
            role: Role::Player,
        };
        let made = database.create_player(new, SystemTime::UNIX_EPOCH).await;
        players.push(made.unwrap().unwrap().id);
    }
    players.into()
}

fn print(what: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |share: f64| times[((times.len() - 1) as f64 * share).round() as usize];
    println!("  {what}: p50 {:?}, p99 {:?}, max {:?}", at(0.5), at(0.99), at(1.0));
}
