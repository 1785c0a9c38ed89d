//! `POST /v1/admin/drain`, `PUT /v1/admin/log`: what concerns the process as a whole.

use std::sync::Arc;

use bytes::Bytes;
use hyper::{Response, StatusCode};
use serde::Deserialize;

use super::{log, operator};
use crate::{
    app::App,
    auth::permissions::Permission,
    body::{self, Body},
    call::Call,
    logs,
    problem::Problem,
    routes::{
        answer::{Answer, json},
        tickets::NoMembers,
    },
};

const FILTER_BYTES_MAX: usize = 1_024;

/// As SIGTERM does.
pub async fn drain(app: Arc<App>, call: Call, body: Result<Bytes, Problem>) -> Answer {
    let who = operator(&app, &call, Permission::Drain).await?;
    let NoMembers {} = body::parse(&body?, true)?;
    log(who, "drain", &app.bound);
    app.stop_asked.cancel();
    json(StatusCode::ACCEPTED, &serde_json::json!({}))
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
    logs::change(wanted);
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::NO_CONTENT;
    Ok(response)
}
