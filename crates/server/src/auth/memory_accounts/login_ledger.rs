//! Failed logins and known devices in memory.

use std::time::SystemTime;

use gamev1_actors::ports::{Answer, StoreError};
use gamev1_persistence::{
    accounts::SecretHash,
    login_ledger::{Failures, LoginLedger, Who},
};
use gamev1_protocol::PlayerId;

use super::MemoryAccounts;

impl LoginLedger for MemoryAccounts {
    fn failures(&self, limit: u32) -> Answer<'_, Result<Vec<(Who, Failures)>, StoreError>> {
        self.answer(|rows| {
            rows.failures.iter().map(|(who, held)| (*who, *held)).take(limit as usize).collect()
        })
    }

    fn keep_failures<'a>(
        &'a self,
        changed: &'a [(Who, Option<Failures>)],
    ) -> Answer<'a, Result<(), StoreError>> {
        self.answer(|rows| {
            for (who, failures) in changed {
                match failures {
                    Some(failures) => drop(rows.failures.insert(*who, *failures)),
                    None => drop(rows.failures.remove(who)),
                }
            }
        })
    }

    fn forget_failures(&self, before: SystemTime) -> Answer<'_, Result<usize, StoreError>> {
        self.answer(|rows| {
            let all = rows.failures.len();
            rows.failures.retain(|_, failures| failures.last >= before);
            all - rows.failures.len()
        })
    }

    fn knows_device(
        &self,
        player: PlayerId,
        device: SecretHash,
    ) -> Answer<'_, Result<bool, StoreError>> {
        self.answer(|rows| rows.known_devices.contains(&(player, device)))
    }

    fn meet_device(
        &self,
        player: PlayerId,
        device: SecretHash,
        _now: SystemTime,
    ) -> Answer<'_, Result<(), StoreError>> {
        self.answer(|rows| {
            rows.known_devices.insert((player, device));
        })
    }
}
