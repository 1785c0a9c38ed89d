//! What is done every few seconds as long as the server runs: forgetting, and looking whether the database answers.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use gamev1_persistence::{Sqlite, accounts::Accounts};
use tokio::time::{MissedTickBehavior, interval};

use crate::app::{App, Services};

/// What the readiness calls the database.
pub const DATABASE: &str = "database";

const EVERY: Duration = Duration::from_secs(5);
/// Ended sign-ins are deleted once in so many rounds.
const FORGET_EVERY: u64 = 720;
/// Each call deletes a bounded number, so that players' calls come between.
const FORGET_CALLS_MAX: usize = 100;

/// Runs until it is dropped.
pub async fn run(app: &App, services: &Services, sqlite: Arc<Sqlite>) {
    let mut rounds = interval(EVERY);
    rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for round in 0_u64.. {
        rounds.tick().await;
        app.limits.sweep();
        services.tickets.sweep(SystemTime::now());
        probe(app, &sqlite).await;
        if round % FORGET_EVERY == 0 {
            forget(&sqlite).await;
        }
    }
}

async fn probe(app: &App, sqlite: &Sqlite) {
    match sqlite.probe().await {
        Ok(()) => app.readiness.set_ready(DATABASE),
        Err(error) => {
            tracing::error!(%error, "the database does not answer");
            app.readiness.set_waiting(DATABASE, error.to_string());
        }
    }
}

async fn forget(sqlite: &Sqlite) {
    for _ in 0..FORGET_CALLS_MAX {
        match sqlite.forget_expired(SystemTime::now()).await {
            Ok(0) => return,
            Ok(forgotten) => tracing::debug!(forgotten, "ended sign-ins were deleted"),
            Err(error) => return tracing::warn!(%error, "ended sign-ins are not deleted"),
        }
    }
}
