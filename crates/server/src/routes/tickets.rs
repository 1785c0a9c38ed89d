//! `POST /v1/ws-tickets`: makes every check that an upgrade makes, because a browser is told nothing about a refused
//! upgrade.

use std::{sync::Arc, time::SystemTime};

use bytes::Bytes;
use gamev1_protocol::Format;
use hyper::{StatusCode, http::uri::Authority};
use serde::{Deserialize, Serialize};

use super::{
    answer::{Answer, json},
    upgrade,
};
use crate::{
    app::App,
    auth::tickets::TICKET_TTL,
    body::{self, Body},
    call::Call,
    problem::Problem,
};

#[derive(Deserialize)]
pub struct NoMembers {}

impl Body for NoMembers {
    const MEMBERS: &'static [&'static str] = &[];
}

#[derive(Serialize)]
struct Ticket<'a> {
    ticket: &'a str,
    expires_in: u64,
    url: String,
    /// What to offer as subprotocols, in this order.
    protocols: [&'a str; 2],
}

pub async fn post(app: Arc<App>, call: Call, body: Result<Bytes, Problem>) -> Answer {
    upgrade::origin_admitted(&app, &call)?;
    let verified = call.player(&app).await?;
    let NoMembers {} = body::parse(&body?, app.config.dev)?;
    let services = app.services()?;
    upgrade::would_admit(&app, &call, verified.player.id)?;
    // The socket that this ticket opens is counted here; the upgrade does not count it again.
    app.limits.connect(call.address())?;
    let ticket = services.tickets.issue(verified, SystemTime::now())?;
    let credential = format!("ticket.{ticket}");
    json(
        StatusCode::OK,
        &Ticket {
            ticket: &ticket,
            expires_in: TICKET_TTL.as_secs(),
            url: url(&app, call.host()),
            protocols: [Format::Json.subprotocol(), &credential],
        },
    )
}

/// Where the socket is. A server that listens on every address and was not told its name has none of its own; then
/// the name by which it was just reached is as good for the one who used it.
fn url(app: &App, host: Option<&str>) -> String {
    let unnamed = app.config.public_url.is_none() && app.bound.ip().is_unspecified();
    match host.filter(|_| unnamed).map(str::parse::<Authority>) {
        Some(Ok(host)) => format!("ws://{host}/ws"),
        _ => app.own_origin().socket_url(),
    }
}
