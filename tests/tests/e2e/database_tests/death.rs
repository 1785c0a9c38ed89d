//! The server is killed when games have just ended, and PostgreSQL is while clients register and finish games: the server
//! lives, and what was acknowledged is there.

use std::{sync::Arc, time::Duration};

use gamev1_persistence::testing::Stop as ClusterStop;
use reqwest::Method;
use tokio::{task::JoinSet, time::timeout};

use super::*;

const PASSWORD: &str = "plinth ember quokka sundial";
const PLAYERS: usize = 12;
/// As many games are over before the database dies, while it is away, and after.
const GAMES: usize = 9;
/// How often the server is killed.
const DEATHS: usize = 5;
const ENDED: &str = "FROM rooms WHERE close_reason = 'ended'";
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn what_was_acknowledged_outlives_the_death_of_postgresql() {
    let cluster = tokio::task::spawn_blocking(|| Arc::new(Cluster::start(true))).await.unwrap();
    let order = async |order: fn(&Cluster)| {
        let cluster = cluster.clone();
        tokio::task::spawn_blocking(move || order(&cluster)).await.unwrap();
    };
    let url = cluster.url("death");
    order(|cluster| drop(cluster.create_database("death", None))).await;
    let server = Arc::new(on(&url).unlimited().start().await);
    let mut players = Vec::new();
    for _ in 0..GAMES {
        let mut player = server.connect(Format::Json).await;
        let room = player.create("bomb").await;
        players.push((player, room));
    }

    let mut registering = JoinSet::new();
    for n in 0..PLAYERS {
        registering.spawn(registered_in_the_end(server.clone(), n));
    }
    for (n, (player, room)) in players.iter_mut().enumerate() {
        match n {
            3 => order(|cluster| cluster.stop(ClusterStop::Kill)).await,
            6 => order(Cluster::start_again).await,
            _ => {}
        }
        player.input(room, 1, json!({ "end": n })).await;
        let closed = player.push("room.closed").await;
        assert_eq!((&closed["reason"], &closed["result"]), (&json!("ended"), &json!(n)));
        player.alive().await;
    }

    let registered = timeout(PATIENCE, registering.join_all()).await.expect("all are registered");
    for name in registered {
        let login = json!({ "login": name, "password": PASSWORD });
        server.post("/v1/auth/login", login).await.ok(200);
    }
    server.log_line("the database answers again").await;
    let ready = async {
        while server.get("/ready").await.status != 200 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, ready).await.expect("what waited is stored");
    let results = format!("SELECT string_agg(result, ',' ORDER BY result) {ENDED}");
    let stored = tokio::task::spawn_blocking(move || cluster.sql_on("death", &results)).await;
    let expected: Vec<_> = (0..GAMES).map(|n| n.to_string()).collect();
    assert_eq!(stored.unwrap(), expected.join(","));
}

/// The server is killed as soon as the end of a game is told; `stored` reads the results of games that have ended.
async fn an_end_that_was_told_outlives_the_server(
    mut server: Server,
    stored: impl AsyncFn(&Server) -> Vec<String>,
) {
    let mut told = Vec::new();
    for n in 0..DEATHS {
        let mut players = Vec::new();
        for format in Format::BOTH {
            let mut player = server.connect(format).await;
            let room = player.create("bomb").await;
            player.ticks(&room, 2).await;
            players.push((player, room));
        }
        for (player, room) in &mut players {
            player.input(room, 1, json!({ "end": n })).await;
        }
        // The first word of it is enough.
        assert_eq!(players[0].0.push("room.ended").await["result"], n);
        server.restart(Stop::Kill).await;
        told.push(n.to_string());
        let results = stored(&server).await;
        assert!(told.iter().all(|result| results.contains(result)), "{told:?}: {results:?}");
        let mut anybody = server.connect(Format::Json).await;
        anybody.refused("room.join", json!({ "room": players[0].1 }), "room_not_found").await;
    }
}

#[tokio::test]
async fn an_end_that_was_told_outlives_the_server_on_sqlite() {
    let server = crate::with_bomb().unlimited().start().await;
    an_end_that_was_told_outlives_the_server(server, async |server| {
        let file = server.data_dir().join("gamev1.db");
        let read = move || {
            let database = rusqlite::Connection::open(file).unwrap();
            let mut rows = database.prepare(&format!("SELECT result {ENDED}")).unwrap();
            let results = rows.query_map([], |row| row.get(0)).unwrap();
            results.collect::<Result<Vec<String>, _>>().unwrap()
        };
        tokio::task::spawn_blocking(read).await.unwrap()
    })
    .await;
}

#[tokio::test]
async fn an_end_that_was_told_outlives_the_server_on_postgresql() {
    let (name, url) = database().await;
    let server = on(&url).unlimited().start().await;
    an_end_that_was_told_outlives_the_server(server, async |_| {
        let name = name.clone();
        let read =
            move || cluster().sql_on(&name, &format!("SELECT string_agg(result, ',') {ENDED}"));
        let results = tokio::task::spawn_blocking(read).await.unwrap();
        results.split(',').map(str::to_owned).collect()
    })
    .await;
}

/// Asks until the server says yes, as a client would, and gives the name.
async fn registered_in_the_end(server: Arc<Server>, n: usize) -> String {
    let name = format!("Player{n}");
    let form = json!({ "username": name, "email": format!("player{n}@example.org"), "password": PASSWORD });
    loop {
        // They come one after the other, so that some are on their way when the database dies.
        tokio::time::sleep(Duration::from_millis(30 * n as u64)).await;
        let answer =
            server.answer(server.call(Method::POST, "/v1/auth/register").json(&form)).await;
        match answer.status {
            201 => return name,
            // Stored, but the word of it was lost with the connection.
            409 => return name,
            status => assert_eq!(status, 503, "{}", answer.text),
        }
    }
}
