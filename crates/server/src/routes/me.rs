//! `/v1/me`: one's own row, its password, all that is stored of oneself, and its end.

pub mod export;

use std::{sync::Arc, time::SystemTime};

use bytes::Bytes;
use gamev1_persistence::accounts::Player;
use gamev1_protocol::PlayerId;
use hyper::StatusCode;
use serde::{Deserialize, Deserializer, Serialize};
use sha2::{Digest, Sha256};

use super::{
    answer::{Answer, json, no_content},
    auth::tokens,
};
use crate::{
    app::App,
    auth::passwords::Password,
    body::{self, Body},
    call::Call,
    problem::Problem,
    time::rfc3339,
};

#[derive(Serialize)]
struct Me<'a> {
    id: PlayerId,
    username: &'a str,
    /// Guests have none.
    email: Option<&'a str>,
    email_verified: bool,
    guest: bool,
    role: &'static str,
    created_at: String,
    updated_at: String,
}

impl Me<'_> {
    fn of(player: &Player) -> Me<'_> {
        Me {
            id: player.id,
            username: &player.username,
            email: player.email.as_deref(),
            email_verified: player.email_verified,
            guest: player.guest,
            role: player.role.as_str(),
            created_at: rfc3339(player.created_at),
            updated_at: rfc3339(player.updated_at),
        }
    }
}

pub async fn get(app: Arc<App>, call: Call) -> Answer {
    let verified = call.player(&app).await?;
    json(StatusCode::OK, &Me::of(&verified.player))
}

#[derive(Deserialize)]
pub struct Patch {
    #[serde(default, deserialize_with = "there")]
    username: Option<String>,
    #[serde(default, deserialize_with = "there")]
    email: Option<String>,
}

impl Body for Patch {
    const MEMBERS: &'static [&'static str] = &["username", "email"];
}

/// What is there is a value: an account cannot be without name and address, so `null` is refused.
fn there<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    String::deserialize(deserializer).map(Some)
}

pub async fn patch(app: Arc<App>, call: Call, body: Result<Bytes, Problem>) -> Answer {
    let verified = call.player(&app).await?;
    let Patch { username, email } = body::parse(&body?, app.config.dev)?;
    let (services, id, now) = (app.services()?, verified.player.id, SystemTime::now());
    let desk = &services.account_desk;
    let player = desk.change(id, username.as_deref(), email.as_deref(), now).await?;
    let answer = json(StatusCode::OK, &Me::of(&player));
    services.authenticator.written(player);
    answer
}

#[derive(Deserialize)]
pub struct PasswordChange {
    current_password: Password,
    new_password: Password,
}

impl Body for PasswordChange {
    const MEMBERS: &'static [&'static str] = &["current_password", "new_password"];
}

pub async fn password(app: Arc<App>, call: Call, body: Result<Bytes, Problem>) -> Answer {
    let verified = call.player(&app).await?;
    let PasswordChange { current_password, new_password } = body::parse(&body?, app.config.dev)?;
    tried(&app, verified.player.id)?;
    let (services, own, now) = (app.services()?, verified.claims.sid, SystemTime::now());
    let (desk, sign_ins) = (&services.account_desk, &services.sign_ins);
    let passwords = (current_password, new_password);
    let signed_in = desk.change_password(sign_ins, &verified.player, own, passwords, now).await?;
    services.revoker.written(signed_in.player.clone(), now);
    tokens(StatusCode::OK, &signed_in)
}

#[derive(Deserialize)]
pub struct Deletion {
    #[serde(default)]
    password: Option<Password>,
}

impl Body for Deletion {
    const MEMBERS: &'static [&'static str] = &["password"];
}

pub async fn delete(app: Arc<App>, call: Call, body: Result<Bytes, Problem>) -> Answer {
    let verified = call.player(&app).await?;
    let Deletion { password } = body::parse(&body?, app.config.dev)?;
    let id = verified.player.id;
    if !verified.player.guest {
        tried(&app, id)?;
    }
    let services = app.services()?;
    let now = SystemTime::now();
    let gone = services.account_desk.delete(&verified.player, password, now).await?;
    services.revoker.deleted(&gone, now);
    tracing::info!(player = %id, "a player has deleted itself");
    no_content()
}

/// Passwords that are tried with a token count as those that are tried without one, each by themselves.
fn tried(app: &App, player: PlayerId) -> Result<(), Problem> {
    app.limits.password(Sha256::digest(player.as_uuid()).into())
}
