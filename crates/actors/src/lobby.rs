//! The lobby actor: makes rooms and finds them. Which room fits is decided in [`state`].

pub mod state;

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use gamev1_protocol::{ErrorCode, PlayerId, RoomCreate, RoomId, RoomMatch, WireError};
use parking_lot::Mutex;
use ractor::{Actor, ActorProcessingErr, ActorRef};
use serde_json::Value;
use tokio::sync::oneshot;

use self::state::{Listing, Wanted};
use crate::{
    ask::Ask,
    inbox::Full,
    panics,
    ports::RoomRecord,
    readiness::Readiness,
    registry::{ActorMeta, Kind},
    restore,
    room::{self, RoomCell, RoomInfo, RoomItem, RoomSpec},
    vault::Vault,
};

const ITEMS_A_ROUND: usize = 64;
const CREATE_WITHIN: Duration = Duration::from_secs(2);

/// What the lobby is called in the registry, and its messages.
pub const KIND: Kind = Kind::new("lobby", &["wake", "crash"]);

pub struct LobbyActor;

pub enum LobbyMsg {
    /// Something waits in the lobby's inbox.
    Wake,
    /// Panics, on order.
    Crash,
}

/// Something that the lobby is to do.
#[derive(Clone)]
pub enum LobbyItem {
    Create {
        ask: Ask,
        create: RoomCreate,
    },
    Match {
        ask: Ask,
        wanted: RoomMatch,
    },
    /// A room without a member yet, asked for over HTTP.
    Open {
        maker: PlayerId,
        create: RoomCreate,
        tell: Tell,
    },
    /// A room is no more.
    Closed(RoomId),
    /// A room of a former process lives again.
    Restored(RoomId),
}

/// Where the answer to a call goes; in a place of its own, so that the item can be cloned.
pub type Tell = Arc<Mutex<Option<oneshot::Sender<Result<RoomInfo, WireError>>>>>;

/// What the lobby works with. The next incarnation makes it anew from the vault.
pub struct Desk {
    vault: Arc<Vault>,
    listing: Listing,
    meta: Arc<ActorMeta>,
}

impl Actor for LobbyActor {
    type Msg = LobbyMsg;
    type State = Desk;
    type Arguments = (Arc<Vault>, Readiness, Arc<ActorMeta>);

    async fn pre_start(
        &self,
        myself: ActorRef<LobbyMsg>,
        (vault, readiness, meta): Self::Arguments,
    ) -> Result<Desk, ActorProcessingErr> {
        let mut listing = Listing::default();
        for room in vault.rooms() {
            list(&mut listing, &room);
        }
        let desk = Desk { vault, listing, meta };
        desk.answer_poison();
        let _ = myself.cast(LobbyMsg::Wake);
        let me = myself.clone();
        desk.meta.crash_with(move || drop(me.cast(LobbyMsg::Crash)));
        desk.vault.lobby.attach(Box::new(move || drop(myself.cast(LobbyMsg::Wake))));
        readiness.set_ready("lobby");
        Ok(desk)
    }

    async fn handle(
        &self,
        myself: ActorRef<LobbyMsg>,
        msg: LobbyMsg,
        desk: &mut Desk,
    ) -> Result<(), ActorProcessingErr> {
        match msg {
            LobbyMsg::Wake => {
                desk.meta.begin(0);
                if desk.pump() {
                    let _ = myself.cast(LobbyMsg::Wake);
                }
            }
            LobbyMsg::Crash => {
                desk.meta.begin(1);
                panics::on_order();
            }
        }
        desk.meta.end();
        Ok(())
    }
}

/// Makes a room without a member.
///
/// # Errors
/// The refusal, as the caller is to be told.
pub async fn create(
    vault: &Vault,
    maker: PlayerId,
    create: RoomCreate,
) -> Result<RoomInfo, WireError> {
    let (tell, told) = oneshot::channel();
    let tell = Arc::new(Mutex::new(Some(tell)));
    if let Err(Full(_)) = vault.lobby.push(LobbyItem::Open { maker, create, tell }) {
        let error = WireError::new(ErrorCode::Overloaded, "the lobby has too much to do");
        return Err(error.retry_after_ms(1_000));
    }
    match tokio::time::timeout(CREATE_WITHIN, told).await {
        Ok(Ok(created)) => created,
        Ok(Err(_)) => Err(WireError::new(ErrorCode::Internal, "the lobby failed at this request")),
        Err(_) => Err(WireError::new(ErrorCode::Timeout, "the lobby did not answer in time")),
    }
}

/// What may be told of a room, by its code. One that a former process has saved is brought back, as by a join.
///
/// # Errors
/// Why it is not here: what a join of it would be told.
pub async fn find(vault: &Arc<Vault>, room: RoomId) -> Result<RoomInfo, WireError> {
    let found = restore::room(vault, room).await?;
    found.map(|found| found.info()).ok_or_else(|| vault.no_room(room))
}

fn list(listing: &mut Listing, room: &RoomCell) {
    let spec = &room.spec;
    if !spec.private && !room.closing() {
        listing.add(room.id, spec.game.name(), &spec.options);
    }
}

impl Desk {
    /// Who waits for what the last incarnation died of is told.
    fn answer_poison(&self) {
        if let Some(poison) = self.vault.lobby.take_current() {
            refuse(
                poison,
                &WireError::new(ErrorCode::Internal, "the lobby failed at this request"),
            );
        }
    }

    /// Handles what waits, a round at most. True when more may wait.
    fn pump(&mut self) -> bool {
        for _ in 0..ITEMS_A_ROUND {
            let Some(item) = self.vault.lobby.begin() else { return false };
            self.handle(item);
            self.vault.lobby.commit();
        }
        true
    }

    fn handle(&mut self, item: LobbyItem) {
        match item {
            LobbyItem::Create { ask, create } => {
                let made = self.make(ask.session.player(), create);
                self.enter(ask, made);
            }
            LobbyItem::Match { ask, wanted } => self.find(ask, wanted),
            LobbyItem::Open { maker, create, tell } => {
                answer(&tell, self.make(maker, create).map(|room| room.info()));
            }
            LobbyItem::Closed(room) => self.listing.remove(room),
            LobbyItem::Restored(room) => {
                if let Some(room) = self.vault.room(room) {
                    list(&mut self.listing, &room);
                }
            }
        }
    }

    fn make(&mut self, maker: PlayerId, create: RoomCreate) -> Result<Arc<RoomCell>, WireError> {
        let made = self.vault.rooms_made_by(maker);
        let max = self.vault.limits.rooms_per_player;
        if made >= max {
            let message = format!("this player has made {made} live rooms, {max} are allowed");
            return Err(WireError::new(ErrorCode::RateLimited, message).retry_after_ms(60_000));
        }
        let game = self.vault.games.get(&create.game)?.clone();
        let mut settings = game.settings(&create.options)?;
        if let Some(players_max) = create.players_max {
            if players_max == 0 || players_max > settings.seats_max {
                let expected = format!("an integer within 1..={}", settings.seats_max);
                let got = players_max.to_string();
                return Err(WireError::bad_request("/data/players_max", &expected, &got));
            }
            settings.seats_max = players_max;
        }
        let RoomCreate { options, private, metadata, .. } = create;
        let seed = rand::random();
        let spec =
            RoomSpec { game, options, settings, private, metadata, maker: Some(maker), seed };
        let now = SystemTime::now();
        let room = self.vault.insert_room(|id, n| RoomCell::new(id, n, spec, now))?;
        self.vault.record(RoomRecord::Opened {
            room: room.id,
            game: room.spec.game.name().into(),
            options: Value::Object(room.spec.options.clone()),
            metadata: Value::Object(room.spec.metadata.clone()),
            private: room.spec.private,
            seats_max: room.spec.settings.seats_max,
            at: now,
        });
        list(&mut self.listing, &room);
        room::spawn(&self.vault, &room);
        Ok(room)
    }

    /// Hands a player to a room in which a seat is set aside.
    fn enter(&self, ask: Ask, room: Result<Arc<RoomCell>, WireError>) {
        match room {
            Ok(room) => {
                let reserved = room.reserve();
                join(ask, &room, reserved);
            }
            Err(error) => ask.refuse(&error),
        }
    }

    fn find(&mut self, ask: Ask, wanted: RoomMatch) {
        let RoomMatch { game, options, filter, client_id } = wanted;
        // The registry's word first: a game that is not there has no rooms, and says so better.
        if let Err(error) = self.vault.games.get(&game) {
            return ask.refuse(&error);
        }
        let fits = |id: RoomId| {
            let room = self.vault.room(id)?;
            let meets =
                filter.iter().all(|(name, value)| room.spec.metadata.get(name) == Some(value));
            (meets && !room.closing() && !room.holds(ask.session.id) && room.reserve())
                .then_some(room)
        };
        let found = self.listing.of(Wanted { game: &game, options: &options }).find_map(fits);
        match found {
            Some(room) => join(ask, &room, true),
            None => {
                let metadata = filter;
                let create = RoomCreate {
                    game,
                    options,
                    private: false,
                    players_max: None,
                    metadata,
                    client_id,
                };
                let made = self.make(ask.session.player(), create);
                self.enter(ask, made);
            }
        }
    }
}

fn join(ask: Ask, room: &RoomCell, reserved: bool) {
    let Err(Full(item)) = room.inbox.push(RoomItem::Join { ask, reserved }) else { return };
    if reserved {
        room.release();
    }
    if let Some(ask) = item.into_ask() {
        let error = WireError::new(ErrorCode::Overloaded, "the room has too much to do");
        ask.refuse(&error.retry_after_ms(250));
    }
}

/// Tells whoever waits for an item that nothing comes of it.
pub(crate) fn refuse(item: LobbyItem, error: &WireError) {
    match item {
        LobbyItem::Create { ask, .. } | LobbyItem::Match { ask, .. } => ask.refuse(error),
        LobbyItem::Open { tell, .. } => answer(&tell, Err(error.clone())),
        LobbyItem::Closed(_) | LobbyItem::Restored(_) => {}
    }
}

fn answer(tell: &Tell, result: Result<RoomInfo, WireError>) {
    if let Some(tell) = tell.lock().take() {
        // Whoever has stopped waiting wants no answer.
        let _ = tell.send(result);
    }
}
