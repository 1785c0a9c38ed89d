//! The store of rooms and game sessions, in PostgreSQL.

use std::time::SystemTime;

use gamev1_actors::ports::{
    Answer, ClaimedRoom, RoomRecord, RoomSave, RoomStore, SessionSave, StoreError,
};
use gamev1_protocol::{RoomId, SessionId};

use super::{Postgres, pool::Class, records, saves};

impl RoomStore for Postgres {
    fn write<'a>(
        &'a self,
        records: &'a [RoomRecord],
        saves: &'a [RoomSave],
    ) -> Answer<'a, Result<Vec<RoomId>, StoreError>> {
        Box::pin(async move {
            if records.is_empty() && saves.is_empty() {
                return Ok(Vec::new());
            }
            let (records, saves) = (records.to_vec(), saves.to_vec());
            let write = self.pool.transaction(Class::Write, move |client| {
                Box::pin(async move {
                    records::write(client, &records).await?;
                    saves::save_rooms(client, &saves).await
                })
            });
            write.await
        })
    }

    fn claim(
        &self,
        room: RoomId,
        now: SystemTime,
    ) -> Answer<'_, Result<Option<ClaimedRoom>, StoreError>> {
        Box::pin(async move {
            // Codes that nobody has are asked for too: they need no transaction.
            let saved = self
                .pool
                .read(move |client| Box::pin(async move { saves::is_saved(client, room).await }));
            if !saved.await? {
                return Ok(None);
            }
            let claim = self
                .pool
                .transaction(Class::Write, move |client| Box::pin(saves::claim(client, room, now)));
            claim.await
        })
    }

    fn rooms_of_session(&self, session: SessionId) -> Answer<'_, Result<Vec<RoomId>, StoreError>> {
        Box::pin(self.pool.read(move |client| Box::pin(saves::rooms_of(client, session))))
    }

    fn save_sessions<'a>(&'a self, saves: &'a [SessionSave]) -> Answer<'a, Result<(), StoreError>> {
        let saves = saves.to_vec();
        Box::pin(self.pool.write(move |client| {
            Box::pin(async move { saves::save_sessions(client, &saves).await })
        }))
    }

    fn take_sessions<'a>(
        &'a self,
        sessions: &'a [SessionId],
    ) -> Answer<'a, Result<Vec<SessionSave>, StoreError>> {
        let sessions = sessions.to_vec();
        Box::pin(self.pool.transaction(Class::Write, move |client| {
            Box::pin(async move { saves::take_sessions(client, &sessions).await })
        }))
    }

    fn end_unclaimed(
        &self,
        before: SystemTime,
        now: SystemTime,
        limit: u32,
    ) -> Answer<'_, Result<usize, StoreError>> {
        Box::pin(self.pool.transaction(Class::Write, move |client| {
            Box::pin(saves::end_unclaimed(client, before, now, limit))
        }))
    }
}
