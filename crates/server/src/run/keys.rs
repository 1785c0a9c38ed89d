//! How a running server learns of a key that was made or removed beside it.

use std::time::{Duration, SystemTime};

use tokio::{
    signal::unix::Signal,
    time::{MissedTickBehavior, interval},
};

use crate::{
    app::{App, Services},
    auth::{
        keys::{Keys, KeysError},
        token::KeyChange,
    },
};

/// How often a running server reads its keys again. Less than half of how long a new key waits before it signs.
const READ_EVERY: Duration = Duration::from_secs(30);

/// Reads the keys again every so often, and at each SIGHUP, until it is dropped.
pub async fn keep_read(app: &App, services: &Services, mut hangup: Signal) {
    let mut rounds = interval(READ_EVERY);
    rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = rounds.tick() => {}
            _ = hangup.recv() => {}
        }
        let data_dir = app.config.data_dir.clone();
        let read = move || Keys::open(&data_dir, SystemTime::now());
        let Ok(read) = tokio::task::spawn_blocking(read).await else { continue };
        take_over(services, read);
    }
}

/// Keys that cannot be read leave those that are known in place.
fn take_over(services: &Services, read: Result<Keys, KeysError>) {
    match read {
        Ok(keys) => {
            let KeyChange { added, removed } = services.tokens.replace_keys(keys);
            if !added.is_empty() || !removed.is_empty() {
                tracing::warn!(?added, ?removed, "the keys of access tokens have changed");
            }
        }
        Err(error) => tracing::error!(%error, "the keys are not read again"),
    }
}
