//! What is done every few seconds as long as the server runs: forgetting, and looking whether the database answers.

use std::time::{Duration, SystemTime};

use gamev1_persistence::Database;
use tokio::time::{MissedTickBehavior, interval};

use crate::app::{App, Services};

/// What the readiness calls the database.
pub const DATABASE: &str = "database";

const EVERY: Duration = Duration::from_secs(5);
/// How often it is looked whether the database answers.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long rooms of a former process wait for a member, and how many are ended in a round.
const CLAIM_WITHIN: Duration = Duration::from_secs(600);
const UNCLAIMED_AT_ONCE: u32 = 500;
/// Ended sign-ins are deleted once in so many rounds.
const FORGET_EVERY: u64 = 720;
/// Each call deletes a bounded number, so that players' calls come between.
const FORGET_CALLS_MAX: usize = 100;

/// How often failed logins are stored: what a death without a word loses of them at most.
const STORE_EVERY: Duration = Duration::from_secs(1);

/// Runs until it is dropped.
pub async fn run(app: &App, services: &Services, database: &dyn Database) {
    tokio::join!(
        look_after(app, services, database),
        look(app, database),
        store_failed_logins(services)
    );
}

async fn store_failed_logins(services: &Services) {
    let mut rounds = interval(STORE_EVERY);
    rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        rounds.tick().await;
        services.account_desk.brute_force().store().await;
    }
}

async fn look_after(app: &App, services: &Services, database: &dyn Database) {
    let mut rounds = interval(EVERY);
    rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (started, mut unclaimed) = (SystemTime::now(), true);
    for round in 0_u64.. {
        rounds.tick().await;
        app.limits.sweep();
        services.tickets.sweep(SystemTime::now());
        services.account_desk.brute_force().sweep(SystemTime::now());
        if unclaimed && started.elapsed().is_ok_and(|since| since >= CLAIM_WITHIN) {
            unclaimed = !end_unclaimed(database, started).await;
        }
        if round % FORGET_EVERY == 0 {
            forget(services, database).await;
        }
    }
}

async fn look(app: &App, database: &dyn Database) {
    let mut looks = interval(LOOK_EVERY);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut answered = true;
    loop {
        looks.tick().await;
        match database.probe().await {
            Ok(()) => {
                if !answered {
                    tracing::info!("the database answers again");
                }
                answered = true;
                app.readiness.set_ready(DATABASE);
            }
            Err(error) => {
                // Once an outage: it is looked every second.
                if answered {
                    tracing::error!(%error, "the database does not answer");
                }
                answered = false;
                app.readiness.set_waiting(DATABASE, error.to_string());
            }
        }
    }
}

/// Ends rooms of former processes for which nobody came. True when there are no more.
async fn end_unclaimed(database: &dyn Database, started: SystemTime) -> bool {
    match database.end_unclaimed(started, SystemTime::now(), UNCLAIMED_AT_ONCE).await {
        Ok(0) => true,
        Ok(rooms) => {
            tracing::info!(rooms, "rooms that nobody came back to were ended");
            false
        }
        Err(error) => {
            tracing::warn!(%error, "rooms that nobody came back to are not ended");
            false
        }
    }
}

async fn forget(services: &Services, database: &dyn Database) {
    for _ in 0..FORGET_CALLS_MAX {
        match services.account_desk.brute_force().forget(SystemTime::now()).await {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => return tracing::warn!(%error, "old failed logins are not deleted"),
        }
    }
    for _ in 0..FORGET_CALLS_MAX {
        match database.forget_expired(SystemTime::now()).await {
            Ok(0) => break,
            Ok(forgotten) => tracing::debug!(forgotten, "ended sign-ins were deleted"),
            Err(error) => return tracing::warn!(%error, "ended sign-ins are not deleted"),
        }
    }
    for _ in 0..FORGET_CALLS_MAX {
        match database.forget_revocations(SystemTime::now()).await {
            Ok(0) => return,
            Ok(forgotten) => tracing::debug!(forgotten, "old revocations were deleted"),
            Err(error) => return tracing::warn!(%error, "old revocations are not deleted"),
        }
    }
}
