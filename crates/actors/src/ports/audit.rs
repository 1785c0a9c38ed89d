//! An entry of the audit log: who did what to whom, and why. It is written in the transaction of the deed itself.

use std::{borrow::Cow, time::SystemTime};

use gamev1_protocol::PlayerId;
use serde_json::Value;
use uuid::Uuid;

/// What an operator did. Written once, never changed; the same one again changes nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditEntry {
    /// Sorts by the time at which it was made.
    pub id: Uuid,
    pub at: SystemTime,
    pub actor: AuditActor,
    /// A word such as `ban`.
    pub action: Cow<'static, str>,
    pub target: AuditTarget,
    /// What the deed changed, as it was. Whoever writes the entry fills it in where only the transaction knows it.
    pub before: Option<Value>,
    pub after: Option<Value>,
    pub reason: Option<String>,
}

/// Who acted, and as what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditActor {
    /// The role at that time, `dev` or `command_line`.
    pub kind: Cow<'static, str>,
    /// None where nobody had signed in.
    pub player: Option<PlayerId>,
}

/// To whom or what it was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditTarget {
    /// `player`, `actor` or `server`.
    pub kind: Cow<'static, str>,
    pub id: String,
}

impl AuditActor {
    /// Whoever has the data directory.
    pub const COMMAND_LINE: AuditActor =
        AuditActor { kind: Cow::Borrowed("command_line"), player: None };
}

impl AuditTarget {
    pub fn player(player: PlayerId) -> AuditTarget {
        AuditTarget { kind: "player".into(), id: player.to_string() }
    }
}

impl AuditEntry {
    pub fn new(
        actor: AuditActor,
        action: &'static str,
        target: AuditTarget,
        at: SystemTime,
    ) -> AuditEntry {
        AuditEntry {
            id: Uuid::now_v7(),
            at,
            actor,
            action: action.into(),
            target,
            before: None,
            after: None,
            reason: None,
        }
    }

    #[must_use]
    pub fn reason(mut self, reason: impl Into<String>) -> AuditEntry {
        self.reason = Some(reason.into());
        self
    }

    #[must_use]
    pub fn after(mut self, after: Value) -> AuditEntry {
        self.after = Some(after);
        self
    }
}
