//! The server on its databases: on PostgreSQL as on SQLite, and when the database is not there.

use std::sync::{
    OnceLock,
    atomic::{AtomicU32, Ordering},
};

use e2e::{
    client::Format,
    server::{Server, Setup, Stop},
};
use gamev1_persistence::testing::Cluster;
use serde_json::json;

mod accounts;
mod backup;
mod death;
mod outage;
mod postgres;
mod transfer;

/// One cluster for all of these tests; each has a database of its own.
fn cluster() -> &'static Cluster {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    CLUSTER.get_or_init(|| Cluster::start(false))
}

/// An empty database of the shared cluster: its name and its address.
async fn database() -> (String, String) {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let made = tokio::task::spawn_blocking(|| {
        let name = format!("e2e_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let url = cluster().create_database(&name, None);
        (name, url)
    });
    made.await.unwrap()
}

/// The server with the game that panics on order, on such a database.
fn on(url: &str) -> Setup {
    crate::with_bomb().env("DATABASE_URL", url)
}
