//! What is loaded, imposed and lifted, over a store in memory, on paused time.

use ractor::concurrency::JoinHandle;
use tokio::time::Instant;

use super::*;
use crate::{
    game::GameRegistry,
    ports::audit::{AuditActor, AuditTarget},
    testing::{MemoryStore, Nobody, becomes_ready},
    vault::Limits,
};

struct Office {
    vault: Arc<Vault>,
    store: MemoryStore,
    readiness: Readiness,
    meta: Arc<ActorMeta>,
}

impl Office {
    fn new() -> Office {
        let (games, limits) = (GameRegistry::new(), Limits::default());
        Office {
            vault: Vault::new(games, limits, Arc::new(Nobody), Arc::new(Nobody)),
            store: MemoryStore::default(),
            readiness: Readiness::awaiting(&[PART]),
            meta: ActorMeta::alone(&KIND),
        }
    }

    async fn start(&self) -> (ActorRef<SanctionsMsg>, JoinHandle<()>) {
        let (vault, store) = (self.vault.clone(), Arc::new(self.store.clone()));
        let args =
            (vault, store as Arc<dyn SanctionStore>, self.readiness.clone(), self.meta.clone());
        Actor::spawn(None, SanctionsActor, args).await.unwrap()
    }

    async fn ready(&self) {
        becomes_ready(&self.readiness).await;
    }

    fn is_banned(&self, player: PlayerId) -> bool {
        self.vault.not_banned(player).is_err()
    }
}

fn ban(player: PlayerId) -> Sanction {
    let (id, kind, at) = (Uuid::now_v7(), SanctionKind::Ban, SystemTime::now());
    Sanction { id, player, kind, until: None, reason: "x".into(), by: None, at }
}

fn entry(action: &'static str, player: PlayerId) -> AuditEntry {
    let target = AuditTarget::player(player);
    AuditEntry::new(AuditActor::COMMAND_LINE, action, target, SystemTime::now())
}

#[tokio::test(start_paused = true)]
async fn every_page_is_loaded_before_the_server_is_ready() {
    let office = Office::new();
    let players: Vec<_> = (0..2 * PAGE + 1).map(|_| PlayerId::new()).collect();
    for &player in &players {
        office.store.impose(&ban(player), &entry("ban", player)).await.unwrap();
    }
    office.start().await;
    office.ready().await;
    assert!(players.iter().all(|&player| office.is_banned(player)));
    assert!(!office.is_banned(PlayerId::new()));
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_away_is_asked_again_later_and_later_and_orders_wait_meanwhile() {
    let office = Office::new();
    office.store.set_away(true);
    office.start().await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(!office.readiness.ready());
    let player = PlayerId::new();
    let start = Instant::now();
    let refused = impose(&office.vault, ban(player), entry("ban", player)).await.unwrap_err();
    assert_eq!((refused.code, start.elapsed()), (ErrorCode::Timeout, ORDER_WITHIN));
    office.store.set_away(false);
    office.ready().await;
    assert!(start.elapsed() <= ORDER_WITHIN + RETRY_MAX);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(!office.is_banned(player), "what was told to have failed is not done after all");
    impose(&office.vault, ban(player), entry("ban", player)).await.unwrap();
    assert!(office.is_banned(player));
}

#[tokio::test(start_paused = true)]
async fn a_ban_is_stored_before_it_holds_and_a_lift_before_it_ends() {
    let office = Office::new();
    office.start().await;
    office.ready().await;
    let player = PlayerId::new();
    office.store.set_away(true);
    let refused = impose(&office.vault, ban(player), entry("ban", player)).await.unwrap_err();
    assert_eq!((refused.code, office.is_banned(player)), (ErrorCode::Unavailable, false));
    office.store.set_away(false);
    impose(&office.vault, ban(player), entry("ban", player)).await.unwrap();
    let stored = office.store.active(SystemTime::now(), None, 9).await.unwrap();
    assert_eq!((stored.len(), stored[0].player), (1, player));
    office.store.set_away(true);
    lift(&office.vault, player, entry("lift_ban", player)).await.unwrap_err();
    assert!(office.is_banned(player));
    office.store.set_away(false);
    lift(&office.vault, player, entry("lift_ban", player)).await.unwrap();
    assert!(!office.is_banned(player));
    assert_eq!(office.store.active(SystemTime::now(), None, 9).await.unwrap(), []);
    let audited = office.store.audited();
    let actions: Vec<_> = audited.iter().map(|entry| &*entry.action).collect();
    assert_eq!(actions, ["ban", "lift_ban"]);
}

#[tokio::test(start_paused = true)]
async fn a_crash_opens_no_door_even_while_the_store_is_away() {
    let office = Office::new();
    let (_, ended) = office.start().await;
    office.ready().await;
    let player = PlayerId::new();
    impose(&office.vault, ban(player), entry("ban", player)).await.unwrap();
    office.store.set_away(true);
    assert!(office.meta.crash());
    ended.await.unwrap();
    office.start().await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(office.is_banned(player));
    assert!(office.readiness.ready());
}
