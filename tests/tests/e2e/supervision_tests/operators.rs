//! What operators order in a running server: bans that hold across crashes and kills, a stalled database, a stop.

use super::*;

/// An access token for that role, as the command line makes it.
async fn token(server: &Server, role: &str) -> String {
    let name = format!("the-{role}");
    let output = server.command("token", &["--username", &name, "--role", role]).await;
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

async fn as_role(server: &Server, token: &str, method: Method, path: &str, body: Value) -> Answer {
    server.answer(server.call(method, path).bearer_auth(token).json(&body)).await
}

#[tokio::test]
async fn a_ban_closes_the_players_sockets_and_survives_a_crash_and_a_kill() {
    let mut server = Setup::new().arg("--chaos").start().await;
    let (moderator, admin) = (token(&server, "moderator").await, token(&server, "admin").await);
    let player = server.guest().await;
    let mut sockets = Vec::new();
    for format in Format::BOTH {
        sockets.push(server.socket_of(&player, format).await);
    }
    let mut other = server.connect(Format::Json).await;
    let room = other.create("relay").await;
    sockets[0].join(&room).await;
    let seat = other.push("room.joined").await["seat"].clone();
    let (resume, received) = (sockets[0].resume_token().to_owned(), sockets[0].received());

    let path = format!("/v1/admin/players/{}/ban", player.id());
    let wish = json!({ "reason": "spoils it for others", "duration_s": 3_600 });
    let ban = as_role(&server, &moderator, Method::POST, &path, wish).await.ok(201);
    for socket in &mut sockets {
        let closed = socket.closed().await;
        assert_eq!((closed.code, &closed.reason["code"]), (4003, &json!("banned")), "{closed:?}");
        assert!(closed.reason["until_ms"].is_u64(), "{closed:?}");
    }
    assert_eq!(other.push("room.left").await["seat"], seat);

    for round in 0..3 {
        server.post_as(&player, "/v1/ws-tickets", json!({})).await.problem(403, "banned");
        let bearer = Dial::new().format(Format::Json).bearer(&player);
        server.upgrade(&bearer).await.problem(403, "banned");
        let resume = Dial::new().format(Format::Json).resume(&resume, received);
        let problem = server.upgrade(&resume).await.problem(403, "banned");
        assert!(problem["details"]["until_ms"].is_u64(), "{problem}");
        match round {
            0 => {
                let order = json!({ "crash": "sanctions" });
                let chaos = "/v1/admin/chaos";
                as_role(&server, &admin, Method::POST, chaos, order).await.ok(202);
            }
            1 => server.restart(Stop::Kill).await,
            _ => {}
        }
    }
    let list = as_role(&server, &moderator, Method::GET, "/v1/admin/sanctions", json!({})).await;
    assert_eq!(list.ok(200)["items"], json!([ban]));

    let lifted = as_role(&server, &moderator, Method::DELETE, &path, json!({})).await;
    assert_eq!(lifted.status, 204, "{lifted:?}");
    server.socket_of(&player, Format::Json).await.alive().await;
}

#[tokio::test]
async fn a_stalled_database_delays_and_closes_nothing() {
    let server = with_bomb().dev().start().await;
    let mut client = server.connect(Format::Json).await;
    let room = client.create("bomb").await;
    client.ticks(&room, 2).await;
    let stall = |ms: u64| server.post("/v1/admin/chaos", json!({ "stall_db_ms": ms }));
    stall(60_000).await.ok(202);
    // Who is not known yet cannot be signed in; who plays, plays on.
    server.post("/v1/auth/guest", json!({})).await.problem(503, "unavailable");
    client.ticks(&room, 10).await;
    client.alive().await;
    stall(0).await.ok(202);
    server.guest().await;
}

#[tokio::test]
async fn an_operator_stops_the_server_in_order() {
    let mut server = Setup::new().dev().start().await;
    let mut client = server.connect(Format::Json).await;
    server.post("/v1/admin/drain", json!({})).await.ok(202);
    client.push("session.going_away").await;
    assert_eq!(client.closed().await.code, 1001);
    assert_eq!(server.ended().await.code(), Some(0));
}

#[tokio::test]
async fn operators_may_have_a_listener_of_their_own() {
    let server = Setup::new().arg("--admin-addr").arg("127.0.0.1:0").start().await;
    let admin = token(&server, "admin").await;
    let log = server.log();
    let address = log.iter().find_map(|line| line.trim().strip_prefix("operators"));
    let address =
        address.expect("the address is told").trim().trim_end_matches("/v1/admin").to_owned();
    let ask = async |path: &str, token: Option<&str>| {
        let call =
            reqwest::Client::builder().no_proxy().build().unwrap().get(format!("{address}{path}"));
        let call = match token {
            Some(token) => call.bearer_auth(token),
            None => call,
        };
        call.send().await.expect("an answer").status().as_u16()
    };
    assert_eq!(ask("/v1/admin/supervision", Some(&admin)).await, 200);
    assert_eq!(ask("/v1/admin/supervision", None).await, 401);
    assert_eq!(ask("/live", None).await, 200);
    for path in ["/", "/v1/me", "/v1/rooms", "/ws"] {
        assert_eq!(ask(path, Some(&admin)).await, 404, "{path}");
    }
    for path in ["/v1/admin/supervision", "/v1/admin/incidents", "/metrics"] {
        server
            .answer(server.call(Method::GET, path).bearer_auth(&admin))
            .await
            .problem(404, "not_found");
    }
    server.guest().await;
}

#[tokio::test]
async fn a_root_that_fails_or_restarts_too_often_ends_the_process_and_everybody_comes_back() {
    for crashes in [&["supervisor:root"][..], &["supervisor:door"; 4]] {
        let mut server = with_bomb().dev().start().await;
        let mut client = server.connect(Format::Json).await;
        let room = client.create("bomb").await;
        client.input(&room, 1, json!({ "add": 3 })).await;
        client.settled(&room, 1).await;
        for (n, crash) in crashes.iter().enumerate() {
            server.post("/v1/admin/chaos", json!({ "crash": crash })).await.ok(202);
            let last = n + 1 == crashes.len();
            let path = "/v1/admin/supervision?path=/root/door";
            while !last && server.get(path).await.ok(200)["restarts"] != n + 1 {
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            }
        }
        assert_eq!(server.ended().await.code(), Some(70), "{crashes:?}");
        assert_eq!(client.closed().await.code, 1001, "{crashes:?}");
        server.start_again().await;
        client.resume(&server).await;
        let sum = json!(3);
        client.view(&room, "the sum", |view| view.at("/sums/0") == Some(&sum)).await;
    }
}
