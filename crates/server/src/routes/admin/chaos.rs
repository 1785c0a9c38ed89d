//! `POST /v1/admin/chaos`: makes things fail on order, so that one can watch them come back.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use gamev1_actors::{
    ports::audit::AuditTarget,
    registry::{ActorMeta, ActorRegistry},
};
use gamev1_protocol::ErrorCode;
use hyper::StatusCode;
use serde::Deserialize;

use super::{
    Operator,
    audit::{entry, keep},
    log, once, operator,
};
use crate::{
    app::{App, Services},
    auth::permissions::Permission,
    body::{self, Body},
    call::Call,
    idempotency::Made,
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
    let body = body?;
    let order = body::parse(&body, true)?;
    let act = act(app.services()?, who, order);
    once(&app, who, &call, ("POST /v1/admin/chaos", &body), act).await?;
    json(StatusCode::ACCEPTED, &serde_json::json!({}))
}

async fn act(services: &Services, who: Operator, order: Order) -> Result<Made, Problem> {
    match order {
        Order { crash: Some(name), stall_db_ms: None } => crash(services, who, &name).await?,
        Order { crash: None, stall_db_ms: Some(ms @ ..=STALL_MS_MAX) } => {
            log(who, "stall_db_ms", &ms);
            let target = AuditTarget { kind: "server".into(), id: "database".into() };
            let entry = entry(who, "stall_db", target);
            let entry = entry.after(serde_json::json!({ "stall_db_ms": ms }));
            // Whatever stands still now takes no entry; what is about to, takes this one before.
            if ms == 0 {
                services.database.stall(Duration::ZERO);
            }
            keep(services, &entry).await;
            if ms > 0 {
                services.database.stall(Duration::from_millis(ms));
            }
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
    Ok(Made::Done)
}

async fn crash(services: &Services, who: Operator, name: &str) -> Result<(), Problem> {
    let not_found = || Problem::new(ErrorCode::NotFound, "no running actor has this name");
    let meta = target(&services.vault.registry, name).ok_or_else(not_found)?;
    log(who, "crash", &name);
    // Before: the process may end by it.
    let target = AuditTarget { kind: "actor".into(), id: name.to_owned() };
    keep(services, &entry(who, "crash", target)).await;
    if meta.crash() { Ok(()) } else { Err(not_found()) }
}

/// The actor of that name. Supervisors are named apart: nobody crashes one by a slip.
fn target(registry: &ActorRegistry, name: &str) -> Option<Arc<ActorMeta>> {
    let (name, supervisor) = match name.strip_prefix("supervisor:") {
        Some(name) => (name, true),
        None => (name, false),
    };
    registry.named(name).filter(|meta| meta.strategy.is_some() == supervisor)
}
