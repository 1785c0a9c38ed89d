//! The end of a room: its rows are closed, those who wait are refused, and its members are told.

use std::{sync::Arc, time::SystemTime};

use gamev1_protocol::{Push, Seat, push::ClosedReason};
use serde_json::Value;

use super::{RoomCell, RoomItem, desk, endings::Ending};
use crate::{ports::RoomRecord, vault::Vault};

/// How a room comes to its end.
pub(crate) struct End {
    pub reason: ClosedReason,
    pub message: String,
    pub result: Option<Value>,
    /// Whether the game itself has come to an end, which `room.ended` tells.
    pub of_the_game: bool,
}

impl End {
    pub(super) fn new(reason: ClosedReason, message: impl Into<String>) -> End {
        End { reason, message: message.into(), result: None, of_the_game: false }
    }

    pub(super) fn of_the_game(result: Option<Value>) -> End {
        let message = "the game is over".into();
        End { reason: ClosedReason::Ended, message, result, of_the_game: true }
    }

    fn pushes(&self, cell: &RoomCell) -> Vec<Push> {
        let End { reason, message, result, of_the_game } = self;
        let ended = Push::RoomEnded { room: cell.id, result: result.clone() };
        let closed = Push::RoomClosed {
            room: cell.id,
            reason: *reason,
            message: message.clone(),
            result: result.clone(),
        };
        of_the_game.then_some(ended).into_iter().chain([closed]).collect()
    }
}

/// Ends a room: it takes nothing more, its rows are closed, and once they are stored its members are told and it leaves
/// the vault. `stay_result` is what the game has to say of each seat.
pub(crate) fn dissolve(
    vault: &Arc<Vault>,
    cell: &Arc<RoomCell>,
    end: End,
    stay_result: impl Fn(Seat) -> Option<Value>,
) {
    let reason = end.reason;
    if !cell.set_closing(reason) {
        return;
    }
    // Its rows and its image are the new owner's by now.
    let elsewhere = reason == ClosedReason::Moved;
    let at = SystemTime::now();
    let seated = std::mem::take(&mut *cell.seated.lock());
    for member in seated.values() {
        member.session.outbox.take_state(cell.n);
        if !elsewhere {
            let result = stay_result(member.seat);
            vault.record(RoomRecord::SeatLeft { game_session: member.stay, result, at });
        }
    }
    vault.saves.forget(cell.id);
    // What was at hand may have got its answer before the room failed.
    let answered = cell.memory.lock().progress.answered;
    let current = cell.inbox.take_current().filter(|_| !answered);
    for item in current.into_iter().chain(cell.inbox.close()) {
        if let RoomItem::Join { ask, .. } = &item {
            ask.session.let_go(cell.id);
        }
        desk::refuse_closed(cell, item);
    }
    let members = seated.into_values().map(|member| member.session).collect();
    let ending = Ending { cell: cell.clone(), members, pushes: end.pushes(cell) };
    let (room, word) = (cell.id, reason.word().into());
    let row = RoomRecord::Closed { room, reason: word, result: end.result, at };
    if elsewhere {
        ending.tell(vault);
    } else if reason == ClosedReason::Stuck || vault.store().is_none() {
        // Where it is the runtime that hangs, the store may hang with it.
        vault.record(row);
        ending.tell(vault);
    } else {
        vault.endings.end(vault, ending, row);
    }
    cell.set_drained();
}
