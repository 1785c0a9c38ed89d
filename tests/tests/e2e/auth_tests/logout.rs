//! Signing out: what it ends, how soon, and that nothing brings it back.

use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::Instant;

use super::*;
use e2e::server::Setup;

/// Signs out with that path and says how long it took until the socket was closed, with which code.
async fn signed_out(server: &Server, path: &str, player: &Player, mut client: Client) -> Duration {
    let started = Instant::now();
    let answered = server.post_as(player, path, json!({}));
    let (answer, closed) = tokio::join!(answered, client.closed());
    assert_eq!((answer.status, answer.text.as_str()), (204, ""));
    assert_eq!((closed.code, &closed.reason["code"]), (4001, &json!("signed_out")));
    started.elapsed()
}

async fn refused(server: &Server, tokens: &Player) {
    server.get_as(tokens, "/v1/me").await.problem(401, "token_revoked");
    server.post_as(tokens, "/v1/ws-tickets", json!({})).await.problem(401, "token_revoked");
    let refresh = json!({ "refresh_token": tokens.refresh() });
    server.post("/v1/auth/refresh", refresh).await.problem(401, "token_revoked");
}

#[tokio::test]
async fn logout_ends_this_sign_in_and_no_other() {
    let server = Server::start().await;
    let here = server.guest().await;
    let elsewhere = Player { tokens: sign_in(&server, here.device()).await };
    let socket = server.socket_of(&here, Format::Json).await;
    let mut other = server.socket_of(&elsewhere, Format::MsgPack).await;
    let ticket = server.ticket(&here).await;
    let resume = socket.resume_token().to_owned();

    signed_out(&server, "/v1/auth/logout", &here, socket).await;

    refused(&server, &here).await;
    let used = Dial::new().ticket(&ticket);
    server.upgrade(&used).await.problem(401, "token_revoked");
    let resumed = Dial::new().resume(&resume, 0);
    server.upgrade(&resumed).await.problem(401, "resume_unknown");
    server.get_as(&elsewhere, "/v1/me").await.ok(200);
    other.alive().await;
    // The device is still the player's: signing in again is a new sign-in.
    let again = Player { tokens: sign_in(&server, here.device()).await };
    server.get_as(&again, "/v1/me").await.ok(200);
}

#[tokio::test]
async fn logout_all_ends_every_sign_in_of_the_player() {
    let server = Server::start().await;
    let here = server.guest().await;
    let elsewhere = Player { tokens: sign_in(&server, here.device()).await };
    let bystander = server.guest().await;
    let sockets =
        [server.socket_of(&here, Format::Json), server.socket_of(&elsewhere, Format::Json)];
    let [one, mut two] = join_all(sockets).await.try_into().ok().expect("two");
    let resume = two.resume_token().to_owned();
    let mut theirs = server.socket_of(&bystander, Format::Json).await;

    signed_out(&server, "/v1/auth/logout-all", &here, one).await;

    assert_eq!(two.closed().await.code, 4001);
    for tokens in [&here, &elsewhere] {
        refused(&server, tokens).await;
    }
    let resumed = Dial::new().resume(&resume, 0);
    server.upgrade(&resumed).await.problem(401, "resume_unknown");
    theirs.alive().await;
    server.get_as(&bystander, "/v1/me").await.ok(200);
    let again = Player { tokens: sign_in(&server, here.device()).await };
    let mut socket = server.socket_of(&again, Format::Json).await;
    socket.alive().await;
}

#[tokio::test]
async fn a_hundred_sockets_are_closed_within_a_second_each() {
    let server = Setup::new().unlimited().start().await;
    let mut players = Vec::new();
    for n in 0..100 {
        let player = server.guest().await;
        let format = if n % 2 == 0 { Format::Json } else { Format::MsgPack };
        let client = server.socket_of(&player, format).await;
        players.push((player, client));
    }

    let paths = ["/v1/auth/logout", "/v1/auth/logout-all"].into_iter().cycle();
    let ends = players.into_iter().zip(paths).map(|((player, client), path)| {
        let server = &server;
        async move { (signed_out(server, path, &player, client).await, player) }
    });
    let ended = join_all(ends).await;

    let worst = ended.iter().map(|(took, _)| *took).max().unwrap();
    assert!(worst < Duration::from_secs(1), "{worst:?}");
    for (_, player) in &ended {
        server.get_as(player, "/v1/me").await.problem(401, "token_revoked");
    }
}

#[tokio::test]
async fn what_was_signed_out_stays_out_over_a_death_without_a_word() {
    let mut server = Server::start().await;
    let (one, other, stays) = (server.guest().await, server.guest().await, server.guest().await);
    let socket = server.socket_of(&other, Format::Json).await;
    let resume = socket.resume_token().to_owned();
    let answer = server.post_as(&one, "/v1/auth/logout", json!({})).await;
    assert_eq!(answer.status, 204, "{answer:?}");
    signed_out(&server, "/v1/auth/logout-all", &other, socket).await;

    server.restart(Stop::Kill).await;

    refused(&server, &one).await;
    refused(&server, &other).await;
    let resumed = Dial::new().resume(&resume, 0);
    server.upgrade(&resumed).await.problem(401, "resume_unknown");
    server.get_as(&stays, "/v1/me").await.ok(200);
}

#[tokio::test]
async fn what_the_command_line_revokes_closes_sockets_within_seconds() {
    let server = Server::start().await;
    let args = ["--username", "moderator", "--role", "moderator", "--ttl", "30days"];
    let token = command(&server, &args).await;
    let dial = Dial::new().header("authorization", format!("Bearer {token}"));
    let mut client = server.dial(&dial).await;
    let call = || server.call(Method::GET, "/v1/me").bearer_auth(&token);
    server.answer(call()).await.ok(200);

    command(&server, &["--username", "moderator", "--role", "player"]).await;

    assert_eq!(client.closed().await.code, 4001);
    server.answer(call()).await.problem(401, "token_revoked");
}

#[tokio::test]
async fn signing_out_takes_a_token() {
    let server = Server::start().await;
    for path in ["/v1/auth/logout", "/v1/auth/logout-all"] {
        server.post(path, json!({})).await.problem(401, "unauthenticated");
    }
}

/// What `gamev1 token` prints for the server's data directory.
async fn command(server: &Server, args: &[&str]) -> String {
    let output = server.command("token", args).await;
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("text").trim().to_owned()
}
