//! What every request works with: one value, shared. What needs the database comes later than the listening socket.

use std::{
    net::SocketAddr,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, SystemTime},
};

use gamev1_actors::{readiness::Readiness, revocations::Table, vault::Vault};
use gamev1_persistence::{Operations, audit::Audit, players::Players};
use gamev1_protocol::ErrorCode;
use tokio::sync::Semaphore;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    auth::{
        account_desk::AccountDesk,
        authenticator::{Authenticator, Verified},
        resume::ResumeKey,
        revocations::Revoker,
        sign_in::SignIns,
        tickets::Tickets,
        token::Tokens,
    },
    config::Config,
    edge::addresses::Addresses,
    idempotency::Idempotency,
    limits::HttpLimits,
    origin::{Origin, OriginRule, bound_origin},
    problem::Problem,
    room_list::RoomList,
    socket::SocketOptions,
    telemetry::Telemetry,
};

/// Name and version, as clients are told.
pub const SERVER: &str = concat!("gamev1/", env!("CARGO_PKG_VERSION"));

pub struct App {
    pub config: Config,
    /// The address that is really listened on.
    pub bound: SocketAddr,
    pub origins: OriginRule,
    pub readiness: Readiness,
    pub telemetry: Arc<Telemetry>,
    pub limits: HttpLimits,
    pub addresses: Arc<Addresses>,
    /// One permit a WebSocket.
    pub sockets: Arc<Semaphore>,
    pub socket_options: SocketOptions,
    pub started_at: SystemTime,
    /// Cancelled when connections are to finish what they do and close.
    pub closing: CancellationToken,
    /// Cancelled when an operator asks the server to stop, as by SIGTERM.
    pub stop_asked: CancellationToken,
    tasks: TaskTracker,
    services: OnceLock<Services>,
    /// Whether the server has been ready once. From then on an outage refuses what needs the database, not all.
    admitted: AtomicBool,
}

/// What needs the database and the tree.
pub struct Services {
    pub vault: Arc<Vault>,
    pub authenticator: Arc<Authenticator>,
    pub sign_ins: SignIns,
    pub tokens: Arc<Tokens>,
    pub revoker: Revoker,
    pub revoked: Arc<Table>,
    pub audit: Arc<dyn Audit>,
    pub players: Arc<dyn Players>,
    pub account_desk: AccountDesk,
    pub resume_key: Arc<ResumeKey>,
    pub tickets: Tickets<Verified>,
    pub idempotency: Idempotency,
    pub room_list: RoomList,
    pub database: Arc<dyn Operations>,
}

impl App {
    pub fn new(
        config: Config,
        bound: SocketAddr,
        readiness: Readiness,
        socket_options: SocketOptions,
        telemetry: Arc<Telemetry>,
    ) -> Arc<App> {
        let Config { public_url, origins, dev, .. } = &config;
        Arc::new(App {
            origins: OriginRule::new(bound, public_url.as_ref(), origins, *dev),
            limits: HttpLimits::new(config.rates),
            addresses: Addresses::new(config.connections_per_address_max),
            sockets: Arc::new(Semaphore::new(config.connections_max)),
            bound,
            config,
            readiness,
            telemetry,
            socket_options,
            started_at: SystemTime::now(),
            closing: CancellationToken::new(),
            stop_asked: CancellationToken::new(),
            tasks: TaskTracker::new(),
            services: OnceLock::new(),
            admitted: AtomicBool::new(false),
        })
    }

    /// What the tree and the database offer, from here on. Only the first call counts.
    pub fn open(&self, services: Services) {
        if self.services.set(services).is_err() {
            tracing::error!("the services were opened twice");
        }
    }

    /// # Errors
    /// `unavailable` while the server starts, `draining` while it stops.
    pub fn services(&self) -> Result<&Services, Problem> {
        if self.readiness.draining() {
            return Err(Problem::new(ErrorCode::Draining, "this server is stopping"));
        }
        self.services.get().filter(|_| self.was_ready()).ok_or_else(|| {
            let problem = Problem::new(ErrorCode::Unavailable, "this server is starting");
            problem.retry_after(Duration::from_secs(1))
        })
    }

    /// What is running, whether or not it admits anyone.
    pub fn services_if_open(&self) -> Option<&Services> {
        self.services.get()
    }

    /// Whether the server has been ready since it started.
    pub fn was_ready(&self) -> bool {
        if self.admitted.load(Ordering::Acquire) {
            return true;
        }
        let ready = self.readiness.ready();
        if ready {
            self.admitted.store(true, Ordering::Release);
        }
        ready
    }

    /// Runs a task that the server waits for when it stops: a connection, which outlives the edge that accepted it.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(task);
    }

    /// Waits until every connection has ended.
    pub async fn connections_ended(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// What browsers call this server.
    pub fn own_origin(&self) -> Origin {
        self.config.public_url.clone().unwrap_or_else(|| bound_origin(self.bound))
    }
}
