//! A room as a child of its supervisor: what it is called, how it is started, what happens when it is given up.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use gamev1_protocol::{RoomId, push::ClosedReason};
use ractor::Actor;

use super::{
    KIND, RoomActor, RoomCell,
    dissolve::{End, dissolve},
    record::CrashRecord,
    recovery::Site,
};
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
    let failed = {
        let (vault, cell) = (vault.clone(), cell.clone());
        Arc::new(move |why: &GaveUp| failed(&vault, &cell, why))
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
    DynamicChild { label, kind: &KIND, inbox: Some(inbox), start, failed, gave_up }
}

/// Starts the actor of a room that stands in the vault.
pub(crate) fn spawn(vault: &Arc<Vault>, cell: &Arc<RoomCell>) {
    vault.room_supervisor.cast(DynamicMsg::Start(child(vault, cell)));
}

/// The room is not started again: its members are told and keep their sockets.
fn quarantine(vault: &Arc<Vault>, cell: &Arc<RoomCell>, why: &GaveUp) {
    record(vault, cell, why);
    let reason = &why.reason;
    tracing::error!(room = %cell.id, game = cell.spec.game.name(), reason, "room quarantined");
    dissolve(vault, cell, End::new(ClosedReason::Crashed, "the room failed too often"), |_| None);
}

/// The room has failed and comes back: that is recorded only where everything is. What it failed at is remembered
/// where the way back may lose it, and then find no end.
fn failed(vault: &Vault, cell: &Arc<RoomCell>, why: &GaveUp) {
    let Some(records) = vault.crash_records() else { return };
    let site = cell.memory.lock().site;
    let replays = matches!(site, Site::Input | Site::Join | Site::Leave | Site::Order);
    if records.all() {
        records.keep(CrashRecord::of(cell, why));
    } else if !replays && site != Site::Restore {
        *cell.last_crash.lock() = Some(Box::new(CrashRecord::of(cell, why)));
    }
}

/// Records what the room failed at for good.
fn record(vault: &Vault, cell: &Arc<RoomCell>, why: &GaveUp) {
    let Some(records) = vault.crash_records() else { return };
    let lost = cell.memory.lock().site == Site::Restore;
    let before = cell.last_crash.lock().take().filter(|_| lost);
    match before {
        Some(before) => records.keep(*before),
        None if lost && records.all() => {}
        None => records.keep(CrashRecord::of(cell, why)),
    }
}

/// The room hangs: its members are told and keep their sockets. Called by a thread that watches it from outside.
pub(crate) fn close_stuck(vault: &Arc<Vault>, cell: &Arc<RoomCell>) {
    dissolve(vault, cell, End::new(ClosedReason::Stuck, "the room hangs"), |_| None);
}
