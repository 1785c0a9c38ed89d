//! Accounts and their passwords in SQLite. What an export reads is in `export.rs`.

use std::time::SystemTime;

use gamev1_actors::ports::{Answer, StoreError, audit::AuditEntry};
use gamev1_protocol::{PlayerId, SignInId};
use rusqlite::{Connection, OptionalExtension, Row};

use super::{
    Sqlite, accounts::read_player, audit, export, revocations, row, sign_ins,
    sql::credentials as sql,
};
use crate::{
    accounts::{Player, SignIn},
    credentials::{
        Account, Change, Credentials, Export, Login, NewPassword, NotDeleted, Registration, Taken,
        Unchanged,
    },
    names::{email_key, username_key, username_skeleton},
    revocations::Why,
};

/// Accounts that get their skeleton in one transaction.
const SKELETONS_MAX: u32 = 1_000;

impl Credentials for Sqlite {
    fn register(
        &self,
        id: PlayerId,
        new: Registration,
        now: SystemTime,
    ) -> Answer<'_, Result<Result<Player, Taken>, StoreError>> {
        Box::pin(self.writer.transaction(move |sqlite| register(sqlite, id, &new, now)))
    }

    fn register_guest(
        &self,
        guest: PlayerId,
        new: Registration,
        now: SystemTime,
    ) -> Answer<'_, Result<Result<Player, Unchanged>, StoreError>> {
        Box::pin(self.writer.transaction(move |sqlite| {
            let player = match enter(sqlite, sql::REGISTER_GUEST, guest, &new, now)? {
                Ok(Some(player)) => player,
                Ok(None) => return of_another_kind(sqlite, guest).map(Err),
                Err(taken) => return Ok(Err(taken.into())),
            };
            sqlite.prepare_cached(sql::FORGET_DEVICES)?.execute((guest.as_uuid().as_bytes(),))?;
            set_credential(sqlite, guest, &new.phc, now)?;
            Ok(Ok(player))
        }))
    }

    fn by_login(&self, login: Login) -> Answer<'_, Result<Option<Account>, StoreError>> {
        let (query, key) = match login {
            Login::Username(username) => (sql::ACCOUNT_BY_USERNAME, username_key(&username)),
            Login::Email(email) => (sql::ACCOUNT_BY_EMAIL, email_key(&email)),
        };
        Box::pin(self.readers.call(move |sqlite| {
            sqlite.prepare_cached(query)?.query_row((key,), read_account).optional()
        }))
    }

    fn account(&self, id: PlayerId) -> Answer<'_, Result<Option<Account>, StoreError>> {
        Box::pin(self.readers.call(move |sqlite| account(sqlite, id)))
    }

    fn set_password(
        &self,
        id: PlayerId,
        new: NewPassword,
        now: SystemTime,
    ) -> Answer<'_, Result<Option<Player>, StoreError>> {
        Box::pin(self.writer.transaction(move |sqlite| set_password(sqlite, id, &new, now)))
    }

    fn rehash(
        &self,
        id: PlayerId,
        old_phc: String,
        phc: String,
    ) -> Answer<'_, Result<(), StoreError>> {
        Box::pin(self.writer.transaction(move |sqlite| {
            let values = (id.as_uuid().as_bytes(), old_phc, phc);
            sqlite.prepare_cached(sql::REHASH)?.execute(values).map(drop)
        }))
    }

    fn change(
        &self,
        id: PlayerId,
        change: Change,
        now: SystemTime,
    ) -> Answer<'_, Result<Result<Player, Unchanged>, StoreError>> {
        Box::pin(self.writer.transaction(move |sqlite| change_account(sqlite, id, &change, now)))
    }

    fn delete<'a>(
        &'a self,
        id: PlayerId,
        entry: &'a AuditEntry,
    ) -> Answer<'a, Result<Result<Player, NotDeleted>, StoreError>> {
        let entry = entry.clone();
        Box::pin(self.writer.transaction(move |sqlite| {
            // The one writer that there is: no other admin can lose the role meanwhile.
            if audit::is_last_admin(sqlite, id)? {
                return Ok(Err(NotDeleted::LastAdmin));
            }
            // The log outlives the player: whoever holds a token of it is refused everywhere.
            let Some(ended) = revocations::end_all(sqlite, id, None, Why::Changed, entry.at)?
            else {
                return Ok(Err(NotDeleted::Gone));
            };
            sqlite.prepare_cached(sql::DELETE_PLAYER)?.execute((id.as_uuid().as_bytes(),))?;
            audit::append(sqlite, &entry)?;
            Ok(Ok(ended.player))
        }))
    }

    fn export(&self, id: PlayerId) -> Answer<'_, Result<Option<Export>, StoreError>> {
        Box::pin(self.readers.call(move |sqlite| {
            // One view of it all, though others write meanwhile.
            let snapshot = sqlite.unchecked_transaction()?;
            export::read(&snapshot, id)
        }))
    }
}

/// Makes a new player who is an account; to be called in a transaction.
pub(super) fn register(
    sqlite: &Connection,
    id: PlayerId,
    new: &Registration,
    now: SystemTime,
) -> rusqlite::Result<Result<Player, Taken>> {
    let player = match enter(sqlite, sql::REGISTER, id, new, now)? {
        Ok(Some(player)) => player,
        // An insertion without a conflict has a row.
        Ok(None) => return Err(rusqlite::Error::QueryReturnedNoRows),
        Err(taken) => return Ok(Err(taken)),
    };
    set_credential(sqlite, id, &new.phc, now)?;
    Ok(Ok(player))
}

/// Writes name and address by `query`, unless somebody has them. No player when the row is not as the query wants it.
fn enter(
    sqlite: &Connection,
    query: &str,
    id: PlayerId,
    Registration { username, email, .. }: &Registration,
    now: SystemTime,
) -> rusqlite::Result<Result<Option<Player>, Taken>> {
    if username_held(sqlite, id, username)? {
        return Ok(Err(Taken::Username));
    }
    if email_held(sqlite, id, email)? {
        return Ok(Err(Taken::Email));
    }
    let values = (
        id.as_uuid().as_bytes(),
        username,
        username_key(username),
        username_skeleton(username),
        email,
        email_key(email),
        row::millis(now),
    );
    sqlite.prepare_cached(query)?.query_row(values, read_player).optional().map(Ok)
}

fn username_held(sqlite: &Connection, id: PlayerId, username: &str) -> rusqlite::Result<bool> {
    let values = (username_key(username), username_skeleton(username), id.as_uuid().as_bytes());
    sqlite.prepare_cached(sql::USERNAME_HELD)?.exists(values)
}

fn email_held(sqlite: &Connection, id: PlayerId, email: &str) -> rusqlite::Result<bool> {
    sqlite.prepare_cached(sql::EMAIL_HELD)?.exists((email_key(email), id.as_uuid().as_bytes()))
}

fn set_credential(
    sqlite: &Connection,
    id: PlayerId,
    phc: &str,
    now: SystemTime,
) -> rusqlite::Result<()> {
    let values = (id.as_uuid().as_bytes(), phc, row::millis(now));
    sqlite.prepare_cached(sql::SET_CREDENTIAL)?.execute(values).map(drop)
}

fn account(sqlite: &Connection, id: PlayerId) -> rusqlite::Result<Option<Account>> {
    let mut found = sqlite.prepare_cached(sql::ACCOUNT)?;
    found.query_row((id.as_uuid().as_bytes(),), read_account).optional()
}

fn read_account(found: &Row<'_>) -> rusqlite::Result<Account> {
    Ok(Account { player: read_player(found)?, phc: found.get("phc")? })
}

fn of_another_kind(sqlite: &Connection, id: PlayerId) -> rusqlite::Result<Unchanged> {
    let found = super::accounts::player(sqlite, id)?;
    Ok(found.map_or(Unchanged::Gone, |_| Unchanged::OtherKind))
}

fn set_password(
    sqlite: &Connection,
    id: PlayerId,
    new: &NewPassword,
    now: SystemTime,
) -> rusqlite::Result<Option<Player>> {
    if account(sqlite, id)?.is_none_or(|account| account.phc != new.old_phc) {
        return Ok(None);
    }
    let (player, kept) = (id.as_uuid().as_bytes(), new.kept.as_uuid().as_bytes());
    let mut found = sqlite.prepare_cached(sql::SIGN_IN_OF)?;
    let sign_in = found.query_row((kept, player, row::millis(now)), |found| {
        Ok(SignIn {
            id: SignInId::from_uuid(row::uuid(found, "id")?),
            player: PlayerId::from_uuid(row::uuid(found, "player_id")?),
            expires_at: row::time(found, "expires_at_ms")?,
        })
    });
    let Some(sign_in) = sign_in.optional()? else { return Ok(None) };
    set_credential(sqlite, id, &new.phc, now)?;
    // Whoever may have learnt the old refresh token has nothing of it.
    sqlite.prepare_cached(sql::FORGET_REFRESH)?.execute((kept,))?;
    sign_ins::add_refresh(sqlite, &sign_in, new.refresh, None, new.refresh_expires_at, now)?;
    let ended = revocations::end_all(sqlite, id, Some(new.kept), Why::Changed, now)?;
    Ok(ended.map(|ended| ended.player))
}

fn change_account(
    sqlite: &Connection,
    id: PlayerId,
    Change { username, email }: &Change,
    now: SystemTime,
) -> rusqlite::Result<Result<Player, Unchanged>> {
    if super::accounts::player(sqlite, id)?.is_none_or(|player| player.guest) {
        return of_another_kind(sqlite, id).map(Err);
    }
    // Both are looked at before either is written: a refusal changes nothing.
    if let Some(username) = username
        && username_held(sqlite, id, username)?
    {
        return Ok(Err(Taken::Username.into()));
    }
    if let Some(email) = email
        && email_held(sqlite, id, email)?
    {
        return Ok(Err(Taken::Email.into()));
    }
    let (key, now) = (id.as_uuid().as_bytes(), row::millis(now));
    if let Some(username) = username {
        let values = (key, username, username_key(username), username_skeleton(username), now);
        sqlite.prepare_cached(sql::CHANGE_USERNAME)?.execute(values)?;
    }
    if let Some(email) = email {
        let values = (key, email, email_key(email), now);
        sqlite.prepare_cached(sql::CHANGE_EMAIL)?.execute(values)?;
    }
    Ok(super::accounts::player(sqlite, id)?.ok_or(Unchanged::Gone))
}

/// Gives accounts from before there were skeletons theirs. Blocks.
pub(super) fn fill_skeletons(sqlite: &mut Connection) -> rusqlite::Result<usize> {
    let (mut after, mut filled) = ([0; 16], 0);
    loop {
        let transaction = sqlite.transaction()?;
        let page: Vec<([u8; 16], String)> = transaction
            .prepare_cached(sql::WITHOUT_SKELETON)?
            .query_map((after, SKELETONS_MAX), |found| Ok((found.get(0)?, found.get(1)?)))?
            .collect::<Result<_, _>>()?;
        let Some((last, _)) = page.last() else { return Ok(filled) };
        after = *last;
        for (id, username) in &page {
            let values = (id, username_skeleton(username));
            filled += transaction.prepare_cached(sql::SET_SKELETON)?.execute(values)?;
        }
        transaction.commit()?;
    }
}
