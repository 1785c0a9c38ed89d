//! Holding the only write lock of a server's database, as a process that hangs would.

use std::path::Path;

use rusqlite::Connection;

/// As long as this lives nobody else writes.
pub(super) fn hold_the_database(data_dir: &Path) -> Connection {
    let sqlite = Connection::open(data_dir.join("gamev1.db")).unwrap();
    sqlite.busy_timeout(std::time::Duration::from_secs(5)).unwrap();
    sqlite.execute_batch("BEGIN IMMEDIATE").unwrap();
    sqlite
}
