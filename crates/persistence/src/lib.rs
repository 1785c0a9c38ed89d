//! GameV1's storage: the port of accounts, and the engine that implements it beside the ports of the actors.

pub mod accounts;
pub mod audit;
pub mod crash_records;
pub mod credentials;
pub mod database;
pub mod history;
pub mod login_ledger;
pub mod names;
pub mod players;
pub mod revocations;
mod sealed;
pub mod spool;
pub mod sqlite;

pub use crash_records::CrashRecordDir;
pub use database::{Connections, Database, MigrateError};
pub use spool::SpoolDir;
pub use sqlite::{OpenError, Sqlite, SqliteOptions};
