//! Accounts in memory, for tests: they can be counted, changed behind one's back, and taken away.

mod login_ledger;
mod operators;

use std::{
    collections::{HashMap, HashSet},
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    time::{Duration, SystemTime},
};

use gamev1_actors::ports::{
    Answer, Revocation, RevocationLog, Revoked, StoreError, audit::AuditEntry,
};
use gamev1_persistence::{
    accounts::{
        Accounts, NewGuest, NewPlayer, NewSignIn, Player, REUSE_GRACE, Role, Rotate, Rotation,
        SecretHash, SignIn, UsernameTaken,
    },
    login_ledger::{Failures, Who},
    revocations::{EndedAll, REVOKED_FOR, Revocations, Why},
};
use gamev1_protocol::{PlayerId, SignInId};
use parking_lot::Mutex;

#[derive(Default)]
pub(crate) struct MemoryAccounts {
    rows: Mutex<Rows>,
    pub(crate) down: AtomicBool,
    /// Looks at a player or a sign-in.
    pub(crate) looks: AtomicUsize,
}

#[derive(Default)]
pub(super) struct Rows {
    pub(super) players: HashMap<PlayerId, Player>,
    pub(super) devices: HashMap<SecretHash, PlayerId>,
    pub(super) sign_ins: HashMap<SignInId, (SignIn, bool)>,
    /// Whose each is, and when it was used for what followed it.
    pub(super) refresh: HashMap<SecretHash, (SignInId, Option<(SystemTime, SecretHash)>)>,
    pub(super) credentials: HashMap<PlayerId, String>,
    failures: HashMap<Who, Failures>,
    known_devices: HashSet<(PlayerId, SecretHash)>,
    pub(super) audit: Vec<AuditEntry>,
    log: Vec<Revocation>,
}

impl MemoryAccounts {
    pub(crate) fn change(&self, id: PlayerId, change: impl FnOnce(&mut Player)) {
        change(self.rows.lock().players.get_mut(&id).unwrap());
    }

    /// Each refresh token that was used was so that much earlier.
    pub(crate) fn date_back_uses(&self, by: Duration) {
        for (_, used) in self.rows.lock().refresh.values_mut() {
            *used = used.map(|(at, successor)| (at - by, successor));
        }
    }

    pub(crate) fn remove(&self, id: PlayerId) {
        self.rows.lock().players.remove(&id);
    }

    /// The sign-in of an unused refresh token.
    pub(crate) fn sign_in_of(&self, refresh: &SecretHash) -> SignInId {
        self.rows.lock().refresh[refresh].0
    }

    pub(super) fn answer<'a, T: Send + 'a>(
        &self,
        answer: impl FnOnce(&mut Rows) -> T,
    ) -> Answer<'a, Result<T, StoreError>> {
        let answer = if self.down.load(Ordering::Relaxed) {
            Err(StoreError::Unavailable("taken away".into()))
        } else {
            Ok(answer(&mut self.rows.lock()))
        };
        Box::pin(async { answer })
    }
}

impl Rows {
    fn end(&mut self, sign_in: SignInId, now: SystemTime) -> Option<Revocation> {
        let ended = &mut self.sign_ins.get_mut(&sign_in)?.1;
        (!std::mem::replace(ended, true)).then(|| self.log(Revoked::SignIn(sign_in), now))
    }

    pub(super) fn log(&mut self, what: Revoked, now: SystemTime) -> Revocation {
        let line = Revocation { id: self.log.len() as u64 + 1, what, until: now + REVOKED_FOR };
        self.log.push(line);
        line
    }
}

impl RevocationLog for MemoryAccounts {
    fn since(
        &self,
        after: u64,
        _now: SystemTime,
        limit: u32,
    ) -> Answer<'_, Result<Vec<Revocation>, StoreError>> {
        self.answer(|rows| {
            let behind = rows.log.iter().filter(|line| line.id > after);
            behind.take(limit as usize).copied().collect()
        })
    }
}

impl Revocations for MemoryAccounts {
    fn end_sign_in(
        &self,
        sign_in: SignInId,
        _why: Why,
        now: SystemTime,
    ) -> Answer<'_, Result<Option<Revocation>, StoreError>> {
        self.answer(|rows| rows.end(sign_in, now))
    }

    fn end_all(
        &self,
        player: PlayerId,
        except: Option<SignInId>,
        _why: Why,
        now: SystemTime,
    ) -> Answer<'_, Result<Option<EndedAll>, StoreError>> {
        self.answer(|rows| {
            let row = rows.players.get_mut(&player)?;
            row.epoch += 1;
            let row = row.clone();
            for (sign_in, ended) in rows.sign_ins.values_mut() {
                *ended |= sign_in.player == player && Some(sign_in.id) != except;
            }
            let revocation = rows.log(Revoked::Player { player, epoch: row.epoch }, now);
            Some(EndedAll { player: row, revocation })
        })
    }

    fn forget_revocations(&self, _now: SystemTime) -> Answer<'_, Result<usize, StoreError>> {
        self.answer(|_| 0)
    }
}

impl Accounts for MemoryAccounts {
    fn guest<'a>(
        &'a self,
        device: SecretHash,
        now: SystemTime,
        make: &'a (dyn Fn() -> NewGuest + Send + Sync),
    ) -> Answer<'a, Result<Player, StoreError>> {
        self.answer(|rows| {
            if let Some(id) = rows.devices.get(&device) {
                return rows.players[id].clone();
            }
            let NewGuest { id, username } = make();
            let player = Player {
                id,
                username,
                email: None,
                email_verified: false,
                guest: true,
                role: Role::Player,
                epoch: 0,
                created_at: now,
                updated_at: now,
            };
            rows.devices.insert(device, id);
            rows.players.insert(id, player.clone());
            player
        })
    }

    fn player(&self, id: PlayerId) -> Answer<'_, Result<Option<Player>, StoreError>> {
        self.looks.fetch_add(1, Ordering::Relaxed);
        self.answer(|rows| rows.players.get(&id).cloned())
    }

    fn player_by_username<'a>(
        &'a self,
        username: &'a str,
    ) -> Answer<'a, Result<Option<Player>, StoreError>> {
        self.answer(|rows| {
            rows.players.values().find(|player| player.username == username).cloned()
        })
    }

    fn create_player(
        &self,
        new: NewPlayer,
        now: SystemTime,
    ) -> Answer<'_, Result<Result<Player, UsernameTaken>, StoreError>> {
        self.answer(|rows| {
            let NewPlayer { id, username, guest, role } = new;
            let (created_at, updated_at) = (now, now);
            let (email, email_verified, epoch) = (None, false, 0);
            let player = Player {
                id,
                username,
                email,
                email_verified,
                guest,
                role,
                epoch,
                created_at,
                updated_at,
            };
            rows.players.insert(id, player.clone());
            Ok(player)
        })
    }

    fn open_sign_in(
        &self,
        new: NewSignIn,
        _now: SystemTime,
    ) -> Answer<'_, Result<Option<SignIn>, StoreError>> {
        self.answer(|rows| {
            let NewSignIn { id, player, refresh, expires_at, .. } = new;
            let sign_in = SignIn { id, player, expires_at };
            rows.refresh.insert(refresh, (id, None));
            rows.sign_ins.insert(id, (sign_in.clone(), false));
            Some(sign_in)
        })
    }

    fn rotate_refresh(
        &self,
        rotate: Rotate,
        now: SystemTime,
    ) -> Answer<'_, Result<Rotation, StoreError>> {
        self.answer(|rows| {
            let Some((id, used)) = rows.refresh.get_mut(&rotate.used) else {
                return Rotation::Unknown;
            };
            let (sign_in, earlier) = (*id, *used);
            let (row, revoked) = rows.sign_ins[&sign_in].clone();
            if revoked {
                return Rotation::Revoked { sign_in };
            }
            if let Some((at, successor)) = earlier {
                if at + REUSE_GRACE >= now && successor == rotate.next {
                    let player = rows.players[&row.player].clone();
                    return Rotation::Rotated { player, sign_in: row };
                }
                rows.end(sign_in, now);
                return Rotation::Reused { sign_in, revoked: true };
            }
            *used = Some((now, rotate.next));
            rows.refresh.insert(rotate.next, (sign_in, None));
            Rotation::Rotated { player: rows.players[&row.player].clone(), sign_in: row }
        })
    }

    fn sign_in_valid(
        &self,
        sign_in: SignInId,
        _now: SystemTime,
    ) -> Answer<'_, Result<bool, StoreError>> {
        self.looks.fetch_add(1, Ordering::Relaxed);
        self.answer(|rows| rows.sign_ins.get(&sign_in).is_some_and(|(_, revoked)| !revoked))
    }

    fn forget_expired(&self, _now: SystemTime) -> Answer<'_, Result<usize, StoreError>> {
        self.answer(|_| 0)
    }
}
