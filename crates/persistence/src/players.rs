//! The port of the search for players. Whom it finds is told to operators alone.

use gamev1_actors::ports::{Answer, StoreError};

use crate::accounts::Player;

/// The search for players.
pub trait Players: Send + Sync + 'static {
    /// The first `limit` players whose name begins with `prefix`, in any case, in the order of their names; behind the
    /// one called `after`.
    fn search<'a>(
        &'a self,
        prefix: &'a str,
        after: Option<&'a str>,
        limit: u32,
    ) -> Answer<'a, Result<Vec<Player>, StoreError>>;

    /// The account with that address, in any case.
    fn by_email<'a>(&'a self, email: &'a str) -> Answer<'a, Result<Option<Player>, StoreError>>;
}

/// Behind every name that begins with `prefix`: no name has this code point, which is none.
pub(crate) fn end_of_prefix(prefix: &str) -> String {
    format!("{prefix}\u{10FFFF}")
}
