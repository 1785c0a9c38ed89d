//! The world around the sessions: a tree with a stub of an edge, a store in memory, and tokens that say what they do.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use gamev1_protocol::{ErrorCode, Seat, WireError};
use parking_lot::Mutex;
use ractor::{Actor, ActorProcessingErr, ActorRef};
use serde::{Deserialize, Serialize};

use super::*;
use crate::{
    bus::LocalBus,
    game::{Ctx, Game, GameRegistry, Member, Refusal, Settings},
    ports::{Answer, Authenticator, ResumeClaim, ResumeTokens, RoomStore, Spool},
    readiness::Readiness,
    registry::Kind,
    revocations::{Revocations, Standing, Table},
    shutdown::Kept,
    supervisor::Supervision,
    testing::MemoryStore,
    tree::{self, PARTS, Parts, System},
    vault::Vault,
};

/// How long a test waits for something: of paused time.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);
/// More than an actor that is not held up takes to hear of something: it lets every task run.
pub(super) const HEARD_BY: Duration = Duration::from_millis(1);

/// The input that ends the game, with the sums as its result.
pub(super) const OVER: i64 = i64::MIN;

/// Members add to a sum each. With `hz` it has ticks, which count themselves.
#[derive(Serialize, Deserialize)]
struct Sums {
    sums: BTreeMap<Seat, i64>,
    ticks: u64,
    trap: bool,
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct Options {
    hz: u32,
    seats: Option<u16>,
    unlucky: bool,
    /// The room dies of a player called trapped.
    trap: bool,
}

impl Game for Sums {
    const NAME: &'static str = "sums";
    type Options = Options;
    type Input = i64;
    type View = Value;
    type Event = Value;

    fn settings(options: &Options) -> Settings {
        assert!(!options.unlucky, "a bug of the game's author");
        Settings {
            tick_hz: options.hz,
            patch_hz: options.hz,
            seats_max: options.seats.unwrap_or(3),
            seats_per_player: 1,
            sends: true,
            stateful: true,
        }
    }

    fn new(options: Options, _: &mut Ctx<'_, Value>) -> Result<Sums, Refusal> {
        Ok(Sums { sums: BTreeMap::new(), ticks: 0, trap: options.trap })
    }

    fn join(&mut self, member: &Member, _: &mut Ctx<'_, Value>) -> Result<(), Refusal> {
        assert!(!self.trap || member.username != "trapped", "on order");
        self.sums.insert(member.seat, 0);
        Ok(())
    }

    fn leave(&mut self, seat: Seat, _: &mut Ctx<'_, Value>) {
        self.sums.remove(&seat);
    }

    fn input(&mut self, seat: Seat, add: i64, ctx: &mut Ctx<'_, Value>) -> Result<(), Refusal> {
        if add == OVER {
            ctx.end(Some(json!(self.sums)));
            return Ok(());
        }
        *self.sums.entry(seat).or_default() += add;
        Ok(())
    }

    fn tick(&mut self, _: &mut Ctx<'_, Value>) {
        self.ticks += 1;
    }

    fn view(&self) -> Value {
        json!({ "sums": self.sums, "ticks": self.ticks })
    }
}

/// Access tokens that were given out, besides `slow` (answers after a second), `never` and `panic`.
#[derive(Default)]
pub(super) struct Tokens {
    known: Mutex<HashMap<String, Identity>>,
    resume: Mutex<Vec<ResumeClaim>>,
    table: Arc<Table>,
}

impl Authenticator for Tokens {
    fn verify<'a>(&'a self, token: &'a str) -> Answer<'a, Result<Identity, WireError>> {
        Box::pin(async move {
            match token {
                "slow" => sleep(Duration::from_secs(1)).await,
                "never" => std::future::pending().await,
                "panic" => panic!("on order"),
                _ => {}
            }
            let known = self.known.lock().get(token).cloned();
            known.ok_or_else(|| WireError::new(ErrorCode::TokenRevoked, "nobody knows it"))
        })
    }

    fn revoked(&self, player: PlayerId, sign_in: SignInId, epoch: u32) -> bool {
        self.table.standing(player, sign_in, epoch) == Standing::Revoked
    }
}

impl ResumeTokens for Tokens {
    fn mint(&self, claim: ResumeClaim) -> String {
        let mut minted = self.resume.lock();
        minted.push(claim);
        (minted.len() - 1).to_string()
    }
}

struct Edge;

impl Actor for Edge {
    type Msg = ();
    type State = ();
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<()>, (): ()) -> Result<(), ActorProcessingErr> {
        Ok(())
    }
}

/// A running tree.
pub(super) struct World {
    pub(super) system: System,
    pub(super) rows: MemoryStore,
    tokens: Arc<Tokens>,
}

impl World {
    pub(super) async fn new() -> World {
        World::with(Limits { creates: None, gameplay: None, ..Limits::default() }).await
    }

    pub(super) async fn with(limits: Limits) -> World {
        World::over(limits, MemoryStore::default(), Arc::default()).await
    }

    /// The next process over the same store and the same keys. This one may have stopped, or go on unheard.
    pub(super) async fn next(&self) -> World {
        let limits = Limits { creates: None, gameplay: None, ..Limits::default() };
        World::over(limits, self.rows.clone(), self.tokens.clone()).await
    }

    /// Stops in order, for a next process.
    pub(super) async fn stop(self) -> World {
        let World { system, rows, tokens } = self;
        let limits = Limits { creates: None, gameplay: None, ..Limits::default() };
        let kept = timeout(PATIENCE, system.stop(Duration::from_secs(10))).await.unwrap();
        assert_eq!(kept, Kept::Stored);
        World::over(limits, rows, tokens).await
    }

    async fn over(limits: Limits, rows: MemoryStore, tokens: Arc<Tokens>) -> World {
        let games = GameRegistry::new().with::<Sums>();
        let vault = Vault::new(games, limits, tokens.clone(), tokens.clone());
        const KIND: Kind = Kind::new("edge", &[]);
        let spawn = |supervisor, _| Actor::spawn_linked(None, Edge, (), supervisor);
        let edge = tree::EdgeStart { kind: &KIND, start: tree::started(spawn) };
        let supervision = Supervision::compiled_in().unwrap();
        let store: Arc<dyn RoomStore> = Arc::new(rows.clone());
        let spool: Arc<dyn Spool> = Arc::new(rows.clone());
        let (sanctions, readiness) = (Arc::new(rows.clone()), Readiness::awaiting(PARTS));
        let revocations = Revocations {
            log: Arc::new(rows.clone()),
            table: tokens.table.clone(),
            bus: Arc::new(LocalBus::default()),
        };
        let parts = Parts {
            vault,
            store,
            sanctions,
            revocations,
            spool,
            supervision,
            readiness: readiness.clone(),
            edge,
        };
        let system = tree::start(parts).await.unwrap();
        while !readiness.ready() {
            tokio::time::sleep(HEARD_BY).await;
        }
        World { system, rows, tokens }
    }

    pub(super) fn vault(&self) -> &Arc<Vault> {
        &self.system.vault
    }

    /// An access token of that player.
    pub(super) fn token(&self, identity: Identity) -> String {
        let mut known = self.tokens.known.lock();
        let token = format!("token {}", known.len());
        known.insert(token.clone(), identity);
        token
    }

    pub(super) fn claim(&self, resume_token: &str) -> ResumeClaim {
        self.tokens.resume.lock()[resume_token.parse::<usize>().unwrap()]
    }

    pub(super) fn identity(&self, username: &str) -> Identity {
        Identity {
            player: PlayerId::new(),
            username: username.into(),
            role: "player".into(),
            sign_in: SignInId::new(),
            epoch: 0,
            expires_at: SystemTime::now() + Duration::from_secs(1 << 30),
        }
    }

    pub(super) async fn client(&self, username: &str) -> Client {
        self.client_with(self.identity(username), Format::Json).await
    }

    pub(super) async fn client_with(&self, identity: Identity, format: Format) -> Client {
        Client::open(self, identity, format).await
    }
}
