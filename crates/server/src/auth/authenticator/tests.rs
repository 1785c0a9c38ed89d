//! Whom a token stands for, and when it no longer does.

use std::sync::atomic::Ordering;

use gamev1_actors::ports::Revoked;
use gamev1_persistence::{
    accounts::Role,
    revocations::{Revocations, Why},
};

use super::*;
use crate::auth::{
    keys::Keys, memory_accounts::MemoryAccounts, sign_in::SignIns, token::ACCESS_TTL,
};

const NOW: SystemTime = SystemTime::UNIX_EPOCH;

struct Fixture {
    accounts: Arc<MemoryAccounts>,
    table: Arc<Table>,
    authenticator: Authenticator,
    token: String,
    player: Player,
    _dir: tempfile::TempDir,
}

fn at(seconds: u64) -> SystemTime {
    NOW + Duration::from_secs(seconds)
}

async fn fixture() -> Fixture {
    fixture_bounded(100).await
}

/// With room for so many revocations.
async fn fixture_bounded(revoked_max: usize) -> Fixture {
    let dir = tempfile::tempdir().unwrap();
    let accounts = Arc::new(MemoryAccounts::default());
    let tokens = Arc::new(Tokens::new(Keys::open(dir.path(), NOW).unwrap()));
    let signed_in = SignIns::new(accounts.clone(), tokens.clone()).guest(None, NOW).await.unwrap();
    let table = Arc::new(Table::bounded(revoked_max));
    let authenticator = Authenticator::new(accounts.clone(), tokens, table.clone());
    let (token, player) = (signed_in.access_token, signed_in.player);
    Fixture { accounts, table, authenticator, token, player, _dir: dir }
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
async fn a_token_that_was_seen_asks_the_database_nothing() {
    let fixture = fixture().await;
    for now in [0, 1, 300, 604] {
        fixture.authenticator.check(&fixture.token, at(now)).await.unwrap();
    }
    assert_eq!(fixture.accounts.looks.load(Ordering::Relaxed), 1);
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
async fn what_is_revoked_is_refused_from_then_on_whether_or_not_it_was_seen() {
    let seen = fixture().await;
    let claims = seen.authenticator.check(&seen.token, NOW).await.unwrap().claims;
    seen.table.add(Revoked::SignIn(claims.sid), at(900));
    assert_eq!(seen.code(NOW).await, Some(ErrorCode::TokenRevoked));
    let unseen = fixture().await;
    unseen.table.add(Revoked::Player { player: unseen.player.id, epoch: 1 }, at(900));
    assert_eq!(unseen.code(NOW).await, Some(ErrorCode::TokenRevoked));
}

#[tokio::test]
async fn a_row_is_read_anew_when_the_epoch_is_known_to_have_grown() {
    let fixture = fixture().await;
    let id = fixture.player.id;
    let row = || async { fixture.authenticator.player(id).await.unwrap().unwrap() };
    assert_eq!(row().await.role, Role::Player);
    // Another process raises the player, and the log says so.
    fixture.accounts.change(id, |player| {
        player.role = Role::Moderator;
        player.epoch = 1;
    });
    assert_eq!(row().await.role, Role::Player);
    fixture.table.add(Revoked::Player { player: id, epoch: 1 }, at(900));
    assert_eq!(row().await.role, Role::Moderator);
    assert_eq!(fixture.accounts.looks.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn what_this_process_writes_is_what_it_sees() {
    let fixture = fixture().await;
    let id = fixture.player.id;
    fixture.authenticator.check(&fixture.token, NOW).await.unwrap();
    let renamed = Player { username: "Ada".into(), updated_at: at(1), ..fixture.player.clone() };
    fixture.authenticator.written(renamed);
    let seen = fixture.authenticator.check(&fixture.token, NOW).await.unwrap();
    assert_eq!(seen.player.username, "Ada");
    fixture.authenticator.deleted(id);
    fixture.accounts.remove(id);
    assert_eq!(fixture.code(NOW).await, Some(ErrorCode::Unauthenticated));
}

#[tokio::test]
async fn where_not_all_that_was_revoked_has_room_the_database_is_asked() {
    let fixture = fixture_bounded(1).await;
    let claims = fixture.authenticator.check(&fixture.token, NOW).await.unwrap().claims;
    for _ in 0..2 {
        fixture.table.add(Revoked::SignIn(SignInId::new()), at(900));
    }
    assert_eq!(fixture.code(NOW).await, None);
    fixture.accounts.end_sign_in(claims.sid, Why::SignedOut, NOW).await.unwrap();
    assert_eq!(fixture.code(NOW).await, Some(ErrorCode::TokenRevoked));
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
