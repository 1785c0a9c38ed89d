//! What is carried from one database to another: every table of the schema, as both engines have it.

/// The schema that is described here: the number of its newest migration.
pub(crate) const SCHEMA: u32 = 7;

/// A table. Its rows are carried in the order of its key, which on both engines is that of the bytes.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) name: &'static str,
    pub(crate) columns: &'static [(&'static str, Kind)],
    /// The first columns: so many are the primary key.
    pub(crate) key: usize,
}

/// What a column holds where it is not NULL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    Uuid,
    Text,
    Bool,
    /// Of 32 bits.
    Int4,
    /// Of 64 bits: counts, and times in Unix milliseconds.
    Int8,
    Bytes,
}

use Kind::{Bool, Bytes, Int4, Int8, Text, Uuid};

/// In an order in which each row finds what it refers to.
pub(crate) const TABLES: &[Table] = &[
    Table {
        name: "players",
        key: 1,
        columns: &[
            ("id", Uuid),
            ("username", Text),
            ("username_key", Text),
            ("guest", Bool),
            ("role", Text),
            ("epoch", Int8),
            ("created_at_ms", Int8),
            ("updated_at_ms", Int8),
            ("email", Text),
            ("email_key", Text),
            ("email_verified", Bool),
            ("username_skeleton", Text),
        ],
    },
    Table {
        name: "credentials",
        key: 1,
        columns: &[("player_id", Uuid), ("phc", Text), ("updated_at_ms", Int8)],
    },
    Table {
        name: "devices",
        key: 1,
        columns: &[("hash", Bytes), ("player_id", Uuid), ("created_at_ms", Int8)],
    },
    Table {
        name: "known_devices",
        key: 2,
        columns: &[("player_id", Uuid), ("hash", Bytes), ("seen_at_ms", Int8)],
    },
    Table {
        name: "sign_ins",
        key: 1,
        columns: &[
            ("id", Uuid),
            ("player_id", Uuid),
            ("created_at_ms", Int8),
            ("expires_at_ms", Int8),
            ("revoked_at_ms", Int8),
            ("revoked_reason", Text),
            ("access_until_ms", Int8),
        ],
    },
    Table {
        name: "refresh_tokens",
        key: 1,
        columns: &[
            ("hash", Bytes),
            ("sign_in_id", Uuid),
            ("parent_hash", Bytes),
            ("successor_hash", Bytes),
            ("created_at_ms", Int8),
            ("expires_at_ms", Int8),
            ("used_at_ms", Int8),
        ],
    },
    Table {
        name: "revocations",
        key: 1,
        columns: &[
            ("id", Int8),
            ("sign_in_id", Uuid),
            ("player_id", Uuid),
            ("epoch", Int8),
            ("at_ms", Int8),
            ("until_ms", Int8),
        ],
    },
    Table {
        name: "failed_logins",
        key: 1,
        columns: &[
            ("hash", Bytes),
            ("kind", Text),
            ("fails", Int8),
            ("forgiven_to_ms", Int8),
            ("last_ms", Int8),
        ],
    },
    Table {
        name: "sanctions",
        key: 1,
        columns: &[
            ("id", Uuid),
            ("player_id", Uuid),
            ("kind", Text),
            ("until_ms", Int8),
            ("reason", Text),
            ("by_player_id", Uuid),
            ("created_at_ms", Int8),
            ("lifted_at_ms", Int8),
            ("lifted_by", Uuid),
        ],
    },
    Table {
        name: "audit",
        key: 1,
        columns: &[
            ("id", Uuid),
            ("at_ms", Int8),
            ("actor_kind", Text),
            ("actor_id", Uuid),
            ("action", Text),
            ("target_kind", Text),
            ("target_id", Text),
            ("before_json", Text),
            ("after_json", Text),
            ("reason", Text),
        ],
    },
    Table {
        name: "rooms",
        key: 1,
        columns: &[
            ("id", Text),
            ("game_id", Text),
            ("options", Text),
            ("metadata", Text),
            ("private", Bool),
            ("seats_max", Int4),
            ("owner_epoch", Int8),
            ("opened_at_ms", Int8),
            ("closed_at_ms", Int8),
            ("close_reason", Text),
            ("result", Text),
        ],
    },
    Table {
        name: "game_sessions",
        key: 1,
        columns: &[
            ("id", Uuid),
            ("room_id", Text),
            ("player_id", Uuid),
            ("seat", Int4),
            ("session_id", Uuid),
            ("started_at_ms", Int8),
            ("ended_at_ms", Int8),
            ("result", Text),
        ],
    },
    Table {
        name: "room_states",
        key: 1,
        columns: &[
            ("room_id", Text),
            ("owner_epoch", Int8),
            ("claimed_at_ms", Int8),
            ("saved_at_ms", Int8),
            ("members", Bytes),
            ("image", Bytes),
        ],
    },
    Table { name: "room_members", key: 2, columns: &[("session_id", Uuid), ("room_id", Text)] },
    Table {
        name: "session_states",
        key: 1,
        columns: &[("session_id", Uuid), ("saved_at_ms", Int8), ("image", Bytes)],
    },
];

impl Table {
    /// The names of its columns, as they stand in a statement.
    pub(crate) fn column_names(&self) -> String {
        names(self.columns)
    }

    /// Every row in order.
    pub(crate) fn select(&self) -> String {
        let key = names(self.columns.get(..self.key).unwrap_or_default());
        format!("SELECT {} FROM {} ORDER BY {key}", self.column_names(), self.name)
    }

    /// How many rows there are.
    pub(crate) fn count(&self) -> String {
        format!("SELECT count(*) FROM {}", self.name)
    }

    /// Whether there are any.
    pub(crate) fn any(&self) -> String {
        format!("SELECT EXISTS (SELECT 1 FROM {})", self.name)
    }
}

fn names(columns: &[(&str, Kind)]) -> String {
    columns.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
}
