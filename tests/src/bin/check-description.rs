//! Runs schemathesis against a server of its own, as one who is nobody, a player, an admin and a guest who leaves:
//! `check-description target/schemathesis/bin/schemathesis`. What the server answers must stand in `/openapi.json`.

use std::{
    ffi::{OsStr, OsString},
    process::ExitCode,
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use e2e::server::{Server, Setup};
use reqwest::Method;
use serde_json::json;
use tokio::{process::Command, time::timeout};

/// Not the one of the examples: with that one a player would change its password, and delete itself.
const PASSWORD: &str = "nobody else has this password";
const CONFIG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/schemathesis/schemathesis.toml");

/// These end the sign-in that a run lives by.
const SIGN_OUT: &[&str] = &["post_v1_auth_logout", "post_v1_auth_logout_all"];
/// This one a guest needs no password for. Who has one does not know it.
const DELETE: &str = "delete_v1_me";
/// How long one run may take, on a machine that does much else.
const WITHIN: Duration = Duration::from_secs(300);
/// This one ends the server.
const DRAIN: &str = "post_v1_admin_drain";

/// Who calls, and what is called or left out.
struct Run {
    who: &'static str,
    token: Option<String>,
    operations: Vec<OsString>,
    /// Whether its token is good when all is over: calls that are refused one and all find little.
    stays: bool,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode> {
    let schemathesis = std::env::args_os().nth(1).context("where is schemathesis?")?;
    // Not in dev mode, where nobody has to sign in.
    let server = Setup::new().unlimited().start().await;
    for run in runs(&server).await? {
        if !run.passes(&schemathesis, &server.url()).await? {
            server.show_log();
            return Ok(ExitCode::FAILURE);
        }
        let me = server.call(Method::GET, "/v1/me").bearer_auth(run.token.unwrap_or_default());
        let me = server.answer(me).await;
        ensure!((me.status == 200) == run.stays, "what {} may do afterwards: {me:?}", run.who);
    }
    Ok(ExitCode::SUCCESS)
}

async fn runs(server: &Server) -> Result<Vec<Run>> {
    let stays = || without(&[SIGN_OUT, &[DRAIN]].concat());
    let leaves = SIGN_OUT.iter().chain([&DELETE]);
    let leaves = leaves.flat_map(|id| ["--include-operation-id".into(), id.into()]);
    let guest = server.guest().await.access().to_owned();
    let run = |who, token, operations, stays| Run { who, token, operations, stays };
    Ok(vec![
        run("nobody", None, without(&[DRAIN]), false),
        run("a player", Some(player(server).await), stays(), true),
        run("an admin", Some(admin(server).await?), stays(), true),
        run("a guest who leaves", Some(guest), leaves.collect(), false),
    ])
}

fn without(ids: &[&str]) -> Vec<OsString> {
    ids.iter().flat_map(|id| ["--exclude-operation-id".into(), id.into()]).collect()
}

async fn player(server: &Server) -> String {
    let wanted = json!({ "username": "cyd", "email": "cyd@example.org", "password": PASSWORD });
    let tokens = server.post("/v1/auth/register", wanted).await.ok(201);
    tokens["access_token"].as_str().unwrap_or_default().to_owned()
}

async fn admin(server: &Server) -> Result<String> {
    let args = ["create", "--username", "bea", "--email", "bea@example.org"];
    let output = server.command("admin", &args).await;
    ensure!(output.status.success(), "no admin: {output:?}");
    let said = String::from_utf8(output.stdout)?;
    let (_, password) = said.trim().split_once("\npassword ").context("no password")?;
    let login = json!({ "login": "bea", "password": password });
    let tokens = server.post("/v1/auth/login", login).await.ok(200);
    Ok(tokens["access_token"].as_str().unwrap_or_default().to_owned())
}

impl Run {
    #[expect(clippy::print_stdout, reason = "it stands above what schemathesis says")]
    async fn passes(&self, schemathesis: &OsStr, url: &str) -> Result<bool> {
        println!("--- {}", self.who);
        let mut command = Command::new(schemathesis);
        command.args(["--config-file", CONFIG, "run"]).args(&self.operations);
        if let Some(token) = &self.token {
            command.args(["--header", &format!("Authorization: Bearer {token}")]);
        }
        command.arg(format!("{url}/openapi.json"));
        // What it does not need is not asked for: neither a proxy nor anything beyond this machine.
        command.env("NO_PROXY", "*").kill_on_drop(true);
        let status =
            timeout(WITHIN, command.status()).await.context("schemathesis does not end")?;
        Ok(status.context("schemathesis does not start")?.success())
    }
}
