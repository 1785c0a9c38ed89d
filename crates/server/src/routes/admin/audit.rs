//! `GET /v1/admin/audit`, and how a deed gets its entry.

use std::{collections::HashMap, sync::Arc, time::SystemTime};

use gamev1_actors::ports::audit::{AuditActor, AuditEntry, AuditTarget};
use gamev1_persistence::audit::Wanted;
use gamev1_protocol::PlayerId;
use hyper::StatusCode;
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use super::{Operator, operator};
use crate::{
    app::{App, Services},
    auth::{authenticator::unavailable, permissions::Permission},
    call::Call,
    paging,
    problem::Problem,
    routes::answer::{Answer, json},
    time::rfc3339,
};

/// Actions and targets that are asked for have no more characters than this.
const WORD_CHARS_MAX: usize = 128;

/// The entry of what `who` does now.
pub fn entry(who: Operator, action: &'static str, target: AuditTarget) -> AuditEntry {
    let kind = match who {
        Operator::Local => "dev",
        Operator::Player(_, role) => role.as_str(),
    };
    let actor = AuditActor { kind: kind.into(), player: who.player() };
    AuditEntry::new(actor, action, target, SystemTime::now())
}

/// Writes the entry of a deed that is not the database's. One that it does not take goes to the log as a whole: operators
/// must be able to act while the database is away.
pub async fn keep(services: &Services, entry: &AuditEntry) {
    if let Err(error) = services.audit.append(entry).await {
        tracing::error!(%error, ?entry, "the audit log did not take an entry");
    }
}

#[derive(Serialize)]
struct List {
    items: Vec<Document>,
    next_cursor: Option<String>,
}

#[derive(Serialize)]
struct Document {
    id: Uuid,
    at: String,
    actor: Actor,
    action: String,
    target: Target,
    before: Option<Value>,
    after: Option<Value>,
    reason: Option<String>,
}

#[derive(Serialize)]
struct Actor {
    kind: String,
    /// Null where nobody had signed in.
    player: Option<PlayerId>,
}

#[derive(Serialize)]
struct Target {
    kind: String,
    id: String,
}

pub async fn list(app: Arc<App>, call: Call, query: HashMap<String, String>) -> Answer {
    operator(&app, &call, Permission::Audit).await?;
    let limit = paging::limit(query.get("limit").map(String::as_str))?;
    let after = query.get("cursor").map(|cursor| paging::read_cursor(cursor)).transpose()?;
    let wanted = Wanted {
        actor: query.get("actor").map(|text| actor(text)).transpose()?,
        target: word(&query, "target")?,
        action: word(&query, "action")?,
        before: after.map(|(high, low)| Uuid::from_u64_pair(high, low)),
    };
    let Services { audit, .. } = app.services()?;
    // One more than is shown: whether there is a next page.
    let entries = audit.entries(&wanted, limit as u32 + 1).await;
    let mut entries = entries.map_err(|error| unavailable(&error))?;
    let more = entries.len() > limit;
    entries.truncate(limit);
    let last = entries.last().filter(|_| more);
    let next_cursor = last.map(|last| paging::cursor(last.id.as_u64_pair()));
    let items = entries.into_iter().map(document).collect();
    json(StatusCode::OK, &List { items, next_cursor })
}

fn actor(text: &str) -> Result<PlayerId, Problem> {
    text.parse().map_err(|_| {
        let got: String = text.chars().take(64).collect();
        Problem::bad_request("/actor", "the id of a player", &got)
    })
}

fn word(query: &HashMap<String, String>, name: &str) -> Result<Option<String>, Problem> {
    let Some(text) = query.get(name) else { return Ok(None) };
    let chars = text.chars().count();
    if chars > WORD_CHARS_MAX || text.contains('\0') {
        let expected = format!("at most {WORD_CHARS_MAX} characters");
        return Err(Problem::bad_request(&format!("/{name}"), &expected, &format!("{chars}")));
    }
    Ok(Some(text.clone()))
}

fn document(entry: AuditEntry) -> Document {
    let AuditEntry { id, at, actor, action, target, before, after, reason } = entry;
    Document {
        id,
        at: rfc3339(at),
        actor: Actor { kind: actor.kind.into_owned(), player: actor.player },
        action: action.into_owned(),
        target: Target { kind: target.kind.into_owned(), id: target.id },
        before,
        after,
        reason,
    }
}
