//! Guests and the renewal of their tokens.

use std::sync::atomic::Ordering;

use gamev1_persistence::accounts::REUSE_GRACE;

use super::*;
use crate::auth::{keys::Keys, memory_accounts::MemoryAccounts};

const NOW: SystemTime = SystemTime::UNIX_EPOCH;

struct Fixture {
    accounts: Arc<MemoryAccounts>,
    sign_ins: SignIns,
    _dir: tempfile::TempDir,
}

fn fixture() -> Fixture {
    let dir = tempfile::tempdir().unwrap();
    let accounts = Arc::new(MemoryAccounts::default());
    let tokens = Arc::new(Tokens::new(Keys::open(dir.path(), NOW).unwrap()));
    Fixture { sign_ins: SignIns::new(accounts.clone(), tokens), accounts, _dir: dir }
}

#[tokio::test]
async fn a_device_is_told_its_secret_once_and_gets_the_same_player_with_it() {
    let Fixture { sign_ins, .. } = fixture();
    let first = sign_ins.guest(None, NOW).await.unwrap();
    let device_id = first.device_id.unwrap();
    assert_eq!(device_id.len(), 43);
    let again = sign_ins.guest(Some(&device_id), NOW).await.unwrap();
    assert_eq!((again.player.id, again.device_id), (first.player.id, None));
    let other = sign_ins.guest(None, NOW).await.unwrap();
    assert_ne!(other.player.id, first.player.id);
}

#[tokio::test]
async fn a_clients_own_device_id_is_of_12_to_128_characters() {
    let Fixture { sign_ins, .. } = fixture();
    for (device_id, taken) in [
        ("x".repeat(11), false),
        ("x".repeat(12), true),
        ("é".repeat(128), true),
        ("x".repeat(129), false),
        (String::new(), false),
    ] {
        let signed_in = sign_ins.guest(Some(&device_id), NOW).await;
        match signed_in {
            Ok(signed_in) => assert!(taken && signed_in.device_id.is_none(), "{device_id}"),
            Err(problem) => {
                assert_eq!((problem.code(), taken), (ErrorCode::ValidationFailed, false));
            }
        }
    }
}

#[tokio::test]
async fn a_refresh_gives_new_tokens_and_a_used_one_ends_the_sign_in() {
    let Fixture { sign_ins, .. } = fixture();
    let first = sign_ins.guest(None, NOW).await.unwrap();
    let second = sign_ins.refresh(&first.refresh_token, NOW).await.unwrap();
    assert_eq!(second.player.id, first.player.id);
    assert_ne!(second.refresh_token, first.refresh_token);
    let late = NOW + REUSE_GRACE + Duration::from_secs(1);
    let refused = sign_ins.refresh(&first.refresh_token, late).await.unwrap_err();
    assert_eq!(refused.error.code, ErrorCode::RefreshReused);
    assert!(refused.revoked.is_some());
    let refused = sign_ins.refresh(&second.refresh_token, NOW).await.unwrap_err();
    assert_eq!(refused.error.code, ErrorCode::TokenRevoked);
}

#[tokio::test]
async fn an_answer_that_was_lost_can_be_had_again_for_a_while() {
    let Fixture { sign_ins, .. } = fixture();
    let first = sign_ins.guest(None, NOW).await.unwrap();
    let lost = sign_ins.refresh(&first.refresh_token, NOW).await.unwrap();
    let again = sign_ins.refresh(&first.refresh_token, NOW + REUSE_GRACE).await.unwrap();
    assert_eq!(again.refresh_token, lost.refresh_token);
    assert_eq!(again.refresh_token.len(), first.refresh_token.len());
    // Another tab has gone on meanwhile: this one finds its way to where that is.
    let next = sign_ins.refresh(&lost.refresh_token, NOW + REUSE_GRACE).await.unwrap();
    let caught_up = sign_ins.refresh(&again.refresh_token, NOW + 2 * REUSE_GRACE).await.unwrap();
    assert_eq!(caught_up.refresh_token, next.refresh_token);
}

#[tokio::test]
async fn a_made_up_refresh_token_is_nobodys() {
    let Fixture { sign_ins, .. } = fixture();
    let refused = sign_ins.refresh("made up", NOW).await.unwrap_err();
    assert_eq!(refused.error.code, ErrorCode::Unauthenticated);
}

#[tokio::test]
async fn without_a_database_nobody_is_signed_in_and_everyone_is_told_to_wait() {
    let Fixture { sign_ins, accounts, .. } = fixture();
    accounts.down.store(true, Ordering::Relaxed);
    assert_eq!(sign_ins.guest(None, NOW).await.unwrap_err().code(), ErrorCode::Unavailable);
    let refused = sign_ins.refresh("anything", NOW).await.unwrap_err();
    assert_eq!(refused.error.retry_after_ms, Some(2_000));
}

#[test]
fn guests_have_names_that_people_can_read_out() {
    let names: std::collections::HashSet<_> = (0..100).map(|_| new_guest().username).collect();
    assert!(names.len() > 95, "{names:?}");
    assert!(names.iter().all(|name| name.len() == 12 && name.starts_with("guest-")));
}
