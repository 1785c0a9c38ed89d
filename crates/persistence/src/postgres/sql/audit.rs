//! The SQL of the audit log, and of what is done together with its entries.

/// The same entry again is none.
pub(in crate::postgres) const APPEND: &str = "INSERT INTO audit (id, at_ms, actor_kind, actor_id, action, \
     target_kind, target_id, before_json, after_json, reason) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
     ON CONFLICT (id) DO NOTHING";

pub(in crate::postgres) const KNOWN: &str = "SELECT 1 FROM audit WHERE id = $1";

/// The first condition is the one that an index finds; parameters that are NULL ask for nothing.
macro_rules! entries {
    ($first:literal) => {
        concat!(
            "SELECT id, at_ms, actor_kind, actor_id, action, target_kind, target_id, before_json, after_json, reason \
             FROM audit WHERE ",
            $first,
            " AND ($2::uuid IS NULL OR actor_id = $2) AND ($3::text IS NULL OR target_id = $3) \
             AND ($4::text IS NULL OR action = $4) ORDER BY id DESC LIMIT $5"
        )
    };
}

pub(in crate::postgres) const ENTRIES: &str = entries!("id < $1");
pub(in crate::postgres) const ENTRIES_BY_ACTOR: &str = entries!("id < $1 AND actor_id = $2");
pub(in crate::postgres) const ENTRIES_BY_TARGET: &str = entries!("id < $1 AND target_id = $3");
pub(in crate::postgres) const ENTRIES_BY_ACTION: &str = entries!("id < $1 AND action = $4");

pub(in crate::postgres) const OTHER_ADMIN: &str =
    "SELECT 1 FROM players WHERE role = 'admin' AND id <> $1 LIMIT 1";
