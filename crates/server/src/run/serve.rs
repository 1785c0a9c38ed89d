//! `gamev1 serve`: the port first, then the database, the tree, and a wait for a reason to stop.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, SystemTime},
};

use gamev1_actors::{
    bus::LocalBus,
    game::GameRegistry,
    readiness::Readiness,
    revocations::{Revocations, Table},
    tree::{self, Parts, System},
    vault::Vault,
};
use gamev1_persistence::{
    CrashRecordDir, Database, MigrateError, SpoolDir, database, spool::Absorbed,
};
use tokio::{
    net::TcpListener,
    time::{Instant, sleep, timeout, timeout_at},
};

use super::{
    Exit, complain, hang, housekeeping, keys, runtime, say,
    signals::{self, Signals},
    start_up,
};
use crate::{
    app::{App, Services},
    auth::{
        account_desk::AccountDesk,
        authenticator::Authenticator,
        brute_force::BruteForce,
        keys::Keys,
        passwords::{Cost, Passwords},
        resume::ResumeKey,
        revocations::Revoker,
        sign_in::SignIns,
        tickets::Tickets,
        token::Tokens,
    },
    config::{self, Config, command, settings::Recorded},
    edge::{self, Door, Leaf, connection::HttpServer},
    face::{Face, Serves},
    idempotency::Idempotency,
    logs,
    room_list::RoomList,
    routes,
    socket::SocketOptions,
    telemetry::{Telemetry, metrics::Sources},
};

/// How long a database that does not answer is waited for before the next try; doubled, at most the latter.
const RETRY_FIRST: Duration = Duration::from_millis(200);
const RETRY_MAX: Duration = Duration::from_secs(5);
/// What is left of the budget for the database when everything else has taken its time.
const CLOSE_WITHIN: Duration = Duration::from_secs(1);

pub fn run(args: command::Serve, games: GameRegistry) -> Exit {
    let settings = config::read_file(args.file.config.as_deref());
    let config = settings.and_then(|file| Config::resolve(args.settings.or(file)));
    let config = match config {
        Ok(config) => config,
        Err(error) => {
            complain(error);
            return Exit::Refused;
        }
    };
    let telemetry = match Telemetry::from_env() {
        Ok(telemetry) => Arc::new(telemetry),
        Err(error) => {
            complain(error);
            return Exit::Refused;
        }
    };
    if let Err(error) = logs::init(&config.log, config.dev, telemetry.http_tracer()) {
        complain(error);
        return Exit::Refused;
    }
    let keys = match Keys::open(&config.data_dir, SystemTime::now()) {
        Ok(keys) => keys,
        Err(error) => {
            complain(error);
            return Exit::Refused;
        }
    };
    let built = match runtime::build() {
        Ok(built) => built,
        Err(error) => {
            complain(error);
            return Exit::Failed;
        }
    };
    let runtime::Built { runtime, socket_options, kind } = built;
    let start = Start { config, keys, games, socket_options, telemetry: telemetry.clone() };
    let exit = runtime.block_on(serve(start, &kind));
    telemetry.shutdown();
    // Whatever still blocks a thread has had its time.
    runtime.shutdown_background();
    exit
}

/// What a server is made of.
struct Start {
    config: Config,
    keys: Keys,
    games: GameRegistry,
    socket_options: SocketOptions,
    telemetry: Arc<Telemetry>,
}

async fn serve(start_with: Start, runtime: &str) -> Exit {
    let Start { config, keys, games, socket_options, telemetry } = start_with;
    let mut signals = match Signals::new() {
        Ok(signals) => signals,
        Err(error) => {
            complain(error);
            return Exit::Failed;
        }
    };
    let Some((listener, bound)) = listen(config.addr, "--addr") else { return Exit::Refused };
    let operators = match config.admin_addr.map(|addr| listen(addr, "--admin-addr")) {
        Some(None) => return Exit::Refused,
        Some(Some(operators)) => Some(operators),
        None => None,
    };
    let admin_bound = operators.as_ref().map(|(_, bound)| *bound);
    let parts = [tree::PARTS, &[housekeeping::DATABASE, edge::PART]].concat();
    let readiness = Readiness::awaiting(&parts);
    let app = App::new(config, bound, readiness.clone(), socket_options, telemetry);
    let leaf = |(listener, bound): (TcpListener, SocketAddr), serves| {
        let (routes, face) = (routes::service(app.clone()), Face { bound, serves });
        let serve = Arc::new(HttpServer::new(app.clone(), routes, face));
        Leaf { listener: Arc::new(listener), serve }
    };
    let serves = if operators.is_some() { Serves::Players } else { Serves::All };
    let mut leaves = vec![leaf((listener, bound), serves)];
    leaves.extend(operators.map(|operators| leaf(operators, Serves::Operators)));
    let door = Door { leaves, readiness };
    // Health and pages are answered from the first moment; the tree's edge takes over.
    let early = edge::accepting(door.clone(), || ());
    let started = tokio::select! {
        started = start(&app, keys, games.clone(), door) => started,
        signal = signals.stop() => {
            tracing::info!(signal, "stopped while starting");
            return Exit::Done;
        }
    };
    drop(early);
    let (system, database) = match started {
        Ok(started) => started,
        Err(exit) => return exit,
    };
    let _watchdog = match hang::watch(&system.vault, Arc::new(SpoolDir::new(&app.config.data_dir)))
    {
        Ok(watchdog) => watchdog,
        Err(error) => {
            complain(error);
            return Exit::Failed;
        }
    };
    say(start_up::lines(&app, admin_bound, &games.names().collect::<Vec<_>>(), runtime));
    tracing::info!(%bound, data = %app.config.data_dir.display(), "serving");
    for warning in start_up::warnings(&app) {
        tracing::warn!("{warning}");
    }
    until_stopped(&app, system, database, &mut signals).await
}

/// A listening socket; where there is none the one who started the program is told why.
fn listen(addr: SocketAddr, flag: &str) -> Option<(TcpListener, SocketAddr)> {
    let listening = edge::listen(addr).and_then(|listener| {
        let bound = listener.local_addr()?;
        Ok((listener, bound))
    });
    match listening {
        Ok(listening) => Some(listening),
        Err(error) => {
            complain(format_args!("{addr}: {error}; {flag} takes another address"));
            None
        }
    }
}

/// Opens the database, makes what needs it, and starts the tree.
async fn start(
    app: &Arc<App>,
    keys: Keys,
    games: GameRegistry,
    door: Door,
) -> Result<(System, Arc<dyn Database>), Exit> {
    let database = database(app).await?;
    let tokens = Arc::new(Tokens::new(keys));
    let (table, bus) = (Arc::<Table>::default(), Arc::<LocalBus>::default());
    let authenticator = Authenticator::new(database.clone(), tokens.clone(), table.clone());
    let authenticator = Arc::new(authenticator);
    let revocations = Revocations { log: database.clone(), table: table.clone(), bus: bus.clone() };
    let revoker = Revoker::new(database.clone(), authenticator.clone(), table, bus);
    let account_desk = account_desk(app, &database).await?;
    let resume_key = Arc::new(ResumeKey::new(tokens.clone()));
    let vault = Vault::new(games, app.config.limits, authenticator.clone(), resume_key.clone());
    let all = app.config.crash_records == Recorded::All;
    match CrashRecordDir::start(&app.config.data_dir, all) {
        Ok(records) => vault.set_crash_records(Arc::new(records)),
        Err(error) => {
            complain(error);
            return Err(Exit::Failed);
        }
    }
    app.telemetry.observe(&vault.registry);
    let waits = app.telemetry.metrics.database_waits();
    database.observe_waits(Arc::new(move |wait| waits.record(wait.as_secs_f64(), &[])));
    app.telemetry.metrics.read_from(sources(app, &vault, revocations.table.clone(), &database));
    app.open(Services {
        vault: vault.clone(),
        authenticator,
        audit: database.clone(),
        players: database.clone(),
        sign_ins: SignIns::new(database.clone(), tokens.clone()),
        tokens,
        revoker,
        account_desk,
        revoked: revocations.table.clone(),
        resume_key,
        tickets: Tickets::default(),
        idempotency: Idempotency::default(),
        room_list: RoomList::default(),
        database: database.clone(),
    });
    app.readiness.set_ready(housekeeping::DATABASE);
    let parts = Parts {
        vault,
        store: database.clone(),
        sanctions: database.clone(),
        revocations,
        spool: Arc::new(SpoolDir::new(&app.config.data_dir)),
        supervision: app.config.supervision.clone(),
        readiness: app.readiness.clone(),
        edge: edge::start(door),
    };
    match tree::start(parts).await {
        Ok(system) => Ok((system, database)),
        Err(error) => {
            tracing::error!(%error, "the supervision tree does not start");
            Err(Exit::GaveUp)
        }
    }
}

/// Passwords, and what a former process has counted of wrong ones.
async fn account_desk(app: &App, database: &Arc<dyn Database>) -> Result<AccountDesk, Exit> {
    let passwords = Passwords::new(Cost::DEFAULT).map_err(|error| {
        complain(error);
        Exit::Failed
    })?;
    let brute_force = BruteForce::new(database.clone(), app.config.rates.is_some());
    if let Err(error) = brute_force.load().await {
        // To let nobody in for want of it would be worse.
        tracing::error!(%error, "failed logins of before are not counted");
    }
    Ok(AccountDesk::new(database.clone(), passwords, brute_force))
}

/// What the metrics read.
fn sources(
    app: &Arc<App>,
    vault: &Arc<Vault>,
    revoked: Arc<Table>,
    database: &Arc<dyn Database>,
) -> Sources {
    // Weak: the application holds the metrics.
    let app = Arc::downgrade(app);
    Sources {
        vault: vault.clone(),
        revoked,
        rate_limit_hits: Box::new(move || {
            app.upgrade().map_or(Vec::new(), |app| app.limits.hits())
        }),
        database: database.clone(),
    }
}

/// Opens and migrates the database. One that does not answer is tried again; one that is not ours to use is not.
async fn database(app: &App) -> Result<Arc<dyn Database>, Exit> {
    let refused = |error: &dyn std::error::Error| {
        complain(error);
        Exit::Refused
    };
    let Config { data_dir, database_url, .. } = &app.config;
    let opened = database::open(data_dir, database_url.as_ref()).await;
    let database = opened.map_err(|error| refused(&error))?;
    let mut wait = RETRY_FIRST;
    loop {
        match database.migrate().await {
            Ok(_) => {
                absorb(app, &*database).await;
                return Ok(database);
            }
            Err(error) if error.is_final() => return Err(refused(&error)),
            Err(error @ MigrateError::Store(_)) => {
                tracing::warn!(%error, ?wait, "the database is tried again");
                app.readiness.set_waiting(housekeeping::DATABASE, error.to_string());
            }
            Err(error) => return Err(refused(&error)),
        }
        sleep(wait).await;
        wait = (wait * 2).min(RETRY_MAX);
    }
}

/// Brings in what a former process could not store.
async fn absorb(app: &App, database: &dyn Database) {
    match SpoolDir::new(&app.config.data_dir).absorb(database).await {
        Ok(absorbed) if absorbed == Absorbed::default() => {}
        Ok(Absorbed { files, rooms, sessions, unreadable }) => {
            tracing::warn!(files, rooms, sessions, unreadable, "the spool was brought in");
        }
        // It stays where it is: rooms in it come back a start later, or not at all.
        Err(error) => tracing::error!(%error, "the spool was not brought in"),
    }
}

async fn until_stopped(
    app: &App,
    mut system: System,
    database: Arc<dyn Database>,
    signals: &mut Signals,
) -> Exit {
    let Some(services) = app.services_if_open() else { return Exit::Failed };
    let Ok(hangup) = signals::hangup() else { return Exit::Failed };
    let budget = app.config.drain_budget;
    let exit = tokio::select! {
        signal = signals.stop() => {
            tracing::info!(signal, ?budget, "stopping");
            Exit::Done
        }
        () = app.stop_asked.cancelled() => {
            tracing::info!(?budget, "stopping as an operator asked");
            Exit::Done
        }
        () = system.ended() => {
            tracing::error!(?budget, "the root of the supervision tree gave up");
            Exit::GaveUp
        }
        () = housekeeping::run(app, services, &*database) => Exit::Failed,
        () = keys::keep_read(app, services, hangup) => Exit::Failed,
    };
    tokio::select! {
        () = drain(app, system, &*database, exit) => exit,
        () = signals.interrupt() => {
            tracing::warn!("a second SIGINT: stopping at once");
            Exit::Interrupted
        }
    }
}

/// Tells clients, keeps what must outlive the process, lets requests finish: within the budget, sooner if all is done.
async fn drain(app: &App, system: System, database: &dyn Database, exit: Exit) {
    let budget = app.config.drain_budget;
    let deadline = Instant::now() + budget;
    if let Some(observer) = system.vault.registry.observer() {
        observer.snapshot(&system.vault.registry);
    }
    let kept = match exit {
        Exit::GaveUp => system.keep_remains(budget).await,
        _ => system.stop(budget).await,
    };
    tracing::info!(?kept, "rooms, sessions and rows are kept");
    app.closing.cancel();
    if timeout_at(deadline, app.connections_ended()).await.is_err() {
        tracing::warn!("the time to stop is over and connections are still open");
    }
    if let Some(services) = app.services_if_open() {
        let stored = timeout(CLOSE_WITHIN, services.account_desk.brute_force().store()).await;
        if stored.is_err() {
            tracing::warn!("the last failed logins were not stored in time");
        }
    }
    if timeout(CLOSE_WITHIN, database.close()).await.is_err() {
        tracing::warn!("the database was not closed in time; nothing is lost by that");
    }
    tracing::info!("stopped");
}
