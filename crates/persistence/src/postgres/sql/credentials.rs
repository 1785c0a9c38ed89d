//! The SQL of accounts with a password.

macro_rules! returned {
    () => {
        "RETURNING id, username, email, email_verified, guest, role, epoch, created_at_ms, updated_at_ms"
    };
}

pub(in crate::postgres) const USERNAME_HELD: &str = "SELECT 1 FROM players \
     WHERE (username_key = $1 OR username_skeleton = $2) AND id <> $3";

pub(in crate::postgres) const EMAIL_HELD: &str =
    "SELECT 1 FROM players WHERE email_key = $1 AND id <> $2";

pub(in crate::postgres) const REGISTER: &str = concat!(
    "INSERT INTO players (id, username, username_key, username_skeleton, email, email_key, guest, role, \
     epoch, created_at_ms, updated_at_ms) VALUES ($1, $2, $3, $4, $5, $6, false, 'player', 0, $7, $7) ",
    returned!()
);

/// No row when it is no guest any more.
pub(in crate::postgres) const REGISTER_GUEST: &str = concat!(
    "UPDATE players SET username = $2, username_key = $3, username_skeleton = $4, email = $5, \
     email_key = $6, guest = false, updated_at_ms = greatest(updated_at_ms, $7) WHERE id = $1 AND guest ",
    returned!()
);

pub(in crate::postgres) const FORGET_DEVICES: &str = "DELETE FROM devices WHERE player_id = $1";

pub(in crate::postgres) const SET_CREDENTIAL: &str = "INSERT INTO credentials (player_id, phc, updated_at_ms) \
     VALUES ($1, $2, $3) ON CONFLICT (player_id) DO UPDATE SET phc = excluded.phc, updated_at_ms = excluded.updated_at_ms";

/// The password is the same, and so is the time at which it was set.
pub(in crate::postgres) const REHASH: &str =
    "UPDATE credentials SET phc = $3 WHERE player_id = $1 AND phc = $2";

macro_rules! account {
    () => {
        "SELECT credentials.phc, credentials.updated_at_ms AS password_set_at_ms, players.id, \
         players.username, players.email, players.email_verified, players.guest, players.role, \
         players.epoch, players.created_at_ms, players.updated_at_ms \
         FROM players JOIN credentials ON credentials.player_id = players.id "
    };
}

pub(in crate::postgres) const ACCOUNT: &str = concat!(account!(), "WHERE players.id = $1");

pub(in crate::postgres) const ACCOUNT_BY_USERNAME: &str =
    concat!(account!(), "WHERE players.username_key = $1");

pub(in crate::postgres) const ACCOUNT_BY_EMAIL: &str =
    concat!(account!(), "WHERE players.email_key = $1");

pub(in crate::postgres) const SIGN_IN_OF: &str = "SELECT id, player_id, expires_at_ms FROM sign_ins \
     WHERE id = $1 AND player_id = $2 AND revoked_at_ms IS NULL AND expires_at_ms > $3";

pub(in crate::postgres) const FORGET_REFRESH: &str =
    "DELETE FROM refresh_tokens WHERE sign_in_id = $1";

pub(in crate::postgres) const CHANGE_USERNAME: &str = "UPDATE players SET username = $2, username_key = $3, \
     username_skeleton = $4, updated_at_ms = greatest(updated_at_ms, $5) WHERE id = $1";

/// The same address in another spelling is as verified as it was.
pub(in crate::postgres) const CHANGE_EMAIL: &str = "UPDATE players SET email = $2, \
     email_verified = email_verified AND email_key IS NOT DISTINCT FROM $3, email_key = $3, \
     updated_at_ms = greatest(updated_at_ms, $4) WHERE id = $1";

pub(in crate::postgres) const DELETE_PLAYER: &str = "DELETE FROM players WHERE id = $1";

pub(in crate::postgres) const DEVICES_OF: &str = "SELECT created_at_ms FROM devices WHERE player_id = $1 \
     UNION ALL SELECT seen_at_ms FROM known_devices WHERE player_id = $1 ORDER BY 1 LIMIT $2";

pub(in crate::postgres) const SIGN_INS_OF: &str = "SELECT id, created_at_ms, expires_at_ms, revoked_at_ms, \
     revoked_reason FROM sign_ins WHERE player_id = $1 ORDER BY created_at_ms DESC LIMIT $2";

pub(in crate::postgres) const SANCTIONS_OF: &str = "SELECT id, kind, until_ms, reason, created_at_ms, \
     lifted_at_ms FROM sanctions WHERE player_id = $1 ORDER BY id LIMIT $2";

/// No row when the password is another by now.
pub(in crate::postgres) const LOCK_CREDENTIAL: &str =
    "SELECT 1 FROM credentials WHERE player_id = $1 AND phc = $2 FOR UPDATE";
