//! Access tokens: what is not signed by this server for this use is nobody.

use super::*;

/// Asks for `/v1/me` and for a socket with that header: both have to refuse it.
async fn refused(server: &Server, authorization: &str, code: &str) {
    let call = server.call(Method::GET, "/v1/me").header("authorization", authorization);
    server.answer(call).await.problem(401, code);
    let dial = Dial::new().header("authorization", authorization);
    server.upgrade(&dial).await.problem(401, code);
}

#[tokio::test]
async fn no_token_is_unauthenticated() {
    let server = Server::start().await;
    for path in ["/v1/me", "/v1/rooms"] {
        server.get(path).await.problem(401, "unauthenticated");
    }
    server.post("/v1/ws-tickets", json!({})).await.problem(401, "unauthenticated");
    server.post("/v1/rooms", json!({ "game": "relay" })).await.problem(401, "unauthenticated");
    server.upgrade(&Dial::new()).await.problem(401, "unauthenticated");
}

#[tokio::test]
async fn what_is_no_token_is_unauthenticated() {
    let server = Server::start().await;
    let player = server.guest().await;
    let bare = player.access().to_owned();
    let long = "x".repeat(4_000);
    for authorization in [
        "Bearer",
        "Bearer ",
        "Bearer nonsense",
        "Bearer a.b.c",
        &bare,
        "Basic YTpi",
        &format!("Bearer {long}"),
    ] {
        refused(&server, authorization, "unauthenticated").await;
    }
    refused(&server, &format!("Bearer {}", player.refresh()), "unauthenticated").await;
    refused(&server, &format!("Bearer {}", server.ticket(&player).await), "unauthenticated").await;
}

#[tokio::test]
async fn a_token_that_was_changed_is_unauthenticated() {
    let server = Server::start().await;
    let player = server.guest().await;
    let parts: Vec<&str> = player.access().split('.').collect();
    let [head, claims, signature] = parts[..] else { panic!("{}", player.access()) };
    // {"alg":"none","typ":"at+jwt"} and {"alg":"HS256","typ":"at+jwt"}
    let none = "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0";
    let hs256 = "eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCJ9";
    let flip = |text: &str| {
        let first = if text.starts_with('A') { 'B' } else { 'A' };
        format!("{first}{}", &text[1..])
    };
    for token in [
        format!("{none}.{claims}."),
        format!("{none}.{claims}.{signature}"),
        format!("{hs256}.{claims}.{signature}"),
        format!("{head}.{claims}.{}", flip(signature)),
        format!("{head}.{}.{signature}", flip(claims)),
        format!("{head}.{claims}."),
        format!("{head}.{claims}"),
    ] {
        refused(&server, &format!("Bearer {token}"), "unauthenticated").await;
    }
    server.get_as(&player, "/v1/me").await.ok(200);
}

#[tokio::test]
async fn a_token_that_has_ended_says_so() {
    let server = Server::start().await;
    let token = token_of(&server, &["--username", "ended", "--ttl", "2s"]).await;
    let dial = Dial::new().header("authorization", format!("Bearer {token}"));
    let mut client = server.dial(&dial).await;
    let call = || server.call(Method::GET, "/v1/me").bearer_auth(&token);
    assert_eq!(server.answer(call()).await.ok(200)["username"], "ended");
    // A socket ends with the token that opened it, unless it is given the next one.
    let closed = client.closed().await;
    assert_eq!((closed.code, &closed.reason["code"]), (4001, &json!("signed_out")));
    // Nothing tells that the five seconds of leeway for clocks that differ are over too: it is asked for.
    let mut again = tokio::time::interval(std::time::Duration::from_millis(100));
    let ended = async {
        loop {
            again.tick().await;
            let answer = server.answer(call()).await;
            if answer.status != 200 {
                return answer;
            }
        }
    };
    let answer = tokio::time::timeout(e2e::BOUND, ended).await.expect("the token to end");
    answer.problem(401, "token_expired");
    server.upgrade(&dial).await.problem(401, "token_expired");
}

#[tokio::test]
async fn the_command_line_makes_a_token_of_a_role_that_the_database_keeps() {
    let server = Server::start().await;
    let token = token_of(&server, &["--username", "operator", "--role", "admin"]).await;
    let me = server.answer(server.call(Method::GET, "/v1/me").bearer_auth(&token)).await.ok(200);
    assert_eq!((&me["username"], &me["role"]), (&json!("operator"), &json!("admin")));
    let dial = Dial::new().header("authorization", format!("Bearer {token}"));
    let client: Client = server.dial(&dial).await;
    assert_eq!(client.welcome["player"]["role"], "admin");
    // The last admin stays one.
    token_of(&server, &["--username", "another", "--role", "admin"]).await;
    // The role is in the database: what was signed for the old one is void.
    let demoted = token_of(&server, &["--username", "operator", "--role", "player"]).await;
    let me = server.answer(server.call(Method::GET, "/v1/me").bearer_auth(&demoted)).await.ok(200);
    assert_eq!(me["role"], "player");
}

/// What `gamev1 token` prints for the server's data directory.
async fn token_of(server: &Server, args: &[&str]) -> String {
    let output = server.command("token", args).await;
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("text").trim().to_owned()
}
