//! `POST /v1/admin/drain`, `PUT /v1/admin/log`: what concerns the process as a whole.

use std::sync::Arc;

use bytes::Bytes;
use gamev1_actors::ports::audit::AuditTarget;
use hyper::StatusCode;
use serde::Deserialize;

use super::{
    audit::{entry, keep},
    log, once, operator,
};
use crate::{
    app::App,
    auth::permissions::Permission,
    body::{self, Body},
    call::Call,
    idempotency::Made,
    logs,
    problem::Problem,
    routes::{
        answer::{Answer, json, no_content},
        tickets::NoMembers,
    },
};

const FILTER_BYTES_MAX: usize = 1_024;

/// As SIGTERM does.
pub async fn drain(app: Arc<App>, call: Call, body: Result<Bytes, Problem>) -> Answer {
    let who = operator(&app, &call, Permission::Drain).await?;
    let body = body?;
    let NoMembers {} = body::parse(&body, true)?;
    let act = async {
        log(who, "drain", &app.bound);
        keep(app.services()?, &entry(who, "drain", this_server(&app))).await;
        app.stop_asked.cancel();
        Ok(Made::Done)
    };
    once(&app, who, &call, ("POST /v1/admin/drain", &body), act).await?;
    json(StatusCode::ACCEPTED, &serde_json::json!({}))
}

fn this_server(app: &App) -> AuditTarget {
    AuditTarget { kind: "server".into(), id: app.bound.to_string() }
}

#[derive(Deserialize)]
struct Log {
    filter: String,
}

impl Body for Log {
    const MEMBERS: &'static [&'static str] = &["filter"];
}

pub async fn put_log(app: Arc<App>, call: Call, body: Result<Bytes, Problem>) -> Answer {
    let who = operator(&app, &call, Permission::Log).await?;
    let Log { filter } = body::parse(&body?, true)?;
    if filter.len() > FILTER_BYTES_MAX {
        let detail = format!("a filter has at most {FILTER_BYTES_MAX} bytes");
        return Err(Problem::invalid("/filter", "too_long", detail));
    }
    let wanted = logs::changed(&filter);
    let wanted =
        wanted.map_err(|error| Problem::invalid("/filter", "not_a_filter", error.to_string()))?;
    // Before the change: a filter that hides this line does not hide itself.
    log(who, "log", &filter);
    let entry = entry(who, "log", this_server(&app));
    keep(app.services()?, &entry.after(serde_json::json!({ "filter": filter }))).await;
    logs::change(wanted);
    no_content()
}
