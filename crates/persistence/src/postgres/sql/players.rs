//! The SQL of the search for players.

pub(in crate::postgres) const BY_EMAIL: &str =
    concat!("SELECT ", player!(), " FROM players WHERE email_key = $1");

pub(in crate::postgres) const SEARCH: &str = concat!(
    "SELECT ",
    player!(),
    " FROM players WHERE username_key >= $1 AND username_key < $2 AND username_key <> $3 \
     ORDER BY username_key LIMIT $4"
);
