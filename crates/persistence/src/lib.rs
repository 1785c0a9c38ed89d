//! GameV1's storage: the port of accounts, and the engine that implements it beside the ports of the actors.

pub mod accounts;
pub mod audit;
pub mod backup;
mod breaker;
pub mod crash_records;
pub mod credentials;
pub mod database;
pub mod history;
pub mod login_ledger;
mod migrations;
pub mod names;
mod new_file;
pub mod players;
pub mod postgres;
pub mod revocations;
mod sealed;
pub mod spool;
pub mod sqlite;
mod stall;
#[cfg(feature = "testing")]
pub mod testing;
pub mod transfer;

pub use breaker::{ClassCondition, Phase, WaitObserver};
pub use crash_records::CrashRecordDir;
pub use database::{Condition, Database, MigrateError, Operations};
pub use postgres::{DatabaseUrl, Postgres, PostgresOptions};
pub use spool::SpoolDir;
pub use sqlite::{OpenError, Sqlite, SqliteOptions};
