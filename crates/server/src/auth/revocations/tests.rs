//! Ending sign-ins, over accounts in memory.

use std::sync::atomic::Ordering;

use gamev1_actors::bus::{Line, LocalBus};

use super::*;
use crate::auth::{
    keys::Keys,
    memory_accounts::MemoryAccounts,
    sign_in::{SignIns, SignedIn},
    token::Tokens,
};

const NOW: SystemTime = SystemTime::UNIX_EPOCH;

struct Fixture {
    accounts: Arc<MemoryAccounts>,
    sign_ins: SignIns,
    authenticator: Arc<Authenticator>,
    revoker: Revoker,
    line: Arc<Line>,
    _dir: tempfile::TempDir,
}

fn fixture() -> Fixture {
    let dir = tempfile::tempdir().unwrap();
    let accounts = Arc::new(MemoryAccounts::default());
    let tokens = Arc::new(Tokens::new(Keys::open(dir.path(), NOW).unwrap()));
    let (table, bus) = (Arc::<Table>::default(), Arc::<LocalBus>::default());
    let authenticator = Authenticator::new(accounts.clone(), tokens.clone(), table.clone());
    let authenticator = Arc::new(authenticator);
    let line = bus.subscribe();
    Fixture {
        sign_ins: SignIns::new(accounts.clone(), tokens),
        revoker: Revoker::new(accounts.clone(), authenticator.clone(), table, bus),
        accounts,
        authenticator,
        line,
        _dir: dir,
    }
}

impl Fixture {
    async fn guest(&self) -> SignedIn {
        self.sign_ins.guest(Some("a device of a test"), NOW).await.unwrap()
    }

    async fn code(&self, signed_in: &SignedIn) -> Option<ErrorCode> {
        self.authenticator.check(&signed_in.access_token, NOW).await.err().map(|error| error.code)
    }
}

#[tokio::test]
async fn signing_out_ends_one_sign_in_and_tells() {
    let fixture = fixture();
    let (here, elsewhere) = (fixture.guest().await, fixture.guest().await);
    let claims = fixture.authenticator.check(&here.access_token, NOW).await.unwrap().claims;
    fixture.revoker.sign_out(claims.sid, Why::SignedOut, NOW).await.unwrap();
    assert_eq!(fixture.code(&here).await, Some(ErrorCode::TokenRevoked));
    assert_eq!(fixture.code(&elsewhere).await, None);
    assert_eq!(fixture.line.waiting.copy(), [Notice::Revoked(Revoked::SignIn(claims.sid))]);
    // Once is enough, and told once.
    fixture.revoker.sign_out(claims.sid, Why::SignedOut, NOW).await.unwrap();
    assert_eq!(fixture.line.waiting.depth(), 1);
    let refused = fixture.sign_ins.refresh(&here.refresh_token, NOW).await.unwrap_err();
    assert_eq!(refused.error.code, ErrorCode::TokenRevoked);
}

#[tokio::test]
async fn signing_out_everywhere_spares_what_comes_after() {
    let fixture = fixture();
    let (here, elsewhere) = (fixture.guest().await, fixture.guest().await);
    let player = here.player.id;
    let row = fixture.revoker.sign_out_everywhere(player, None, Why::SignedOut, NOW).await;
    assert_eq!(row.unwrap().epoch, 1);
    assert_eq!(fixture.code(&here).await, Some(ErrorCode::TokenRevoked));
    assert_eq!(fixture.code(&elsewhere).await, Some(ErrorCode::TokenRevoked));
    assert_eq!(
        fixture.line.waiting.copy(),
        [Notice::Revoked(Revoked::Player { player, epoch: 1 })]
    );
    let again = fixture.guest().await;
    assert_eq!(fixture.code(&again).await, None);
}

#[tokio::test]
async fn what_is_not_stored_is_not_ended() {
    let fixture = fixture();
    let here = fixture.guest().await;
    let claims = fixture.authenticator.check(&here.access_token, NOW).await.unwrap().claims;
    fixture.accounts.down.store(true, Ordering::Relaxed);
    let refused = fixture.revoker.sign_out(claims.sid, Why::SignedOut, NOW).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::Unavailable);
    assert_eq!((fixture.code(&here).await, fixture.line.waiting.depth()), (None, 0));
}

#[tokio::test]
async fn a_row_under_a_higher_epoch_ends_what_was_given_before() {
    let fixture = fixture();
    let here = fixture.guest().await;
    let row = Player { epoch: 1, ..here.player.clone() };
    fixture.revoker.written(row.clone(), NOW);
    assert_eq!(fixture.code(&here).await, Some(ErrorCode::TokenRevoked));
    fixture.revoker.written(row, NOW);
    assert_eq!(fixture.line.waiting.depth(), 1);
    let nobody = fixture.revoker.sign_out_everywhere(PlayerId::new(), None, Why::Operator, NOW);
    assert_eq!(nobody.await.unwrap_err().code, ErrorCode::PlayerNotFound);
}
