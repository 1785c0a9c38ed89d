//! Tickets: a credential for one socket, because a browser cannot send a header with an upgrade. Pure but for the
//! random numbers; the time is an argument.

#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    time::{Duration, SystemTime},
};

use gamev1_protocol::{ErrorCode, WireError};
use parking_lot::Mutex;

use super::secret;

pub const TICKET_TTL: Duration = Duration::from_secs(30);
/// Tickets that are out at the same time, of all players.
const TICKETS_MAX: usize = 65_536;
/// 192 bits, in 32 characters.
const TICKET_BYTES: usize = 24;

/// The tickets that are out, each bound to an `H`: who got it.
pub struct Tickets<H> {
    out: Mutex<HashMap<String, Ticket<H>>>,
    max: usize,
}

struct Ticket<H> {
    holder: H,
    ends_at: SystemTime,
}

impl<H> Default for Tickets<H> {
    fn default() -> Tickets<H> {
        Tickets { out: Mutex::default(), max: TICKETS_MAX }
    }
}

impl<H> Tickets<H> {
    /// A new ticket, good for one use within [`TICKET_TTL`].
    ///
    /// # Errors
    /// `overloaded` when too many are out.
    pub fn issue(&self, holder: H, now: SystemTime) -> Result<String, WireError> {
        let ticket = secret::text::<TICKET_BYTES>()?;
        let mut out = self.out.lock();
        if out.len() >= self.max {
            out.retain(|_, ticket| ticket.ends_at > now);
        }
        if out.len() >= self.max {
            let message = format!("{} tickets are out, as many as this server gives", out.len());
            let wait = TICKET_TTL.as_millis() as u64;
            return Err(WireError::new(ErrorCode::Overloaded, message).retry_after_ms(wait));
        }
        out.insert(ticket.clone(), Ticket { holder, ends_at: now + TICKET_TTL });
        Ok(ticket)
    }

    /// Uses up a ticket.
    ///
    /// # Errors
    /// `ticket_invalid`: it was never given, was used, or its time is over. Which of them, nobody is told.
    pub fn redeem(&self, ticket: &str, now: SystemTime) -> Result<H, WireError> {
        let found = self.out.lock().remove(ticket);
        match found {
            Some(Ticket { holder, ends_at }) if ends_at > now => Ok(holder),
            _ => {
                let message = "this ticket is unknown, used or too old";
                Err(WireError::new(ErrorCode::TicketInvalid, message))
            }
        }
    }

    /// Forgets those whose time is over.
    pub fn sweep(&self, now: SystemTime) {
        let mut out = self.out.lock();
        out.retain(|_, ticket| ticket.ends_at > now);
        out.shrink_to(1_024);
    }
}
