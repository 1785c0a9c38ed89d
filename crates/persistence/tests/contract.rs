//! What every engine must do, written against the ports alone, and the engines that are run through it.
//!
//! A case that stands in no list below is dead code, which the compiler reports.

#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "contract/accounts.rs"]
mod accounts;
#[path = "contract/audit.rs"]
mod audit;
#[path = "contract/credentials.rs"]
mod credentials;
#[path = "contract/login_ledger.rs"]
mod login_ledger;
#[path = "contract/players.rs"]
mod players;
#[path = "contract/reopening.rs"]
mod reopening;
#[path = "contract/revocations.rs"]
mod revocations;
#[path = "contract/rooms.rs"]
mod rooms;
#[path = "contract/sanctions.rs"]
mod sanctions;
#[path = "contract/saves.rs"]
mod saves;
#[path = "contract/sign_ins.rs"]
mod sign_ins;
#[path = "contract/world.rs"]
mod world;

use std::{
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use gamev1_persistence::{
    Database, Postgres, PostgresOptions, Sqlite, SqliteOptions,
    audit::{Audit, Wanted},
    testing::Cluster,
};
use gamev1_protocol::PlayerId;

use crate::world::Engine;

/// Runs each case on a database of its own.
macro_rules! contract {
    ($engine:ident { $(on a store: $topic:ident { $($case:ident)+ })+ reopened { $($reopened:ident)+ } }) => {
        $(mod $topic {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                use crate::world::Engine;
                let engine = super::$engine::fresh();
                crate::$topic::$case(engine.open().await).await;
            })+
        })+
        mod reopening {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $reopened() {
                use crate::world::Engine;
                crate::reopening::$reopened(super::$engine::fresh()).await;
            })+
        }
    };
}

/// All cases, for an engine.
macro_rules! every_case {
    ($engine:ident) => {
        contract! {
            $engine {
                on a store: accounts {
                    the_same_device_gets_the_same_player
                    fifty_calls_for_a_new_device_make_one_player
                    a_guest_whose_name_is_taken_is_named_anew
                    a_guest_for_whom_no_name_is_free_is_refused_and_leaves_nothing
                    a_username_is_found_and_taken_in_any_case
                    a_player_is_found_as_it_was_made
                }
                on a store: sign_ins {
                    a_sign_in_of_nobody_is_not_opened
                    each_refresh_token_is_good_once
                    a_used_token_within_the_grace_is_refused_and_revokes_nothing
                    the_same_rotation_again_within_the_grace_gets_the_same_answer
                    a_used_token_after_the_grace_revokes_its_family_and_no_other
                    of_many_rotations_at_once_one_is_made
                    a_refresh_token_ends_at_its_time
                    no_refresh_token_outlives_its_sign_in
                    a_sign_in_is_valid_until_its_end
                    sign_ins_that_ended_are_forgotten_and_no_others
                }
                on a store: revocations {
                    an_ended_sign_in_is_in_the_log_once_and_its_tokens_are_void
                    ending_all_raises_the_epoch_and_spares_one_sign_in_at_most
                    whatever_revokes_is_in_the_log
                    the_log_is_read_in_pages_until_nothing_is_alive
                    a_revocation_is_kept_as_long_as_the_longest_token
                    of_many_who_revoke_at_once_nobody_is_missed
                }
                on a store: credentials {
                    an_account_is_found_by_its_name_and_its_address_in_any_case
                    of_fifty_who_want_one_name_one_has_it
                    a_name_that_looks_like_anothers_is_taken
                    an_address_is_taken_in_any_case
                    a_guest_becomes_an_account_under_the_same_id
                    only_a_guest_becomes_an_account
                    a_new_password_ends_every_other_sign_in
                    a_password_that_has_changed_meanwhile_is_left_alone
                    a_hash_that_grew_replaces_the_one_it_was_made_from_alone
                    a_name_is_changed_and_the_old_one_free
                    another_address_is_not_verified
                    a_refused_change_changes_nothing
                    the_last_admin_stays_and_who_goes_is_in_the_audit_log
                    a_deleted_account_leaves_its_name_and_the_history_of_others
                    an_export_holds_what_is_stored
                }
                on a store: login_ledger {
                    failures_are_kept_as_they_were_last
                    old_failures_are_forgotten_and_no_others
                    an_account_knows_the_devices_that_it_met_last
                }
                on a store: rooms {
                    records_are_applied_in_their_order
                    a_batch_written_again_changes_nothing
                    an_end_that_was_stored_is_not_stored_over
                    a_thousand_records_are_one_batch
                    a_record_that_cannot_be_stored_does_not_lose_the_others
                    a_stay_of_a_player_who_is_gone_is_kept_without_a_name
                    a_stay_is_kept_though_its_room_was_never_recorded
                    of_two_hundred_writers_none_starves
                    the_latest_come_first_and_no_more_than_asked_for
                }
                on a store: saves {
                    the_latest_image_of_a_room_is_kept_and_found_by_its_members
                    a_former_owner_writes_nothing_any_more_and_is_told
                    a_room_that_is_closed_is_forgotten_and_a_save_behind_it_is_not
                    a_thousand_rooms_are_one_batch
                    a_saved_session_is_good_once
                    what_nobody_claims_is_ended_and_what_was_claimed_is_not
                }
                on a store: sanctions {
                    those_that_hold_are_read_in_pages_and_ended_ones_are_not
                    a_lifted_sanction_holds_no_more
                }
                on a store: players {
                    players_are_found_by_the_beginning_of_their_name_in_pages
                    a_name_with_signs_of_patterns_is_taken_as_it_is
                    an_account_is_found_by_its_address_in_any_case
                }
                on a store: audit {
                    entries_are_read_back_the_latest_first_and_by_who_whom_and_what
                    the_same_entry_again_is_none
                    a_role_is_changed_with_its_entry_and_only_where_it_changes
                    the_last_admin_keeps_the_role
                    an_admin_is_registered_with_its_entry_or_not_at_all
                    signing_out_ends_every_sign_in_and_no_other_players
                    a_sanction_and_its_entry_are_one
                }
                reopened {
                    what_was_acknowledged_is_there_after_reopening
                    two_who_have_it_open_see_what_the_other_wrote
                }
            }
        }
    };
}

mod sqlite {
    use super::SqliteEngine;

    every_case!(SqliteEngine);
}

mod postgres {
    use super::PostgresEngine;

    every_case!(PostgresEngine);
}

struct SqliteEngine(tempfile::TempDir);

impl Engine for SqliteEngine {
    type Store = Sqlite;

    fn fresh() -> SqliteEngine {
        SqliteEngine(tempfile::tempdir().unwrap())
    }

    async fn open(&self) -> Sqlite {
        let mut options = SqliteOptions::new(self.0.path().join("data"));
        // The contract is not about time, and the machine may be busy.
        options.call_timeout = Duration::from_secs(60);
        options.busy_timeout = Duration::from_secs(60);
        let store = Sqlite::open(options).await.unwrap();
        store.migrate().await.unwrap();
        store
    }
}

struct PostgresEngine {
    url: String,
}

/// One cluster for all cases of this process, in which each has a database of its own.
fn cluster() -> &'static Cluster {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    CLUSTER.get_or_init(|| Cluster::start(false))
}

impl Engine for PostgresEngine {
    type Store = Postgres;

    fn fresh() -> PostgresEngine {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("case_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        PostgresEngine { url: cluster().create_database(&name, None) }
    }

    async fn open(&self) -> Postgres {
        let mut options = PostgresOptions::new(self.url.parse().unwrap());
        options.call_timeout = Duration::from_secs(60);
        let store = Postgres::new(options);
        store.migrate().await.unwrap();
        store
    }
}

/// What SQLite does of this is in `sqlite.rs`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_entry_of_the_audit_log_is_neither_changed_nor_deleted_in_postgres() {
    let engine = PostgresEngine::fresh();
    let store = engine.open().await;
    let entry = world::entry(PlayerId::new(), "ban", PlayerId::new());
    store.append(&entry).await.unwrap();
    let (_, database) = engine.url.rsplit_once('/').unwrap();

    for change in ["UPDATE audit SET reason = 'another'", "DELETE FROM audit", "TRUNCATE audit"] {
        cluster().sql_on(
            database,
            &format!(
                "DO $$ BEGIN BEGIN {change}; EXCEPTION WHEN raise_exception THEN RETURN; END; \
                 RAISE 'it was done'; END $$"
            ),
        );
    }

    assert_eq!(store.entries(&Wanted::default(), 9).await.unwrap(), [entry]);
}
