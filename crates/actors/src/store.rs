//! The store actor: writes what waits in batches, whatever has queued up being one transaction. Rows stay in the queue
//! until they are written, so that neither a crash here nor a database that is away loses them.

use std::{sync::Arc, time::Duration};

use gamev1_protocol::{RoomId, push::ClosedReason};
use ractor::{Actor, ActorProcessingErr, ActorRef};

use crate::{
    panics,
    ports::RoomStore,
    readiness::Readiness,
    registry::{ActorMeta, Kind},
    room::RoomMsg,
    vault::Vault,
};

/// Rows of one transaction, at most, and images of rooms.
const BATCH_MAX: usize = 1_000;
const SAVES_MAX: usize = 500;
const SAVES_BYTES_MAX: usize = 8 * 1024 * 1024;
/// How long the store waits before it tries a failed batch again: doubled each time, at most the latter. The database is
/// spared by its breaker.
const RETRY_FIRST: Duration = Duration::from_millis(100);
const RETRY_MAX: Duration = Duration::from_secs(1);

/// What the store is called in the registry, and its messages.
pub const KIND: Kind = Kind::new("store", &["wake", "crash"]);

pub struct StoreActor;

#[derive(Debug)]
pub enum StoreMsg {
    /// Rows wait, or the time for another try has come.
    Wake,
    /// Panics, on order.
    Crash,
}

pub struct Writer {
    vault: Arc<Vault>,
    store: Arc<dyn RoomStore>,
    readiness: Readiness,
    failures: u32,
    meta: Arc<ActorMeta>,
}

impl Actor for StoreActor {
    type Msg = StoreMsg;
    type State = Writer;
    type Arguments = (Arc<Vault>, Arc<dyn RoomStore>, Readiness, Arc<ActorMeta>);

    async fn pre_start(
        &self,
        myself: ActorRef<StoreMsg>,
        (vault, store, readiness, meta): Self::Arguments,
    ) -> Result<Writer, ActorProcessingErr> {
        // Of a store that has failed, as when a batch fails.
        vault.endings.tell_all(&vault);
        let _ = myself.cast(StoreMsg::Wake);
        let me = myself.clone();
        meta.crash_with(move || drop(me.cast(StoreMsg::Crash)));
        vault.records.attach(Box::new(move || drop(myself.cast(StoreMsg::Wake))));
        readiness.set_ready("store");
        Ok(Writer { vault, store, readiness, failures: 0, meta })
    }

    async fn handle(
        &self,
        myself: ActorRef<StoreMsg>,
        msg: StoreMsg,
        writer: &mut Writer,
    ) -> Result<(), ActorProcessingErr> {
        match msg {
            StoreMsg::Wake => {
                writer.meta.begin(0);
                writer.write(&myself).await;
            }
            StoreMsg::Crash => {
                writer.meta.begin(1);
                panics::on_order();
            }
        }
        writer.meta.end();
        Ok(())
    }
}

impl Writer {
    async fn write(&mut self, myself: &ActorRef<StoreMsg>) {
        // Records first: one that closes a room has taken its image out of the saves before.
        let batch = self.vault.records.peek(BATCH_MAX);
        let saves = self.vault.saves.pending(SAVES_MAX, SAVES_BYTES_MAX);
        if batch.is_empty() && saves.is_empty() {
            return;
        }
        let images: Vec<_> = saves.iter().map(|(_, save)| save.clone()).collect();
        match self.store.write(&batch, &images).await {
            Ok(fenced) => {
                self.vault.endings.stored(&self.vault, &batch);
                self.vault.records.drop_front(batch.len());
                self.vault.saves.stored(&saves);
                fenced.into_iter().for_each(|room| self.fenced(room));
                let failures = std::mem::take(&mut self.failures);
                if failures > 0 {
                    tracing::info!(failures, "batches are written again");
                    self.readiness.set_ready("store");
                }
                let _ = myself.cast(StoreMsg::Wake);
            }
            Err(error) => {
                let wait = RETRY_FIRST.saturating_mul(1 << self.failures.min(16)).min(RETRY_MAX);
                self.failures += 1;
                if self.failures == 1 {
                    let (rows, rooms) = (batch.len(), saves.len());
                    tracing::error!(%error, rows, rooms, "a batch is not written: it is tried until it is");
                }
                self.readiness.set_waiting("store", error.to_string());
                self.vault.endings.tell_all(&self.vault);
                myself.send_after(wait, || StoreMsg::Wake);
            }
        }
    }

    /// Another process has taken the room: here it is over.
    fn fenced(&self, room: RoomId) {
        if let Some(cell) = self.vault.room(room) {
            let message = "another server has taken the room".to_owned();
            cell.actor.cast(RoomMsg::Close(ClosedReason::Moved, message));
        }
    }
}

/// Waits until every row and image is written, or until `within` is over. True when all are.
pub async fn drained(vault: &Vault, within: Duration) -> bool {
    let empty = async {
        while !vault.all_stored() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(within, empty).await.is_ok()
}
