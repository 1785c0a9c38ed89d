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
    idempotency::Begun,
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
    let info = room.parse::<RoomId>().ok().and_then(|room| services.vault.room_info(room));
    let not_found = || Problem::new(ErrorCode::RoomNotFound, "no room has this code");
    json(StatusCode::OK, &RoomDocument::from(&info.ok_or_else(not_found)?))
}

pub async fn create(app: Arc<App>, call: Call, body: Result<Bytes, Problem>) -> Answer {
    let player = call.player(&app).await?.player.id;
    let body = body?;
    let wanted = body::room_create(&body, app.config.dev)?;
    let services = app.services()?;
    services.vault.not_banned(player)?;
    let Some(key) = call.idempotency_key()? else {
        return created(&make(services, player, wanted).await?);
    };
    match services.idempotency.begin(player, key, &body, SystemTime::now())? {
        Begun::First => {
            let first = First { services, player, key, made: None };
            created(&first.make(wanted).await?)
        }
        Begun::Done(room) => {
            let gone = || Problem::new(ErrorCode::RoomNotFound, "the room that was made is gone");
            created(&services.vault.room_info(room).ok_or_else(gone)?)
        }
    }
}

/// A call with a key that is under way. However it ends, also by the client going away, the key learns of it.
struct First<'a> {
    services: &'a Services,
    player: PlayerId,
    key: &'a str,
    made: Option<RoomInfo>,
}

impl First<'_> {
    async fn make(mut self, wanted: RoomCreate) -> Result<RoomInfo, Problem> {
        let made = make(self.services, self.player, wanted).await?;
        self.made = Some(made.clone());
        Ok(made)
    }
}

impl Drop for First<'_> {
    fn drop(&mut self) {
        let made = self.made.as_ref().map(|info| info.room);
        self.services.idempotency.end(self.player, self.key, made);
    }
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
