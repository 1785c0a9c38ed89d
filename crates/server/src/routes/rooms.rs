//! `GET /v1/rooms`, `POST /v1/rooms`, `GET /v1/rooms/{room}`.

use std::{collections::HashMap, sync::Arc, time::SystemTime};

use bytes::Bytes;
use gamev1_actors::{lobby, room::RoomInfo};
use gamev1_protocol::{ErrorCode, PlayerId, RoomCreate, RoomId};
use hyper::{
    StatusCode,
    header::{self, HeaderValue},
};
use serde::Serialize;

use super::answer::{Answer, json};
use crate::{
    app::{App, Services},
    body,
    call::Call,
    idempotency::{self, Made},
    paging,
    problem::Problem,
    room_list::{self, RoomDocument, Wanted},
};

#[derive(Serialize)]
struct List<'a> {
    items: Vec<RoomDocument<'a>>,
    next_cursor: Option<String>,
}

pub async fn list(app: Arc<App>, call: Call, query: HashMap<String, String>) -> Answer {
    call.player(&app).await?;
    let services = app.services()?;
    let wanted = Wanted::new(&query)?;
    let limit = paging::limit(query.get("limit").map(String::as_str))?;
    let after = query.get("cursor").map(|cursor| paging::read_cursor(cursor)).transpose()?;
    let rooms = services.room_list.rooms(&services.vault);
    let fitting = rooms.iter().filter(|room| wanted.fits(room));
    let page = paging::page(fitting, room_list::place, after, limit);
    let items = page.items.into_iter().map(RoomDocument::from).collect();
    json(StatusCode::OK, &List { items, next_cursor: page.next_cursor })
}

/// A private room is found by its code, and by nothing else.
pub async fn get(room: String, app: Arc<App>, call: Call) -> Answer {
    call.player(&app).await?;
    let services = app.services()?;
    let not_found = |_| Problem::new(ErrorCode::RoomNotFound, "no room has this code");
    let room = room.parse::<RoomId>().map_err(not_found)?;
    json(StatusCode::OK, &RoomDocument::from(&lobby::find(&services.vault, room).await?))
}

pub async fn create(app: Arc<App>, call: Call, body: Result<Bytes, Problem>) -> Answer {
    let player = call.player(&app).await?.player.id;
    let body = body?;
    let wanted = body::room_create(&body, app.config.dev)?;
    let services = app.services()?;
    services.vault.not_banned(player)?;
    let (key, request) = (call.idempotency_key()?, idempotency::hash("POST /v1/rooms", &body));
    let act = async { Ok(Made::Room(make(services, player, wanted).await?.room)) };
    let made = services.idempotency.once(player, key, request, SystemTime::now(), act).await?;
    let info = match made {
        Made::Room(room) => services.vault.room_info(room),
        // A key of another kind of call is one of another request.
        Made::Ban(_) | Made::Trace(_) | Made::Done => None,
    };
    let gone = || Problem::new(ErrorCode::RoomNotFound, "the room that was made is gone");
    created(&info.ok_or_else(gone)?)
}

async fn make(
    services: &Services,
    player: PlayerId,
    wanted: RoomCreate,
) -> Result<RoomInfo, Problem> {
    let info = lobby::create(&services.vault, player, wanted).await?;
    services.room_list.forget();
    Ok(info)
}

fn created(info: &RoomInfo) -> Answer {
    let mut response = json(StatusCode::CREATED, &RoomDocument::from(info))?;
    if let Ok(location) = HeaderValue::from_str(&format!("/v1/rooms/{}", info.room)) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}
