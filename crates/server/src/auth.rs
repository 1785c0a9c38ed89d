//! Who is who: signing keys, access tokens, tickets for sockets, resume tokens, sign-ins, accounts. The player is always a row
//! of the database; a token only says which.

pub mod account_desk;
pub mod authenticator;
pub mod brute_force;
pub mod keys;
pub mod names;
pub mod passwords;
pub mod permissions;
pub mod recent;
pub mod resume;
pub mod revocations;
pub mod secret;
pub mod sign_in;
pub mod tickets;
pub mod token;

#[cfg(test)]
pub(crate) mod memory_accounts;
#[cfg(test)]
mod memory_credentials;
