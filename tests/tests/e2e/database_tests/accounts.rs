//! Accounts on both engines: what was acknowledged is there after a death, and what a restart must know of failures.

use std::time::Duration;

use reqwest::Method;
use tokio::{sync::mpsc, task::JoinSet, time::timeout};

use super::*;

const PASSWORD: &str = "plinth ember quokka sundial";
const AT_ONCE: usize = 24;
const PATIENCE: Duration = Duration::from_secs(60);

fn form(n: usize) -> serde_json::Value {
    let (username, email) = (format!("Player{n}"), format!("player{n}@example.org"));
    json!({ "username": username, "email": email, "password": PASSWORD })
}

async fn login(server: &Server, name: &str, password: &str) -> e2e::http::Answer {
    server.post("/v1/auth/login", json!({ "login": name, "password": password })).await
}

/// Kills the server while many register, and looks for each of them.
async fn registrations_outlive_a_death(setup: Setup) {
    let mut server = setup.unlimited().start().await;
    let (tell, mut told) = mpsc::unbounded_channel();
    let mut clients = JoinSet::new();
    for n in 0..AT_ONCE {
        let call = server.call(Method::POST, "/v1/auth/register").json(&form(n));
        let tell = tell.clone();
        clients.spawn(async move {
            // The others were under way when the server died.
            if call.send().await.is_ok_and(|answer| answer.status().as_u16() == 201) {
                tell.send(n).expect("somebody who listens");
            }
        });
    }
    drop(tell);
    let mut acknowledged = Vec::new();
    while acknowledged.len() < AT_ONCE / 3 {
        match timeout(PATIENCE, told.recv()).await.expect("an answer in time") {
            Some(n) => acknowledged.push(n),
            // On a machine with much else to do more are told to come back; all have been answered then.
            None => break,
        }
    }
    assert!(!acknowledged.is_empty(), "nobody was registered");

    server.restart(Stop::Kill).await;

    clients.join_all().await;
    while let Some(n) = told.recv().await {
        acknowledged.push(n);
    }
    for n in 0..AT_ONCE {
        if acknowledged.contains(&n) {
            login(&server, &format!("Player{n}"), PASSWORD).await.ok(200);
            continue;
        }
        // All of it was stored or nothing.
        let again = server.post("/v1/auth/register", form(n)).await;
        match again.status {
            201 => {}
            _ => {
                again.problem(409, "username_taken");
                login(&server, &format!("Player{n}"), PASSWORD).await.ok(200);
            }
        }
    }
}

#[tokio::test]
async fn registrations_that_were_acknowledged_outlive_a_death_on_sqlite() {
    registrations_outlive_a_death(crate::with_bomb()).await;
}

#[tokio::test]
async fn registrations_that_were_acknowledged_outlive_a_death_on_postgres() {
    let (_, url) = database().await;
    registrations_outlive_a_death(on(&url)).await;
}

#[tokio::test]
async fn an_account_on_postgres_is_shut_and_changed_and_deleted_as_on_sqlite() {
    let (_, url) = database().await;
    let setup = on(&url).env("RATE_LIMIT_PASSWORD_ACCOUNT_BURST", "1000");
    let mut server = setup.start().await;
    let tokens = server.post("/v1/auth/register", form(1)).await.ok(201);
    let ada = e2e::http::Player { tokens };
    for _ in 0..12 {
        login(&server, "Player1", "another password").await.problem(401, "invalid_credentials");
    }
    server.restart(Stop::Drain).await;
    login(&server, "Player1", PASSWORD).await.problem(401, "invalid_credentials");
    let known = json!({ "login": "Player1", "password": PASSWORD, "device_id": ada.device() });
    server.post("/v1/auth/login", known).await.ok(200);
    let call = |method, body| {
        let call = server.call(method, "/v1/me").bearer_auth(ada.access()).json(&body);
        server.answer(call)
    };
    let renamed = call(Method::PATCH, json!({ "username": "Ada" })).await.ok(200);
    assert_eq!((&renamed["username"], &renamed["guest"]), (&json!("Ada"), &json!(false)));
    let export = server.get_as(&ada, "/v1/me/export").await.ok(200);
    assert_eq!(export["player"], renamed);
    assert_eq!(call(Method::DELETE, json!({ "password": PASSWORD })).await.status, 204);
    server.get_as(&ada, "/v1/me").await.problem(401, "token_revoked");
    server.post("/v1/auth/register", form(1)).await.ok(201);
}
