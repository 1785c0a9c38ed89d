//! Each query that the server makes again and again finds its rows by an index, on 100 000 rows.

use std::fmt::Write as _;

use super::*;
use crate::{
    postgres::{DatabaseUrl, migrations},
    testing::Cluster,
};

/// The queries, how many parameters they have, and what their plans must name that are good for any values.
const PLANS: &[(&str, usize, &[&str])] = &[
    (PLAYER, 1, &["players_pkey"]),
    (PLAYER_BY_USERNAME, 1, &["players_username_key_key"]),
    (PLAYER_BY_DEVICE, 1, &["devices_pkey", "players_pkey"]),
    (SET_ROLE, 3, &["players_pkey"]),
    (OPEN_SIGN_IN, 5, &["players_pkey"]),
    (SIGN_IN_VALID, 2, &["sign_ins_pkey"]),
    (REVOKE_SIGN_IN, 3, &["sign_ins_pkey"]),
    (REVOKE_SIGN_INS, 4, &["idx_sign_ins_player_id"]),
    (RAISE_EPOCH, 2, &["players_pkey"]),
    (LOG_SIGN_IN, 3, &["sign_ins_pkey"]),
    (LOG_EPOCH, 4, &["idx_sign_ins_player_id"]),
    (REVOCATIONS_SINCE, 3, &["revocations_pkey"]),
    (REFRESH, 1, &["refresh_tokens_pkey", "sign_ins_pkey", "players_pkey"]),
    (USE_REFRESH, 3, &["refresh_tokens_pkey"]),
    (ROOMS_CLOSED, 4, &["rooms_pkey"]),
    (SEATS_TAKEN, 6, &["players_pkey"]),
    (SEATS_LEFT, 3, &["game_sessions_pkey"]),
    (ROOM, 1, &["rooms_pkey"]),
    (ROOMS_OF_GAME, 2, &["idx_rooms_game_id"]),
    (SAVED_OWNERS, 1, &["room_states_pkey"]),
    (IS_SAVED, 1, &["room_states_pkey"]),
    (FORGET_ROOMS, 1, &["room_states_pkey"]),
    (FORGET_MEMBERS, 1, &["idx_room_members_room_id"]),
    (CLAIM_ROOM, 2, &["room_states_pkey"]),
    (OWN_ROOM, 2, &["rooms_pkey"]),
    (ROOMS_OF_SESSION, 1, &["room_members_pkey"]),
    (END_STAYS, 2, &["idx_players_room_id"]),
    (TAKE_SESSIONS, 1, &["session_states_pkey"]),
    (ACTIVE_SANCTIONS, 3, &["idx_sanctions_active"]),
    (LIFT_SANCTIONS, 4, &["idx_sanctions_player_id"]),
    (STAYS_IN_ROOM, 2, &["idx_players_room_id"]),
    (STAYS_OF_PLAYER, 2, &["idx_game_sessions_player_id"]),
    (players::BY_EMAIL, 1, &["idx_players_email_key"]),
    (players::SEARCH, 4, &["players_username_key_key"]),
    (audit::KNOWN, 1, &["audit_pkey"]),
    (audit::ENTRIES, 5, &["audit_pkey"]),
    (audit::ENTRIES_BY_ACTOR, 5, &["idx_audit_actor"]),
    (audit::ENTRIES_BY_TARGET, 5, &["idx_audit_target"]),
    (audit::OTHER_ADMIN, 1, &["idx_players_admins"]),
    (credentials::USERNAME_HELD, 3, &["players_username_key_key", "idx_players_username_skeleton"]),
    (credentials::EMAIL_HELD, 2, &["idx_players_email_key"]),
    (credentials::REGISTER_GUEST, 7, &["players_pkey"]),
    (credentials::FORGET_DEVICES, 1, &["idx_devices_player_id"]),
    (credentials::REHASH, 3, &["credentials_pkey"]),
    (credentials::ACCOUNT, 1, &["players_pkey", "credentials_pkey"]),
    (credentials::ACCOUNT_BY_USERNAME, 1, &["players_username_key_key", "credentials_pkey"]),
    (credentials::ACCOUNT_BY_EMAIL, 1, &["idx_players_email_key", "credentials_pkey"]),
    (credentials::SIGN_IN_OF, 3, &["Index Cond"]),
    (credentials::FORGET_REFRESH, 1, &["idx_refresh_tokens_sign_in_id"]),
    (credentials::CHANGE_USERNAME, 5, &["players_pkey"]),
    (credentials::CHANGE_EMAIL, 4, &["players_pkey"]),
    (credentials::DELETE_PLAYER, 1, &["players_pkey"]),
    (credentials::DEVICES_OF, 2, &["idx_devices_player_id"]),
    (credentials::SIGN_INS_OF, 2, &["idx_sign_ins_player_id"]),
    (credentials::SANCTIONS_OF, 2, &["idx_sanctions_of_player"]),
    (credentials::LOCK_CREDENTIAL, 2, &["credentials_pkey"]),
    (login_ledger::CLEAR_FAILURES, 1, &["failed_logins_pkey"]),
    (login_ledger::KNOWS_DEVICE, 2, &["Index Cond"]),
    (login_ledger::MEET_DEVICE, 3, &["players_pkey"]),
];

/// Queries whose plan depends on the values, as on how many rows are asked for; with such as the server sends.
const PLANS_OF_VALUES: &[(&str, &str, &[&str])] = &[
    (FORGET_REVOCATIONS, "500, 500", &["idx_revocations_until", "revocations_pkey"]),
    (FORGET_EXPIRED, "500, 500", &["idx_sign_ins_expires_at", "sign_ins_pkey"]),
    (UNCLAIMED, "500, 500", &["idx_room_states_claimed_at"]),
    (FORGET_SESSIONS, "500, 500", &["idx_session_states_saved_at", "session_states_pkey"]),
    (
        audit::ENTRIES_BY_ACTION,
        "lpad(to_hex(50000), 32, '0')::uuid, NULL, NULL, 'unmute', 50",
        &["idx_audit_action"],
    ),
    (
        login_ledger::FORGET_KNOWN_DEVICES,
        "lpad(to_hex(500), 32, '0')::uuid, 10",
        &["known_devices_pkey", "idx_known_devices_seen"],
    ),
    (login_ledger::FORGET_FAILURES, "500, 500", &["idx_failed_logins_last", "failed_logins_pkey"]),
];

/// What deleting a row looks for in the tables that refer to it.
const CASCADES: &[(&str, usize, &[&str])] = &[
    ("SELECT 1 FROM ONLY devices WHERE player_id = $1", 1, &["idx_devices_player_id"]),
    ("SELECT 1 FROM ONLY sign_ins WHERE player_id = $1", 1, &["idx_sign_ins_player_id"]),
    ("SELECT 1 FROM ONLY game_sessions WHERE player_id = $1", 1, &["idx_game_sessions_player_id"]),
    (
        "SELECT 1 FROM ONLY refresh_tokens WHERE sign_in_id = $1",
        1,
        &["idx_refresh_tokens_sign_in_id"],
    ),
];

/// The planner's statistics of 100 000 rows in each table.
const FILL: &str = "
CREATE TEMP TABLE n AS SELECT i, to_char(i, 'FM000000') AS t, decode(lpad(to_hex(i), 64, '0'), 'hex') AS hash,
    lpad(to_hex(i), 32, '0')::uuid AS id FROM generate_series(1, 100000) AS i;
INSERT INTO players (id, username, username_key, username_skeleton, email, email_key, guest, role, epoch,
    created_at_ms, updated_at_ms) SELECT id, t, t, t, t, t, false, 'player', 0, i, i FROM n;
INSERT INTO credentials SELECT id, t, i FROM n;
INSERT INTO devices SELECT hash, id, i FROM n;
INSERT INTO known_devices SELECT id, hash, i FROM n;
INSERT INTO failed_logins SELECT hash, 'device', 1, i, i FROM n;
INSERT INTO sign_ins SELECT id, id, i, i FROM n;
INSERT INTO revocations (sign_in_id, at_ms, until_ms) SELECT id, i, i FROM n;
INSERT INTO refresh_tokens SELECT hash, id, NULL, NULL, i, i, NULL FROM n;
INSERT INTO rooms SELECT t, CASE i % 3 WHEN 0 THEN 'relay' ELSE 'arena' END, '{}', '{}', false, 8, 1, i FROM n;
INSERT INTO game_sessions SELECT id, (i / 4)::text, id, 0, id, i FROM n;
INSERT INTO room_states SELECT t, 1, i, i, hash, hash FROM n;
INSERT INTO room_members SELECT id, (i / 4)::text FROM n;
INSERT INTO session_states SELECT id, i, hash FROM n;
INSERT INTO sanctions SELECT id, id, 'ban', NULL, '', NULL, i, CASE i % 10 WHEN 0 THEN NULL ELSE i END FROM n;
INSERT INTO audit SELECT id, i, 'admin', lpad(to_hex(i % 500), 32, '0')::uuid,
    CASE i % 9 WHEN 0 THEN 'ban' ELSE 'role' END, 'player', (i % 500)::text FROM n;
DROP TABLE n;
ANALYZE;
";

#[tokio::test]
async fn every_hot_query_uses_its_index() {
    let cluster = Cluster::start(false);
    let url = cluster.create_database("plans", None);
    migrations::apply(&url.parse::<DatabaseUrl>().unwrap()).await.unwrap();
    cluster.sql_on("plans", FILL);
    let of_any = PLANS.iter().chain(CASCADES).map(|&(query, parameters, indexes)| {
        let values = vec!["NULL"; parameters].join(", ");
        (query, "force_generic_plan", values, indexes)
    });
    let of_values = PLANS_OF_VALUES
        .iter()
        .map(|&(query, values, indexes)| (query, "force_custom_plan", values.to_owned(), indexes));
    let mut wrong = String::new();
    for (query, mode, values, indexes) in of_any.chain(of_values) {
        let explain = format!(
            "SET plan_cache_mode = {mode}; PREPARE hot AS {query}; EXPLAIN EXECUTE hot ({values})"
        );
        let plan = cluster.sql_on("plans", &explain);
        let missing: Vec<_> = indexes.iter().filter(|index| !plan.contains(*index)).collect();
        if !missing.is_empty() || plan.contains("Seq Scan") {
            writeln!(wrong, "{query}\nwithout {missing:?}:\n{plan}\n").unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
