//! `POST /v1/auth/guest` and `/v1/auth/refresh`.

use std::{sync::Arc, time::SystemTime};

use bytes::Bytes;
use gamev1_protocol::{CloseCode, PlayerId, SignInId};
use hyper::StatusCode;
use serde::{Deserialize, Serialize};

use super::answer::{Answer, json};
use crate::{
    app::{App, Services},
    auth::{sign_in::SignedIn, token::ACCESS_TTL},
    body::{self, Body},
    call::Call,
    problem::Problem,
};

#[derive(Deserialize)]
pub struct Guest {
    #[serde(default)]
    device_id: Option<String>,
}

impl Body for Guest {
    const MEMBERS: &'static [&'static str] = &["device_id"];
}

#[derive(Deserialize)]
pub struct Refresh {
    refresh_token: String,
}

impl Body for Refresh {
    const MEMBERS: &'static [&'static str] = &["refresh_token"];
}

#[derive(Serialize)]
struct Tokens<'a> {
    access_token: &'a str,
    token_type: &'static str,
    expires_in: u64,
    refresh_token: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    device_id: Option<&'a str>,
    player: PlayerDocument<'a>,
}

#[derive(Serialize)]
struct PlayerDocument<'a> {
    id: PlayerId,
    username: &'a str,
    role: &'static str,
}

pub async fn guest(app: Arc<App>, call: Call, body: Result<Bytes, Problem>) -> Answer {
    app.limits.guest(call.address())?;
    let Guest { device_id } = body::parse(&body?, app.config.dev)?;
    let services = app.services()?;
    tokens(&services.sign_ins.guest(device_id.as_deref(), SystemTime::now()).await?)
}

pub async fn refresh(app: Arc<App>, call: Call, body: Result<Bytes, Problem>) -> Answer {
    app.limits.refresh(call.address())?;
    let Refresh { refresh_token } = body::parse(&body?, app.config.dev)?;
    let services = app.services()?;
    match services.sign_ins.refresh(&refresh_token, SystemTime::now()).await {
        Ok(signed_in) => tokens(&signed_in),
        Err(refused) => {
            if let Some(sign_in) = refused.revoked {
                sign_out(services, sign_in);
            }
            Err(refused.error.into())
        }
    }
}

/// The sign-in was revoked: its access tokens are void and its sockets close, now and not within seconds.
fn sign_out(services: &Services, sign_in: SignInId) {
    tracing::warn!(%sign_in, "a refresh token came twice: the sign-in is revoked");
    services.authenticator.forget_sign_in(sign_in);
    for session in services.vault.sessions() {
        if session.identity().sign_in == sign_in {
            session.outbox.close(CloseCode::SignedOut, None);
        }
    }
}

fn tokens(signed_in: &SignedIn) -> Answer {
    let SignedIn { access_token, refresh_token, device_id, player } = signed_in;
    json(
        StatusCode::OK,
        &Tokens {
            access_token,
            token_type: "Bearer",
            expires_in: ACCESS_TTL.as_secs(),
            refresh_token,
            device_id: device_id.as_deref(),
            player: PlayerDocument {
                id: player.id,
                username: &player.username,
                role: player.role.as_str(),
            },
        },
    )
}
