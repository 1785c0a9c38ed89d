//! What went wrong in a call, and what that means to the caller.

use gamev1_actors::ports::StoreError;
use tokio_postgres::error::SqlState;

/// Why a call did not do it.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    #[error(transparent)]
    Postgres(#[from] tokio_postgres::Error),
    #[error("a stored value cannot be read: {0}")]
    Unreadable(String),
}

impl Fault {
    pub(super) fn unreadable(error: impl ToString) -> Fault {
        Fault::Unreadable(error.to_string())
    }

    /// Whether it is the fault of what was to be written, so that the rest of a batch would be taken (classes 22, data
    /// exception, and 23, integrity constraint violation).
    pub(super) fn is_of_the_data(&self) -> bool {
        self.code().is_some_and(|code| ["22", "23"].contains(&&code.code()[..2]))
    }

    fn code(&self) -> Option<&SqlState> {
        match self {
            Fault::Postgres(error) => error.code(),
            Fault::Unreadable(_) => None,
        }
    }
}

impl From<Fault> for StoreError {
    fn from(fault: Fault) -> StoreError {
        match &fault {
            Fault::Postgres(error) => store_error(error),
            Fault::Unreadable(_) => StoreError::Refused(fault.to_string()),
        }
    }
}

pub(super) fn store_error(error: &tokio_postgres::Error) -> StoreError {
    let reason = reason(error);
    if passes(error.code()) { StoreError::Unavailable(reason) } else { StoreError::Refused(reason) }
}

/// What may be over when it is tried again (PostgreSQL, appendix A): connections 08, transactions rolled back 40,
/// resources 53, an operator's intervention 57, the system 58; and locks or statements that took too long.
fn passes(code: Option<&SqlState>) -> bool {
    // Not said by the server: the connection is gone, or was never made.
    let Some(code) = code else { return true };
    ["08", "40", "53", "57", "58"].contains(&&code.code()[..2])
        || *code == SqlState::LOCK_NOT_AVAILABLE
        || refuses_connections(code)
}

/// A login that fails, a database that is not there: somebody may be about to mend it, and the server need not be
/// started again for that.
fn refuses_connections(code: &SqlState) -> bool {
    code.code().starts_with("28") || *code == SqlState::INVALID_CATALOG_NAME
}

/// What an operator can do something with. The library's own text of an error of the server is only "db error".
pub(super) fn reason(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(said) => format!("{} ({})", said.message(), said.code().code()),
        None => {
            let cause = std::error::Error::source(error);
            cause.map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}"))
        }
    }
}
