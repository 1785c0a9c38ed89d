//! All the SQL of this engine, but the migrations. Written for PostgreSQL 15. Parameters are numbered in the order in
//! which they are bound; their types are named where they are bound, which saves a round trip.

macro_rules! player {
    () => {
        "players.id, players.username, players.email, players.email_verified, players.guest, \
         players.role, players.epoch, players.created_at_ms, players.updated_at_ms"
    };
}

pub(super) mod audit;
pub(super) mod credentials;
pub(super) mod login_ledger;
pub(super) mod players;

pub(super) const PROBE: &str = "SELECT 1 FROM players LIMIT 1";

pub(super) const PLAYER: &str = concat!("SELECT ", player!(), " FROM players WHERE id = $1");

pub(super) const PLAYER_BY_USERNAME: &str =
    concat!("SELECT ", player!(), " FROM players WHERE username_key = $1");

pub(super) const PLAYER_BY_DEVICE: &str = concat!(
    "SELECT ",
    player!(),
    " FROM devices JOIN players ON players.id = devices.player_id WHERE devices.hash = $1"
);

/// Held to the end of the transaction.
pub(super) const ONE_AT_A_TIME: &str = "SELECT pg_advisory_xact_lock($1)";

/// No row when the name is taken.
pub(super) const CREATE_PLAYER: &str = concat!(
    "INSERT INTO players (id, username, username_key, username_skeleton, guest, role, epoch, \
     created_at_ms, updated_at_ms) VALUES ($1, $2, $3, $4, $5, $6, 0, $7, $7) \
     ON CONFLICT DO NOTHING RETURNING ",
    player!()
);

pub(super) const ADD_DEVICE: &str =
    "INSERT INTO devices (hash, player_id, created_at_ms) VALUES ($1, $2, $3)";

pub(super) const SET_ROLE: &str = "UPDATE players SET role = $2, epoch = epoch + 1, \
     updated_at_ms = greatest(updated_at_ms, $3) WHERE id = $1 AND role <> $2";

/// No row when there is no such player.
pub(super) const OPEN_SIGN_IN: &str = "INSERT INTO sign_ins \
     (id, player_id, created_at_ms, expires_at_ms, access_until_ms) \
     SELECT $1, id, $3, $4, $5 FROM players WHERE id = $2";

pub(super) const SIGN_IN_VALID: &str = "SELECT 1 FROM sign_ins \
     WHERE id = $1 AND revoked_at_ms IS NULL AND expires_at_ms > $2";

pub(super) const REVOKE_SIGN_IN: &str = "UPDATE sign_ins SET revoked_at_ms = $2, revoked_reason = $3 \
     WHERE id = $1 AND revoked_at_ms IS NULL";

/// All of a player but one.
pub(super) const REVOKE_SIGN_INS: &str = "UPDATE sign_ins SET revoked_at_ms = $2, revoked_reason = $3 \
     WHERE player_id = $1 AND revoked_at_ms IS NULL AND id IS DISTINCT FROM $4";

pub(super) const RAISE_EPOCH: &str = concat!(
    "UPDATE players SET epoch = epoch + 1, updated_at_ms = greatest(updated_at_ms, $2) \
     WHERE id = $1 RETURNING ",
    player!()
);

macro_rules! revocation {
    () => {
        "id, sign_in_id, player_id, epoch, until_ms"
    };
}

pub(super) const LOG_SIGN_IN: &str = concat!(
    "INSERT INTO revocations (sign_in_id, at_ms, until_ms) \
     SELECT id, $2, greatest($3, access_until_ms) FROM sign_ins WHERE id = $1 RETURNING ",
    revocation!()
);

pub(super) const LOG_EPOCH: &str = concat!(
    "INSERT INTO revocations (player_id, epoch, at_ms, until_ms) VALUES ($1, $2, $3, \
     greatest($4, (SELECT max(access_until_ms) FROM sign_ins WHERE player_id = $1))) RETURNING ",
    revocation!()
);

pub(super) const REVOCATIONS_SINCE: &str = concat!(
    "SELECT ",
    revocation!(),
    " FROM revocations WHERE id > $1 AND until_ms > $2 ORDER BY id LIMIT $3"
);

/// Through an array, as with all that is forgotten: to join 500 rows of it PostgreSQL would read the whole table.
pub(super) const FORGET_REVOCATIONS: &str = "DELETE FROM revocations WHERE id = ANY(ARRAY( \
     SELECT id FROM revocations WHERE until_ms <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED))";

pub(super) const FORGET_EXPIRED: &str = "DELETE FROM sign_ins WHERE id = ANY(ARRAY( \
     SELECT id FROM sign_ins WHERE expires_at_ms <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED))";

pub(super) const ADD_REFRESH: &str = "INSERT INTO refresh_tokens \
     (hash, sign_in_id, parent_hash, created_at_ms, expires_at_ms) VALUES ($1, $2, $3, $4, $5)";

/// Locks the token and its family: of two who come at once the second sees what the first has done.
pub(super) const REFRESH: &str = concat!(
    "SELECT refresh_tokens.successor_hash, refresh_tokens.used_at_ms, \
     refresh_tokens.expires_at_ms AS token_expires_at_ms, sign_ins.id AS sign_in_id, \
     sign_ins.expires_at_ms, sign_ins.revoked_at_ms, ",
    player!(),
    " FROM refresh_tokens JOIN sign_ins ON sign_ins.id = refresh_tokens.sign_in_id \
     JOIN players ON players.id = sign_ins.player_id WHERE refresh_tokens.hash = $1 \
     FOR UPDATE OF refresh_tokens, sign_ins"
);

pub(super) const USE_REFRESH: &str = "UPDATE refresh_tokens SET used_at_ms = $2, successor_hash = $3 \
     WHERE hash = $1 AND used_at_ms IS NULL";

pub(super) const ROOMS_OPENED: &str = "INSERT INTO rooms \
     (id, game_id, options, metadata, private, seats_max, opened_at_ms) \
     SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::boolean[], $6::integer[], \
     $7::bigint[]) ON CONFLICT (id) DO NOTHING";

pub(super) const ROOMS_CLOSED: &str = "UPDATE rooms SET close_reason = given.reason, \
     result = given.result, closed_at_ms = given.at_ms \
     FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[]) AS given (id, reason, result, at_ms) \
     WHERE rooms.id = given.id AND rooms.closed_at_ms IS NULL";

/// A player who was deleted meanwhile is NULL, as if the account had gone a moment later.
pub(super) const SEATS_TAKEN: &str = "INSERT INTO game_sessions \
     (id, room_id, player_id, seat, session_id, started_at_ms) \
     SELECT given.id, given.room_id, players.id, given.seat, given.session_id, given.at_ms \
     FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::integer[], $5::uuid[], $6::bigint[]) \
     AS given (id, room_id, player_id, seat, session_id, at_ms) \
     LEFT JOIN players ON players.id = given.player_id ON CONFLICT (id) DO NOTHING";

pub(super) const SEATS_LEFT: &str = "UPDATE game_sessions SET result = given.result, \
     ended_at_ms = given.at_ms FROM unnest($1::uuid[], $2::text[], $3::bigint[]) AS given (id, result, at_ms) \
     WHERE game_sessions.id = given.id AND game_sessions.ended_at_ms IS NULL";

macro_rules! room {
    () => {
        "SELECT id, game_id, options, metadata, private, seats_max, owner_epoch, opened_at_ms, \
         closed_at_ms, close_reason, result FROM rooms "
    };
}

pub(super) const ROOM: &str = concat!(room!(), "WHERE id = $1");

pub(super) const ROOMS_OF_GAME: &str =
    concat!(room!(), "WHERE game_id = $1 ORDER BY opened_at_ms DESC LIMIT $2");

/// Locked in one order, so that two who write the same rooms do not wait for each other.
pub(super) const SAVED_OWNERS: &str = "SELECT room_id, owner_epoch, members FROM room_states \
     WHERE room_id = ANY($1) ORDER BY room_id FOR UPDATE";

/// Gives those that were written; not those that another process has taken meanwhile.
pub(super) const SAVE_ROOMS: &str = "INSERT INTO room_states \
     (room_id, owner_epoch, claimed_at_ms, saved_at_ms, members, image) \
     SELECT room_id, owner_epoch, at_ms, at_ms, members, image \
     FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bytea[], $5::bytea[]) \
     AS given (room_id, owner_epoch, at_ms, members, image) ON CONFLICT (room_id) DO UPDATE SET \
     owner_epoch = excluded.owner_epoch, saved_at_ms = excluded.saved_at_ms, \
     members = excluded.members, image = excluded.image \
     WHERE room_states.owner_epoch <= excluded.owner_epoch RETURNING room_id";

pub(super) const IS_SAVED: &str = "SELECT 1 FROM room_states WHERE room_id = $1";

pub(super) const FORGET_ROOMS: &str = "DELETE FROM room_states WHERE room_id = ANY($1)";

pub(super) const FORGET_MEMBERS: &str = "DELETE FROM room_members WHERE room_id = ANY($1)";

pub(super) const ADD_MEMBERS: &str = "INSERT INTO room_members (session_id, room_id) \
     SELECT * FROM unnest($1::uuid[], $2::text[]) ON CONFLICT DO NOTHING";

pub(super) const CLAIM_ROOM: &str = "UPDATE room_states SET owner_epoch = owner_epoch + 1, \
     claimed_at_ms = $2 WHERE room_id = $1 RETURNING owner_epoch, saved_at_ms, image";

pub(super) const OWN_ROOM: &str = "UPDATE rooms SET owner_epoch = $2 WHERE id = $1";

pub(super) const ROOMS_OF_SESSION: &str =
    "SELECT room_id FROM room_members WHERE session_id = $1 ORDER BY room_id";

/// Neither claimed nor saved since.
pub(super) const UNCLAIMED: &str = "SELECT room_id FROM room_states \
     WHERE claimed_at_ms < $1 AND saved_at_ms < $1 LIMIT $2 FOR UPDATE SKIP LOCKED";

pub(super) const END_STAYS: &str = "UPDATE game_sessions SET ended_at_ms = $2 \
     WHERE room_id = ANY($1) AND ended_at_ms IS NULL";

pub(super) const SAVE_SESSIONS: &str = "INSERT INTO session_states (session_id, saved_at_ms, image) \
     SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::bytea[]) \
     ON CONFLICT (session_id) DO UPDATE SET saved_at_ms = excluded.saved_at_ms, image = excluded.image \
     WHERE session_states.saved_at_ms <= excluded.saved_at_ms";

pub(super) const TAKE_SESSIONS: &str = "DELETE FROM session_states WHERE session_id = ANY($1) \
     RETURNING session_id, saved_at_ms, image";

pub(super) const FORGET_SESSIONS: &str = "DELETE FROM session_states WHERE session_id = ANY(ARRAY( \
     SELECT session_id FROM session_states WHERE saved_at_ms < $1 LIMIT $2 FOR UPDATE SKIP LOCKED))";

pub(super) const ACTIVE_SANCTIONS: &str = "SELECT id, player_id, kind, until_ms, reason, by_player_id, \
     created_at_ms FROM sanctions WHERE lifted_at_ms IS NULL AND id > $1 \
     AND (until_ms IS NULL OR until_ms > $2) ORDER BY id LIMIT $3";

pub(super) const IMPOSE_SANCTION: &str = "INSERT INTO sanctions \
     (id, player_id, kind, until_ms, reason, by_player_id, created_at_ms) \
     VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO NOTHING";

pub(super) const LIFT_SANCTIONS: &str = "UPDATE sanctions SET lifted_at_ms = $4, lifted_by = $3 \
     WHERE player_id = $1 AND kind = $2 AND lifted_at_ms IS NULL \
     AND (until_ms IS NULL OR until_ms > $4) RETURNING id, until_ms";

macro_rules! stay {
    () => {
        "SELECT id, room_id, player_id, seat, session_id, started_at_ms, ended_at_ms, result \
         FROM game_sessions "
    };
}

pub(super) const STAYS_IN_ROOM: &str =
    concat!(stay!(), "WHERE room_id = $1 ORDER BY started_at_ms, id LIMIT $2");

pub(super) const STAYS_OF_PLAYER: &str =
    concat!(stay!(), "WHERE player_id = $1 ORDER BY started_at_ms DESC LIMIT $2");

#[cfg(test)]
mod tests;
