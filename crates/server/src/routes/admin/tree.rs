//! `GET /v1/admin/supervision`, `POST /v1/admin/supervision/snapshot`, `GET /v1/admin/incidents`.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use gamev1_actors::{
    registry::{ActorMeta, ActorRegistry, Incident},
    tree::outline,
};
use gamev1_protocol::ErrorCode;
use hyper::StatusCode;
use serde::Serialize;

use super::{log, once, operator};
use crate::{
    app::App,
    auth::permissions::Permission,
    body,
    call::Call,
    idempotency::Made,
    paging,
    problem::Problem,
    routes::{
        answer::{Answer, json},
        tickets::NoMembers,
    },
    time::rfc3339,
};

/// Children of one supervisor that are shown.
const CHILDREN: usize = 1_000;
const CHILDREN_MAX: usize = 20_000;
/// The tree has three levels; more are shown if it grows, and never without end.
const LEVELS_MAX: usize = 8;
const ROOT: &str = "/root";

#[derive(Serialize)]
struct Node {
    path: Arc<str>,
    name: String,
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    strategy: Option<&'static str>,
    restart: &'static str,
    state: &'static str,
    incarnation: u32,
    restarts: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_reason: Option<String>,
    started_at: String,
    inbox: Inbox,
    children: Vec<Node>,
    /// How many children are not shown.
    #[serde(skip_serializing_if = "is_zero")]
    children_left_out: usize,
}

#[derive(Serialize)]
struct Inbox {
    depth: usize,
    max: usize,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_zero(n: &usize) -> bool {
    *n == 0
}

pub async fn supervision(app: Arc<App>, call: Call, query: HashMap<String, String>) -> Answer {
    operator(&app, &call, Permission::Observe).await?;
    let registry = &app.services()?.vault.registry;
    let limit = limit(query.get("limit").map(String::as_str))?;
    let path = query.get("path").map_or(ROOT, |path| path.trim_end_matches('/'));
    let not_found = || Problem::new(ErrorCode::NotFound, "no actor has this path");
    let meta = registry.get(path).ok_or_else(not_found)?;
    json(StatusCode::OK, &node(registry, &meta, limit, LEVELS_MAX))
}

fn node(registry: &ActorRegistry, meta: &ActorMeta, limit: usize, levels: usize) -> Node {
    // Only supervisors have something below them: the others are not looked for.
    let mut below = match meta.strategy {
        Some(_) => registry.children(&meta.path),
        None => Vec::new(),
    };
    // In order of start, where there is one.
    let order = outline::below(meta.name());
    below.sort_by_key(|child| order.iter().position(|name| *name == child.name()));
    let shown = if levels == 0 { 0 } else { limit };
    let children = below.iter().take(shown);
    let children: Vec<_> = children.map(|child| node(registry, child, limit, levels - 1)).collect();
    let depth = meta.inbox();
    Node {
        path: meta.path.clone(),
        name: meta.name().to_owned(),
        kind: meta.kind.name,
        strategy: meta.strategy,
        restart: meta.restart.word(),
        state: meta.state().word(),
        incarnation: meta.incarnation(),
        restarts: meta.restarts(),
        last_reason: meta.last_reason(),
        started_at: rfc3339(meta.started_at()),
        inbox: Inbox { depth: depth.now, max: depth.max },
        children_left_out: below.len() - children.len(),
        children,
    }
}

fn limit(text: Option<&str>) -> Result<usize, Problem> {
    let Some(text) = text else { return Ok(CHILDREN) };
    match text.parse() {
        Ok(limit) if limit <= CHILDREN_MAX => Ok(limit),
        _ => {
            let expected = format!("an integer within 0..={CHILDREN_MAX}");
            let got: String = text.chars().take(32).collect();
            Err(Problem::bad_request("/limit", &expected, &got))
        }
    }
}

#[derive(Serialize)]
struct Incidents<'a> {
    items: Vec<Line<'a>>,
    next_cursor: Option<String>,
}

#[derive(Serialize)]
struct Line<'a> {
    at: String,
    path: &'a str,
    kind: &'static str,
    reason: &'a str,
    decision: &'static str,
    restarts: u32,
    /// Of the trace that tells the story; there is none where nothing is traced.
    trace_id: Option<String>,
}

pub async fn incidents(app: Arc<App>, call: Call, query: HashMap<String, String>) -> Answer {
    operator(&app, &call, Permission::Observe).await?;
    let limit = paging::limit(query.get("limit").map(String::as_str))?;
    let after = query.get("cursor").map(|cursor| paging::read_cursor(cursor)).transpose()?;
    let incidents = app.services()?.vault.registry.incidents();
    let page = paging::page(incidents.iter(), place, after, limit);
    let items = page.items.into_iter().map(line).collect();
    json(StatusCode::OK, &Incidents { items, next_cursor: page.next_cursor })
}

fn place(incident: &Incident) -> paging::Place {
    (nanoseconds(incident.at), u64::from(incident.restarts))
}

fn nanoseconds(at: SystemTime) -> u64 {
    at.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as u64)
}

fn line(incident: &Incident) -> Line<'_> {
    Line {
        at: rfc3339(incident.at),
        path: &incident.path,
        kind: incident.kind,
        reason: &incident.reason,
        decision: incident.decision.word(),
        restarts: incident.restarts,
        trace_id: incident.trace_id(),
    }
}

/// Draws the tree as a trace.
pub async fn snapshot(app: Arc<App>, call: Call, body: Result<Bytes, Problem>) -> Answer {
    let who = operator(&app, &call, Permission::Observe).await?;
    let body = body?;
    let NoMembers {} = body::parse(&body, true)?;
    let act = async {
        log(who, "snapshot", &app.bound);
        let registry = &app.services()?.vault.registry;
        let none = || Problem::new(ErrorCode::Unavailable, "nothing is traced yet");
        Ok(Made::Trace(registry.observer().ok_or_else(none)?.snapshot(registry).trace))
    };
    let made = once(&app, who, &call, ("POST /v1/admin/supervision/snapshot", &body), act).await?;
    let trace_id = match made {
        Made::Trace(trace) => Some(format!("{trace:032x}")),
        // A key of another kind of call is one of another request.
        Made::Room(_) | Made::Ban(_) | Made::Done => None,
    };
    json(StatusCode::ACCEPTED, &serde_json::json!({ "trace_id": trace_id }))
}
