//! `GET /v1/admin/players` and `/v1/admin/players/{player}`: who there is, and what is known of one.

use std::{collections::HashMap, sync::Arc};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use gamev1_actors::session::SessionCell;
use gamev1_persistence::accounts::{Player, Role};
use gamev1_protocol::{ErrorCode, PlayerId, RoomId, SessionId};
use hyper::StatusCode;
use serde::Serialize;

use super::{Operator, operator, sanctions};
use crate::{
    app::App,
    auth::{authenticator::unavailable, permissions::Permission},
    call::Call,
    paging,
    problem::Problem,
    routes::answer::{Answer, json},
    time::rfc3339,
};

/// No name is longer, and no e-mail address.
const QUERY_CHARS_MAX: usize = 254;
/// Of a player's sessions at most this many are shown, the latest first.
const SESSIONS_MAX: usize = 100;

/// What operators are told of anyone.
#[derive(Serialize)]
pub struct Row<'a> {
    id: PlayerId,
    username: &'a str,
    /// For admins alone: moderators are told no address.
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a str>,
    guest: bool,
    role: &'static str,
    created_at: String,
    updated_at: String,
}

#[derive(Serialize)]
struct List<'a> {
    items: Vec<Row<'a>>,
    next_cursor: Option<String>,
}

#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    row: Row<'a>,
    /// Those that hold, the latest first.
    sanctions: Vec<sanctions::Document<'a>>,
    sessions: Vec<Session>,
}

#[derive(Serialize)]
struct Session {
    session: SessionId,
    /// Whether it has a socket now; without one it may be resumed for a while.
    connected: bool,
    rooms: Vec<RoomId>,
}

impl<'a> Row<'a> {
    /// What `who` is told of a player.
    pub fn of(player: &'a Player, who: Operator) -> Row<'a> {
        Row {
            id: player.id,
            username: &player.username,
            email: player.email.as_deref().filter(|_| who.role() == Role::Admin),
            guest: player.guest,
            role: player.role.as_str(),
            created_at: rfc3339(player.created_at),
            updated_at: rfc3339(player.updated_at),
        }
    }
}

impl From<Arc<SessionCell>> for Session {
    fn from(cell: Arc<SessionCell>) -> Session {
        Session { session: cell.id, connected: cell.has_socket(), rooms: cell.room_ids() }
    }
}

/// Players whose name begins with `query`, by name; or the one whose address it is.
pub async fn search(app: Arc<App>, call: Call, query: HashMap<String, String>) -> Answer {
    let who = operator(&app, &call, Permission::Players).await?;
    let limit = paging::limit(query.get("limit").map(String::as_str))?;
    let after = query.get("cursor").map(|cursor| name_of(cursor)).transpose()?;
    let prefix = query.get("query").map_or("", |query| query.trim());
    let chars = prefix.chars().count();
    if chars > QUERY_CHARS_MAX || prefix.contains('\0') {
        let expected =
            format!("the beginning of a name or an address, at most {QUERY_CHARS_MAX} characters");
        return Err(Problem::bad_request("/query", &expected, &format!("{chars} characters")));
    }
    let players = &app.services()?.players;
    if prefix.contains('@') {
        // No name has one.
        if who.role() < Role::Admin {
            return Err(Problem::new(ErrorCode::Forbidden, "an address is looked up by admins"));
        }
        let found = players.by_email(prefix).await.map_err(|error| unavailable(&error))?;
        let items = found.iter().map(|player| Row::of(player, who)).collect();
        return json(StatusCode::OK, &List { items, next_cursor: None });
    }
    // One more than is shown: whether there is a next page.
    let found = players.search(prefix, after.as_deref(), limit as u32 + 1).await;
    let mut found = found.map_err(|error| unavailable(&error))?;
    let more = found.len() > limit;
    found.truncate(limit);
    let last = found.last().filter(|_| more);
    let next_cursor = last.map(|last| BASE64_URL_SAFE_NO_PAD.encode(&last.username));
    let items = found.iter().map(|player| Row::of(player, who)).collect();
    json(StatusCode::OK, &List { items, next_cursor })
}

/// The name that a cursor stands for.
fn name_of(cursor: &str) -> Result<String, Problem> {
    let wrong = || Problem::bad_request("/cursor", "a next_cursor of this list", "something else");
    let name = BASE64_URL_SAFE_NO_PAD.decode(cursor).map_err(|_| wrong())?;
    let name = String::from_utf8(name).map_err(|_| wrong())?;
    let fits = name.chars().count() <= QUERY_CHARS_MAX && !name.contains('\0');
    fits.then_some(name).ok_or_else(wrong)
}

pub async fn view(player: String, app: Arc<App>, call: Call) -> Answer {
    let who = operator(&app, &call, Permission::Players).await?;
    let services = app.services()?;
    let player = known(&app, &player).await?;
    let bans = services.vault.bans_of(player.id);
    let mut cells = services.vault.sessions();
    cells.retain(|cell| cell.player() == player.id);
    cells.sort_by_key(|cell| std::cmp::Reverse(cell.id));
    cells.truncate(SESSIONS_MAX);
    let document = Document {
        row: Row::of(&player, who),
        sanctions: bans.iter().map(|ban| sanctions::document(ban)).collect(),
        sessions: cells.into_iter().map(Session::from).collect(),
    };
    json(StatusCode::OK, &document)
}

/// The player of that id.
///
/// # Errors
/// `player_not_found`, `unavailable`.
pub async fn known(app: &App, id: &str) -> Result<Arc<Player>, Problem> {
    let not_found = || Problem::new(ErrorCode::PlayerNotFound, "no player has this id");
    let id: PlayerId = id.parse().map_err(|_| not_found())?;
    let known = app.services()?.authenticator.player(id).await?;
    known.ok_or_else(not_found)
}
