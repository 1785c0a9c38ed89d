//! Players and the devices of guests, in SQLite. Sign-ins are in `sign_ins.rs`.

use std::time::SystemTime;

use gamev1_actors::ports::{Answer, StoreError};
use gamev1_protocol::{PlayerId, SignInId};
use rusqlite::{Connection, OptionalExtension, Row};

use super::{Sqlite, row, sign_ins, sql};
use crate::{
    accounts::{
        Accounts, NAMES_MAX, NewGuest, NewPlayer, NewSignIn, Player, Role, Rotate, Rotation,
        SecretHash, SignIn, UsernameTaken,
    },
    names::{username_key, username_skeleton},
};

impl Accounts for Sqlite {
    fn guest<'a>(
        &'a self,
        device: SecretHash,
        now: SystemTime,
        make: &'a (dyn Fn() -> NewGuest + Send + Sync),
    ) -> Answer<'a, Result<Player, StoreError>> {
        Box::pin(async move {
            // Most guests come back: those do not queue up behind the writers.
            let known = self.readers.call(move |sqlite| by_device(sqlite, &device)).await?;
            if let Some(player) = known {
                return Ok(player);
            }
            for _ in 0..NAMES_MAX {
                let new = make();
                let made = self
                    .writer
                    .transaction(move |sqlite| guest(sqlite, &device, now, &new))
                    .await?;
                if let Ok(player) = made {
                    return Ok(player);
                }
            }
            Err(StoreError::Refused(format!("{NAMES_MAX} names for a guest were all taken")))
        })
    }

    fn player(&self, id: PlayerId) -> Answer<'_, Result<Option<Player>, StoreError>> {
        Box::pin(self.readers.call(move |sqlite| player(sqlite, id)))
    }

    fn player_by_username<'a>(
        &'a self,
        username: &'a str,
    ) -> Answer<'a, Result<Option<Player>, StoreError>> {
        let key = username_key(username);
        Box::pin(self.readers.call(move |sqlite| {
            let mut found = sqlite.prepare_cached(sql::PLAYER_BY_USERNAME)?;
            found.query_row((key,), read_player).optional()
        }))
    }

    fn create_player(
        &self,
        new: NewPlayer,
        now: SystemTime,
    ) -> Answer<'_, Result<Result<Player, UsernameTaken>, StoreError>> {
        Box::pin(self.writer.transaction(move |sqlite| create(sqlite, &new, now)))
    }

    fn open_sign_in(
        &self,
        new: NewSignIn,
        now: SystemTime,
    ) -> Answer<'_, Result<Option<SignIn>, StoreError>> {
        Box::pin(self.writer.transaction(move |sqlite| sign_ins::open(sqlite, &new, now)))
    }

    fn rotate_refresh(
        &self,
        rotate: Rotate,
        now: SystemTime,
    ) -> Answer<'_, Result<Rotation, StoreError>> {
        Box::pin(self.writer.transaction(move |sqlite| sign_ins::rotate(sqlite, &rotate, now)))
    }

    fn sign_in_valid(
        &self,
        sign_in: SignInId,
        now: SystemTime,
    ) -> Answer<'_, Result<bool, StoreError>> {
        Box::pin(self.readers.call(move |sqlite| {
            let mut valid = sqlite.prepare_cached(sql::SIGN_IN_VALID)?;
            valid.exists((sign_in.as_uuid().as_bytes(), row::millis(now)))
        }))
    }

    fn forget_expired(&self, now: SystemTime) -> Answer<'_, Result<usize, StoreError>> {
        Box::pin(self.writer.transaction(move |sqlite| sign_ins::forget_expired(sqlite, now)))
    }
}

pub(super) fn player(sqlite: &Connection, id: PlayerId) -> rusqlite::Result<Option<Player>> {
    let mut found = sqlite.prepare_cached(sql::PLAYER)?;
    found.query_row((id.as_uuid().as_bytes(),), read_player).optional()
}

fn by_device(sqlite: &Connection, device: &SecretHash) -> rusqlite::Result<Option<Player>> {
    let mut found = sqlite.prepare_cached(sql::PLAYER_BY_DEVICE)?;
    found.query_row((device,), read_player).optional()
}

fn guest(
    sqlite: &Connection,
    device: &SecretHash,
    now: SystemTime,
    NewGuest { id, username }: &NewGuest,
) -> rusqlite::Result<Result<Player, UsernameTaken>> {
    // Looked up again under the lock: the same device may have come twice at once.
    if let Some(player) = by_device(sqlite, device)? {
        return Ok(Ok(player));
    }
    let new = NewPlayer { id: *id, username: username.clone(), guest: true, role: Role::Player };
    let made = create(sqlite, &new, now)?;
    if made.is_ok() {
        let mut add = sqlite.prepare_cached(sql::ADD_DEVICE)?;
        add.execute((device, id.as_uuid().as_bytes(), row::millis(now)))?;
    }
    Ok(made)
}

fn create(
    sqlite: &Connection,
    new: &NewPlayer,
    now: SystemTime,
) -> rusqlite::Result<Result<Player, UsernameTaken>> {
    let mut create = sqlite.prepare_cached(sql::CREATE_PLAYER)?;
    let values = (
        new.id.as_uuid().as_bytes(),
        &new.username,
        username_key(&new.username),
        (!new.guest).then(|| username_skeleton(&new.username)),
        new.guest,
        new.role.as_str(),
        row::millis(now),
    );
    Ok(create.query_row(values, read_player).optional()?.ok_or(UsernameTaken))
}

pub(super) fn read_player(found: &Row<'_>) -> rusqlite::Result<Player> {
    Ok(Player {
        id: PlayerId::from_uuid(row::uuid(found, "id")?),
        username: found.get("username")?,
        email: found.get("email")?,
        email_verified: found.get("email_verified")?,
        guest: found.get("guest")?,
        role: row::parsed(found, "role")?,
        epoch: found.get("epoch")?,
        created_at: row::time(found, "created_at_ms")?,
        updated_at: row::time(found, "updated_at_ms")?,
    })
}
