//! A store in memory that keeps what it is given, with the fences of a real one. Its clones share what they hold, as
//! two processes share a database.

use std::{
    collections::BTreeMap,
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use gamev1_protocol::{PlayerId, RoomId, SessionId};
use parking_lot::Mutex;

use crate::ports::{
    Answer, ClaimedRoom, Revocation, RevocationLog, Revoked, RoomRecord, RoomSave, RoomStore,
    Sanction, SanctionKind, SanctionStore, SessionSave, Spool, Spooled, StoreError,
    audit::AuditEntry,
};

/// See the module.
#[derive(Clone, Default)]
pub struct MemoryStore(Arc<Shared>);

#[derive(Default)]
struct Shared {
    rows: Mutex<Rows>,
    /// Whether it does not answer.
    away: AtomicBool,
    /// Whether it takes no rows, and answers everything else.
    holds_writes: AtomicBool,
    /// How long the answers take to arrive, in milliseconds; what was asked is done at once.
    answers_after_ms: AtomicU64,
}

#[derive(Default)]
struct Rows {
    records: Vec<RoomRecord>,
    rooms: BTreeMap<RoomId, RoomSave>,
    sessions: BTreeMap<SessionId, SessionSave>,
    spooled: Vec<Spooled>,
    sanctions: BTreeMap<uuid::Uuid, Sanction>,
    audit: Vec<AuditEntry>,
    revocations: Vec<Revocation>,
}

impl MemoryStore {
    /// From now on it does not answer, or answers again.
    pub fn set_away(&self, away: bool) {
        self.0.away.store(away, Ordering::SeqCst);
    }

    /// From now on it refuses rows and images of rooms, or takes them again.
    pub fn hold_writes(&self, holds: bool) {
        self.0.holds_writes.store(holds, Ordering::SeqCst);
    }

    /// From now on its answers are that long on their way, as behind a slow network.
    pub fn answer_within(&self, time: Duration) {
        self.0.answers_after_ms.store(time.as_millis() as u64, Ordering::SeqCst);
    }

    pub fn records(&self) -> Vec<RoomRecord> {
        self.0.rows.lock().records.clone()
    }

    pub fn saved(&self, room: RoomId) -> Option<RoomSave> {
        self.0.rows.lock().rooms.get(&room).cloned()
    }

    pub fn saved_session(&self, session: SessionId) -> Option<SessionSave> {
        self.0.rows.lock().sessions.get(&session).cloned()
    }

    /// What was written to the audit log, in order.
    pub fn audited(&self) -> Vec<AuditEntry> {
        self.0.rows.lock().audit.clone()
    }

    /// Another process has revoked this.
    pub fn revoke(&self, what: Revoked, until: SystemTime) {
        let log = &mut self.0.rows.lock().revocations;
        log.push(Revocation { id: log.len() as u64 + 1, what, until });
    }

    /// Everything that was spooled so far, brought in as the next start does.
    pub fn absorb(&self) {
        let mut rows = self.0.rows.lock();
        for Spooled { records, rooms, sessions } in std::mem::take(&mut rows.spooled) {
            rows.records.extend(records);
            rows.rooms.extend(rooms.into_iter().map(|save| (save.room, save)));
            rows.sessions.extend(sessions.into_iter().map(|save| (save.session, save)));
        }
    }

    fn answer<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Rows) -> T,
    ) -> Answer<'static, Result<T, StoreError>> {
        let done = if self.0.away.load(Ordering::SeqCst) {
            Err(StoreError::Unavailable("it is away".into()))
        } else {
            Ok(work(&mut self.0.rows.lock()))
        };
        let after = Duration::from_millis(self.0.answers_after_ms.load(Ordering::SeqCst));
        Box::pin(async move {
            if !after.is_zero() {
                tokio::time::sleep(after).await;
            }
            done
        })
    }
}

impl RoomStore for MemoryStore {
    fn write<'a>(
        &'a self,
        records: &'a [RoomRecord],
        saves: &'a [RoomSave],
    ) -> Answer<'a, Result<Vec<RoomId>, StoreError>> {
        if self.0.holds_writes.load(Ordering::SeqCst) {
            let held = Err(StoreError::Unavailable("it takes no rows".into()));
            return Box::pin(async move { held });
        }
        self.answer(|rows| {
            rows.records.extend_from_slice(records);
            for record in records {
                if let RoomRecord::Closed { room, .. } = record {
                    rows.rooms.remove(room);
                }
            }
            let mut fenced = Vec::new();
            for save in saves {
                let owner = rows.rooms.get(&save.room).map_or(0, |saved| saved.owner_epoch);
                if owner > save.owner_epoch {
                    fenced.push(save.room);
                } else {
                    rows.rooms.insert(save.room, save.clone());
                }
            }
            fenced
        })
    }

    fn claim(
        &self,
        room: RoomId,
        _: SystemTime,
    ) -> Answer<'_, Result<Option<ClaimedRoom>, StoreError>> {
        self.answer(|rows| {
            let save = rows.rooms.get_mut(&room)?;
            save.owner_epoch += 1;
            let (owner_epoch, saved_at, image) = (save.owner_epoch, save.at, save.image.clone());
            Some(ClaimedRoom { owner_epoch, saved_at, image })
        })
    }

    fn rooms_of_session(&self, session: SessionId) -> Answer<'_, Result<Vec<RoomId>, StoreError>> {
        self.answer(|rows| {
            let saves = rows.rooms.values().filter(|save| save.members.contains(&session));
            saves.map(|save| save.room).collect()
        })
    }

    fn save_sessions<'a>(&'a self, saves: &'a [SessionSave]) -> Answer<'a, Result<(), StoreError>> {
        self.answer(|rows| {
            for save in saves {
                let newer = rows.sessions.get(&save.session).is_some_and(|it| it.at > save.at);
                if !newer {
                    rows.sessions.insert(save.session, save.clone());
                }
            }
        })
    }

    fn take_sessions<'a>(
        &'a self,
        sessions: &'a [SessionId],
    ) -> Answer<'a, Result<Vec<SessionSave>, StoreError>> {
        self.answer(|rows| sessions.iter().filter_map(|id| rows.sessions.remove(id)).collect())
    }

    fn end_unclaimed(
        &self,
        _: SystemTime,
        _: SystemTime,
        _: u32,
    ) -> Answer<'_, Result<usize, StoreError>> {
        self.answer(|_| 0)
    }
}

impl SanctionStore for MemoryStore {
    fn active(
        &self,
        now: SystemTime,
        after: Option<uuid::Uuid>,
        limit: u32,
    ) -> Answer<'_, Result<Vec<Sanction>, StoreError>> {
        self.answer(|rows| {
            let behind = |sanction: &&Sanction| after.is_none_or(|after| sanction.id > after);
            let holds = |sanction: &&Sanction| sanction.until.is_none_or(|until| until > now);
            let active = rows.sanctions.values().filter(behind).filter(holds);
            active.take(limit as usize).cloned().collect()
        })
    }

    fn impose<'a>(
        &'a self,
        sanction: &'a Sanction,
        audit: &'a AuditEntry,
    ) -> Answer<'a, Result<(), StoreError>> {
        self.answer(|rows| {
            rows.sanctions.insert(sanction.id, sanction.clone());
            rows.audit.push(audit.clone());
        })
    }

    fn lift<'a>(
        &'a self,
        player: PlayerId,
        kind: SanctionKind,
        audit: &'a AuditEntry,
    ) -> Answer<'a, Result<bool, StoreError>> {
        self.answer(|rows| {
            let before = rows.sanctions.len();
            rows.sanctions.retain(|_, it| it.player != player || it.kind != kind);
            let lifted = rows.sanctions.len() < before;
            if lifted {
                rows.audit.push(audit.clone());
            }
            lifted
        })
    }
}

impl RevocationLog for MemoryStore {
    fn since(
        &self,
        after: u64,
        now: SystemTime,
        limit: u32,
    ) -> Answer<'_, Result<Vec<Revocation>, StoreError>> {
        self.answer(|rows| {
            let behind = rows.revocations.iter().filter(|line| line.id > after && line.until > now);
            behind.take(limit as usize).copied().collect()
        })
    }
}

impl Spool for MemoryStore {
    fn write(&self, spooled: &Spooled) -> io::Result<()> {
        self.0.rows.lock().spooled.push(spooled.clone());
        Ok(())
    }
}
