//! `GET /v1/me`: one's own row.

use std::sync::Arc;

use gamev1_persistence::accounts::Player;
use gamev1_protocol::PlayerId;
use hyper::StatusCode;
use serde::Serialize;

use super::answer::{Answer, json};
use crate::{app::App, call::Call, time::rfc3339};

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

pub async fn get(app: Arc<App>, call: Call) -> Answer {
    let verified = call.player(&app).await?;
    let Player { id, username, guest, role, created_at, updated_at, .. } = &*verified.player;
    json(
        StatusCode::OK,
        &Me {
            id: *id,
            username,
            email: None,
            email_verified: false,
            guest: *guest,
            role: role.as_str(),
            created_at: rfc3339(*created_at),
            updated_at: rfc3339(*updated_at),
        },
    )
}
