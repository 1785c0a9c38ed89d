//! `POST /v1/auth/register` and `/v1/auth/login`; `GET /v1/players/{player}`, who others are.

use std::{sync::Arc, time::SystemTime};

use bytes::Bytes;
use gamev1_persistence::accounts::Player;
use gamev1_protocol::{ErrorCode, PlayerId};
use hyper::StatusCode;
use serde::{Deserialize, Serialize};

use super::{
    answer::{Answer, json},
    auth::tokens,
};
use crate::{
    app::{App, Services},
    auth::{
        account_desk::{Applicant, PasswordLogin},
        passwords::Password,
        sign_in::{self, Device, SignedIn},
    },
    body::{self, Body},
    call::Call,
    problem::Problem,
};

#[derive(Deserialize)]
pub struct Register {
    username: String,
    email: String,
    password: Password,
    #[serde(default)]
    device_id: Option<String>,
}

impl Body for Register {
    const MEMBERS: &'static [&'static str] = &["username", "email", "password", "device_id"];
}

#[derive(Deserialize)]
pub struct Login {
    login: String,
    password: Password,
    #[serde(default)]
    device_id: Option<String>,
}

impl Body for Login {
    const MEMBERS: &'static [&'static str] = &["login", "password", "device_id"];
}

/// With a guest's token the guest becomes the account.
pub async fn register(app: Arc<App>, call: Call, body: Result<Bytes, Problem>) -> Answer {
    app.limits.register(call.address())?;
    let Register { username, email, password, device_id } = body::parse(&body?, app.config.dev)?;
    let device = sign_in::device(device_id.as_deref())?;
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
    signed_in(services, StatusCode::CREATED, player, device, now).await
}

pub async fn login(app: Arc<App>, call: Call, body: Result<Bytes, Problem>) -> Answer {
    app.limits.login(call.address())?;
    let Login { login, password, device_id } = body::parse(&body?, app.config.dev)?;
    let device = sign_in::device(device_id.as_deref())?;
    let (services, now) = (app.services()?, SystemTime::now());
    // A device that was just made knows nobody.
    let shown = device.made.is_none().then_some(device.hash);
    let asked = PasswordLogin { login: &login, password, device: shown, address: call.address() };
    let player = services.account_desk.login(asked, &app.limits, now).await?;
    signed_in(services, StatusCode::OK, player, device, now).await
}

/// From now on the account knows the device.
async fn signed_in(
    services: &Services,
    status: StatusCode,
    player: Player,
    Device { hash, made }: Device,
    now: SystemTime,
) -> Answer {
    let id = player.id;
    let signed_in = services.sign_ins.signed_in(player, now).await?;
    services.account_desk.brute_force().met(id, hash, now).await;
    tokens(status, &SignedIn { device_id: made, ..signed_in })
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
