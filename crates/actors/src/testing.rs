//! Driving rooms and actors in tests, without sockets and on paused time. For game authors too: a [`RoomHarness`] is a
//! room with its supervisor, its recovery and its state frames, and members that are read frame by frame.

mod member;
mod memory_store;
mod probe;
mod saboteur;

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use gamev1_protocol::{Format, PlayerId, Raw, SignInId, WireError};
use ractor::{Actor, ActorRef};
use serde_json::Value;

use self::saboteur::Sabotaged;
pub use self::{member::TestMember, memory_store::MemoryStore, probe::Probe, saboteur::Boom};
use crate::{
    ask::Ask,
    game::{Game, GameRegistry},
    ports::{Answer, Authenticator, Identity, ResumeClaim, ResumeTokens},
    registry::Place,
    room::{self, RoomCell, RoomItem, RoomSpec},
    session::SessionCell,
    supervisor::{
        self, Restart, Supervision,
        dynamic::{DynamicMsg, DynamicSupervisor, Nursery},
    },
    vault::{Limits, Vault},
};

/// Runs a property's case by itself, on paused time.
#[cfg(test)]
pub(crate) fn on_paused_time<T>(case: impl Future<Output = T>) -> T {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_time().start_paused(true).build().unwrap().block_on(case)
}

/// Waits, on paused time, until all who are awaited are ready.
#[cfg(test)]
pub(crate) async fn becomes_ready(readiness: &crate::readiness::Readiness) {
    let ready = async {
        // Time goes on when nobody has anything else to do: no step of theirs is missed.
        while !readiness.ready() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    let within = tokio::time::timeout(Duration::from_secs(600), ready).await;
    assert!(within.is_ok(), "not ready: {:?}", readiness.reasons());
}

/// One room of a game, under its supervisor.
pub struct RoomHarness {
    pub vault: Arc<Vault>,
    pub room: Arc<RoomCell>,
    boom: Boom,
    may_differ: bool,
    supervisor: ActorRef<DynamicMsg>,
}

impl RoomHarness {
    /// A room of `G`. Run it under `#[tokio::test(start_paused = true)]`.
    ///
    /// # Panics
    /// The options are not the game's: a test is to fail then.
    #[expect(clippy::expect_used, reason = "a harness fails the test that uses it wrongly")]
    pub async fn new<G: Game>(options: Value, seed: u8) -> RoomHarness {
        let supervision = Supervision::compiled_in().expect("the compiled-in file is right");
        RoomHarness::under::<G>(&supervision, options, seed).await
    }

    /// The same with another supervision file.
    ///
    /// # Panics
    /// As [`RoomHarness::new`].
    #[expect(clippy::expect_used, reason = "a harness fails the test that uses it wrongly")]
    pub async fn under<G: Game>(
        supervision: &Supervision,
        options: Value,
        seed: u8,
    ) -> RoomHarness {
        let registry = GameRegistry::new().with::<G>();
        let replay_check = Some(Duration::ZERO);
        let limits = Limits { dev: true, replay_check, ..Limits::default() };
        let vault = Vault::new(registry, limits, Arc::new(Nobody), Arc::new(Nobody));
        let nursery = Nursery {
            spec: supervision.dynamic("rooms"),
            slot: vault.room_supervisor.clone(),
            known: Arc::new(Vec::new),
            registry: vault.registry.clone(),
            meta: vault.registry.enter(Place {
                under: "",
                above: None,
                name: "rooms",
                kind: &supervisor::KIND,
                restart: Restart::Permanent,
                strategy: Some(supervisor::dynamic::STRATEGY),
                inbox: None,
            }),
            remains: Arc::default(),
            quarantine: vault.rooms_apart.clone(),
        };
        let (supervisor, _) =
            Actor::spawn(None, DynamicSupervisor, nursery).await.expect("a supervisor starts");
        RoomHarness::within(vault, supervisor, G::NAME, options, seed)
    }

    /// Another room of the same game, under the same supervisor.
    ///
    /// # Panics
    /// The options are not the game's: a test is to fail then.
    pub fn beside(&self, options: Value, seed: u8) -> RoomHarness {
        let (vault, supervisor) = (self.vault.clone(), self.supervisor.clone());
        RoomHarness::within(vault, supervisor, self.room.spec.game.name(), options, seed)
    }

    #[expect(clippy::expect_used, reason = "a harness fails the test that uses it wrongly")]
    fn within(
        vault: Arc<Vault>,
        supervisor: ActorRef<DynamicMsg>,
        game: &str,
        options: Value,
        seed: u8,
    ) -> RoomHarness {
        let options = options.as_object().cloned().expect("options are an object");
        let plain = vault.games.get(game).expect("it was registered").clone();
        let settings = plain.settings(&options).expect("the options are the game's");
        let boom = Boom::default();
        let game = Arc::new(Sabotaged { plain, boom: boom.clone() });
        let spec = RoomSpec {
            game,
            options,
            settings,
            private: false,
            metadata: serde_json::Map::new(),
            maker: None,
            seed: [seed; 32],
        };
        let room = vault
            .insert_room(|id, n| RoomCell::new(id, n, spec, SystemTime::UNIX_EPOCH))
            .expect("there is place for one room");
        room::spawn(&vault, &room);
        RoomHarness { vault, room, boom, may_differ: false, supervisor }
    }

    /// A session without a socket, whose frames the test reads.
    pub fn session(&self, username: &str, format: Format) -> Arc<SessionCell> {
        self.session_of(PlayerId::new(), username, format)
    }

    pub fn session_of(&self, player: PlayerId, username: &str, format: Format) -> Arc<SessionCell> {
        let identity = Identity {
            player,
            username: username.to_owned(),
            role: "player".into(),
            sign_in: SignInId::new(),
            epoch: 0,
            expires_at: SystemTime::UNIX_EPOCH + Duration::from_secs(1 << 40),
        };
        let session = SessionCell::new(identity, format, self.vault.limits.rooms_per_session);
        session.outbox.attach();
        Arc::new(session)
    }

    /// Joins as a new player.
    ///
    /// # Errors
    /// The room's refusal.
    pub async fn join(&self, username: &str) -> Result<TestMember, WireError> {
        self.join_with(self.session(username, Format::Json)).await
    }

    /// Joins with a session of the test's own.
    ///
    /// # Errors
    /// The room's refusal.
    pub async fn join_with(&self, session: Arc<SessionCell>) -> Result<TestMember, WireError> {
        let ask = Ask { session: session.clone(), id: Some(1), request: "room.join", traced: None };
        self.put(RoomItem::Join { ask, reserved: false });
        TestMember::joined(session, self.room.clone()).await
    }

    /// Puts an item before the room as a session would.
    ///
    /// # Panics
    /// The room's inbox is full.
    #[expect(clippy::panic, reason = "a harness fails the test that uses it wrongly")]
    pub fn put(&self, item: RoomItem) {
        if self.room.inbox.push(item).is_err() {
            panic!("the room's inbox is full");
        }
    }

    /// The member does something.
    ///
    /// # Panics
    /// The input cannot be written as JSON.
    #[expect(clippy::expect_used, reason = "a harness fails the test that uses it wrongly")]
    pub fn input(&self, member: &mut TestMember, input: &Value) {
        let seq = member.next_seq();
        let ask =
            Ask { session: member.session.clone(), id: None, request: "room.input", traced: None };
        let input = Raw::json(input).expect("JSON writes JSON");
        self.put(RoomItem::Input { ask, seq, input });
    }

    /// The member does something and waits for an answer to request `id`.
    ///
    /// # Panics
    /// As [`RoomHarness::input`].
    #[expect(clippy::expect_used, reason = "a harness fails the test that uses it wrongly")]
    pub fn ask_input(&self, member: &mut TestMember, id: u64, input: &Value) {
        let seq = member.next_seq();
        let ask = self.ask(&member.session, id, "room.input");
        let input = Raw::json(input).expect("JSON writes JSON");
        self.put(RoomItem::Input { ask, seq, input });
    }

    /// A request of this session, to be put before the room in an item.
    pub fn ask(&self, session: &Arc<SessionCell>, id: u64, request: &'static str) -> Ask {
        Ask { session: session.clone(), id: Some(id), request, traced: None }
    }

    /// As [`RoomHarness::join_with`], and the room's own code panics behind the reply.
    ///
    /// # Errors
    /// The room's refusal.
    pub async fn join_mined(&self, session: Arc<SessionCell>) -> Result<TestMember, WireError> {
        member::mine(&session);
        let ask = self.ask(&session, 1, "room.join");
        self.put(RoomItem::Join { ask, reserved: false });
        // Whoever reads puts another in the place of what panics.
        tokio::time::sleep(Duration::from_millis(1)).await;
        TestMember::joined(session, self.room.clone()).await
    }

    pub fn leave(&self, member: &TestMember) {
        let ask = Ask {
            session: member.session.clone(),
            id: Some(2),
            request: "room.leave",
            traced: None,
        };
        self.put(RoomItem::Leave { session: member.session.clone(), ask: Some(ask) });
    }

    /// Makes the next call of the game at `site` panic. A crash on order happens behind what the room is at now; its own
    /// code fails with [`TestMember::crash_at_next_frame`].
    pub fn crash_next(&self, site: room::recovery::Site) {
        if site == room::recovery::Site::Order {
            self.room.actor.cast(room::RoomMsg::Crash);
        }
        self.boom.arm(site, 1);
    }

    /// Makes the next `times` calls of the game at `site` panic.
    pub fn crash(&self, site: room::recovery::Site, times: u32) {
        self.boom.arm(site, times);
    }

    /// Makes the game panic `times` times when it makes tick `tick`, as a bug in it would.
    pub fn crash_at_tick(&self, tick: u64, times: u32) {
        self.boom.arm_tick(tick, times);
    }

    /// The game is known to break the rules, and the test is about that.
    pub fn expect_replay_differences(&mut self) {
        self.may_differ = true;
    }

    /// What the room's replay differed in, wherever it was looked at: after every checkpoint, and when the harness is
    /// dropped.
    pub fn replay_differences(&self) -> Vec<String> {
        let incidents = self.vault.registry.incidents();
        let reasons = incidents.into_iter().map(|incident| incident.reason);
        reasons.filter(|reason| reason.starts_with(room::NOT_DETERMINISTIC)).collect()
    }

    /// Lets `n` periods of the room's tick pass.
    pub async fn advance(&self, n: u32) {
        let period = self.room.spec.settings.tick_period();
        tokio::time::sleep(period.unwrap_or(Duration::from_millis(10)) * n).await;
    }
}

impl Drop for RoomHarness {
    /// A game whose replay differs would come back from a crash as another one: its test fails.
    fn drop(&mut self) {
        if !std::thread::panicking() && !self.may_differ {
            let differences = self.replay_differences();
            assert!(differences.is_empty(), "{differences:?}");
        }
    }
}

/// Whoever asks is refused: rooms ask nobody.
pub(crate) struct Nobody;

impl Authenticator for Nobody {
    fn verify<'a>(&'a self, _: &'a str) -> Answer<'a, Result<Identity, WireError>> {
        let refused =
            WireError::new(gamev1_protocol::ErrorCode::Unauthenticated, "nobody signs in here");
        Box::pin(async { Err(refused) })
    }

    fn revoked(&self, _: PlayerId, _: SignInId, _: u32) -> bool {
        false
    }
}

impl ResumeTokens for Nobody {
    fn mint(&self, _: ResumeClaim) -> String {
        String::new()
    }
}
