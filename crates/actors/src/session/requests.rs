//! What each request comes to: an item for a room or the lobby, or an answer.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use gamev1_protocol::{
    CloseCode, ErrorCode, Reply, Request, RoomId, RoomInput, RoomSend, WireError, decode::Incoming,
};

use super::{
    Desk, SessionMsg,
    joins::{self, Held},
    unix_ms,
};
use crate::{
    ask::Ask,
    inbox::Full,
    lobby::LobbyItem,
    observe::SpanRef,
    room::{RoomCell, RoomItem, refuse_closed},
};

/// How long the end of a flood of inputs waits to be settled.
const SETTLE_AFTER: Duration = Duration::from_millis(200);
/// How long `auth.refresh` may take.
const REFRESH_WITHIN: Duration = Duration::from_secs(2);

impl Desk {
    pub(super) async fn handle(
        &mut self,
        Incoming { id, request }: Incoming,
        traced: Option<SpanRef>,
    ) {
        let request_name = request.name();
        let ask = || {
            let (session, traced) = (self.cell.clone(), traced.map(Box::new));
            Ask { session, id, request: request_name, traced }
        };
        let rated =
            matches!(request, Request::Ping { .. } | Request::RoomInput(_) | Request::RoomSend(_));
        if !rated && let Err(wait) = self.requests.spend(self.born.elapsed()) {
            return ask().refuse(&rate_limited("requests", wait));
        }
        match request {
            Request::RoomInput(input) => self.input(ask(), input),
            Request::RoomSend(send) => self.send(ask(), send),
            Request::Ping { received } => self.ping(id, received),
            Request::RoomCreate(create) => {
                let ask = ask();
                match self.creates.spend(self.born.elapsed()) {
                    Ok(()) => self.pass_to_lobby(LobbyItem::Create { ask, create }),
                    Err(wait) => ask.refuse(&rate_limited("rooms made", wait)),
                }
            }
            Request::RoomMatch(wanted) => {
                let item = LobbyItem::Match { ask: ask(), wanted };
                self.pass_to_lobby(item);
            }
            Request::RoomJoin { room } => {
                let ask = ask();
                self.join(ask, room);
            }
            Request::RoomLeave { room } => {
                let session = self.cell.clone();
                self.pass_to_room(room, RoomItem::Leave { session, ask: Some(ask()) });
            }
            Request::RoomSync { room } => self.pass_to_room(room, RoomItem::Sync { ask: ask() }),
            Request::AuthRefresh { access_token } => {
                let ask = ask();
                // Boxed: every idle session would have to hold the room that only this needs.
                Box::pin(self.refresh(ask, &access_token)).await;
            }
        }
    }

    /// A room by its code: one that the session sits in, or any other.
    fn room(&mut self, room: RoomId) -> Result<Arc<RoomCell>, WireError> {
        // Most play in one room: looking for it takes no lock then.
        if let Some(last) =
            self.last_room.upgrade().filter(|last| last.id == room && !last.closing())
        {
            return Ok(last);
        }
        let found = self.cell.held(room).or_else(|| self.vault.room(room));
        self.last_room = found.as_ref().map(Arc::downgrade).unwrap_or_default();
        found.ok_or_else(|| self.vault.no_room(room))
    }

    fn pass_to_room(&mut self, room: RoomId, item: RoomItem) {
        match self.cell.joins.hold(room, item) {
            Held::Yes => {}
            Held::Full(item) => refuse(Err((item, joins::too_many()))),
            Held::No(item) => match self.room(room) {
                Ok(room) => put(&room, item),
                Err(error) => refuse(Err((item, error))),
            },
        }
    }

    /// A room that is asked for may have been saved by a former process.
    fn join(&mut self, ask: Ask, room: RoomId) {
        let join = RoomItem::Join { ask, reserved: false };
        if self.cell.joins.awaits(room) || self.room(room).is_ok() || self.vault.store().is_none() {
            self.pass_to_room(room, join);
        } else {
            joins::begin(&self.vault, &self.cell, room, join);
        }
    }

    fn pass_to_lobby(&self, item: LobbyItem) {
        if let Err(Full(LobbyItem::Create { ask, .. } | LobbyItem::Match { ask, .. })) =
            self.vault.lobby.push(item)
        {
            let error = WireError::new(ErrorCode::Overloaded, "the lobby has too much to do");
            ask.refuse(&error.retry_after_ms(1_000));
        }
    }

    fn input(&mut self, ask: Ask, RoomInput { room: id, seq, input }: RoomInput) {
        // One that is still looked for takes it behind the join.
        let room = if self.cell.joins.awaits(id) { None } else { Some(self.room(id)) };
        let room = match room.transpose() {
            Ok(room) => room,
            Err(error) => return ask.refuse(&error),
        };
        let now = self.born.elapsed();
        let item = match self.gameplay.spend(now) {
            Ok(()) => {
                self.unsettled.remove(&id);
                RoomItem::Input { ask, seq, input }
            }
            Err(_) if self.flood.refused(now) => {
                return self.cell.outbox.close(CloseCode::RateLimited, Some(1_000));
            }
            Err(wait) if self.drops_told.spend(now).is_err() => {
                if ask.id.is_some() {
                    ask.refuse(&rate_limited("inputs", wait));
                }
                return room.map_or((), |room| self.settle_later(room, seq));
            }
            Err(_) => RoomItem::Dropped { ask, seq },
        };
        match room {
            Some(room) => put(&room, item),
            None => self.pass_to_room(id, item),
        }
    }

    /// Keeps the highest input of a flood, so that its end is settled without the room hearing of each.
    fn settle_later(&mut self, room: Arc<RoomCell>, seq: u32) {
        if !room.holds(self.cell.id) {
            return;
        }
        if self.unsettled.is_empty()
            && let Some(myself) = self.cell.actor.get()
        {
            myself.send_after(SETTLE_AFTER, || SessionMsg::Settle);
        }
        let kept = self.unsettled.entry(room.id).or_insert((room, seq));
        kept.1 = kept.1.max(seq);
    }

    pub(super) fn settle(&mut self) {
        for (_, (room, seq)) in std::mem::take(&mut self.unsettled) {
            let session = self.cell.clone();
            let ask = Ask { session, id: None, request: "room.input", traced: None };
            put(&room, RoomItem::Dropped { ask, seq });
        }
    }

    fn send(&mut self, ask: Ask, RoomSend { room, payload, to }: RoomSend) {
        let now = self.born.elapsed();
        if let Err(wait) = self.gameplay.spend(now) {
            if self.flood.refused(now) {
                return self.cell.outbox.close(CloseCode::RateLimited, Some(1_000));
            }
            return ask.refuse(&rate_limited("sends", wait));
        }
        self.pass_to_room(room, RoomItem::Send { ask, payload, to: to.map(Into::into) });
    }

    fn ping(&self, id: Option<u64>, received: Option<u64>) {
        if let Some(received) = received {
            self.cell.outbox.confirm(received);
        }
        let pong =
            Reply::Pong { received: self.cell.received(), server_ms: unix_ms(SystemTime::now()) };
        self.cell.outbox.reply(id, &pong);
    }

    async fn refresh(&self, ask: Ask, token: &str) {
        let verify = self.vault.authenticator.verify(token);
        let verified = match tokio::time::timeout(REFRESH_WITHIN, verify).await {
            Ok(verified) => verified,
            Err(_) => {
                Err(WireError::new(ErrorCode::Timeout, "the token could not be checked in time"))
            }
        };
        let player = self.cell.player();
        match verified.and_then(|it| self.vault.not_banned(player).map(|()| it)) {
            Ok(identity) if identity.player == player => {
                self.cell.extend(identity.expires_at);
                let left =
                    identity.expires_at.duration_since(SystemTime::now()).unwrap_or_default();
                ask.reply(&Reply::Refreshed { expires_in: left.as_secs() });
            }
            Ok(_) => ask.refuse(&WireError::new(
                ErrorCode::Unauthenticated,
                "the token is another player's",
            )),
            Err(error) => ask.refuse(&error),
        }
    }
}

/// A room with ticks looks into its inbox at the next one; an input need not wake it before.
pub(super) fn put(room: &RoomCell, item: RoomItem) {
    let input = matches!(item, RoomItem::Input { .. } | RoomItem::Dropped { .. });
    let pushed = if input && room.spec.settings.tick_hz > 0 {
        room.inbox.push_quiet(item)
    } else {
        room.inbox.push(item)
    };
    match pushed {
        Ok(()) => {}
        Err(Full(item)) if room.closing() => refuse_closed(room, item),
        Err(Full(item)) => refuse(Err((item, busy()))),
    }
}

/// Tells whoever waits for an item that it was not taken.
pub(super) fn refuse(pushed: Result<(), (RoomItem, WireError)>) {
    if let Err((item, error)) = pushed
        && let Some(ask) = item.into_ask()
    {
        ask.refuse(&error);
    }
}

fn busy() -> WireError {
    WireError::new(ErrorCode::Overloaded, "the room has too much to do").retry_after_ms(250)
}

fn rate_limited(what: &str, wait: Duration) -> WireError {
    WireError::new(ErrorCode::RateLimited, format!("more {what} than the limit allows"))
        .retry_after_ms(wait.as_millis() as u64 + 1)
}
