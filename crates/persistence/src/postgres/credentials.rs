//! Accounts and their passwords in PostgreSQL. What an export reads is in `export.rs`.

use std::time::SystemTime;

use gamev1_actors::ports::{Answer, StoreError, audit::AuditEntry};
use gamev1_protocol::{PlayerId, SignInId};
use tokio_postgres::{Client, Row, types::Type};

use super::{
    Postgres,
    accounts::{player, read_player},
    audit, export,
    fault::Fault,
    pool::Class,
    revocations,
    row::{get, millis, time},
    sign_ins,
    sql::{ONE_AT_A_TIME, credentials as sql},
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

/// Whoever gives an account a name or an address holds this lock: between the look whether it is free and the write
/// nobody else takes it.
const NAMES: i64 = 0x0067_616d_6576_3104;

impl Credentials for Postgres {
    fn register(
        &self,
        id: PlayerId,
        new: Registration,
        now: SystemTime,
    ) -> Answer<'_, Result<Result<Player, Taken>, StoreError>> {
        Box::pin(self.pool.transaction(Class::Write, move |client| {
            Box::pin(async move { register(client, id, &new, now).await })
        }))
    }

    fn register_guest(
        &self,
        guest: PlayerId,
        new: Registration,
        now: SystemTime,
    ) -> Answer<'_, Result<Result<Player, Unchanged>, StoreError>> {
        Box::pin(self.pool.transaction(Class::Write, move |client| {
            Box::pin(async move {
                let player = match enter(client, sql::REGISTER_GUEST, guest, &new, now).await? {
                    Ok(Some(player)) => player,
                    Ok(None) => return of_another_kind(client, guest).await.map(Err),
                    Err(taken) => return Ok(Err(taken.into())),
                };
                let devices = [(guest.as_uuid() as _, Type::UUID)];
                client.execute_typed(sql::FORGET_DEVICES, &devices).await?;
                set_credential(client, guest, &new.phc, now).await?;
                Ok(Ok(player))
            })
        }))
    }

    fn by_login(&self, login: Login) -> Answer<'_, Result<Option<Account>, StoreError>> {
        let (query, key) = match login {
            Login::Username(username) => (sql::ACCOUNT_BY_USERNAME, username_key(&username)),
            Login::Email(email) => (sql::ACCOUNT_BY_EMAIL, email_key(&email)),
        };
        Box::pin(self.pool.read(move |client| {
            Box::pin(async move {
                let found = client.query_typed_opt(query, &[(&key as _, Type::TEXT)]).await?;
                found.as_ref().map(read_account).transpose()
            })
        }))
    }

    fn account(&self, id: PlayerId) -> Answer<'_, Result<Option<Account>, StoreError>> {
        Box::pin(self.pool.read(move |client| Box::pin(account(client, id))))
    }

    fn set_password(
        &self,
        id: PlayerId,
        new: NewPassword,
        now: SystemTime,
    ) -> Answer<'_, Result<Option<Player>, StoreError>> {
        Box::pin(self.pool.transaction(Class::Write, move |client| {
            Box::pin(async move { set_password(client, id, &new, now).await })
        }))
    }

    fn rehash(
        &self,
        id: PlayerId,
        old_phc: String,
        phc: String,
    ) -> Answer<'_, Result<(), StoreError>> {
        Box::pin(self.pool.write(move |client| {
            Box::pin(async move {
                let values = [
                    (id.as_uuid() as _, Type::UUID),
                    (&old_phc as _, Type::TEXT),
                    (&phc as _, Type::TEXT),
                ];
                client.execute_typed(sql::REHASH, &values).await?;
                Ok(())
            })
        }))
    }

    fn change(
        &self,
        id: PlayerId,
        change: Change,
        now: SystemTime,
    ) -> Answer<'_, Result<Result<Player, Unchanged>, StoreError>> {
        Box::pin(self.pool.transaction(Class::Write, move |client| {
            Box::pin(async move { change_account(client, id, &change, now).await })
        }))
    }

    fn delete<'a>(
        &'a self,
        id: PlayerId,
        entry: &'a AuditEntry,
    ) -> Answer<'a, Result<Result<Player, NotDeleted>, StoreError>> {
        let entry = entry.clone();
        Box::pin(self.pool.transaction(Class::Write, move |client| {
            Box::pin(async move {
                if audit::is_last_admin(client, id).await? {
                    return Ok(Err(NotDeleted::LastAdmin));
                }
                // The log outlives the player: whoever holds a token of it is refused everywhere.
                let ended = revocations::end_all(client, id, None, Why::Changed, entry.at).await?;
                let Some(ended) = ended else { return Ok(Err(NotDeleted::Gone)) };
                let values = [(id.as_uuid() as _, Type::UUID)];
                client.execute_typed(sql::DELETE_PLAYER, &values).await?;
                audit::append(client, &entry).await?;
                Ok(Ok(ended.player))
            })
        }))
    }

    fn export(&self, id: PlayerId) -> Answer<'_, Result<Option<Export>, StoreError>> {
        Box::pin(self.pool.transaction(Class::Read, move |client| {
            Box::pin(async move {
                // One view of it all, though others write meanwhile.
                client.batch_execute(export::SNAPSHOT).await?;
                export::read(client, id).await
            })
        }))
    }
}

/// Makes a new player who is an account; to be called in a transaction.
pub(super) async fn register(
    client: &Client,
    id: PlayerId,
    new: &Registration,
    now: SystemTime,
) -> Result<Result<Player, Taken>, Fault> {
    let player = match enter(client, sql::REGISTER, id, new, now).await? {
        Ok(Some(player)) => player,
        Ok(None) => return Err(Fault::Unreadable("a new row is not there".into())),
        Err(taken) => return Ok(Err(taken)),
    };
    set_credential(client, id, &new.phc, now).await?;
    Ok(Ok(player))
}

/// Writes name and address by `query`, unless somebody has them. No player when the row is not as the query wants it.
async fn enter(
    client: &Client,
    query: &str,
    id: PlayerId,
    Registration { username, email, .. }: &Registration,
    now: SystemTime,
) -> Result<Result<Option<Player>, Taken>, Fault> {
    lock_names(client).await?;
    if username_held(client, id, username).await? {
        return Ok(Err(Taken::Username));
    }
    if email_held(client, id, email).await? {
        return Ok(Err(Taken::Email));
    }
    let values = [
        (id.as_uuid() as _, Type::UUID),
        (username as _, Type::TEXT),
        (&username_key(username) as _, Type::TEXT),
        (&username_skeleton(username) as _, Type::TEXT),
        (email as _, Type::TEXT),
        (&email_key(email) as _, Type::TEXT),
        (&millis(now) as _, Type::INT8),
    ];
    let entered = client.query_typed_opt(query, &values).await?;
    entered.as_ref().map(read_player).transpose().map(Ok)
}

async fn lock_names(client: &Client) -> Result<(), Fault> {
    client.query_typed(ONE_AT_A_TIME, &[(&NAMES as _, Type::INT8)]).await?;
    Ok(())
}

async fn username_held(client: &Client, id: PlayerId, username: &str) -> Result<bool, Fault> {
    let values = [
        (&username_key(username) as _, Type::TEXT),
        (&username_skeleton(username) as _, Type::TEXT),
        (id.as_uuid() as _, Type::UUID),
    ];
    Ok(!client.query_typed(sql::USERNAME_HELD, &values).await?.is_empty())
}

async fn email_held(client: &Client, id: PlayerId, email: &str) -> Result<bool, Fault> {
    let values = [(&email_key(email) as _, Type::TEXT), (id.as_uuid() as _, Type::UUID)];
    Ok(!client.query_typed(sql::EMAIL_HELD, &values).await?.is_empty())
}

async fn set_credential(
    client: &Client,
    id: PlayerId,
    phc: &str,
    now: SystemTime,
) -> Result<(), Fault> {
    let values =
        [(id.as_uuid() as _, Type::UUID), (&phc as _, Type::TEXT), (&millis(now) as _, Type::INT8)];
    client.execute_typed(sql::SET_CREDENTIAL, &values).await?;
    Ok(())
}

async fn account(client: &Client, id: PlayerId) -> Result<Option<Account>, Fault> {
    let found = client.query_typed_opt(sql::ACCOUNT, &[(id.as_uuid() as _, Type::UUID)]).await?;
    found.as_ref().map(read_account).transpose()
}

fn read_account(found: &Row) -> Result<Account, Fault> {
    Ok(Account { player: read_player(found)?, phc: get(found, "phc")? })
}

async fn of_another_kind(client: &Client, id: PlayerId) -> Result<Unchanged, Fault> {
    Ok(player(client, id).await?.map_or(Unchanged::Gone, |_| Unchanged::OtherKind))
}

async fn set_password(
    client: &Client,
    id: PlayerId,
    new: &NewPassword,
    now: SystemTime,
) -> Result<Option<Player>, Fault> {
    // The row is locked by this: a second change that comes meanwhile finds another password.
    let values = [(id.as_uuid() as _, Type::UUID), (&new.old_phc as _, Type::TEXT)];
    if client.query_typed_opt(sql::LOCK_CREDENTIAL, &values).await?.is_none() {
        return Ok(None);
    }
    let values = [
        (new.kept.as_uuid() as _, Type::UUID),
        (id.as_uuid() as _, Type::UUID),
        (&millis(now) as _, Type::INT8),
    ];
    let Some(found) = client.query_typed_opt(sql::SIGN_IN_OF, &values).await? else {
        return Ok(None);
    };
    let sign_in = SignIn {
        id: SignInId::from_uuid(get(&found, "id")?),
        player: PlayerId::from_uuid(get(&found, "player_id")?),
        expires_at: time(&found, "expires_at_ms")?,
    };
    set_credential(client, id, &new.phc, now).await?;
    // Whoever may have learnt the old refresh token has nothing of it.
    let kept = [(new.kept.as_uuid() as _, Type::UUID)];
    client.execute_typed(sql::FORGET_REFRESH, &kept).await?;
    let ends = new.refresh_expires_at;
    sign_ins::add_refresh(client, &sign_in, new.refresh, None, ends, now).await?;
    let ended = revocations::end_all(client, id, Some(new.kept), Why::Changed, now).await?;
    Ok(ended.map(|ended| ended.player))
}

async fn change_account(
    client: &Client,
    id: PlayerId,
    Change { username, email }: &Change,
    now: SystemTime,
) -> Result<Result<Player, Unchanged>, Fault> {
    lock_names(client).await?;
    if player(client, id).await?.is_none_or(|player| player.guest) {
        return of_another_kind(client, id).await.map(Err);
    }
    // Both are looked at before either is written: a refusal changes nothing.
    if let Some(username) = username
        && username_held(client, id, username).await?
    {
        return Ok(Err(Taken::Username.into()));
    }
    if let Some(email) = email
        && email_held(client, id, email).await?
    {
        return Ok(Err(Taken::Email.into()));
    }
    let now = millis(now);
    if let Some(username) = username {
        let values = [
            (id.as_uuid() as _, Type::UUID),
            (username as _, Type::TEXT),
            (&username_key(username) as _, Type::TEXT),
            (&username_skeleton(username) as _, Type::TEXT),
            (&now as _, Type::INT8),
        ];
        client.execute_typed(sql::CHANGE_USERNAME, &values).await?;
    }
    if let Some(email) = email {
        let values = [
            (id.as_uuid() as _, Type::UUID),
            (email as _, Type::TEXT),
            (&email_key(email) as _, Type::TEXT),
            (&now as _, Type::INT8),
        ];
        client.execute_typed(sql::CHANGE_EMAIL, &values).await?;
    }
    Ok(player(client, id).await?.ok_or(Unchanged::Gone))
}
