//! A room as a child of its supervisor: what it is called, how it is started, what happens when it is given up.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use gamev1_protocol::{RoomId, push::ClosedReason};
use ractor::Actor;

use super::{KIND, RoomActor, RoomCell, dissolve};
use crate::{
    registry::Depth,
    supervisor::{
        Started,
        dynamic::{DynamicChild, DynamicMsg, GaveUp},
    },
    vault::Vault,
};

/// What a room is called in the registry and in quarantine.
pub(crate) fn label(room: RoomId) -> String {
    format!("room:{room}")
}

/// How the `rooms` supervisor starts, and gives up, this room.
pub(crate) fn child(vault: &Arc<Vault>, cell: &Arc<RoomCell>) -> DynamicChild {
    let start = {
        let (vault, cell) = (vault.clone(), cell.clone());
        Arc::new(move |supervisor, meta| {
            let args = (vault.clone(), cell.clone(), meta);
            Box::pin(async move {
                let (actor, handle) =
                    Actor::spawn_linked(None, RoomActor, args, supervisor).await?;
                Ok::<Started, _>((actor.get_cell(), handle))
            }) as BoxFuture<'static, _>
        })
    };
    let gave_up = {
        let (vault, cell) = (vault.clone(), cell.clone());
        Arc::new(move |why: &GaveUp| quarantine(&vault, &cell, why))
    };
    let inbox = {
        // A room that is kept apart stays in the registry, its checkpoints need not stay with it.
        let cell = Arc::downgrade(cell);
        Arc::new(move || {
            let depth = |cell: Arc<RoomCell>| (cell.inbox.depth(), cell.inbox.depth_max());
            let (now, max) = cell.upgrade().map(depth).unwrap_or_default();
            Depth { now, max }
        })
    };
    let label = label(cell.id);
    DynamicChild { label, kind: &KIND, inbox: Some(inbox), start, gave_up }
}

/// Starts the actor of a room that stands in the vault.
pub(crate) fn spawn(vault: &Arc<Vault>, cell: &Arc<RoomCell>) {
    vault.room_supervisor.cast(DynamicMsg::Start(child(vault, cell)));
}

/// The room is not started again: its members are told and keep their sockets.
fn quarantine(vault: &Arc<Vault>, cell: &Arc<RoomCell>, why: &GaveUp) {
    let reason = &why.reason;
    tracing::error!(room = %cell.id, game = cell.spec.game.name(), reason, "room quarantined");
    dissolve(vault, cell, ClosedReason::Crashed, "the room failed too often", None, |_| None);
}

/// The room hangs: its members are told and keep their sockets. Called by a thread that watches it from outside.
pub(crate) fn close_stuck(vault: &Arc<Vault>, cell: &Arc<RoomCell>) {
    dissolve(vault, cell, ClosedReason::Stuck, "the room hangs", None, |_| None);
}
