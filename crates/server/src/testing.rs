//! A whole server on a free port for tests: real sockets and a real tree, accounts in memory.

use std::{net::SocketAddr, sync::Arc, time::SystemTime};

use clap::Parser;
use gamev1_actors::{
    bus::LocalBus,
    game::GameRegistry,
    readiness::Readiness,
    revocations::{Revocations, Table},
    testing::MemoryStore,
    tree::{self, Parts, System},
    vault::Vault,
};
use opentelemetry_sdk::trace::SdkTracerProvider;
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::{Mutex, MutexGuard},
};

use crate::{
    app::{App, Services},
    auth::{
        account_desk::AccountDesk,
        authenticator::Authenticator,
        brute_force::BruteForce,
        keys::Keys,
        memory_accounts::MemoryAccounts,
        passwords::{Cost, Passwords},
        resume::ResumeKey,
        revocations::Revoker,
        sign_in::SignIns,
        tickets::Tickets,
        token::Tokens,
    },
    config::{
        Config,
        command::{Cli, Command},
    },
    edge::{self, Door, Leaf, connection::HttpServer},
    face::{Face, Serves},
    idempotency::Idempotency,
    room_list::RoomList,
    routes,
    socket::SocketOptions,
    telemetry::Telemetry,
};

/// Trees share the process-wide names of actors: one at a time.
static ONE_TREE: Mutex<()> = Mutex::const_new(());

/// Telemetry that sends nothing anywhere.
pub(crate) fn telemetry() -> Arc<Telemetry> {
    Arc::new(Telemetry::with(SdkTracerProvider::builder(), 0.0).unwrap())
}

pub(crate) struct TestServer {
    pub(crate) app: Arc<App>,
    pub(crate) bound: SocketAddr,
    pub(crate) accounts: Arc<MemoryAccounts>,
    system: System,
    _dir: tempfile::TempDir,
    _one_tree: MutexGuard<'static, ()>,
}

/// A response, read to its end.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answered {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(": ")?;
            key.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    pub(crate) fn code(&self) -> String {
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self:?}");
        let problem = self.json();
        let id = self.header("x-request-id").unwrap();
        assert_eq!(problem["instance"], format!("/requests/{id}"));
        assert_eq!(problem["status"], self.status);
        let code = problem["code"].as_str().unwrap();
        assert_eq!(problem["type"], format!("/docs/errors#{code}"));
        code.to_owned()
    }
}

pub(crate) fn config(args: &[&str]) -> Config {
    let cli = Cli::parse_from(["gamev1", "serve"].iter().chain(args));
    let Command::Serve(serve) = cli.command else { panic!("no serve") };
    Config::resolve(serve.settings).unwrap()
}

impl TestServer {
    /// A server with these flags, on a port of its own.
    pub(crate) async fn start(games: GameRegistry, args: &[&str]) -> TestServer {
        let one_tree = ONE_TREE.lock().await;
        let dir = tempfile::tempdir().unwrap();
        let listener = edge::listen("127.0.0.1:0".parse().unwrap()).unwrap();
        let bound = listener.local_addr().unwrap();
        let parts = [tree::PARTS, &[edge::PART]].concat();
        let readiness = Readiness::awaiting(&parts);
        let telemetry = telemetry();
        let app =
            App::new(config(args), bound, readiness.clone(), SocketOptions::default(), telemetry);
        let face = Face { bound, serves: Serves::All };
        let serve = Arc::new(HttpServer::new(app.clone(), routes::service(app.clone()), face));
        let leaves = vec![Leaf { listener: Arc::new(listener), serve }];
        let door = Door { leaves, readiness: readiness.clone() };

        let accounts = Arc::new(MemoryAccounts::default());
        let keys = Keys::open(dir.path(), SystemTime::UNIX_EPOCH).unwrap();
        let tokens = Arc::new(Tokens::new(keys));
        let (table, bus) = (Arc::<Table>::default(), Arc::<LocalBus>::default());
        let authenticator =
            Arc::new(Authenticator::new(accounts.clone(), tokens.clone(), table.clone()));
        let revoker =
            Revoker::new(accounts.clone(), authenticator.clone(), table.clone(), bus.clone());
        let revocations = Revocations { log: accounts.clone(), table, bus };
        let resume_key = Arc::new(ResumeKey::new(tokens.clone()));
        let passwords = Passwords::new(Cost { memory_kib: 8, passes: 1 }).unwrap();
        let brute_force = BruteForce::new(accounts.clone(), app.config.rates.is_some());
        let limits = app.config.limits;
        let vault = Vault::new(games, limits, authenticator.clone(), resume_key.clone());
        app.open(Services {
            vault: vault.clone(),
            authenticator,
            audit: accounts.clone(),
            players: accounts.clone(),
            sign_ins: SignIns::new(accounts.clone(), tokens.clone()),
            tokens,
            revoker,
            account_desk: AccountDesk::new(accounts.clone(), passwords, brute_force),
            revoked: revocations.table.clone(),
            resume_key,
            tickets: Tickets::default(),
            idempotency: Idempotency::default(),
            room_list: RoomList::default(),
            database: accounts.clone(),
        });
        let supervision = app.config.supervision.clone();
        let store = MemoryStore::default();
        let spool = Arc::new(store.clone());
        let store = Arc::new(store);
        let sanctions = store.clone();
        let edge = edge::start(door);
        let parts =
            Parts { vault, sanctions, revocations, store, supervision, spool, readiness, edge };
        let system = tree::start(parts).await.unwrap();
        while !app.readiness.ready() {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
        TestServer { app, bound, accounts, system, _dir: dir, _one_tree: one_tree }
    }

    pub(crate) async fn stop(self) {
        self.system.stop(std::time::Duration::from_secs(5)).await;
        self.app.closing.cancel();
    }

    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.bound).await.unwrap()
    }

    /// Sends a request on a connection of its own.
    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answered {
        let mut stream = self.connect().await;
        let mut request = format!("{method} {path} HTTP/1.1\r\n");
        if !headers.iter().any(|(name, _)| *name == "host") {
            request.push_str(&format!("host: {}\r\n", self.bound));
        }
        if !headers.iter().any(|(name, _)| *name == "connection") {
            request.push_str("connection: close\r\n");
        }
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        if !body.is_empty() {
            request.push_str(&format!("content-length: {}\r\n", body.len()));
        }
        request.push_str("\r\n");
        request.push_str(body);
        stream.write_all(request.as_bytes()).await.unwrap();
        read(stream).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answered {
        self.send("GET", path, &[], "").await
    }

    pub(crate) async fn post(&self, path: &str, bearer: Option<&str>, body: &str) -> Answered {
        let bearer = bearer.map(|token| format!("Bearer {token}"));
        let mut headers = vec![("content-type", "application/json")];
        headers.extend(bearer.as_deref().map(|bearer| ("authorization", bearer)));
        self.send("POST", path, &headers, body).await
    }

    /// The tokens of a new guest.
    pub(crate) async fn guest(&self) -> Value {
        let answered = self.post("/v1/auth/guest", None, "{}").await;
        assert_eq!(answered.status, 200, "{answered:?}");
        answered.json()
    }

    /// Asks for an upgrade with these headers beside those of the handshake.
    pub(crate) async fn upgrade(&self, path: &str, headers: &[(&str, &str)]) -> Answered {
        let handshake = [
            ("connection", "Upgrade"),
            ("upgrade", "websocket"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ];
        self.send("GET", path, &[&handshake, headers].concat(), "").await
    }
}

/// Asks a server that was not started here.
pub(crate) async fn get(server: SocketAddr, path: &str) -> Answered {
    let mut stream = TcpStream::connect(server).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: {server}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    read(stream).await
}

/// Reads one response, whether or not the connection stays open behind it.
pub(crate) async fn read(mut stream: TcpStream) -> Answered {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    let reading = async {
        loop {
            let n = stream.read(&mut buffer).await.unwrap_or(0);
            bytes.extend_from_slice(&buffer[..n]);
            let answered = answered(&bytes);
            let length = answered.header("content-length").and_then(|length| length.parse().ok());
            let whole =
                answered.body.len() >= length.unwrap_or(usize::MAX) || answered.status == 101;
            if n == 0 || whole {
                return answered;
            }
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), reading).await.unwrap()
}

fn answered(bytes: &[u8]) -> Answered {
    let text = String::from_utf8_lossy(bytes).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or(("", ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    Answered { status, head: head.to_owned(), body: body.to_owned() }
}
