//! The end of a room: members are told, those who wait are refused, the rows are closed.

use std::{sync::Arc, time::SystemTime};

use gamev1_protocol::{Push, Seat, push::ClosedReason};
use serde_json::Value;

use super::{RoomCell, RoomItem, desk};
use crate::{lobby::LobbyItem, ports::RoomRecord, vault::Vault};

/// Takes a room out of the vault: members are told, those who wait are refused, the rows are closed.
pub(crate) fn dissolve(
    vault: &Arc<Vault>,
    cell: &Arc<RoomCell>,
    reason: ClosedReason,
    message: &str,
    result: Option<Value>,
    stay_result: impl Fn(Seat) -> Option<Value>,
) {
    if !cell.set_closing() {
        return;
    }
    // Its rows and its image are the new owner's by now.
    let elsewhere = reason == ClosedReason::Moved;
    let at = SystemTime::now();
    let seated = std::mem::take(&mut *cell.seated.lock());
    for member in seated.values() {
        let message = message.to_owned();
        let closed = Push::RoomClosed { room: cell.id, reason, message, result: result.clone() };
        member.session.outbox.take_state(cell.n);
        member.session.outbox.push(&closed);
        member.session.let_go(cell.id);
        if !elsewhere {
            let result = stay_result(member.seat);
            vault.record(RoomRecord::SeatLeft { game_session: member.stay, result, at });
        }
    }
    vault.saves.forget(cell.id);
    if !elsewhere {
        let reason = word(reason).into();
        vault.record(RoomRecord::Closed { room: cell.id, reason, result, at });
    }
    // Only now: whoever does not find the room here finds its end on the way to the store, and does not bring it back.
    vault.remove_room(cell.id);
    vault.lobby.push_always(LobbyItem::Closed(cell.id));
    // What was at hand may have got its answer before the room failed.
    let answered = cell.memory.lock().progress.answered;
    let current = cell.inbox.take_current().filter(|_| !answered);
    for item in current.into_iter().chain(cell.inbox.close()) {
        if let RoomItem::Join { ask, .. } = &item {
            ask.session.let_go(cell.id);
        }
        desk::refuse_closed(item);
    }
}

/// What the row of the room says of its end.
fn word(reason: ClosedReason) -> &'static str {
    match reason {
        ClosedReason::Empty => "empty",
        ClosedReason::Ended => "ended",
        ClosedReason::Crashed => "crashed",
        ClosedReason::Stuck => "stuck",
        ClosedReason::Upgraded => "upgraded",
        ClosedReason::Kicked => "kicked",
        ClosedReason::Moved => "moved",
        ClosedReason::Operator => "operator",
    }
}
