//! All the SQL of this engine, but the migrations. Parameters are numbered in the order in which they are bound.

pub(super) mod credentials;
pub(super) mod login_ledger;

macro_rules! player {
    () => {
        "players.id, players.username, players.email, players.email_verified, players.guest, \
         players.role, players.epoch, players.created_at_ms, players.updated_at_ms"
    };
}

pub(super) mod audit;
pub(super) mod players;

pub(super) const PROBE: &str = "SELECT 1 FROM players LIMIT 1";

pub(super) const PLAYER: &str = concat!("SELECT ", player!(), " FROM players WHERE id = ?1");

pub(super) const PLAYER_BY_USERNAME: &str =
    concat!("SELECT ", player!(), " FROM players WHERE username_key = ?1");

pub(super) const PLAYER_BY_DEVICE: &str = concat!(
    "SELECT ",
    player!(),
    " FROM devices JOIN players ON players.id = devices.player_id WHERE devices.hash = ?1"
);

/// No row when the name is taken.
pub(super) const CREATE_PLAYER: &str = concat!(
    "INSERT INTO players (id, username, username_key, username_skeleton, guest, role, epoch, \
     created_at_ms, updated_at_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, ?7, ?7) ON CONFLICT DO NOTHING ",
    "RETURNING id, username, email, email_verified, guest, role, epoch, created_at_ms, updated_at_ms"
);

pub(super) const ADD_DEVICE: &str =
    "INSERT INTO devices (hash, player_id, created_at_ms) VALUES (?1, ?2, ?3)";

pub(super) const SET_ROLE: &str = "UPDATE players SET role = ?2, epoch = epoch + 1, \
     updated_at_ms = max(updated_at_ms, ?3) WHERE id = ?1 AND role <> ?2";

/// No row when there is no such player.
pub(super) const OPEN_SIGN_IN: &str = "INSERT INTO sign_ins \
     (id, player_id, created_at_ms, expires_at_ms, access_until_ms) \
     SELECT ?1, id, ?3, ?4, ?5 FROM players WHERE id = ?2";

pub(super) const SIGN_IN_VALID: &str = "SELECT 1 FROM sign_ins \
     WHERE id = ?1 AND revoked_at_ms IS NULL AND expires_at_ms > ?2";

pub(super) const REVOKE_SIGN_IN: &str = "UPDATE sign_ins SET revoked_at_ms = ?2, revoked_reason = ?3 \
     WHERE id = ?1 AND revoked_at_ms IS NULL";

/// All of a player but one.
pub(super) const REVOKE_SIGN_INS: &str = "UPDATE sign_ins SET revoked_at_ms = ?2, revoked_reason = ?3 \
     WHERE player_id = ?1 AND revoked_at_ms IS NULL AND id IS NOT ?4";

pub(super) const RAISE_EPOCH: &str = "UPDATE players SET epoch = epoch + 1, \
     updated_at_ms = max(updated_at_ms, ?2) WHERE id = ?1 \
     RETURNING id, username, email, email_verified, guest, role, epoch, created_at_ms, updated_at_ms";

macro_rules! revocation {
    () => {
        "id, sign_in_id, player_id, epoch, until_ms"
    };
}

pub(super) const LOG_SIGN_IN: &str = concat!(
    "INSERT INTO revocations (sign_in_id, at_ms, until_ms) \
     SELECT id, ?2, max(?3, coalesce(access_until_ms, 0)) FROM sign_ins WHERE id = ?1 RETURNING ",
    revocation!()
);

pub(super) const LOG_EPOCH: &str = concat!(
    "INSERT INTO revocations (player_id, epoch, at_ms, until_ms) VALUES (?1, ?2, ?3, \
     max(?4, coalesce((SELECT max(access_until_ms) FROM sign_ins WHERE player_id = ?1), 0))) \
     RETURNING ",
    revocation!()
);

pub(super) const REVOCATIONS_SINCE: &str = concat!(
    "SELECT ",
    revocation!(),
    " FROM revocations WHERE id > ?1 AND until_ms > ?2 ORDER BY id LIMIT ?3"
);

pub(super) const FORGET_REVOCATIONS: &str = "DELETE FROM revocations WHERE id IN \
     (SELECT id FROM revocations WHERE until_ms <= ?1 LIMIT ?2)";

pub(super) const FORGET_EXPIRED: &str = "DELETE FROM sign_ins WHERE id IN \
     (SELECT id FROM sign_ins WHERE expires_at_ms <= ?1 LIMIT ?2)";

pub(super) const ADD_REFRESH: &str = "INSERT INTO refresh_tokens \
     (hash, sign_in_id, parent_hash, created_at_ms, expires_at_ms) VALUES (?1, ?2, ?3, ?4, ?5)";

pub(super) const REFRESH: &str = concat!(
    "SELECT refresh_tokens.successor_hash, refresh_tokens.used_at_ms, \
     refresh_tokens.expires_at_ms AS token_expires_at_ms, sign_ins.id AS sign_in_id, \
     sign_ins.expires_at_ms, sign_ins.revoked_at_ms, ",
    player!(),
    " FROM refresh_tokens JOIN sign_ins ON sign_ins.id = refresh_tokens.sign_in_id \
     JOIN players ON players.id = sign_ins.player_id WHERE refresh_tokens.hash = ?1"
);

pub(super) const USE_REFRESH: &str = "UPDATE refresh_tokens SET used_at_ms = ?2, successor_hash = ?3 \
     WHERE hash = ?1 AND used_at_ms IS NULL";

pub(super) const ROOM_OPENED: &str = "INSERT INTO rooms \
     (id, game_id, options, metadata, private, seats_max, opened_at_ms) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (id) DO NOTHING";

pub(super) const ROOM_CLOSED: &str = "UPDATE rooms SET close_reason = ?2, result = ?3, closed_at_ms = ?4 \
     WHERE id = ?1 AND closed_at_ms IS NULL";

/// A player who was deleted meanwhile is NULL, as if the account had gone a moment later.
pub(super) const SEAT_TAKEN: &str = "INSERT INTO game_sessions \
     (id, room_id, player_id, seat, session_id, started_at_ms) \
     VALUES (?1, ?2, (SELECT id FROM players WHERE id = ?3), ?4, ?5, ?6) ON CONFLICT (id) DO NOTHING";

pub(super) const SEAT_LEFT: &str = "UPDATE game_sessions SET result = ?2, ended_at_ms = ?3 \
     WHERE id = ?1 AND ended_at_ms IS NULL";

macro_rules! room {
    () => {
        "SELECT id, game_id, options, metadata, private, seats_max, owner_epoch, opened_at_ms, \
         closed_at_ms, close_reason, result FROM rooms "
    };
}

pub(super) const ROOM: &str = concat!(room!(), "WHERE id = ?1");

pub(super) const ROOMS_OF_GAME: &str =
    concat!(room!(), "WHERE game_id = ?1 ORDER BY opened_at_ms DESC LIMIT ?2");

pub(super) const SAVED_OWNER: &str =
    "SELECT owner_epoch, members FROM room_states WHERE room_id = ?1";

pub(super) const SAVE_ROOM: &str = "INSERT INTO room_states \
     (room_id, owner_epoch, claimed_at_ms, saved_at_ms, members, image) \
     VALUES (?1, ?2, ?3, ?3, ?4, ?5) ON CONFLICT (room_id) DO UPDATE SET \
     owner_epoch = ?2, saved_at_ms = ?3, members = ?4, image = ?5";

pub(super) const FORGET_ROOM: &str = "DELETE FROM room_states WHERE room_id = ?1";

pub(super) const FORGET_MEMBERS: &str = "DELETE FROM room_members WHERE room_id = ?1";

pub(super) const ADD_MEMBER: &str =
    "INSERT INTO room_members (session_id, room_id) VALUES (?1, ?2) ON CONFLICT DO NOTHING";

pub(super) const CLAIM_ROOM: &str = "UPDATE room_states SET owner_epoch = owner_epoch + 1, \
     claimed_at_ms = ?2 WHERE room_id = ?1 RETURNING owner_epoch, saved_at_ms, image";

pub(super) const OWN_ROOM: &str = "UPDATE rooms SET owner_epoch = ?2 WHERE id = ?1";

pub(super) const ROOMS_OF_SESSION: &str =
    "SELECT room_id FROM room_members WHERE session_id = ?1 ORDER BY room_id";

/// Neither claimed nor saved since.
pub(super) const UNCLAIMED: &str = "SELECT room_id FROM room_states \
     WHERE claimed_at_ms < ?1 AND saved_at_ms < ?1 LIMIT ?2";

pub(super) const END_STAYS: &str = "UPDATE game_sessions SET ended_at_ms = ?2 \
     WHERE room_id = ?1 AND ended_at_ms IS NULL";

pub(super) const SAVE_SESSION: &str = "INSERT INTO session_states (session_id, saved_at_ms, image) \
     VALUES (?1, ?2, ?3) ON CONFLICT (session_id) DO UPDATE SET saved_at_ms = ?2, image = ?3 \
     WHERE saved_at_ms <= ?2";

pub(super) const TAKE_SESSION: &str =
    "DELETE FROM session_states WHERE session_id = ?1 RETURNING saved_at_ms, image";

pub(super) const FORGET_SESSIONS: &str = "DELETE FROM session_states WHERE session_id IN \
     (SELECT session_id FROM session_states WHERE saved_at_ms < ?1 LIMIT ?2)";

pub(super) const ACTIVE_SANCTIONS: &str = "SELECT id, player_id, kind, until_ms, reason, by_player_id, \
     created_at_ms FROM sanctions WHERE lifted_at_ms IS NULL AND id > ?1 \
     AND (until_ms IS NULL OR until_ms > ?2) ORDER BY id LIMIT ?3";

pub(super) const IMPOSE_SANCTION: &str = "INSERT INTO sanctions \
     (id, player_id, kind, until_ms, reason, by_player_id, created_at_ms) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (id) DO NOTHING";

pub(super) const LIFT_SANCTIONS: &str = "UPDATE sanctions SET lifted_at_ms = ?4, lifted_by = ?3 \
     WHERE player_id = ?1 AND kind = ?2 AND lifted_at_ms IS NULL \
     AND (until_ms IS NULL OR until_ms > ?4) RETURNING id, until_ms";

macro_rules! stay {
    () => {
        "SELECT id, room_id, player_id, seat, session_id, started_at_ms, ended_at_ms, result \
         FROM game_sessions "
    };
}

pub(super) const STAYS_IN_ROOM: &str =
    concat!(stay!(), "WHERE room_id = ?1 ORDER BY started_at_ms, id LIMIT ?2");

pub(super) const STAYS_OF_PLAYER: &str =
    concat!(stay!(), "WHERE player_id = ?1 ORDER BY started_at_ms DESC LIMIT ?2");

#[cfg(test)]
mod tests;
