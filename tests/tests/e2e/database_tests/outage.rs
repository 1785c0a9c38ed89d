//! The database goes away for half a minute under load: rooms go on, who was seen plays on, the rest is refused at
//! once, and everything comes back by itself.

use std::{sync::Arc, time::Duration};

use e2e::{BOUND, client::Client, http::Player};
use gamev1_persistence::testing::Stop as ClusterStop;
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{Instant, sleep, timeout},
};

use super::*;

const AWAY: Duration = Duration::from_secs(30);
/// For how long it is watched how rooms tick while all is well.
const WELL: Duration = Duration::from_secs(5);
const WITHIN: Duration = Duration::from_secs(5);
/// What needs the database is refused in this time once the breaker is open; other tests on the machine make a few of a
/// hundred later, but nobody waits for a database.
const REFUSED_IN: Duration = Duration::from_millis(100);
const NO_WAIT: Duration = Duration::from_secs(1);
/// Of the arena.
const TICK: Duration = Duration::from_millis(50);
const CALLERS: usize = 4;
/// Connections that may be asked for in all of the outage.
const ATTEMPTS_MAX: u64 = 200;

#[tokio::test]
async fn a_sqlite_that_stands_still_stops_neither_rooms_nor_those_who_were_seen() {
    let server = Arc::new(Setup::new().dev().unlimited().start().await);
    let stall = async |ms: u64| {
        let answer = server.post("/v1/admin/chaos", json!({ "stall_db_ms": ms })).await;
        assert_eq!(answer.status, 202);
    };
    // Ended by the next order, long before it would end by itself.
    outage(&server, stall(60_000), stall(0)).await;
}

#[tokio::test]
async fn a_postgresql_that_dies_stops_neither_rooms_nor_those_who_were_seen() {
    // Durable: what was acknowledged survives a crash of the database.
    let own = || Arc::new(Cluster::start(true));
    let cluster = tokio::task::spawn_blocking(own).await.unwrap();
    let order = |order: fn(&Cluster)| {
        let cluster = cluster.clone();
        async move { tokio::task::spawn_blocking(move || order(&cluster)).await.unwrap() }
    };
    let url = {
        let cluster = cluster.clone();
        let made = tokio::task::spawn_blocking(move || cluster.create_database("outage", None));
        made.await.unwrap()
    };
    let setup = Setup::new().dev().unlimited().env("DATABASE_URL", &url);
    let server = Arc::new(setup.start().await);
    let (die, rise) =
        (order(|cluster| cluster.stop(ClusterStop::Immediate)), order(Cluster::start_again));
    outage(&server, die, rise).await;
}

#[expect(clippy::print_stderr, reason = "figures for who reads along")]
async fn outage(
    server: &Arc<Server>,
    begin: impl Future<Output = ()>,
    end: impl Future<Output = ()>,
) {
    let ada = server.guest().await;
    let mut client = server.socket_of(&ada, Format::Json).await;
    let mut watcher = server.connect(Format::MsgPack).await;
    let room = client.create("arena").await;
    watcher.join(&room).await;
    let (ends, load) = load(server);
    let (well, watcher) = gaps(watcher, &room, WELL).await;
    let attempts = attempts(server).await;

    begin.await;
    let ((), (away, watcher)) =
        tokio::join!(while_away(server, &ada, &mut client), gaps(watcher, &room, AWAY));
    let asked = self::attempts(server).await - attempts;
    end.await;

    let recovered = recovery(server).await;
    ends.send_replace(true);
    let kept = all_are_there(server, load).await;
    client.alive().await;
    let (_, mut watcher) = gaps(watcher, &room, Duration::from_secs(1)).await;
    watcher.alive().await;
    eprintln!(
        "away for {AWAY:?}: between ticks p99 {:?} and {:?} at most before, {:?} and {:?} meanwhile; {asked} \
         connections asked for; back after {recovered:?}; {kept} registrations kept",
        well.p99, well.longest, away.p99, away.longest
    );
    // A call to the database takes two seconds to fail: no tick waits for one.
    let unchanged = away.p90 <= well.p90 + 2 * TICK && away.longest < NO_WAIT;
    assert!(unchanged, "{away:?}, before {well:?}");
    assert!(asked <= ATTEMPTS_MAX, "{asked} connections were asked for");
    assert!(recovered <= WITHIN, "back after {recovered:?}");
}

/// From the first second of the outage to its last.
#[expect(clippy::print_stderr, reason = "figures for who reads along")]
async fn while_away(server: &Server, ada: &Player, client: &mut Client) {
    let ends = Instant::now() + AWAY;
    let open = async {
        while breakers(server).await != ["open", "open"] {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(BOUND, open).await.expect("both breakers open");
    assert_eq!(server.get("/ready").await.status, 503);
    assert_eq!(server.get("/live").await.status, 200);
    let health = server.get("/health").await.ok(200);
    assert_eq!(
        (&health["status"], &health["services"]["database"]),
        (&json!("degraded"), &json!("disconnected"))
    );

    let mut took = Vec::new();
    while Instant::now() < ends {
        let asked = Instant::now();
        server.post("/v1/auth/guest", json!({})).await.problem(503, "unavailable");
        took.push(asked.elapsed());
        assert_eq!(server.get_as(ada, "/v1/me").await.ok(200)["id"], ada.id());
        client.alive().await;
        sleep(Duration::from_millis(100)).await;
    }
    client.cut();
    client.resume(server).await;
    took.sort();
    let [half, most] = [50, 95].map(|share| took[took.len() * share / 100]);
    eprintln!(
        "{} calls refused, half within {half:?}, 95 of 100 within {most:?}, all within {:?}",
        took.len(),
        took.last()
    );
    assert!(half <= REFUSED_IN && most <= NO_WAIT, "half within {half:?}, 95 of 100 in {most:?}");
}

async fn breakers(server: &Server) -> [String; 2] {
    let health = server.get("/health").await.json();
    let breakers = &health["services"]["database_pool"]["breakers"];
    ["read", "write"].map(|class| breakers[class].as_str().expect("a phase").to_owned())
}

/// How long after its database a server is as it was.
async fn recovery(server: &Server) -> Duration {
    let back = Instant::now();
    let recovered = async {
        while server.post("/v1/auth/guest", json!({})).await.status != 200
            || server.get("/ready").await.status != 200
        {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(BOUND, recovered).await.expect("it recovers");
    back.elapsed()
}

/// Players who register all the while, until they are told to end; those whom the server told that they are in.
fn load(server: &Arc<Server>) -> (watch::Sender<bool>, JoinSet<Vec<Player>>) {
    let (ends, end) = watch::channel(false);
    let mut callers = JoinSet::new();
    for _ in 0..CALLERS {
        let (server, end) = (server.clone(), end.clone());
        callers.spawn(async move {
            let mut acknowledged = Vec::new();
            while !*end.borrow() {
                let answer = server.post("/v1/auth/guest", json!({})).await;
                match answer.status {
                    200 => acknowledged.push(Player { tokens: answer.json() }),
                    _ => drop(answer.problem(503, "unavailable")),
                }
                sleep(Duration::from_millis(50)).await;
            }
            acknowledged
        });
    }
    (ends, callers)
}

/// Everybody who was told to be registered can sign in again, as the same player.
async fn all_are_there(server: &Server, mut load: JoinSet<Vec<Player>>) -> usize {
    let mut kept = 0;
    while let Some(acknowledged) = load.join_next().await {
        for player in acknowledged.unwrap() {
            let again =
                server.post("/v1/auth/guest", json!({ "device_id": player.device() })).await;
            assert_eq!(again.ok(200)["player"]["id"], player.id());
            kept += 1;
        }
    }
    kept
}

#[derive(Debug, Clone, Copy)]
struct Gaps {
    p90: Duration,
    p99: Duration,
    longest: Duration,
}

/// The time between states of a room in which something changes in every tick, watched for so long.
async fn gaps(mut watcher: Client, room: &str, watched: Duration) -> (Gaps, Client) {
    let ends = Instant::now() + watched;
    let (mut gaps, mut seq) = (Vec::new(), watcher.room(room).ack);
    let mut last = Instant::now();
    while last < ends {
        seq += 1;
        watcher.input(room, seq, json!({ "move": [0, 0], "aim": seq, "fire": false })).await;
        watcher.settled(room, seq).await;
        gaps.push(last.elapsed());
        last = Instant::now();
    }
    gaps.sort();
    let [p90, p99] = [90, 99].map(|share| gaps[gaps.len() * share / 100]);
    (Gaps { p90, p99, longest: *gaps.last().unwrap() }, watcher)
}

/// Connections that were asked of the database so far.
async fn attempts(server: &Server) -> u64 {
    let metrics = server.get("/metrics").await;
    let text = metrics.text.clone();
    let line =
        text.lines().find_map(|line| line.strip_prefix("database_connection_attempts_total "));
    line.expect("the metric").parse().unwrap()
}
