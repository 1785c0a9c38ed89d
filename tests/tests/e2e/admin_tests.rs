//! What operators do with players: search, view, sanction, and what is kept of it.

mod access;
mod audit;
mod first_admin;
mod players;
mod repeated;

use e2e::{
    client::{Dial, Format},
    http::{Answer, Player},
    server::{Server, Setup, Stop},
};
use reqwest::Method;
use serde_json::{Value, json};

/// Somebody with a role, as the command line makes them.
struct Operator {
    token: String,
}

impl Operator {
    async fn new(server: &Server, name: &str, role: &str) -> Operator {
        let output = server.command("token", &["--username", name, "--role", role]).await;
        assert!(output.status.success(), "{output:?}");
        Operator { token: String::from_utf8(output.stdout).unwrap().trim().to_owned() }
    }

    async fn ask(&self, server: &Server, method: Method, path: &str, body: Value) -> Answer {
        server.answer(server.call(method, path).bearer_auth(&self.token).json(&body)).await
    }

    async fn get(&self, server: &Server, path: &str) -> Answer {
        server.answer(server.call(Method::GET, path).bearer_auth(&self.token)).await
    }

    async fn post(&self, server: &Server, path: &str, body: Value) -> Answer {
        self.ask(server, Method::POST, path, body).await
    }

    async fn id(&self, server: &Server) -> String {
        self.get(server, "/v1/me").await.ok(200)["id"].as_str().unwrap().to_owned()
    }
}

fn at(player: &Player, what: &str) -> String {
    format!("/v1/admin/players/{}{what}", player.id())
}
