//! The supervision tree, in one function: who supervises whom. Names and their order are in [`outline`], strategies and
//! numbers in `supervision.toml`.
//!
//! ```text
//! root             rest_for_one
//! ├─ storage       one_for_one    store
//! ├─ directory     one_for_one    sanctions, revocations, presence, lobby
//! ├─ channels      dynamic
//! ├─ rooms         dynamic        room …
//! ├─ peers         dynamic
//! ├─ sessions      dynamic        session …
//! └─ door          one_for_one    edge
//! ```

pub mod outline;

use std::{sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use ractor::{Actor, ActorCell, ActorRef, SpawnErr, concurrency::JoinHandle};
use tokio::time::Instant;

use self::outline::ROOT;
use crate::{
    lobby::{self, LobbyActor},
    ports::{RoomStore, SanctionStore, Spool},
    presence::{self, PresenceActor},
    readiness::Readiness,
    registry::{ActorMeta, ActorRegistry, Kind, Place},
    revocations::{self, Revocations, RevocationsActor},
    room,
    sanctions::{self, SanctionsActor},
    session,
    shutdown::{self, Kept},
    store::{self, StoreActor},
    supervisor::{
        self, ChildSpec, Family, Quarantine, Remains, Restart, Shutdown, Start, Started,
        Supervision, Supervisor, SupervisorMsg, Terms,
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
    pub sanctions: Arc<dyn SanctionStore>,
    pub revocations: Revocations,
    pub supervision: Supervision,
    pub spool: Arc<dyn Spool>,
    pub readiness: Readiness,
    pub edge: EdgeStart,
}

/// A running tree.
pub struct System {
    pub vault: Arc<Vault>,
    spool: Arc<dyn Spool>,
    readiness: Readiness,
    root: ActorRef<SupervisorMsg>,
    ended: JoinHandle<()>,
}

/// What must report before the server is ready, besides what the edge adds.
pub const PARTS: &[&str] = &["store", sanctions::PART, revocations::PART, "presence", "lobby"];

/// Starts the whole tree, the edge last.
///
/// # Errors
/// A child does not start; those before it are stopped again.
pub async fn start(parts: Parts) -> Result<System, SpawnErr> {
    let Parts { vault, store, sanctions, revocations, supervision, spool, readiness, edge } = parts;
    vault.set_store(store.clone());
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
    let directory = directory(&vault, sanctions, revocations, &readiness);
    let door = vec![child("edge", edge.kind, edge.start)];
    let rooms = {
        let vault = vault.clone();
        move || {
            let rooms = vault.rooms();
            let live = rooms.iter().filter(|cell| !cell.closing());
            live.map(|cell| room::child(&vault, cell)).collect()
        }
    };
    let sessions = {
        let vault = vault.clone();
        move || vault.sessions().iter().map(|cell| session::child(&vault, cell)).collect()
    };
    let plant = Plant { supervision, registry: vault.registry.clone() };
    let children = vec![
        plant.fixed("storage", storage),
        plant.fixed("directory", directory),
        plant.dynamic("channels", Nest::default()),
        plant.dynamic(
            "rooms",
            Nest {
                slot: vault.room_supervisor.clone(),
                known: Arc::new(rooms),
                quarantine: vault.rooms_apart.clone(),
            },
        ),
        plant.dynamic("peers", Nest::default()),
        plant.dynamic(
            "sessions",
            Nest {
                slot: vault.session_supervisor.clone(),
                known: Arc::new(sessions),
                ..Nest::default()
            },
        ),
        plant.fixed("door", door),
    ];
    let app = vault.registry.app_starting();
    let family = plant.root(children);
    let meta = family.meta.clone();
    let starting = meta.starting();
    let (root, ended) = Actor::spawn(None, Supervisor, family).await?;
    meta.started();
    vault.registry.app_started();
    drop((starting, app));
    Ok(System { vault, spool, readiness, root, ended })
}

fn directory(
    vault: &Arc<Vault>,
    sanctions: Arc<dyn SanctionStore>,
    revocations: Revocations,
    readiness: &Readiness,
) -> Vec<ChildSpec> {
    vec![
        ChildSpec {
            inbox: Some(vault.sanctions_gauge()),
            ..worker("sanctions", &sanctions::KIND, {
                let args = (vault.clone(), sanctions, readiness.clone());
                move |sup, meta| {
                    let (vault, store, readiness) = args.clone();
                    let args = (vault, store, readiness, meta);
                    Actor::spawn_linked(None, SanctionsActor, args, sup)
                }
            })
        },
        worker("revocations", &revocations::KIND, {
            let args = (vault.clone(), revocations, readiness.clone());
            move |sup, meta| {
                let (vault, revocations, readiness) = args.clone();
                let args = (vault, revocations, readiness, meta);
                Actor::spawn_linked(None, RevocationsActor, args, sup)
            }
        }),
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
    ]
}

/// What a dynamic supervisor shares with others.
#[derive(Clone)]
struct Nest {
    slot: Arc<Slot<DynamicMsg>>,
    known: Arc<dyn Fn() -> Vec<DynamicChild> + Send + Sync>,
    quarantine: Arc<Quarantine>,
}

impl Default for Nest {
    fn default() -> Nest {
        let (slot, quarantine) = Default::default();
        Nest { slot, known: Arc::new(Vec::new), quarantine }
    }
}

/// What supervisors are made of.
struct Plant {
    supervision: Supervision,
    registry: Arc<ActorRegistry>,
}

impl Plant {
    fn root(&self, children: Vec<ChildSpec>) -> Family {
        let (spec, registry) = (self.supervision.fixed(ROOT), self.registry.clone());
        let meta = registry.enter(Place {
            under: "",
            above: None,
            name: ROOT,
            kind: &supervisor::KIND,
            restart: Restart::Temporary,
            strategy: Some(spec.strategy.word()),
            inbox: None,
        });
        let children = self.on_terms(ROOT, children);
        Family { name: ROOT, spec, children, registry, meta, remains: Arc::default() }
    }

    fn fixed(&self, name: &'static str, children: Vec<ChildSpec>) -> ChildSpec {
        let (spec, registry) = (self.supervision.fixed(name), self.registry.clone());
        let (children, remains) = (self.on_terms(name, children), Arc::<Remains>::default());
        let start = started(move |sup, meta| {
            let (children, registry) = (children.clone(), registry.clone());
            let remains = remains.clone();
            let family = Family { name, spec, children, registry, meta, remains };
            Actor::spawn_linked(None, Supervisor, family, sup)
        });
        let strategy = Some(spec.strategy.word());
        ChildSpec { strategy, ..child(name, &supervisor::KIND, start) }
    }

    fn dynamic(&self, name: &'static str, nest: Nest) -> ChildSpec {
        let (spec, registry) = (self.supervision.dynamic(name), self.registry.clone());
        let remains = Arc::<Remains>::default();
        let start = started(move |sup, meta| {
            let Nest { slot, known, quarantine } = nest.clone();
            let (registry, remains) = (registry.clone(), remains.clone());
            let nursery = Nursery { spec, slot, known, registry, meta, remains, quarantine };
            Actor::spawn_linked(None, DynamicSupervisor, nursery, sup)
        });
        let strategy = Some(dynamic::STRATEGY);
        ChildSpec { strategy, ..child(name, &supervisor::KIND, start) }
    }

    /// The children of that supervisor in their order, each as the supervision file wants it.
    fn on_terms(&self, supervisor: &str, children: Vec<ChildSpec>) -> Vec<ChildSpec> {
        let on_terms = |child: ChildSpec| {
            let Terms { restart, shutdown } = self.supervision.terms(supervisor, child.name);
            ChildSpec { restart, shutdown, ..child }
        };
        let mut children: Vec<_> = children.into_iter().map(on_terms).collect();
        let order = outline::below(supervisor);
        children.sort_by_key(|child| order.iter().position(|name| *name == child.name));
        children
    }
}

/// A child whose terms are still to be read.
fn child(name: &'static str, kind: &'static Kind, start: Start) -> ChildSpec {
    let (restart, shutdown) = (Restart::Permanent, Shutdown::BrutalKill);
    ChildSpec { name, kind, restart, strategy: None, shutdown, inbox: None, start }
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
    child(name, kind, started(spawn))
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

    /// Stops in order within `budget`: nobody is admitted, rooms make a last checkpoint, clients are told and sent away
    /// with 1001, everything is stored or spooled, and the tree stops from its end.
    pub async fn stop(mut self, budget: Duration) -> Kept {
        self.readiness.set_draining();
        let deadline = Instant::now() + budget;
        let kept = shutdown::keep(&self.vault, &self.spool, deadline).await;
        self.root.stop(Some("shutdown".into()));
        if tokio::time::timeout_at(deadline, &mut self.ended).await.is_err() {
            self.root.kill();
        }
        kept
    }

    /// As if the process died: nothing of it is told or stored any more.
    #[cfg(test)]
    pub(crate) async fn die(self) {
        self.root.kill();
        let _ = self.ended.await;
    }

    /// After the root has given up: clients are told, and what the vault holds is stored or spooled.
    pub async fn keep_remains(self, budget: Duration) -> Kept {
        self.readiness.set_draining();
        shutdown::keep_remains(&self.vault, &self.spool, Instant::now() + budget).await
    }
}
