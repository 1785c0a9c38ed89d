//! A database that stands still on order.

use std::time::Duration;

use tokio::{
    sync::watch,
    time::{Instant, timeout_at},
};

/// Until when calls are held.
#[derive(Debug)]
pub(crate) struct Stall(watch::Sender<Option<Instant>>);

impl Default for Stall {
    fn default() -> Stall {
        Stall(watch::Sender::new(None))
    }
}

impl Stall {
    pub(crate) fn begin(&self, stall: Duration) {
        self.0.send_replace(Instant::now().checked_add(stall));
    }

    /// Waits until calls are let through, which they are at once but for a look.
    pub(crate) async fn over(&self) {
        let over = |until: Option<Instant>| until.is_none_or(|until| until <= Instant::now());
        if over(*self.0.borrow()) {
            return;
        }
        let mut changes = self.0.subscribe();
        loop {
            let until = *changes.borrow_and_update();
            let Some(until) = until.filter(|&until| !over(Some(until))) else { return };
            // Over, or another order: both are looked at above.
            let _ = timeout_at(until, changes.changed()).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn calls_are_held_until_the_stall_is_over_or_ended() {
        let stall = Stall::default();
        let start = Instant::now();
        stall.over().await;
        assert_eq!(start.elapsed(), Duration::ZERO);
        stall.begin(Duration::from_secs(5));
        stall.over().await;
        assert_eq!(start.elapsed().as_secs(), 5);

        stall.begin(Duration::from_secs(60));
        let ends = async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            stall.begin(Duration::ZERO);
        };
        tokio::join!(stall.over(), ends);
        assert_eq!(start.elapsed().as_secs(), 6);
    }
}
