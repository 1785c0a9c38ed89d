//! Players and the devices of guests, in PostgreSQL. Sign-ins are in `sign_ins.rs`.

use std::time::SystemTime;

use gamev1_actors::ports::{Answer, StoreError};
use gamev1_protocol::{PlayerId, SignInId};
use tokio_postgres::{Client, Row, types::Type};

use super::{Postgres, fault::Fault, pool::Class, row, sign_ins, sql};
use crate::{
    accounts::{
        Accounts, NAMES_MAX, NewGuest, NewPlayer, NewSignIn, Player, Role, Rotate, Rotation,
        SecretHash, SignIn, UsernameTaken,
    },
    names::{username_key, username_skeleton},
};

impl Accounts for Postgres {
    fn guest<'a>(
        &'a self,
        device: SecretHash,
        now: SystemTime,
        make: &'a (dyn Fn() -> NewGuest + Send + Sync),
    ) -> Answer<'a, Result<Player, StoreError>> {
        Box::pin(async move {
            // Most guests come back: those need no transaction.
            let known = self
                .pool
                .read(move |client| Box::pin(async move { by_device(client, device).await }));
            if let Some(player) = known.await? {
                return Ok(player);
            }
            for _ in 0..NAMES_MAX {
                let new = make();
                let made = self.pool.transaction(Class::Write, move |client| {
                    Box::pin(async move { guest(client, device, now, &new).await })
                });
                if let Ok(player) = made.await? {
                    return Ok(player);
                }
            }
            Err(StoreError::Refused(format!("{NAMES_MAX} names for a guest were all taken")))
        })
    }

    fn player(&self, id: PlayerId) -> Answer<'_, Result<Option<Player>, StoreError>> {
        Box::pin(self.pool.read(move |client| Box::pin(player(client, id))))
    }

    fn player_by_username<'a>(
        &'a self,
        username: &'a str,
    ) -> Answer<'a, Result<Option<Player>, StoreError>> {
        let key = username_key(username);
        Box::pin(self.pool.read(move |client| {
            Box::pin(async move {
                let values = [(&key as _, Type::TEXT)];
                read(client.query_typed_opt(sql::PLAYER_BY_USERNAME, &values).await?)
            })
        }))
    }

    fn create_player(
        &self,
        new: NewPlayer,
        now: SystemTime,
    ) -> Answer<'_, Result<Result<Player, UsernameTaken>, StoreError>> {
        Box::pin(self.pool.transaction(Class::Write, move |client| {
            Box::pin(async move { create(client, &new, now).await })
        }))
    }

    fn open_sign_in(
        &self,
        new: NewSignIn,
        now: SystemTime,
    ) -> Answer<'_, Result<Option<SignIn>, StoreError>> {
        Box::pin(self.pool.transaction(Class::Write, move |client| {
            Box::pin(async move { sign_ins::open(client, &new, now).await })
        }))
    }

    fn rotate_refresh(
        &self,
        rotate: Rotate,
        now: SystemTime,
    ) -> Answer<'_, Result<Rotation, StoreError>> {
        Box::pin(self.pool.transaction(Class::Write, move |client| {
            Box::pin(async move { sign_ins::rotate(client, &rotate, now).await })
        }))
    }

    fn sign_in_valid(
        &self,
        sign_in: SignInId,
        now: SystemTime,
    ) -> Answer<'_, Result<bool, StoreError>> {
        Box::pin(self.pool.read(move |client| {
            Box::pin(async move {
                let values =
                    [(sign_in.as_uuid() as _, Type::UUID), (&row::millis(now) as _, Type::INT8)];
                Ok(client.query_typed_opt(sql::SIGN_IN_VALID, &values).await?.is_some())
            })
        }))
    }

    fn forget_expired(&self, now: SystemTime) -> Answer<'_, Result<usize, StoreError>> {
        Box::pin(self.pool.write(move |client| Box::pin(sign_ins::forget_expired(client, now))))
    }
}

pub(super) async fn player(client: &Client, id: PlayerId) -> Result<Option<Player>, Fault> {
    let values = [(id.as_uuid() as _, Type::UUID)];
    read(client.query_typed_opt(sql::PLAYER, &values).await?)
}

async fn by_device(client: &Client, device: SecretHash) -> Result<Option<Player>, Fault> {
    let values = [(&&device[..] as _, Type::BYTEA)];
    read(client.query_typed_opt(sql::PLAYER_BY_DEVICE, &values).await?)
}

async fn guest(
    client: &Client,
    device: SecretHash,
    now: SystemTime,
    NewGuest { id, username }: &NewGuest,
) -> Result<Result<Player, UsernameTaken>, Fault> {
    // The same device may have come twice at once: the second waits here and then finds the player of the first.
    let [a, b, c, d, e, f, g, h, ..] = device;
    let lock = i64::from_be_bytes([a, b, c, d, e, f, g, h]);
    client.query_typed(sql::ONE_AT_A_TIME, &[(&lock as _, Type::INT8)]).await?;
    if let Some(player) = by_device(client, device).await? {
        return Ok(Ok(player));
    }
    let new = NewPlayer { id: *id, username: username.clone(), guest: true, role: Role::Player };
    let made = create(client, &new, now).await?;
    if made.is_ok() {
        let values = [
            (&&device[..] as _, Type::BYTEA),
            (id.as_uuid() as _, Type::UUID),
            (&row::millis(now) as _, Type::INT8),
        ];
        client.execute_typed(sql::ADD_DEVICE, &values).await?;
    }
    Ok(made)
}

async fn create(
    client: &Client,
    new: &NewPlayer,
    now: SystemTime,
) -> Result<Result<Player, UsernameTaken>, Fault> {
    let skeleton = (!new.guest).then(|| username_skeleton(&new.username));
    let values = [
        (new.id.as_uuid() as _, Type::UUID),
        (&new.username as _, Type::TEXT),
        (&username_key(&new.username) as _, Type::TEXT),
        (&skeleton as _, Type::TEXT),
        (&new.guest as _, Type::BOOL),
        (&new.role.as_str() as _, Type::TEXT),
        (&row::millis(now) as _, Type::INT8),
    ];
    let made = read(client.query_typed_opt(sql::CREATE_PLAYER, &values).await?)?;
    Ok(made.ok_or(UsernameTaken))
}

fn read(found: Option<Row>) -> Result<Option<Player>, Fault> {
    found.as_ref().map(read_player).transpose()
}

pub(super) fn read_player(found: &Row) -> Result<Player, Fault> {
    Ok(Player {
        id: PlayerId::from_uuid(row::get(found, "id")?),
        username: row::get(found, "username")?,
        email: row::get(found, "email")?,
        email_verified: row::get(found, "email_verified")?,
        guest: row::get(found, "guest")?,
        role: row::parsed(found, "role")?,
        epoch: row::number(found, "epoch")?,
        created_at: row::time(found, "created_at_ms")?,
        updated_at: row::time(found, "updated_at_ms")?,
    })
}
