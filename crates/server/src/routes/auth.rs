//! `POST /v1/auth/guest`, `/v1/auth/refresh`, `/v1/auth/logout` and `/v1/auth/logout-all`.

use std::{sync::Arc, time::SystemTime};

use bytes::Bytes;
use gamev1_persistence::revocations::Why;
use gamev1_protocol::PlayerId;
use hyper::StatusCode;
use serde::{Deserialize, Serialize};

use super::answer::{Answer, json, no_content};
use crate::{
    app::App,
    auth::{authenticator::Verified, sign_in::SignedIn, token::ACCESS_TTL},
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
    tokens(StatusCode::OK, &services.sign_ins.guest(device_id.as_deref(), SystemTime::now()).await?)
}

pub async fn refresh(app: Arc<App>, call: Call, body: Result<Bytes, Problem>) -> Answer {
    app.limits.refresh(call.address())?;
    let Refresh { refresh_token } = body::parse(&body?, app.config.dev)?;
    let services = app.services()?;
    let now = SystemTime::now();
    match services.sign_ins.refresh(&refresh_token, now).await {
        Ok(signed_in) => tokens(StatusCode::OK, &signed_in),
        Err(refused) => {
            if let Some(sign_in) = refused.revoked {
                tracing::warn!(%sign_in, "a refresh token came twice: the sign-in is revoked");
                services.revoker.ended(sign_in, now);
            }
            Err(refused.error.into())
        }
    }
}

/// Ends the sign-in of the token that it comes with.
pub async fn logout(app: Arc<App>, call: Call) -> Answer {
    let Verified { claims, .. } = call.player(&app).await?;
    let revoker = &app.services()?.revoker;
    revoker.sign_out(claims.sid, Why::SignedOut, SystemTime::now()).await?;
    no_content()
}

/// Ends every sign-in of the player.
pub async fn logout_all(app: Arc<App>, call: Call) -> Answer {
    let Verified { claims, .. } = call.player(&app).await?;
    let revoker = &app.services()?.revoker;
    revoker.sign_out_everywhere(claims.sub, None, Why::SignedOut, SystemTime::now()).await?;
    no_content()
}

/// What a sign-in gave.
pub fn tokens(status: StatusCode, signed_in: &SignedIn) -> Answer {
    let SignedIn { access_token, refresh_token, device_id, player } = signed_in;
    json(
        status,
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
