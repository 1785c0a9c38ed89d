//! Accounts with a password in memory, for tests: as much of the port as they need, with names compared as everywhere.

use std::time::SystemTime;

use gamev1_actors::ports::{Answer, Revoked, StoreError, audit::AuditEntry};
use gamev1_persistence::{
    accounts::{Player, Role},
    credentials::{
        Account, Change, Credentials, Export, Login, NewPassword, NotDeleted, Registration, Taken,
        Unchanged,
    },
    names::{email_key, username_skeleton},
};
use gamev1_protocol::PlayerId;

use super::memory_accounts::{MemoryAccounts, Rows};

fn taken(rows: &Rows, id: PlayerId, username: Option<&str>, email: Option<&str>) -> Option<Taken> {
    let mut others = rows.players.values().filter(|player| player.id != id);
    let alike = |other: &Player| {
        username.is_some_and(|name| username_skeleton(name) == username_skeleton(&other.username))
    };
    let same = |other: &Player| email.map(email_key) == other.email.as_deref().map(email_key);
    if others.clone().any(alike) {
        return Some(Taken::Username);
    }
    (email.is_some() && others.any(same)).then_some(Taken::Email)
}

fn account(rows: &Rows, player: &Player) -> Option<Account> {
    let phc = rows.credentials.get(&player.id)?.clone();
    Some(Account { player: player.clone(), phc })
}

impl Credentials for MemoryAccounts {
    fn register(
        &self,
        id: PlayerId,
        Registration { username, email, phc }: Registration,
        now: SystemTime,
    ) -> Answer<'_, Result<Result<Player, Taken>, StoreError>> {
        self.answer(move |rows| {
            if let Some(taken) = taken(rows, id, Some(&username), Some(&email)) {
                return Err(taken);
            }
            let player = Player {
                id,
                username,
                email: Some(email),
                email_verified: false,
                guest: false,
                role: Role::Player,
                epoch: 0,
                created_at: now,
                updated_at: now,
            };
            rows.credentials.insert(id, phc);
            rows.players.insert(id, player.clone());
            Ok(player)
        })
    }

    fn register_guest(
        &self,
        guest: PlayerId,
        Registration { username, email, phc }: Registration,
        now: SystemTime,
    ) -> Answer<'_, Result<Result<Player, Unchanged>, StoreError>> {
        self.answer(move |rows| {
            if let Some(taken) = taken(rows, guest, Some(&username), Some(&email)) {
                return Err(taken.into());
            }
            let player = rows.players.get_mut(&guest).ok_or(Unchanged::Gone)?;
            if !player.guest {
                return Err(Unchanged::OtherKind);
            }
            (player.guest, player.updated_at) = (false, now);
            (player.username, player.email) = (username, Some(email));
            rows.credentials.insert(guest, phc);
            rows.devices.retain(|_, player| *player != guest);
            Ok(player.clone())
        })
    }

    fn by_login(&self, login: Login) -> Answer<'_, Result<Option<Account>, StoreError>> {
        self.answer(|rows| {
            let is_it = |player: &&Player| match &login {
                Login::Username(name) => player.username.to_lowercase() == name.to_lowercase(),
                Login::Email(email) => {
                    player.email.as_deref().map(email_key) == Some(email_key(email))
                }
            };
            rows.players.values().find(is_it).and_then(|player| account(rows, player))
        })
    }

    fn account(&self, player: PlayerId) -> Answer<'_, Result<Option<Account>, StoreError>> {
        self.answer(|rows| rows.players.get(&player).and_then(|player| account(rows, player)))
    }

    fn set_password(
        &self,
        player: PlayerId,
        new: NewPassword,
        now: SystemTime,
    ) -> Answer<'_, Result<Option<Player>, StoreError>> {
        self.answer(move |rows| {
            let phc = rows.credentials.get_mut(&player)?;
            if *phc != new.old_phc {
                return None;
            }
            *phc = new.phc;
            for (sign_in, revoked) in rows.sign_ins.values_mut() {
                *revoked |= sign_in.player == player && sign_in.id != new.kept;
            }
            rows.refresh.retain(|_, (sign_in, _)| *sign_in != new.kept);
            rows.refresh.insert(new.refresh, (new.kept, None));
            let player = rows.players.get_mut(&player)?;
            player.epoch += 1;
            let player = player.clone();
            rows.log(Revoked::Player { player: player.id, epoch: player.epoch }, now);
            Some(player)
        })
    }

    fn rehash(
        &self,
        player: PlayerId,
        old_phc: String,
        phc: String,
    ) -> Answer<'_, Result<(), StoreError>> {
        self.answer(move |rows| {
            if let Some(held) = rows.credentials.get_mut(&player).filter(|held| **held == old_phc) {
                *held = phc;
            }
        })
    }

    fn change(
        &self,
        id: PlayerId,
        Change { username, email }: Change,
        now: SystemTime,
    ) -> Answer<'_, Result<Result<Player, Unchanged>, StoreError>> {
        self.answer(move |rows| {
            if let Some(taken) = taken(rows, id, username.as_deref(), email.as_deref()) {
                return Err(taken.into());
            }
            let player = rows.players.get_mut(&id).ok_or(Unchanged::Gone)?;
            if player.guest {
                return Err(Unchanged::OtherKind);
            }
            player.updated_at = now;
            player.username = username.unwrap_or(std::mem::take(&mut player.username));
            player.email = email.or(player.email.take());
            Ok(player.clone())
        })
    }

    fn delete<'a>(
        &'a self,
        player: PlayerId,
        entry: &'a AuditEntry,
    ) -> Answer<'a, Result<Result<Player, NotDeleted>, StoreError>> {
        self.answer(|rows| {
            let is_admin = |it: &&Player| it.role == Role::Admin;
            let mut admins = rows.players.values().filter(is_admin).map(|admin| admin.id);
            if admins.next() == Some(player) && admins.next().is_none() {
                return Err(NotDeleted::LastAdmin);
            }
            rows.credentials.remove(&player);
            rows.devices.retain(|_, owner| *owner != player);
            rows.sign_ins.retain(|_, (sign_in, _)| sign_in.player != player);
            let mut gone = rows.players.remove(&player).ok_or(NotDeleted::Gone)?;
            gone.epoch += 1;
            rows.log(Revoked::Player { player, epoch: gone.epoch }, entry.at);
            rows.audit.push(entry.clone());
            Ok(gone)
        })
    }

    fn export(&self, player: PlayerId) -> Answer<'_, Result<Option<Export>, StoreError>> {
        self.answer(|rows| {
            let player = rows.players.get(&player)?.clone();
            Some(Export {
                player,
                password_set_at: None,
                devices: Vec::new(),
                sign_ins: Vec::new(),
                stays: Vec::new(),
                more_stays: false,
                sanctions: Vec::new(),
            })
        })
    }
}
