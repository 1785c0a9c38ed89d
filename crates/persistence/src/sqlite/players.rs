//! The search for players, in SQLite.

use gamev1_actors::ports::{Answer, StoreError};
use rusqlite::OptionalExtension;

use super::{
    Sqlite,
    accounts::read_player,
    sql::players::{BY_EMAIL, SEARCH},
};
use crate::{
    accounts::Player,
    names::{email_key, username_key},
    players::{Players, end_of_prefix},
};

impl Players for Sqlite {
    fn search<'a>(
        &'a self,
        prefix: &'a str,
        after: Option<&'a str>,
        limit: u32,
    ) -> Answer<'a, Result<Vec<Player>, StoreError>> {
        let prefix = username_key(prefix);
        // No name is empty.
        let after = after.map(username_key).unwrap_or_default();
        let (first, end) = (prefix.clone().max(after.clone()), end_of_prefix(&prefix));
        Box::pin(self.readers.call(move |sqlite| {
            let mut search = sqlite.prepare_cached(SEARCH)?;
            search.query_map((first, end, after, limit), read_player)?.collect()
        }))
    }

    fn by_email<'a>(&'a self, email: &'a str) -> Answer<'a, Result<Option<Player>, StoreError>> {
        let key = email_key(email);
        Box::pin(self.readers.call(move |sqlite| {
            sqlite.prepare_cached(BY_EMAIL)?.query_row((key,), read_player).optional()
        }))
    }
}
