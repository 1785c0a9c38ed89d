//! `POST /v1/auth/register` and `/v1/auth/login`; `GET /v1/players/{player}`, who others are.

use std::{sync::Arc, time::SystemTime};

use bytes::Bytes;
use gamev1_persistence::{
    credentials::Login,
    names::{email_key, username_key},
};
use gamev1_protocol::{ErrorCode, PlayerId};
use hyper::StatusCode;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{
    answer::{Answer, json},
    auth::tokens,
};
use crate::{
    app::App,
    auth::{account_desk::Applicant, names, passwords::Password},
    body::{self, Body},
    call::Call,
    limits::LoginKey,
    problem::Problem,
};

#[derive(Deserialize)]
pub struct Register {
    username: String,
    email: String,
    password: Password,
}

impl Body for Register {
    const MEMBERS: &'static [&'static str] = &["username", "email", "password"];
}

#[derive(Deserialize)]
pub struct PasswordLogin {
    login: String,
    password: Password,
}

impl Body for PasswordLogin {
    const MEMBERS: &'static [&'static str] = &["login", "password"];
}

/// With a guest's token the guest becomes the account.
pub async fn register(app: Arc<App>, call: Call, body: Result<Bytes, Problem>) -> Answer {
    app.limits.register(call.address())?;
    let Register { username, email, password } = body::parse(&body?, app.config.dev)?;
    let services = app.services()?;
    let guest = match call.authenticates() {
        true => {
            let player = call.player(&app).await?.player;
            if !player.guest {
                let detail = "this player is an account already; without a token another is made";
                return Err(Problem::new(ErrorCode::Conflict, detail));
            }
            Some(player.id)
        }
        false => None,
    };
    let (applicant, now) = (Applicant { username, email, password }, SystemTime::now());
    let player = services.account_desk.register(applicant, guest, now).await?;
    services.authenticator.written(player.clone());
    tokens(StatusCode::CREATED, &services.sign_ins.signed_in(player, now).await?)
}

pub async fn login(app: Arc<App>, call: Call, body: Result<Bytes, Problem>) -> Answer {
    app.limits.login(call.address())?;
    let PasswordLogin { login, password } = body::parse(&body?, app.config.dev)?;
    app.limits.password(key(&login))?;
    let services = app.services()?;
    let player = services.account_desk.login(&login, password).await?;
    tokens(StatusCode::OK, &services.sign_ins.signed_in(player, SystemTime::now()).await?)
}

/// By what tries for one account are counted, whether or not there is one: every spelling of it is the same.
fn key(login: &str) -> LoginKey {
    let key = match names::login(login) {
        Some(Login::Username(username)) => username_key(&username),
        Some(Login::Email(email)) => email_key(&email),
        None => login.to_lowercase(),
    };
    Sha256::digest(key).into()
}

#[derive(Serialize)]
struct Other<'a> {
    id: PlayerId,
    username: &'a str,
}

pub async fn player(id: String, app: Arc<App>, call: Call) -> Answer {
    call.player(&app).await?;
    let services = app.services()?;
    let unknown = || Problem::new(ErrorCode::PlayerNotFound, "there is no such player");
    let id: PlayerId = id.parse().map_err(|_| unknown())?;
    let player = services.authenticator.player(id).await?;
    let player = player.ok_or_else(unknown)?;
    json(StatusCode::OK, &Other { id: player.id, username: &player.username })
}
