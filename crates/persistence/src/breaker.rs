//! What stands before the database: a circuit breaker for each class of work, which refuses at once what would only
//! wait, and a budget for trying again (M. Nygard, Release It!, 2nd edition, chapter 5).

mod guard;
pub(crate) mod retry;
mod state;

pub(crate) use self::guard::{Guard, Permit};
pub use self::{guard::WaitObserver, state::Phase};

/// What a call is for; each class fails by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    Read,
    Write,
}

impl Class {
    const fn name(self) -> &'static str {
        match self {
            Class::Read => "read",
            Class::Write => "write",
        }
    }
}

/// How one class of work stands, and what it has met since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClassCondition {
    pub class: &'static str,
    pub breaker: Phase,
    /// Callers who wait for their turn now.
    pub waiting: u64,
    /// Calls that the database answered, refusals among them.
    pub answered: u64,
    /// Calls that failed for want of the database.
    pub failed: u64,
    /// Calls that were refused without asking the database.
    pub refused: u64,
}
