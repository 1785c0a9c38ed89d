//! The store actor: writes what waits in batches, whatever has queued up being one transaction. Rows stay in the queue
//! until they are written, so that neither a crash here nor a database that is away loses them.

use std::{sync::Arc, time::Duration};

use ractor::{Actor, ActorProcessingErr, ActorRef};

use crate::{ports::RoomStore, readiness::Readiness, vault::Vault};

/// Rows of one transaction, at most.
const BATCH_MAX: usize = 1_000;
/// How long the store waits before it tries a failed batch again: doubled each time, at most the latter.
const RETRY_FIRST: Duration = Duration::from_millis(100);
const RETRY_MAX: Duration = Duration::from_secs(5);

pub struct StoreActor;

#[derive(Debug)]
pub enum StoreMsg {
    /// Rows wait, or the time for another try has come.
    Wake,
}

pub struct Writer {
    vault: Arc<Vault>,
    store: Arc<dyn RoomStore>,
    readiness: Readiness,
    failures: u32,
}

impl Actor for StoreActor {
    type Msg = StoreMsg;
    type State = Writer;
    type Arguments = (Arc<Vault>, Arc<dyn RoomStore>, Readiness);

    async fn pre_start(
        &self,
        myself: ActorRef<StoreMsg>,
        (vault, store, readiness): Self::Arguments,
    ) -> Result<Writer, ActorProcessingErr> {
        let _ = myself.cast(StoreMsg::Wake);
        vault.records.attach(Box::new(move || drop(myself.cast(StoreMsg::Wake))));
        readiness.set_ready("store");
        Ok(Writer { vault, store, readiness, failures: 0 })
    }

    async fn handle(
        &self,
        myself: ActorRef<StoreMsg>,
        StoreMsg::Wake: StoreMsg,
        writer: &mut Writer,
    ) -> Result<(), ActorProcessingErr> {
        let batch = writer.vault.records.peek(BATCH_MAX);
        if batch.is_empty() {
            return Ok(());
        }
        match writer.store.write(&batch).await {
            Ok(()) => {
                writer.vault.records.drop_front(batch.len());
                if std::mem::take(&mut writer.failures) > 0 {
                    writer.readiness.set_ready("store");
                }
                let _ = myself.cast(StoreMsg::Wake);
            }
            Err(error) => {
                let wait = RETRY_FIRST.saturating_mul(1 << writer.failures.min(16)).min(RETRY_MAX);
                writer.failures += 1;
                tracing::error!(%error, rows = batch.len(), ?wait, "a batch is not written yet");
                writer.readiness.set_waiting("store", error.to_string());
                myself.send_after(wait, || StoreMsg::Wake);
            }
        }
        Ok(())
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
