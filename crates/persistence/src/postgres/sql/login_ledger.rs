//! The SQL of failed logins and known devices.

pub(in crate::postgres) const FAILURES: &str = "SELECT hash, kind, fails, forgiven_to_ms, last_ms \
     FROM failed_logins ORDER BY last_ms DESC LIMIT $1";

pub(in crate::postgres) const KEEP_FAILURES: &str = "INSERT INTO failed_logins \
     (hash, kind, fails, forgiven_to_ms, last_ms) SELECT * FROM unnest($1::bytea[], $2::text[], $3::bigint[], \
     $4::bigint[], $5::bigint[]) ON CONFLICT (hash) DO UPDATE SET fails = excluded.fails, \
     forgiven_to_ms = excluded.forgiven_to_ms, last_ms = excluded.last_ms";

pub(in crate::postgres) const CLEAR_FAILURES: &str =
    "DELETE FROM failed_logins WHERE hash = ANY($1)";

pub(in crate::postgres) const FORGET_FAILURES: &str = "DELETE FROM failed_logins WHERE hash = ANY(ARRAY( \
     SELECT hash FROM failed_logins WHERE last_ms < $1 LIMIT $2 FOR UPDATE SKIP LOCKED))";

pub(in crate::postgres) const KNOWS_DEVICE: &str =
    "SELECT 1 FROM known_devices WHERE player_id = $1 AND hash = $2";

pub(in crate::postgres) const MEET_DEVICE: &str = "INSERT INTO known_devices (player_id, hash, seen_at_ms) \
     SELECT id, $2, $3 FROM players WHERE id = $1 \
     ON CONFLICT (player_id, hash) DO UPDATE SET seen_at_ms = excluded.seen_at_ms";

pub(in crate::postgres) const FORGET_KNOWN_DEVICES: &str = "DELETE FROM known_devices WHERE player_id = $1 \
     AND hash IN (SELECT hash FROM known_devices WHERE player_id = $1 \
     ORDER BY seen_at_ms DESC OFFSET $2)";
