//! The sessions, found by id, by player and by sign-in.

use std::{
    collections::{HashMap, hash_map::Entry},
    hash::Hash,
    sync::Arc,
};

use gamev1_protocol::{CloseCode, PlayerId, SessionId, SignInId};
use parking_lot::RwLock;

use super::Vault;
use crate::{
    ports::Revoked,
    session::{SessionCell, SessionMsg},
};

/// All sessions. One lock, so that they are in all three or in none.
#[derive(Default)]
pub(super) struct Sessions(RwLock<Indexed>);

#[derive(Default)]
struct Indexed {
    all: HashMap<SessionId, Arc<SessionCell>>,
    of_player: HashMap<PlayerId, Vec<SessionId>>,
    of_sign_in: HashMap<SignInId, Vec<SessionId>>,
}

impl Indexed {
    fn insert(&mut self, cell: Arc<SessionCell>) {
        let id = cell.id;
        // Most have one, and there are many of them: no room for four.
        let one = || Vec::with_capacity(1);
        self.of_player.entry(cell.player()).or_insert_with(one).push(id);
        self.of_sign_in.entry(cell.identity().sign_in).or_insert_with(one).push(id);
        self.all.insert(id, cell);
    }

    fn remove(&mut self, id: SessionId) {
        let Some(cell) = self.all.remove(&id) else { return };
        take_out(&mut self.of_player, cell.player(), id);
        take_out(&mut self.of_sign_in, cell.identity().sign_in, id);
    }

    fn of(&self, ids: Option<&Vec<SessionId>>) -> Vec<Arc<SessionCell>> {
        let cells = ids.into_iter().flatten().filter_map(|id| self.all.get(id));
        cells.cloned().collect()
    }
}

fn take_out<K: Hash + Eq>(index: &mut HashMap<K, Vec<SessionId>>, key: K, id: SessionId) {
    if let Entry::Occupied(mut theirs) = index.entry(key) {
        theirs.get_mut().retain(|their| *their != id);
        if theirs.get().is_empty() {
            theirs.remove();
        }
    }
}

impl Sessions {
    pub(super) fn len(&self) -> usize {
        self.0.read().all.len()
    }
}

impl Vault {
    pub fn session(&self, session: SessionId) -> Option<Arc<SessionCell>> {
        self.sessions.0.read().all.get(&session).cloned()
    }

    pub fn sessions(&self) -> Vec<Arc<SessionCell>> {
        self.sessions.0.read().all.values().cloned().collect()
    }

    pub fn sessions_of(&self, player: PlayerId) -> Vec<Arc<SessionCell>> {
        let sessions = self.sessions.0.read();
        sessions.of(sessions.of_player.get(&player))
    }

    fn sessions_of_sign_in(&self, sign_in: SignInId) -> Vec<Arc<SessionCell>> {
        let sessions = self.sessions.0.read();
        sessions.of(sessions.of_sign_in.get(&sign_in))
    }

    pub(crate) fn insert_session(&self, cell: Arc<SessionCell>) {
        self.sessions.0.write().insert(cell);
    }

    /// The session of that id, and whether it is the one given.
    pub(crate) fn find_or_insert_session(&self, cell: SessionCell) -> (Arc<SessionCell>, bool) {
        let mut sessions = self.sessions.0.write();
        if let Some(known) = sessions.all.get(&cell.id) {
            return (known.clone(), false);
        }
        let cell = Arc::new(cell);
        sessions.insert(cell.clone());
        (cell, true)
    }

    pub(crate) fn remove_session(&self, session: SessionId) {
        self.sessions.0.write().remove(session);
    }

    /// Ends the sessions that rest on what was revoked: their sockets close with 4001 and their seats are free.
    pub(crate) fn sign_out(&self, revoked: Revoked) {
        let sessions = match revoked {
            Revoked::SignIn(sign_in) => self.sessions_of_sign_in(sign_in),
            Revoked::Player { player, epoch } => {
                let mut theirs = self.sessions_of(player);
                theirs.retain(|session| session.resume_claim().epoch < epoch);
                theirs
            }
        };
        for session in sessions {
            session.outbox.close(CloseCode::SignedOut, None);
            session.actor.cast(SessionMsg::Close(CloseCode::SignedOut));
        }
    }
}
