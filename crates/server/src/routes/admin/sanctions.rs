//! `POST` and `DELETE /v1/admin/players/{player}/ban`, `GET /v1/admin/sanctions`.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use gamev1_actors::{
    ports::{
        Sanction, SanctionKind,
        audit::{AuditEntry, AuditTarget},
    },
    sanctions,
};
use gamev1_protocol::{ErrorCode, PlayerId};
use hyper::StatusCode;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Operator, audit::entry, log, once, operator, players, reason};
use crate::{
    app::App,
    auth::permissions::{Permission, outranks},
    body::{self, Body},
    call::Call,
    idempotency::Made,
    paging,
    problem::Problem,
    routes::answer::{Answer, json, no_content},
    time::{rfc3339, unix_ms},
};

/// Ten years; for longer there is a ban without an end.
const DURATION_S_MAX: u64 = 315_576_000;

#[derive(Deserialize)]
struct Ban {
    until: Option<String>,
    duration_s: Option<u64>,
    reason: String,
}

impl Body for Ban {
    const MEMBERS: &'static [&'static str] = &["until", "duration_s", "reason"];
}

#[derive(Serialize)]
pub struct Document<'a> {
    id: Uuid,
    player: PlayerId,
    kind: &'static str,
    /// Null until it is lifted.
    until: Option<String>,
    reason: &'a str,
    /// Null when nobody had signed in.
    by: Option<PlayerId>,
    at: String,
}

#[derive(Serialize)]
struct List<'a> {
    items: Vec<Document<'a>>,
    next_cursor: Option<String>,
}

pub async fn list(app: Arc<App>, call: Call, query: HashMap<String, String>) -> Answer {
    operator(&app, &call, Permission::Sanction).await?;
    let limit = paging::limit(query.get("limit").map(String::as_str))?;
    let after = query.get("cursor").map(|cursor| paging::read_cursor(cursor)).transpose()?;
    let all = app.services()?.vault.all_bans();
    let page = paging::page(all.iter(), |ban| ban.id.as_u64_pair(), after, limit);
    let items = page.items.into_iter().map(|ban| document(ban)).collect();
    json(StatusCode::OK, &List { items, next_cursor: page.next_cursor })
}

pub async fn ban(
    player: String,
    app: Arc<App>,
    call: Call,
    body: Result<Bytes, Problem>,
) -> Answer {
    let who = operator(&app, &call, Permission::Sanction).await?;
    let bytes = body?;
    let body: Ban = body::parse(&bytes, true)?;
    let now = SystemTime::now();
    let until = until(&body, now)?;
    reason(&body.reason)?;
    let player = below(&app, who, &player).await?;
    let vault = &app.services()?.vault;
    let act = async {
        let (id, kind, by) = (Uuid::now_v7(), SanctionKind::Ban, who.player());
        let sanction = Sanction { id, player, kind, until, reason: body.reason, by, at: now };
        let after = serde_json::json!({ "id": id, "until_ms": until.map(unix_ms) });
        let audit = entry(who, "ban", AuditTarget::player(player)).reason(&sanction.reason);
        sanctions::impose(vault, sanction, audit.after(after)).await?;
        log(who, "ban", &player);
        Ok(Made::Ban(id))
    };
    let route = format!("POST /v1/admin/players/{player}/ban");
    let made = once(&app, who, &call, (&route, &bytes), act).await?;
    let bans = vault.bans_of(player);
    let Some(ban) = bans.iter().find(|ban| Made::Ban(ban.id) == made) else {
        return Err(Problem::new(ErrorCode::NotFound, "the ban that was imposed holds no more"));
    };
    json(StatusCode::CREATED, &document(ban))
}

#[derive(Deserialize)]
struct Lift {
    reason: Option<String>,
}

impl Body for Lift {
    const MEMBERS: &'static [&'static str] = &["reason"];
}

pub async fn lift(
    player: String,
    app: Arc<App>,
    call: Call,
    body: Result<Bytes, Problem>,
) -> Answer {
    let who = operator(&app, &call, Permission::Sanction).await?;
    let Lift { reason: why } = body::parse(&body?, true)?;
    let why = why.as_deref().map(reason).transpose()?;
    let player = below(&app, who, &player).await?;
    let audit = AuditEntry {
        reason: why.map(str::to_owned),
        ..entry(who, "lift_ban", AuditTarget::player(player))
    };
    sanctions::lift(&app.services()?.vault, player, audit).await?;
    log(who, "lift_ban", &player);
    no_content()
}

/// The player of that id, whom `who` may sanction.
pub async fn below(app: &App, who: Operator, player: &str) -> Result<PlayerId, Problem> {
    let known = players::known(app, player).await?;
    if !outranks(who.role(), known.role) {
        let detail = format!("a player with the role {} is not sanctioned by this one", known.role);
        return Err(Problem::new(ErrorCode::Forbidden, detail));
    }
    Ok(known.id)
}

fn until(body: &Ban, now: SystemTime) -> Result<Option<SystemTime>, Problem> {
    match (&body.until, body.duration_s) {
        (None, None) => Ok(None),
        (Some(_), Some(_)) => {
            Err(Problem::bad_request("", "until or duration_s or neither", "both"))
        }
        (None, Some(seconds @ 1..=DURATION_S_MAX)) => Ok(Some(now + Duration::from_secs(seconds))),
        (None, Some(seconds)) => {
            let expected = format!("an integer within 1..={DURATION_S_MAX}");
            Err(Problem::bad_request("/duration_s", &expected, &seconds.to_string()))
        }
        (Some(text), None) => {
            let until = humantime::parse_rfc3339(text).map_err(|_| {
                let got: String = text.chars().take(40).collect();
                Problem::bad_request("/until", "a time such as 2026-01-01T00:00:00Z", &got)
            })?;
            if until <= now {
                return Err(Problem::invalid("/until", "in_the_past", "expected a time to come"));
            }
            Ok(Some(until))
        }
    }
}

pub fn document(sanction: &Sanction) -> Document<'_> {
    Document {
        id: sanction.id,
        player: sanction.player,
        kind: sanction.kind.word(),
        until: sanction.until.map(rfc3339),
        reason: &sanction.reason,
        by: sanction.by,
        at: rfc3339(sanction.at),
    }
}
