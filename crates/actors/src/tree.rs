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
    lobby::LobbyActor,
    ports::RoomStore,
    presence::PresenceActor,
    readiness::Readiness,
    room, session,
    store::{self, StoreActor},
    supervisor::{
        ChildSpec, Family, Restart, Start, Started, Supervision, Supervisor, SupervisorMsg,
        dynamic::{DynamicChild, DynamicMsg, DynamicSupervisor, Nursery},
    },
    vault::{Slot, Vault},
};

/// Starts the edge, linked under the supervisor given. It comes from above: actors know no sockets.
pub type EdgeStart = Start;

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
    let fixed = |name, children: Vec<ChildSpec>| {
        let spec = supervision.fixed(name);
        supervisor(name, Arc::new(move || Family { name, spec, children: children.clone() }))
    };
    let storage = vec![worker("store", {
        let args = (vault.clone(), store, readiness.clone());
        move |sup| Actor::spawn_linked(None, StoreActor, args.clone(), sup)
    })];
    let directory = vec![
        worker("presence", {
            let args = (vault.clone(), readiness.clone());
            move |sup| Actor::spawn_linked(None, PresenceActor, args.clone(), sup)
        }),
        worker("lobby", {
            let args = (vault.clone(), readiness.clone());
            move |sup| Actor::spawn_linked(None, LobbyActor, args.clone(), sup)
        }),
    ];
    let door = vec![child("edge", WORKER_SHUTDOWN, edge)];
    let rooms = {
        let vault = vault.clone();
        move || vault.rooms().iter().map(|cell| room::child(&vault, cell)).collect()
    };
    let sessions = {
        let vault = vault.clone();
        move || vault.sessions().iter().map(|cell| session::child(&vault, cell)).collect()
    };
    let dynamic = |name, slot: &Arc<Slot<DynamicMsg>>, known: Known| {
        let (spec, slot) = (supervision.dynamic(name), slot.clone());
        nursery(name, move || Nursery { name, spec, slot: slot.clone(), known: known.clone() })
    };
    let children = vec![
        fixed("storage", storage),
        fixed("directory", directory),
        dynamic("channels", &Arc::default(), Arc::new(Vec::new)),
        dynamic("rooms", &vault.room_supervisor, Arc::new(rooms)),
        dynamic("peers", &Arc::default(), Arc::new(Vec::new)),
        dynamic("sessions", &vault.session_supervisor, Arc::new(sessions)),
        fixed("door", door),
    ];
    let root = Family { name: "root", spec: supervision.fixed("root"), children };
    let (root, ended) = Actor::spawn(None, Supervisor, root).await?;
    Ok(System { vault, readiness, root, ended })
}

type Known = Arc<dyn Fn() -> Vec<DynamicChild> + Send + Sync>;

fn child(name: &'static str, shutdown: Duration, start: Start) -> ChildSpec {
    ChildSpec { name, restart: Restart::Permanent, shutdown, start }
}

fn worker<M, F>(
    name: &'static str,
    spawn: impl Fn(ActorCell) -> F + Send + Sync + 'static,
) -> ChildSpec
where
    M: ractor::Message,
    F: Future<Output = Result<(ActorRef<M>, JoinHandle<()>), SpawnErr>> + Send + 'static,
{
    child(name, WORKER_SHUTDOWN, started(spawn))
}

fn supervisor(name: &'static str, family: Arc<dyn Fn() -> Family + Send + Sync>) -> ChildSpec {
    let spawn = move |sup| Actor::spawn_linked(None, Supervisor, family(), sup);
    child(name, SUPERVISOR_SHUTDOWN, started(spawn))
}

fn nursery(name: &'static str, nursery: impl Fn() -> Nursery + Send + Sync + 'static) -> ChildSpec {
    let spawn = move |sup| Actor::spawn_linked(None, DynamicSupervisor, nursery(), sup);
    child(name, SUPERVISOR_SHUTDOWN, started(spawn))
}

fn started<M, F>(spawn: impl Fn(ActorCell) -> F + Send + Sync + 'static) -> Start
where
    M: ractor::Message,
    F: Future<Output = Result<(ActorRef<M>, JoinHandle<()>), SpawnErr>> + Send + 'static,
{
    Arc::new(move |supervisor| {
        let spawned = spawn(supervisor);
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
