//! `GET /v1/me/export`: all that is stored of the player who asks.

use std::{sync::Arc, time::SystemTime};

use gamev1_persistence::{
    credentials::{Export, ExportedSanction, ExportedSignIn},
    history::Stay,
};
use gamev1_protocol::{RoomId, Seat, SignInId};
use hyper::StatusCode;
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use super::Me;
use crate::{
    app::App,
    call::Call,
    routes::answer::{Answer, json},
    time::rfc3339,
};

#[derive(Serialize)]
struct Document<'a> {
    exported_at: String,
    player: Me<'a>,
    /// The password itself is stored by nobody.
    password_set_at: Option<String>,
    devices: Vec<Device>,
    sign_ins: Vec<SignIn>,
    sanctions: Vec<Sanction>,
    game_sessions: Vec<GameSession>,
    /// Whether there are older ones than those.
    more_game_sessions: bool,
}

#[derive(Serialize)]
struct Device {
    created_at: String,
}

#[derive(Serialize)]
struct SignIn {
    id: SignInId,
    created_at: String,
    expires_at: String,
    revoked_at: Option<String>,
    revoked_reason: Option<String>,
}

#[derive(Serialize)]
struct Sanction {
    id: Uuid,
    kind: String,
    until: Option<String>,
    reason: String,
    created_at: String,
    lifted_at: Option<String>,
}

#[derive(Serialize)]
struct GameSession {
    id: Uuid,
    room: RoomId,
    seat: Seat,
    started_at: String,
    ended_at: Option<String>,
    result: Option<Value>,
}

pub async fn get(app: Arc<App>, call: Call) -> Answer {
    let verified = call.player(&app).await?;
    let export = app.services()?.account_desk.export(verified.player.id).await?;
    let Export { player, password_set_at, devices, sign_ins, stays, more_stays, sanctions } =
        export;
    json(
        StatusCode::OK,
        &Document {
            exported_at: rfc3339(SystemTime::now()),
            player: Me::of(&player),
            password_set_at: password_set_at.map(rfc3339),
            devices: devices.into_iter().map(|at| Device { created_at: rfc3339(at) }).collect(),
            sign_ins: sign_ins.into_iter().map(sign_in).collect(),
            sanctions: sanctions.into_iter().map(sanction).collect(),
            game_sessions: stays.into_iter().map(game_session).collect(),
            more_game_sessions: more_stays,
        },
    )
}

fn sign_in(each: ExportedSignIn) -> SignIn {
    let ExportedSignIn { id, created_at, expires_at, revoked_at, revoked_reason } = each;
    SignIn {
        id,
        created_at: rfc3339(created_at),
        expires_at: rfc3339(expires_at),
        revoked_at: revoked_at.map(rfc3339),
        revoked_reason,
    }
}

fn sanction(each: ExportedSanction) -> Sanction {
    let ExportedSanction { id, kind, until, reason, created_at, lifted_at } = each;
    Sanction {
        id,
        kind,
        until: until.map(rfc3339),
        reason,
        created_at: rfc3339(created_at),
        lifted_at: lifted_at.map(rfc3339),
    }
}

fn game_session(stay: Stay) -> GameSession {
    let Stay { game_session, room, seat, started_at, ended, .. } = stay;
    let (ended_at, result) = match ended {
        Some(end) => (Some(rfc3339(end.at)), end.result),
        None => (None, None),
    };
    GameSession { id: game_session, room, seat, started_at: rfc3339(started_at), ended_at, result }
}
