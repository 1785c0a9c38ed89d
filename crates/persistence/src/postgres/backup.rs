//! PostgreSQL has tools of its own for backups, which know more of it than this server does.

use std::path::Path;

use gamev1_actors::ports::Answer;

use super::Postgres;
use crate::backup::{BackupError, Backups};

impl Backups for Postgres {
    fn backup<'a>(&'a self, _file: &'a Path) -> Answer<'a, Result<(), BackupError>> {
        Box::pin(async { Err(BackupError::OfAnotherTool) })
    }
}
