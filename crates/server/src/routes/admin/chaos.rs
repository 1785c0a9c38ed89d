//! `POST /v1/admin/chaos`: makes things fail on order, so that one can watch them come back.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use gamev1_actors::registry::{ActorMeta, ActorRegistry};
use gamev1_protocol::ErrorCode;
use hyper::StatusCode;
use serde::Deserialize;

use super::{log, operator};
use crate::{
    app::App,
    auth::permissions::Permission,
    body::{self, Body},
    call::Call,
    problem::Problem,
    routes::answer::{Answer, json},
};

/// A database does not stand still for longer than this on order.
const STALL_MS_MAX: u64 = 60_000;

#[derive(Deserialize)]
struct Order {
    crash: Option<String>,
    stall_db_ms: Option<u64>,
}

impl Body for Order {
    const MEMBERS: &'static [&'static str] = &["crash", "stall_db_ms"];
}

pub async fn post(app: Arc<App>, call: Call, body: Result<Bytes, Problem>) -> Answer {
    let who = operator(&app, &call, Permission::Chaos).await?;
    if !(app.config.dev || app.config.chaos) {
        let detail = "chaos is off on this server (see --chaos)";
        return Err(Problem::new(ErrorCode::Forbidden, detail));
    }
    let services = app.services()?;
    match body::parse(&body?, true)? {
        Order { crash: Some(name), stall_db_ms: None } => {
            let name = name.as_str();
            let meta = target(&services.vault.registry, name);
            let not_found = || Problem::new(ErrorCode::NotFound, "no running actor has this name");
            let meta = meta.ok_or_else(not_found)?;
            log(who, "crash", &name);
            if !meta.crash() {
                return Err(not_found());
            }
        }
        Order { crash: None, stall_db_ms: Some(ms @ ..=STALL_MS_MAX) } => {
            log(who, "stall_db_ms", &ms);
            (services.stall_db)(Duration::from_millis(ms));
        }
        Order { crash: None, stall_db_ms: Some(ms) } => {
            let expected = format!("an integer within 0..={STALL_MS_MAX}");
            return Err(Problem::bad_request("/stall_db_ms", &expected, &ms.to_string()));
        }
        Order { crash, .. } => {
            let got = if crash.is_some() { "both" } else { "neither" };
            return Err(Problem::bad_request("", "either crash or stall_db_ms", got));
        }
    }
    json(StatusCode::ACCEPTED, &serde_json::json!({}))
}

/// The actor of that name. Supervisors are named apart: nobody crashes one by a slip.
fn target(registry: &ActorRegistry, name: &str) -> Option<Arc<ActorMeta>> {
    let (name, supervisor) = match name.strip_prefix("supervisor:") {
        Some(name) => (name, true),
        None => (name, false),
    };
    registry.named(name).filter(|meta| meta.strategy.is_some() == supervisor)
}
