//! GameV1's storage: the port of accounts, and the engine that implements it beside the ports of the actors.

pub mod accounts;
pub mod history;
pub mod spool;
pub mod sqlite;

pub use spool::SpoolDir;
pub use sqlite::{MigrateError, OpenError, Sqlite, SqliteOptions};
