//! Whom a token stands for, and when it no longer does.

use std::sync::atomic::Ordering;

use gamev1_persistence::accounts::Role;

use super::*;
use crate::auth::{
    keys::Keys, memory_accounts::MemoryAccounts, sign_in::SignIns, token::ACCESS_TTL,
};

const NOW: SystemTime = SystemTime::UNIX_EPOCH;

struct Fixture {
    accounts: Arc<MemoryAccounts>,
    authenticator: Authenticator,
    token: String,
    player: Player,
    _dir: tempfile::TempDir,
}

fn at(seconds: u64) -> SystemTime {
    NOW + Duration::from_secs(seconds)
}

async fn fixture() -> Fixture {
    let dir = tempfile::tempdir().unwrap();
    let accounts = Arc::new(MemoryAccounts::default());
    let tokens = Arc::new(Tokens::new(Keys::open(dir.path(), NOW).unwrap()));
    let signed_in = SignIns::new(accounts.clone(), tokens.clone()).guest(None, NOW).await.unwrap();
    let authenticator = Authenticator::new(accounts.clone(), tokens);
    let (token, player) = (signed_in.access_token, signed_in.player);
    Fixture { accounts, authenticator, token, player, _dir: dir }
}

impl Fixture {
    async fn code(&self, now: SystemTime) -> Option<ErrorCode> {
        self.authenticator.check(&self.token, now).await.err().map(|error| error.code)
    }
}

#[tokio::test]
async fn a_token_stands_for_the_row_of_its_player() {
    let fixture = fixture().await;
    fixture.accounts.change(fixture.player.id, |player| player.username = "Renamed".into());
    let verified = fixture.authenticator.check(&fixture.token, NOW).await.unwrap();
    assert_eq!(verified.player.username, "Renamed");
    let identity = verified.identity();
    assert_eq!((identity.player, identity.role.as_str()), (fixture.player.id, "player"));
    assert_eq!(identity.expires_at, NOW + ACCESS_TTL);
}

#[tokio::test]
async fn the_database_is_asked_once_in_five_seconds() {
    let fixture = fixture().await;
    for now in [0, 1, 4] {
        fixture.authenticator.check(&fixture.token, at(now)).await.unwrap();
    }
    assert_eq!(fixture.accounts.looks.load(Ordering::Relaxed), 2);
    fixture.authenticator.check(&fixture.token, at(5)).await.unwrap();
    assert_eq!(fixture.accounts.looks.load(Ordering::Relaxed), 4);
}

#[tokio::test]
async fn a_role_or_epoch_that_has_changed_voids_the_token() {
    let raised = fixture().await;
    raised.accounts.change(raised.player.id, |player| player.epoch = 1);
    assert_eq!(raised.code(NOW).await, Some(ErrorCode::TokenRevoked));
    let promoted = fixture().await;
    promoted.accounts.change(promoted.player.id, |player| player.role = Role::Admin);
    assert_eq!(promoted.code(NOW).await, Some(ErrorCode::TokenRevoked));
}

#[tokio::test]
async fn a_revoked_sign_in_is_seen_at_once_when_told_and_soon_when_not() {
    let fixture = fixture().await;
    let sign_in = fixture.authenticator.check(&fixture.token, NOW).await.unwrap().claims.sid;
    fixture.accounts.revoke(sign_in);
    assert_eq!(fixture.code(at(4)).await, None);
    fixture.authenticator.forget_sign_in(sign_in);
    assert_eq!(fixture.code(at(4)).await, Some(ErrorCode::TokenRevoked));
}

#[tokio::test]
async fn a_remembered_token_still_ends() {
    let fixture = fixture().await;
    assert_eq!(fixture.code(NOW).await, None);
    assert_eq!(fixture.code(at(604)).await, None);
    assert_eq!(fixture.code(at(605)).await, Some(ErrorCode::TokenExpired));
}

#[tokio::test]
async fn who_was_seen_is_let_in_while_the_database_is_away_and_nobody_else() {
    let seen = fixture().await;
    assert_eq!(seen.code(NOW).await, None);
    seen.accounts.down.store(true, Ordering::Relaxed);
    assert_eq!(seen.code(at(60)).await, None);
    let unseen = fixture().await;
    unseen.accounts.down.store(true, Ordering::Relaxed);
    assert_eq!(unseen.code(NOW).await, Some(ErrorCode::Unavailable));
}

#[tokio::test]
async fn a_player_who_is_gone_has_no_token() {
    let here = fixture().await;
    let Fixture { authenticator, .. } = fixture().await;
    let error = authenticator.check(&here.token, NOW).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::Unauthenticated);
}
