//! Each query that the server makes again and again finds its rows by an index.

use std::sync::{LazyLock, Mutex, MutexGuard};

use rusqlite::Connection;

use super::*;
use crate::sqlite::migrations;

/// The queries, and what their plans must name.
const PLANS: &[(&str, &[&str])] = &[
    (PLAYER, &["SEARCH players USING PRIMARY KEY (id=?)"]),
    (PLAYER_BY_USERNAME, &["SEARCH players USING INDEX", "(username_key=?)"]),
    (PLAYER_BY_DEVICE, &["SEARCH devices USING PRIMARY KEY", "SEARCH players USING PRIMARY KEY"]),
    (SET_ROLE, &["SEARCH players USING PRIMARY KEY (id=?)"]),
    (OPEN_SIGN_IN, &["SEARCH players USING PRIMARY KEY (id=?)"]),
    (SIGN_IN_VALID, &["SEARCH sign_ins USING PRIMARY KEY (id=?)"]),
    (REVOKE_SIGN_IN, &["SEARCH sign_ins USING PRIMARY KEY (id=?)"]),
    (REVOKE_SIGN_INS, &["idx_sign_ins_player_id (player_id=?)"]),
    (RAISE_EPOCH, &["SEARCH players USING PRIMARY KEY (id=?)"]),
    (LOG_EPOCH, &["idx_sign_ins_player_id (player_id=?)"]),
    (REVOCATIONS_SINCE, &["SEARCH revocations USING INTEGER PRIMARY KEY (rowid>?)"]),
    (FORGET_REVOCATIONS, &["idx_revocations_until (until_ms<?)"]),
    (
        REFRESH,
        &[
            "SEARCH refresh_tokens USING PRIMARY KEY (hash=?)",
            "SEARCH sign_ins USING PRIMARY KEY (id=?)",
            "SEARCH players USING PRIMARY KEY (id=?)",
        ],
    ),
    (USE_REFRESH, &["SEARCH refresh_tokens USING PRIMARY KEY (hash=?)"]),
    (FORGET_EXPIRED, &["idx_sign_ins_expires_at (expires_at_ms<?)"]),
    (ROOM_CLOSED, &["SEARCH rooms USING INDEX", "(id=?)"]),
    (SEAT_TAKEN, &["SEARCH players USING PRIMARY KEY (id=?)"]),
    (SEAT_LEFT, &["SEARCH game_sessions USING INDEX", "(id=?)"]),
    (ROOMS_OF_GAME, &["USING INDEX idx_rooms_game_id (game_id=?)"]),
    (STAYS_IN_ROOM, &["USING INDEX idx_players_room_id (room_id=?)"]),
    (STAYS_OF_PLAYER, &["USING INDEX idx_game_sessions_player_id (player_id=?)"]),
    (SAVED_OWNER, &["SEARCH room_states USING PRIMARY KEY (room_id=?)"]),
    (FORGET_ROOM, &["SEARCH room_states USING PRIMARY KEY (room_id=?)"]),
    (FORGET_MEMBERS, &["idx_room_members_room_id (room_id=?)"]),
    (CLAIM_ROOM, &["SEARCH room_states USING PRIMARY KEY (room_id=?)"]),
    (OWN_ROOM, &["SEARCH rooms USING INDEX", "(id=?)"]),
    (ROOMS_OF_SESSION, &["SEARCH room_members USING PRIMARY KEY (session_id=?)"]),
    (UNCLAIMED, &["idx_room_states_claimed_at (claimed_at_ms<?)"]),
    (END_STAYS, &["idx_players_room_id (room_id=?)"]),
    (TAKE_SESSION, &["SEARCH session_states USING PRIMARY KEY (session_id=?)"]),
    (FORGET_SESSIONS, &["idx_session_states_saved_at (saved_at_ms<?)"]),
    (ACTIVE_SANCTIONS, &["SEARCH sanctions USING", "(id>?)"]),
    (LIFT_SANCTIONS, &["idx_sanctions_player_id (player_id=? AND kind=?)"]),
    (players::BY_EMAIL, &["idx_players_email_key (email_key=?)"]),
    (players::SEARCH, &["SEARCH players USING INDEX", "(username_key>? AND username_key<?)"]),
    (audit::KNOWN, &["SEARCH audit USING PRIMARY KEY (id=?)"]),
    (audit::ENTRIES, &["SEARCH audit USING PRIMARY KEY (id<?)"]),
    (audit::ENTRIES_BY_ACTOR, &["idx_audit_actor (actor_id=? AND id<?)"]),
    (audit::ENTRIES_BY_TARGET, &["idx_audit_target (target_id=? AND id<?)"]),
    (audit::ENTRIES_BY_ACTION, &["idx_audit_action (action=? AND id<?)"]),
    (credentials::USERNAME_HELD, &["(username_key=?)", "(username_skeleton=?)"]),
    (credentials::EMAIL_HELD, &["idx_players_email_key (email_key=?)"]),
    (credentials::REGISTER_GUEST, &["SEARCH players USING PRIMARY KEY (id=?)"]),
    (credentials::FORGET_DEVICES, &["idx_devices_player_id (player_id=?)"]),
    (credentials::REHASH, &["SEARCH credentials USING PRIMARY KEY (player_id=?)"]),
    (
        credentials::ACCOUNT,
        &["SEARCH players USING PRIMARY KEY", "SEARCH credentials USING PRIMARY KEY"],
    ),
    (
        credentials::ACCOUNT_BY_USERNAME,
        &["(username_key=?)", "SEARCH credentials USING PRIMARY KEY"],
    ),
    (
        credentials::ACCOUNT_BY_EMAIL,
        &["idx_players_email_key (email_key=?)", "SEARCH credentials USING PRIMARY KEY"],
    ),
    (credentials::SIGN_IN_OF, &["SEARCH sign_ins USING PRIMARY KEY (id=?)"]),
    (credentials::FORGET_REFRESH, &["idx_refresh_tokens_sign_in_id (sign_in_id=?)"]),
    (login_ledger::FORGET_FAILURES, &["idx_failed_logins_last (last_ms<?)"]),
    (login_ledger::KNOWS_DEVICE, &["SEARCH known_devices USING PRIMARY KEY"]),
    (login_ledger::MEET_DEVICE, &["SEARCH players USING PRIMARY KEY (id=?)"]),
    (login_ledger::FORGET_KNOWN_DEVICES, &["idx_known_devices_seen (player_id=?)"]),
    (credentials::DEVICES_OF, &["idx_devices_player_id (player_id=?)"]),
    (credentials::SIGN_INS_OF, &["idx_sign_ins_player_id (player_id=?)"]),
    (credentials::SANCTIONS_OF, &["idx_sanctions_of_player (player_id=?)"]),
    (credentials::WITHOUT_SKELETON, &["idx_players_without_skeleton"]),
];

/// What deleting a row looks for in the tables that refer to it.
const CASCADES: [(&str, &str); 4] = [
    ("SELECT 1 FROM devices WHERE player_id = ?1", "idx_devices_player_id"),
    ("SELECT 1 FROM sign_ins WHERE player_id = ?1", "idx_sign_ins_player_id"),
    ("SELECT 1 FROM game_sessions WHERE player_id = ?1", "idx_game_sessions_player_id"),
    ("SELECT 1 FROM refresh_tokens WHERE sign_in_id = ?1", "idx_refresh_tokens_sign_in_id"),
];

#[test]
fn every_hot_query_uses_its_index() {
    let sqlite = filled();
    for &(query, expected) in PLANS {
        let plan = plan(&sqlite, query);
        for part in expected {
            assert!(plan.contains(part), "{query}\nexpected {part}\ngot\n{plan}");
        }
        assert!(!plan.contains("SCAN"), "{query}\n{plan}");
    }
}

#[test]
fn the_latest_are_found_without_sorting_all() {
    let sqlite = filled();
    for query in [
        ROOMS_OF_GAME,
        STAYS_OF_PLAYER,
        players::SEARCH,
        audit::ENTRIES,
        audit::ENTRIES_BY_ACTOR,
        audit::ENTRIES_BY_TARGET,
        audit::ENTRIES_BY_ACTION,
    ] {
        let plan = plan(&sqlite, query);
        assert!(!plan.contains("TEMP B-TREE"), "{query}\n{plan}");
    }
}

#[test]
fn what_refers_to_a_deleted_row_is_found_by_an_index() {
    let sqlite = filled();
    for (query, index) in CASCADES {
        let plan = plan(&sqlite, query);
        assert!(plan.contains(index), "{query}\n{plan}");
    }
}

#[test]
fn admins_are_found_without_looking_at_the_other_players() {
    let sqlite = filled();
    let plan = plan(&sqlite, audit::OTHER_ADMIN);
    assert!(plan.contains("idx_players_admins"), "{plan}");
}

fn plan(sqlite: &Connection, query: &str) -> String {
    let mut explain = sqlite.prepare(&format!("EXPLAIN QUERY PLAN {query}")).unwrap();
    // Parameters may stay unbound: a plan does not look at them.
    let mut rows = explain.raw_query();
    let mut plan = String::new();
    while let Some(row) = rows.next().unwrap() {
        plan += &row.get::<_, String>("detail").unwrap();
        plan.push('\n');
    }
    plan
}

/// The schema with 100 000 rows in each table and the planner's statistics of them. Made once: nobody changes it.
fn filled() -> MutexGuard<'static, Connection> {
    static FILLED: LazyLock<Mutex<Connection>> = LazyLock::new(|| Mutex::new(fill()));
    FILLED.lock().unwrap()
}

fn fill() -> Connection {
    let mut sqlite = Connection::open_in_memory().unwrap();
    migrations::apply(&mut sqlite).unwrap();
    sqlite
        .execute_batch(
            "CREATE TEMP TABLE n AS
                WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
                SELECT i, CAST(format('%016d', i) AS BLOB) AS id,
                    CAST(format('%032d', i) AS BLOB) AS hash FROM n;
             INSERT INTO players (id, username, username_key, username_skeleton, email, email_key, guest, role, epoch,
                created_at_ms, updated_at_ms)
                SELECT id, i, i, i, i, i, 0, 'player', 0, i, i FROM n;
             INSERT INTO credentials SELECT id, i, i FROM n;
             INSERT INTO devices SELECT hash, id, i FROM n;
             INSERT INTO known_devices SELECT id, hash, i FROM n;
             INSERT INTO failed_logins SELECT hash, 'device', 1, i, i FROM n;
             INSERT INTO sign_ins SELECT id, id, i, i, NULL, NULL, NULL FROM n;
             INSERT INTO revocations SELECT i, id, NULL, NULL, i, i FROM n;
             INSERT INTO refresh_tokens SELECT hash, id, NULL, NULL, i, i, NULL FROM n;
             INSERT INTO rooms
                SELECT i, CASE i % 3 WHEN 0 THEN 'relay' ELSE 'arena' END,
                    '{}', '{}', 0, 8, 1, i, NULL, NULL, NULL FROM n;
             INSERT INTO game_sessions SELECT id, i / 4, id, 0, id, i, NULL, NULL FROM n;
             INSERT INTO room_states SELECT i, 1, i, i, hash, hash FROM n;
             INSERT INTO room_members SELECT id, i / 4 FROM n;
             INSERT INTO session_states SELECT id, i, hash FROM n;
             INSERT INTO sanctions SELECT id, id, 'ban', NULL, '', NULL, i, CASE i % 10 WHEN 0 THEN NULL ELSE i END, NULL FROM n;
             INSERT INTO audit
                SELECT id, i, 'admin', id, CASE i % 9 WHEN 0 THEN 'ban' ELSE 'role' END,
                    'player', i % 500, NULL, NULL, NULL FROM n;
             ANALYZE;",
        )
        .unwrap();
    sqlite
}
