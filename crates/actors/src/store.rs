//! The store actor: writes what waits in batches, whatever has queued up being one transaction. Rows stay in the queue
//! until they are written, so that neither a crash here nor a database that is away loses them.

use std::{sync::Arc, time::Duration};

use ractor::{Actor, ActorProcessingErr, ActorRef};

use crate::{
    panics,
    ports::RoomStore,
    readiness::Readiness,
    registry::{ActorMeta, Kind},
    vault::Vault,
};

/// Rows of one transaction, at most.
const BATCH_MAX: usize = 1_000;
/// How long the store waits before it tries a failed batch again: doubled each time, at most the latter.
const RETRY_FIRST: Duration = Duration::from_millis(100);
const RETRY_MAX: Duration = Duration::from_secs(5);

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
        let batch = self.vault.records.peek(BATCH_MAX);
        if batch.is_empty() {
            return;
        }
        match self.store.write(&batch).await {
            Ok(()) => {
                self.vault.records.drop_front(batch.len());
                if std::mem::take(&mut self.failures) > 0 {
                    self.readiness.set_ready("store");
                }
                let _ = myself.cast(StoreMsg::Wake);
            }
            Err(error) => {
                let wait = RETRY_FIRST.saturating_mul(1 << self.failures.min(16)).min(RETRY_MAX);
                self.failures += 1;
                tracing::error!(%error, rows = batch.len(), ?wait, "a batch is not written yet");
                self.readiness.set_waiting("store", error.to_string());
                myself.send_after(wait, || StoreMsg::Wake);
            }
        }
    }
}

/// Waits until every row is written, or until `within` is over. True when all are.
pub async fn drained(vault: &Vault, within: Duration) -> bool {
    let empty = async {
        while vault.records.depth() > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(within, empty).await.is_ok()
}
