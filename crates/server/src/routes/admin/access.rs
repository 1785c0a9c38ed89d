//! `PUT /v1/admin/players/{player}/role`, `POST /v1/admin/players/{player}/sign-out`: what a player may, and from where.

use std::{str::FromStr, sync::Arc};

use bytes::Bytes;
use gamev1_actors::ports::audit::AuditTarget;
use gamev1_persistence::{accounts::Role, audit::RoleRefused};
use gamev1_protocol::ErrorCode;
use hyper::StatusCode;
use serde::Deserialize;

use super::{
    audit::entry,
    log, once, operator,
    players::{Row, known},
    reason,
    sanctions::below,
};
use crate::{
    app::App,
    auth::{authenticator::unavailable, permissions::Permission},
    body::{self, Body},
    call::Call,
    idempotency::Made,
    problem::Problem,
    routes::answer::{Answer, json, no_content},
};

#[derive(Deserialize)]
struct NewRole {
    role: String,
    reason: String,
}

impl Body for NewRole {
    const MEMBERS: &'static [&'static str] = &["role", "reason"];
}

pub async fn role(
    player: String,
    app: Arc<App>,
    call: Call,
    body: Result<Bytes, Problem>,
) -> Answer {
    let who = operator(&app, &call, Permission::Role).await?;
    let body: NewRole = body::parse(&body?, true)?;
    let why = reason(&body.reason)?;
    let role = Role::from_str(&body.role)
        .map_err(|error| Problem::bad_request("/role", "player, moderator or admin", &error.got))?;
    let player = known(&app, &player).await?.id;
    if who.player() == Some(player) {
        return Err(Problem::new(ErrorCode::Forbidden, "nobody changes their own role"));
    }
    let services = app.services()?;
    let entry = entry(who, "role", AuditTarget::player(player)).reason(why);
    let changed = services.audit.change_role(player, role, &entry).await;
    let changed = changed.map_err(|error| unavailable(&error))?;
    let changed = changed.map_err(|refused| {
        let code = match refused {
            RoleRefused::NoPlayer => ErrorCode::PlayerNotFound,
            RoleRefused::LastAdmin => ErrorCode::Conflict,
        };
        Problem::new(code, refused.to_string())
    })?;
    log(who, "role", &format_args!("{player}: {role}"));
    // What was given under the old role ends: tokens here and now, sockets close.
    services.revoker.written(changed.clone(), entry.at);
    json(StatusCode::OK, &Row::of(&changed, who))
}

#[derive(Deserialize)]
struct SignOut {
    reason: String,
}

impl Body for SignOut {
    const MEMBERS: &'static [&'static str] = &["reason"];
}

/// Ends every sign-in of a player.
pub async fn sign_out(
    player: String,
    app: Arc<App>,
    call: Call,
    body: Result<Bytes, Problem>,
) -> Answer {
    let who = operator(&app, &call, Permission::SignOut).await?;
    let bytes = body?;
    let body: SignOut = body::parse(&bytes, true)?;
    let why = reason(&body.reason)?;
    let player = below(&app, who, &player).await?;
    let services = app.services()?;
    let act = async {
        let entry = entry(who, "sign_out", AuditTarget::player(player)).reason(why);
        let changed = services.audit.sign_out(player, &entry).await;
        let changed = changed.map_err(|error| unavailable(&error))?;
        let gone = || Problem::new(ErrorCode::PlayerNotFound, "the player has just gone");
        log(who, "sign_out", &player);
        services.revoker.written(changed.ok_or_else(gone)?, entry.at);
        Ok(Made::Done)
    };
    let route = format!("POST /v1/admin/players/{player}/sign-out");
    once(&app, who, &call, (&route, &bytes), act).await?;
    no_content()
}
