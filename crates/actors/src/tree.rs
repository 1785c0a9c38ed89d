//! The supervision tree, in one function: who supervises whom, in order of start. Strategies and numbers are in
//! `supervision.toml`.
//!
//! ```text
//! root             rest_for_one
//! ├─ storage       one_for_one    store
//! ├─ directory     one_for_one    presence, lobby
//! ├─ channels      dynamic
//! ├─ rooms         dynamic        room …
//! ├─ peers         dynamic
//! ├─ sessions      dynamic        session …
//! └─ door          one_for_one    edge
//! ```

use std::{sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use gamev1_protocol::{CloseCode, Push};
use ractor::{Actor, ActorCell, ActorRef, SpawnErr, concurrency::JoinHandle};

use crate::{
    lobby::{self, LobbyActor},
    ports::RoomStore,
    presence::{self, PresenceActor},
    readiness::Readiness,
    registry::{ActorMeta, ActorRegistry, Kind, Place},
    room, session,
    store::{self, StoreActor},
    supervisor::{
        self, ChildSpec, Family, Restart, Start, Started, Supervision, Supervisor, SupervisorMsg,
        dynamic::{self, DynamicChild, DynamicMsg, DynamicSupervisor, Nursery},
    },
    vault::{Slot, Vault},
};

/// How the edge is started. It comes from above: actors know no sockets.
pub struct EdgeStart {
    pub kind: &'static Kind,
    pub start: Start,
}

/// What the tree is made of.
pub struct Parts {
    pub vault: Arc<Vault>,
    pub store: Arc<dyn RoomStore>,
    pub supervision: Supervision,
    pub readiness: Readiness,
    pub edge: EdgeStart,
}

/// A running tree.
pub struct System {
    pub vault: Arc<Vault>,
    readiness: Readiness,
    root: ActorRef<SupervisorMsg>,
    ended: JoinHandle<()>,
}

/// What must report before the server is ready, besides what the edge adds.
pub const PARTS: &[&str] = &["store", "presence", "lobby"];

/// A worker's time to stop (OTP's default), and a supervisor's: as long as its children may take.
const WORKER_SHUTDOWN: Duration = Duration::from_secs(5);
const SUPERVISOR_SHUTDOWN: Duration = Duration::from_secs(30);

/// Starts the whole tree, the edge last.
///
/// # Errors
/// A child does not start; those before it are stopped again.
pub async fn start(parts: Parts) -> Result<System, SpawnErr> {
    let Parts { vault, store, supervision, readiness, edge } = parts;
    let storage = vec![ChildSpec {
        inbox: Some(vault.records_gauge()),
        ..worker("store", &store::KIND, {
            let args = (vault.clone(), store, readiness.clone());
            move |sup, meta| {
                let (vault, store, readiness) = args.clone();
                Actor::spawn_linked(None, StoreActor, (vault, store, readiness, meta), sup)
            }
        })
    }];
    let directory = vec![
        worker("presence", &presence::KIND, {
            let args = (vault.clone(), readiness.clone());
            move |sup, meta| {
                let (vault, readiness) = args.clone();
                Actor::spawn_linked(None, PresenceActor, (vault, readiness, meta), sup)
            }
        }),
        ChildSpec {
            inbox: Some(vault.lobby_gauge()),
            ..worker("lobby", &lobby::KIND, {
                let args = (vault.clone(), readiness.clone());
                move |sup, meta| {
                    let (vault, readiness) = args.clone();
                    Actor::spawn_linked(None, LobbyActor, (vault, readiness, meta), sup)
                }
            })
        },
    ];
    let door = vec![child("edge", edge.kind, WORKER_SHUTDOWN, edge.start)];
    let rooms = {
        let vault = vault.clone();
        move || vault.rooms().iter().map(|cell| room::child(&vault, cell)).collect()
    };
    let sessions = {
        let vault = vault.clone();
        move || vault.sessions().iter().map(|cell| session::child(&vault, cell)).collect()
    };
    let plant = Plant { supervision, registry: vault.registry.clone() };
    let children = vec![
        plant.fixed("storage", storage),
        plant.fixed("directory", directory),
        plant.dynamic("channels", &Arc::default(), Arc::new(Vec::new)),
        plant.dynamic("rooms", &vault.room_supervisor, Arc::new(rooms)),
        plant.dynamic("peers", &Arc::default(), Arc::new(Vec::new)),
        plant.dynamic("sessions", &vault.session_supervisor, Arc::new(sessions)),
        plant.fixed("door", door),
    ];
    let (root, ended) = Actor::spawn(None, Supervisor, plant.root(children)).await?;
    Ok(System { vault, readiness, root, ended })
}

type Known = Arc<dyn Fn() -> Vec<DynamicChild> + Send + Sync>;

/// What supervisors are made of.
struct Plant {
    supervision: Supervision,
    registry: Arc<ActorRegistry>,
}

impl Plant {
    fn root(&self, children: Vec<ChildSpec>) -> Family {
        let spec = self.supervision.fixed("root");
        let (name, registry) = ("root", self.registry.clone());
        let meta = registry.enter(Place {
            under: "",
            name,
            kind: &supervisor::KIND,
            restart: Restart::Temporary,
            strategy: Some(spec.strategy.word()),
            inbox: None,
        });
        meta.started();
        Family { name, spec, children, registry, meta }
    }

    fn fixed(&self, name: &'static str, children: Vec<ChildSpec>) -> ChildSpec {
        let (spec, registry) = (self.supervision.fixed(name), self.registry.clone());
        let start = started(move |sup, meta| {
            let (children, registry) = (children.clone(), registry.clone());
            let family = Family { name, spec, children, registry, meta };
            Actor::spawn_linked(None, Supervisor, family, sup)
        });
        let strategy = Some(spec.strategy.word());
        ChildSpec { strategy, ..child(name, &supervisor::KIND, SUPERVISOR_SHUTDOWN, start) }
    }

    fn dynamic(&self, name: &'static str, slot: &Arc<Slot<DynamicMsg>>, known: Known) -> ChildSpec {
        let (spec, registry) = (self.supervision.dynamic(name), self.registry.clone());
        let slot = slot.clone();
        let start = started(move |sup, meta| {
            let (slot, known, registry) = (slot.clone(), known.clone(), registry.clone());
            let nursery = Nursery { spec, slot, known, registry, meta };
            Actor::spawn_linked(None, DynamicSupervisor, nursery, sup)
        });
        let strategy = Some(dynamic::STRATEGY);
        ChildSpec { strategy, ..child(name, &supervisor::KIND, SUPERVISOR_SHUTDOWN, start) }
    }
}

fn child(name: &'static str, kind: &'static Kind, shutdown: Duration, start: Start) -> ChildSpec {
    let (restart, strategy, inbox) = (Restart::Permanent, None, None);
    ChildSpec { name, kind, restart, strategy, shutdown, inbox, start }
}

fn worker<M, F>(
    name: &'static str,
    kind: &'static Kind,
    spawn: impl Fn(ActorCell, Arc<ActorMeta>) -> F + Send + Sync + 'static,
) -> ChildSpec
where
    M: ractor::Message,
    F: Future<Output = Result<(ActorRef<M>, JoinHandle<()>), SpawnErr>> + Send + 'static,
{
    child(name, kind, WORKER_SHUTDOWN, started(spawn))
}

/// Starts an actor that `spawn` makes, whatever its messages are.
pub fn started<M, F>(
    spawn: impl Fn(ActorCell, Arc<ActorMeta>) -> F + Send + Sync + 'static,
) -> Start
where
    M: ractor::Message,
    F: Future<Output = Result<(ActorRef<M>, JoinHandle<()>), SpawnErr>> + Send + 'static,
{
    Arc::new(move |supervisor, meta| {
        let spawned = spawn(supervisor, meta);
        Box::pin(async move {
            let (actor, handle) = spawned.await?;
            Ok::<Started, SpawnErr>((actor.get_cell(), handle))
        }) as BoxFuture<'static, _>
    })
}

impl System {
    /// Ends when the root has given up or was stopped.
    pub async fn ended(&mut self) {
        // How the root's task ended does not matter: it is over.
        let _ = (&mut self.ended).await;
    }

    /// Stops in order within `budget`: nobody is admitted, clients are told, the door shuts, rows are written, the
    /// tree stops from its end, sockets close with 1001. True when every row was written.
    pub async fn stop(mut self, budget: Duration) -> bool {
        self.readiness.set_draining();
        let deadline = tokio::time::Instant::now() + budget;
        for session in self.vault.sessions() {
            session.outbox.push(&Push::SessionGoingAway {
                reason: "shutdown".into(),
                resume_token: self.vault.resume_tokens.mint(session.resume_claim()),
                after_ms: 1_000,
                jitter_ms: 2_000,
            });
            session.outbox.close(CloseCode::GoingAway, None);
        }
        for room in self.vault.rooms() {
            room.end_stays(&self.vault);
        }
        let written = store::drained(&self.vault, budget / 2).await;
        self.root.stop(Some("shutdown".into()));
        if tokio::time::timeout_at(deadline, &mut self.ended).await.is_err() {
            self.root.kill();
        }
        written
    }
}
