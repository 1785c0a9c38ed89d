//! What is read from the log and heard over the bus, over a store in memory, on paused time.

use std::future::poll_fn;

use gamev1_protocol::{CloseCode, Format, PlayerId, SignInId};
use ractor::concurrency::JoinHandle;

use super::{table::STALE_AFTER, *};
use crate::{
    bus::LocalBus,
    game::GameRegistry,
    outbox::{Sink, StateFrame},
    ports::{Answer, Authenticator, Identity, Revoked},
    session::SessionCell,
    testing::{MemoryStore, Nobody, becomes_ready},
    vault::Limits,
};

struct Office {
    vault: Arc<Vault>,
    store: MemoryStore,
    revocations: Revocations,
    readiness: Readiness,
    meta: Arc<ActorMeta>,
}

/// Knows what the table knows.
struct Knows(Arc<Table>);

impl Authenticator for Knows {
    fn verify<'a>(
        &'a self,
        token: &'a str,
    ) -> Answer<'a, Result<Identity, gamev1_protocol::WireError>> {
        Nobody.verify(token)
    }

    fn revoked(&self, player: PlayerId, sign_in: SignInId, epoch: u32) -> bool {
        self.0.standing(player, sign_in, epoch) == Standing::Revoked
    }
}

impl Office {
    fn new() -> Office {
        let (store, table) = (MemoryStore::default(), Arc::<Table>::default());
        let knows = Arc::new(Knows(table.clone()));
        let (games, limits) = (GameRegistry::new(), Limits::default());
        let bus = Arc::new(LocalBus::default());
        Office {
            vault: Vault::new(games, limits, knows, Arc::new(Nobody)),
            revocations: Revocations { log: Arc::new(store.clone()), table, bus },
            store,
            readiness: Readiness::awaiting(&[PART]),
            meta: ActorMeta::alone(&KIND),
        }
    }

    async fn start(&self) -> (ActorRef<RevocationsMsg>, JoinHandle<()>) {
        let (vault, revocations) = (self.vault.clone(), self.revocations.clone());
        let args = (vault, revocations, self.readiness.clone(), self.meta.clone());
        Actor::spawn(None, RevocationsActor, args).await.unwrap()
    }

    async fn ready(&self) {
        becomes_ready(&self.readiness).await;
    }

    fn session(&self, epoch: u32) -> Arc<SessionCell> {
        let identity = Identity {
            player: PlayerId::new(),
            username: "ada".into(),
            role: "player".into(),
            sign_in: SignInId::new(),
            epoch,
            expires_at: SystemTime::now(),
        };
        let session = Arc::new(SessionCell::new(identity, Format::Json, 1));
        session.outbox.attach();
        self.vault.insert_session(session.clone());
        session
    }
}

fn later() -> SystemTime {
    SystemTime::now() + Duration::from_secs(3_600)
}

/// Takes everything and keeps nothing.
struct Drain;

impl Sink for Drain {
    fn has_room(&self) -> bool {
        true
    }

    fn frame(&mut self, _: &[u8]) {}

    fn state(&mut self, _: &StateFrame) {}
}

/// How the session's socket closes, if it does within that time.
async fn closed(session: &SessionCell, within: Duration) -> Option<CloseCode> {
    let closing = async {
        loop {
            let closed = poll_fn(|cx| session.outbox.poll_drain(cx, &mut Drain)).await;
            if let Some(close) = closed {
                return close.code;
            }
        }
    };
    tokio::time::timeout(within, closing).await.ok()
}

const SOON: Duration = Duration::from_millis(1);

#[tokio::test(start_paused = true)]
async fn the_whole_log_is_read_before_the_server_is_ready() {
    let office = Office::new();
    let sign_ins: Vec<_> = (0..2 * PAGE + 1).map(|_| SignInId::new()).collect();
    for &sign_in in &sign_ins {
        office.store.revoke(Revoked::SignIn(sign_in), later());
    }
    office.start().await;
    office.ready().await;
    let standing = |sign_in| office.revocations.table.standing(PlayerId::new(), sign_in, 0);
    assert!(sign_ins.iter().all(|&sign_in| standing(sign_in) == Standing::Revoked));
    assert_eq!(standing(SignInId::new()), Standing::Holds);
}

#[tokio::test(start_paused = true)]
async fn what_another_process_revokes_holds_here_within_a_second() {
    let office = Office::new();
    office.start().await;
    office.ready().await;
    let (ada, bob) = (office.session(0), office.session(1));
    office.store.revoke(Revoked::SignIn(ada.identity().sign_in), later());
    assert_eq!(closed(&ada, READ_EVERY + SOON).await, Some(CloseCode::SignedOut));
    let player = bob.player();
    office.store.revoke(Revoked::Player { player, epoch: 1 }, later());
    assert_eq!(closed(&bob, READ_EVERY + SOON).await, None);
    office.store.revoke(Revoked::Player { player, epoch: 2 }, later());
    assert_eq!(closed(&bob, READ_EVERY + SOON).await, Some(CloseCode::SignedOut));
}

#[tokio::test(start_paused = true)]
async fn what_is_told_over_the_bus_closes_sockets_at_once() {
    let office = Office::new();
    office.start().await;
    office.ready().await;
    let (ada, bob) = (office.session(0), office.session(0));
    let Revocations { table, bus, .. } = &office.revocations;
    let revoked = Revoked::Player { player: ada.player(), epoch: 1 };
    table.add(revoked, later());
    bus.publish(Notice::Revoked(revoked));
    assert_eq!(closed(&ada, SOON).await, Some(CloseCode::SignedOut));
    assert_eq!(closed(&bob, SOON).await, None);
}

#[tokio::test(start_paused = true)]
async fn a_listener_that_missed_something_looks_at_every_session() {
    let office = Office::new();
    office.start().await;
    office.ready().await;
    let ada = office.session(0);
    let Revocations { table, bus, .. } = &office.revocations;
    table.add(Revoked::SignIn(ada.identity().sign_in), later());
    // On one thread nothing of this is heard before the last is told.
    (0..2_000).for_each(|_| bus.publish(Notice::Revoked(Revoked::SignIn(SignInId::new()))));
    assert_eq!(closed(&ada, SOON).await, Some(CloseCode::SignedOut));
}

#[tokio::test(start_paused = true)]
async fn a_crash_between_a_revocation_and_its_sockets_leaves_none_open() {
    let office = Office::new();
    let (_, ended) = office.start().await;
    office.ready().await;
    assert!(office.meta.crash());
    ended.await.unwrap();
    let ada = office.session(0);
    let sign_in = Revoked::SignIn(ada.identity().sign_in);
    office.revocations.table.add(sign_in, later());
    office.revocations.bus.publish(Notice::Revoked(sign_in));
    office.start().await;
    assert_eq!(closed(&ada, SOON).await, Some(CloseCode::SignedOut));
}

#[tokio::test(start_paused = true)]
async fn a_log_that_is_not_read_makes_the_table_stale_and_not_the_server_unready() {
    let office = Office::new();
    let table = &office.revocations.table;
    office.store.set_away(true);
    office.start().await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(!office.readiness.ready() && table.stale(Instant::now()));
    office.store.set_away(false);
    office.ready().await;
    assert!(!table.stale(Instant::now()));
    office.store.set_away(true);
    tokio::time::sleep(STALE_AFTER - SOON).await;
    assert!(!table.stale(Instant::now()));
    tokio::time::sleep(2 * READ_EVERY).await;
    assert!(table.stale(Instant::now()) && office.readiness.ready());
    office.store.set_away(false);
    tokio::time::sleep(READ_EVERY + SOON).await;
    assert!(!table.stale(Instant::now()));
}
