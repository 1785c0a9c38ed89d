//! The search for players, in PostgreSQL.

use gamev1_actors::ports::{Answer, StoreError};
use tokio_postgres::types::Type;

use super::{
    Postgres,
    accounts::read_player,
    sql::players::{BY_EMAIL, SEARCH},
};
use crate::{
    accounts::Player,
    names::{email_key, username_key},
    players::{Players, end_of_prefix},
};

impl Players for Postgres {
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
        Box::pin(self.pool.read(move |client| {
            Box::pin(async move {
                let values = [
                    (&first as _, Type::TEXT),
                    (&end as _, Type::TEXT),
                    (&after as _, Type::TEXT),
                    (&i64::from(limit) as _, Type::INT8),
                ];
                let found = client.query_typed(SEARCH, &values).await?;
                found.iter().map(read_player).collect()
            })
        }))
    }

    fn by_email<'a>(&'a self, email: &'a str) -> Answer<'a, Result<Option<Player>, StoreError>> {
        let key = email_key(email);
        Box::pin(self.pool.read(move |client| {
            Box::pin(async move {
                let found = client.query_typed_opt(BY_EMAIL, &[(&key as _, Type::TEXT)]).await?;
                found.as_ref().map(read_player).transpose()
            })
        }))
    }
}
