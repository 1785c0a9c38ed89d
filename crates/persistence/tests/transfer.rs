//! Everything that is stored, from one engine to the other and back.

#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "transfer/full.rs"]
mod full;
#[path = "transfer/refusals.rs"]
mod refusals;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, SystemTime},
};

use gamev1_actors::ports::Revoked;
use gamev1_persistence::{
    Database, Postgres, PostgresOptions, Sqlite, SqliteOptions,
    accounts::{NewGuest, NewSignIn},
    postgres::DatabaseUrl,
    revocations::Why,
    testing::Cluster,
    transfer::{self, Step, TransferError, Watch},
};
use gamev1_protocol::{PlayerId, SignInId};
use tokio::{sync::Notify, task::JoinSet};

const NOW: SystemTime = SystemTime::UNIX_EPOCH;
const PLAYERS: u32 = 10_000;
const WRITERS: u32 = 4;
const WRITTEN_BEFORE: u32 = 100;

fn cluster() -> &'static Cluster {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    CLUSTER.get_or_init(|| Cluster::start(false))
}

/// A place for a database, and for files beside it.
struct Place {
    dir: tempfile::TempDir,
    url: Option<DatabaseUrl>,
}

impl Place {
    fn sqlite() -> Place {
        Place { dir: tempfile::tempdir().unwrap(), url: None }
    }

    fn postgres() -> Place {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("transfer_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let url = cluster().create_database(&name, None);
        Place { dir: tempfile::tempdir().unwrap(), url: Some(url.parse().unwrap()) }
    }

    fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The database, with its schema. The cases are not about time, and the machine may be busy.
    async fn open(&self) -> Arc<dyn Database> {
        let patience = Duration::from_secs(60);
        let store: Arc<dyn Database> = match &self.url {
            Some(url) => {
                let mut options = PostgresOptions::new(url.clone());
                options.call_timeout = patience;
                Arc::new(Postgres::new(options))
            }
            None => {
                let mut options = SqliteOptions::new(self.data());
                options.call_timeout = patience;
                Arc::new(Sqlite::open(options).await.unwrap())
            }
        };
        store.migrate().await.unwrap();
        store
    }

    /// Makes the schema and leaves it alone.
    async fn migrate(&self) {
        self.open().await.close().await;
    }

    async fn export(&self, file: &Path) -> Result<u64, TransferError> {
        transfer::export(&self.data(), self.url.as_ref(), file, silent()).await
    }

    async fn import(&self, file: &Path) -> Result<u64, TransferError> {
        transfer::import(&self.data(), self.url.as_ref(), file, silent()).await
    }
}

fn silent() -> Watch {
    Box::new(|_| {})
}

/// All lines but the first, which has the time, and the last, which has the digest of the first, too.
fn rows(file: &Path) -> Vec<String> {
    let text = fs::read_to_string(file).unwrap();
    let mut lines: Vec<_> = text.lines().skip(1).map(str::to_owned).collect();
    let last = lines.pop().unwrap();
    lines.push(last.split_once("\"sha256\"").unwrap().0.to_owned());
    lines
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_players_and_all_that_is_theirs_go_over_and_come_back_unchanged() {
    let (from, over, back) = (Place::sqlite(), Place::postgres(), Place::sqlite());
    from.migrate().await;
    let filled = full::fill(&from.data(), PLAYERS);
    let files = ["from", "over", "back"].map(|name| from.file(name));

    let exported = from.export(&files[0]).await.unwrap();
    over.migrate().await;
    let imported = over.import(&files[0]).await.unwrap();
    over.export(&files[1]).await.unwrap();
    back.migrate().await;
    back.import(&files[1]).await.unwrap();
    back.export(&files[2]).await.unwrap();

    assert_eq!((exported, imported), (filled, filled));
    let [from, over, back] = files.map(|file| rows(&file));
    for (before, after) in from.iter().zip(&over).chain(over.iter().zip(&back)) {
        assert_eq!(before, after);
    }
    assert_eq!((from.len(), over.len()), (over.len(), back.len()));
    // A line for each table, and the last.
    assert_eq!(from.len() as u64, filled + full::TABLES as u64 + 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_carried_over_is_gone_on_with() {
    let from = Place::sqlite();
    from.migrate().await;
    full::fill(&from.data(), 2_500);
    let last = full::revocation(2_499);
    let file = from.file("export");
    from.export(&file).await.unwrap();
    let over = Place::postgres();
    over.migrate().await;
    let steps = Arc::new(Mutex::new(Vec::new()));
    let told = steps.clone();
    let watch: Watch = Box::new(move |step| told.lock().unwrap().push(step));
    transfer::import(&over.data(), over.url.as_ref(), &file, watch).await.unwrap();

    let store = over.open().await;
    let new = || -> NewGuest { panic!("the device is known") };
    let ada = store.guest(full::device(7), NOW, &new).await.unwrap();
    assert_eq!(ada.id, full::player(7));
    let revocation = store.end_all(ada.id, None, Why::Operator, NOW).await.unwrap().unwrap();
    assert_eq!(revocation.revocation.id, last + 1, "an id was given out twice");
    let since = store.since(last, NOW, 9).await.unwrap();
    assert_eq!(since, [revocation.revocation]);
    assert!(matches!(since[0].what, Revoked::Player { player, .. } if player == ada.id));

    let steps = steps.lock().unwrap();
    assert_eq!((steps.first(), steps.last()), (Some(&Step::Check), Some(&Step::Done)));
    let players = Step::Table { name: "players", rows: 2_500 };
    let at = steps.iter().position(|step| *step == players).unwrap();
    assert_eq!(steps[at + 1..at + 3], [Step::Rows(1_000), Step::Rows(2_000)]);
}

/// Guests whose device, sign-in and token are made beside them, for as long as the file is written.
async fn exported_while_it_is_written(from: Place, other: Place) {
    let store = from.open().await;
    let (made, enough) = (Arc::new(AtomicU32::new(0)), Arc::new(Notify::new()));
    let mut writers = JoinSet::new();
    for _ in 0..WRITERS {
        let (store, made, enough) = (store.clone(), made.clone(), enough.clone());
        writers.spawn(async move {
            loop {
                let id = PlayerId::new();
                let secret = full::hash("device", made.load(Ordering::SeqCst), id.as_uuid());
                let username = format!("Guest-{id}");
                let new = || NewGuest { id, username: username.clone() };
                store.guest(secret, NOW, &new).await.unwrap();
                let (refresh, ends) = (full::hash("token", 0, id.as_uuid()), NOW);
                let sign_in = NewSignIn {
                    id: SignInId::new(),
                    player: id,
                    refresh,
                    refresh_expires_at: ends,
                    expires_at: ends,
                    access_until: None,
                };
                store.open_sign_in(sign_in, NOW).await.unwrap();
                if made.fetch_add(1, Ordering::SeqCst) + 1 == WRITTEN_BEFORE {
                    enough.notify_one();
                }
            }
        });
    }
    enough.notified().await;
    let before = made.load(Ordering::SeqCst);
    let file = from.file("export");
    from.export(&file).await.unwrap();
    writers.shutdown().await;

    let counts = rows(&file).pop().unwrap();
    let counts: serde_json::Value = serde_json::from_str(&format!("{}\"\":0}}", counts)).unwrap();
    let count = |table: &str| {
        let rows = counts["rows"].as_array().unwrap().iter();
        rows.filter(|row| row[0] == table).map(|row| row[1].as_u64().unwrap()).sum::<u64>()
    };
    assert!(count("refresh_tokens") >= u64::from(before), "{counts}");
    assert_eq!(count("players"), count("devices"), "not of one moment");
    assert_eq!(count("sign_ins"), count("refresh_tokens"), "not of one moment");
    other.migrate().await;
    other.import(&file).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_export_of_sqlite_is_of_one_moment_while_others_write() {
    exported_while_it_is_written(Place::sqlite(), Place::postgres()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_export_of_postgresql_is_of_one_moment_while_others_write() {
    exported_while_it_is_written(Place::postgres(), Place::sqlite()).await;
}
