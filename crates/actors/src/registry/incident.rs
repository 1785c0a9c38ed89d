//! What went wrong of late: who failed, why, what it was doing, and what was done about it.

use std::{
    collections::{BTreeMap, VecDeque},
    fmt,
    sync::Arc,
    time::SystemTime,
};

use super::ActorMeta;

/// Incidents that are remembered; the oldest goes.
const INCIDENTS_MAX: usize = 100;
/// Of a reason, which may be as long as a game's panic message.
const REASON_CHARS_MAX: usize = 500;

/// Why an actor failed, as a metric may count it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    Panic,
    Error,
    Killed,
    /// It did not start.
    StartFailed,
    /// It has handled one message for so long that it is given up.
    Stuck,
}

impl Cause {
    pub fn word(self) -> &'static str {
        match self {
            Cause::Panic => "panic",
            Cause::Error => "error",
            Cause::Killed => "killed",
            Cause::StartFailed => "start_failed",
            Cause::Stuck => "stuck",
        }
    }
}

/// What the supervisor does about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// It is started again, at once or after a back-off.
    Restart,
    /// It stays away: its restart type says so.
    Stop,
    /// It has spent its own budget, or hangs: it is kept apart.
    Quarantine,
    /// The supervisor itself has given up; its own supervisor decides.
    Escalate,
    /// Nothing: it goes on.
    Ignore,
}

impl Decision {
    pub fn word(self) -> &'static str {
        match self {
            Decision::Restart => "restart",
            Decision::Stop => "stop",
            Decision::Quarantine => "quarantine",
            Decision::Escalate => "escalate",
            Decision::Ignore => "ignore",
        }
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A failure as the supervisor knows it.
#[derive(Debug, Clone)]
pub struct Failure {
    pub cause: Cause,
    pub reason: String,
    pub decision: Decision,
}

impl Failure {
    pub fn new(cause: Cause, reason: impl Into<String>, decision: Decision) -> Failure {
        let mut reason: String = reason.into();
        if let Some((end, _)) = reason.char_indices().nth(REASON_CHARS_MAX) {
            reason.truncate(end);
        }
        Failure { cause, reason, decision }
    }
}

/// One line of the list of incidents.
#[derive(Debug, Clone)]
pub struct Incident {
    pub at: SystemTime,
    pub path: Arc<str>,
    pub kind: &'static str,
    pub cause: Cause,
    pub reason: String,
    pub decision: Decision,
    /// Of this actor so far, this one included.
    pub restarts: u32,
    /// The message that it was handling.
    pub doing: Option<&'static str>,
    /// The trace that tells of it.
    pub trace: Option<u128>,
}

impl Incident {
    pub(super) fn new(
        at: SystemTime,
        meta: &ActorMeta,
        failure: Failure,
        restarts: u32,
        trace: Option<u128>,
    ) -> Incident {
        let Failure { cause, reason, decision } = failure;
        let doing = meta.current().map(|(message, _)| message);
        let (path, kind) = (meta.path.clone(), meta.kind.name);
        Incident { at, path, kind, cause, reason, decision, restarts, doing, trace }
    }

    /// As W3C Trace Context writes it: 32 hexadecimal digits.
    pub fn trace_id(&self) -> Option<String> {
        self.trace.map(|trace| format!("{trace:032x}"))
    }
}

/// The last incidents, and the counts of all.
#[derive(Debug, Default)]
pub struct Incidents {
    latest: VecDeque<Incident>,
    restarts: BTreeMap<(&'static str, Cause), u64>,
}

impl Incidents {
    pub(super) fn add(&mut self, incident: Incident) {
        if incident.decision == Decision::Restart {
            *self.restarts.entry((incident.kind, incident.cause)).or_default() += 1;
        }
        if self.latest.len() == INCIDENTS_MAX {
            self.latest.pop_front();
        }
        self.latest.push_back(incident);
    }

    pub(super) fn latest(&self) -> Vec<Incident> {
        self.latest.iter().rev().cloned().collect()
    }

    pub(super) fn restarts(&self) -> &BTreeMap<(&'static str, Cause), u64> {
        &self.restarts
    }
}
