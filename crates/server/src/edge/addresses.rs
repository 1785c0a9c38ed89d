//! How many connections each address has open.

use std::{collections::HashMap, sync::Arc};

use gamev1_protocol::{ErrorCode, WireError};
use parking_lot::Mutex;

use crate::address::AddressKey;

/// Counts connections by address, up to a bound each.
#[derive(Debug)]
pub struct Addresses {
    open: Mutex<HashMap<AddressKey, usize>>,
    /// `None` lifts the bound.
    max: Option<usize>,
}

/// One connection of an address, counted while this lives.
#[derive(Debug)]
pub struct AddressPermit {
    addresses: Arc<Addresses>,
    address: AddressKey,
}

impl Addresses {
    pub fn new(max: Option<usize>) -> Arc<Addresses> {
        Arc::new(Addresses { open: Mutex::default(), max })
    }

    /// # Errors
    /// `too_many_sockets` when the address has as many as it may. `Ok(None)` when there is no bound.
    pub fn enter(
        self: &Arc<Addresses>,
        address: AddressKey,
    ) -> Result<Option<AddressPermit>, WireError> {
        let Some(max) = self.max else { return Ok(None) };
        let mut addresses = self.open.lock();
        let open = addresses.entry(address).or_insert(0);
        if *open >= max {
            let message = format!("this address has {open} connections open, {max} are allowed");
            return Err(WireError::new(ErrorCode::TooManySockets, message).retry_after_ms(5_000));
        }
        *open += 1;
        Ok(Some(AddressPermit { addresses: self.clone(), address }))
    }

    /// Whether another connection of the address would be let in.
    ///
    /// # Errors
    /// As [`Addresses::enter`].
    pub fn would_enter(self: &Arc<Addresses>, address: AddressKey) -> Result<(), WireError> {
        self.enter(address).map(drop)
    }
}

impl Drop for AddressPermit {
    fn drop(&mut self) {
        let mut addresses = self.addresses.open.lock();
        if let Some(open) = addresses.get_mut(&self.address) {
            *open -= 1;
            if *open == 0 {
                addresses.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: AddressKey = AddressKey::V4(1);
    const THERE: AddressKey = AddressKey::V6(1);

    #[test]
    fn an_address_has_so_many_connections_and_no_more() {
        let addresses = Addresses::new(Some(2));
        let first = addresses.enter(HERE).unwrap();
        let second = addresses.enter(HERE).unwrap();
        let error = addresses.enter(HERE).unwrap_err();
        assert_eq!(error.code, ErrorCode::TooManySockets);
        assert!(addresses.would_enter(HERE).is_err());
        let other = addresses.enter(THERE).unwrap();
        drop(first);
        assert!(addresses.would_enter(HERE).is_ok());
        let third = addresses.enter(HERE).unwrap();
        assert!(addresses.enter(HERE).is_err());
        drop((second, third, other));
        assert!(addresses.open.lock().is_empty());
    }

    #[test]
    fn a_lifted_bound_counts_nothing() {
        let addresses = Addresses::new(None);
        assert!(addresses.enter(HERE).unwrap().is_none());
        assert!(addresses.open.lock().is_empty());
    }
}
