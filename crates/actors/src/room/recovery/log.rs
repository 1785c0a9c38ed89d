//! What a room has done since its newest checkpoint, in the order applied. Pure.

use std::collections::{BTreeSet, VecDeque};

use gamev1_protocol::Seat;

use crate::room::state::Entry;

/// See the module. A checkpoint empties it; when one is due is decided beside it.
#[derive(Default)]
pub(super) struct Log {
    entries: VecDeque<Logged>,
    bytes: usize,
}

struct Logged {
    entry: Entry,
    /// The game said no to this input, and its sender has been told. It is in the log because a game may draw random
    /// numbers before it refuses.
    refused: bool,
}

/// What is lost with a part of the log.
#[derive(Default, Clone)]
pub(super) struct Passed {
    /// Inputs that the game had taken.
    pub(super) inputs: u64,
    /// Seats that somebody has taken in it: whoever sits there is not who sat there before.
    pub(super) taken: BTreeSet<Seat>,
}

impl Passed {
    /// Adds an entry that the game has taken.
    pub(super) fn add(&mut self, entry: &Entry) {
        match entry {
            Entry::Input(_) => self.inputs += 1,
            Entry::Join(member) => drop(self.taken.insert(member.seat)),
            _ => {}
        }
    }

    pub(super) fn append(&mut self, mut other: Passed) {
        self.inputs += other.inputs;
        self.taken.append(&mut other.taken);
    }
}

impl Log {
    /// What a former process has saved, with the places of the inputs that were refused.
    pub(super) fn restored(entries: Vec<Entry>, refused: &[u32]) -> Log {
        let refused: BTreeSet<_> = refused.iter().map(|&at| at as usize).collect();
        let mut log = Log::default();
        for (at, entry) in entries.into_iter().enumerate() {
            log.push(entry, refused.contains(&at));
        }
        log
    }

    pub(super) fn push(&mut self, entry: Entry, refused: bool) {
        self.bytes += entry.bytes();
        self.entries.push_back(Logged { entry, refused });
    }

    pub(super) fn clear(&mut self) {
        self.entries.clear();
        self.bytes = 0;
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().map(|logged| &logged.entry)
    }

    /// The places of inputs that were refused, counted from 0.
    pub(super) fn refused(&self) -> Vec<u32> {
        let places = (0u32..).zip(&self.entries).filter(|(_, logged)| logged.refused);
        places.map(|(at, _)| at).collect()
    }

    pub(super) fn ticks(&self) -> u64 {
        self.entries().filter(|entry| matches!(entry, Entry::Tick)).count() as u64
    }

    /// What is lost when it is.
    pub(super) fn passed(&self) -> Passed {
        let mut passed = Passed::default();
        for logged in self.entries.iter().filter(|logged| !logged.refused) {
            passed.add(&logged.entry);
        }
        passed
    }

    /// Takes out what came after the last tick, as it is to be applied behind another one: what the game has refused
    /// stays refused, because its sender has been told.
    pub(super) fn split_off(&mut self) -> VecDeque<Entry> {
        // A random source that was changed because a tick had failed stays changed.
        let stays = |logged: &Logged| matches!(logged.entry, Entry::Tick | Entry::Reseed(_));
        let from = self.entries.iter().rposition(stays).map_or(0, |at| at + 1);
        let tail = self.entries.split_off(from);
        self.bytes -= tail.iter().map(|logged| logged.entry.bytes()).sum::<usize>();
        let moved = tail.into_iter().map(|Logged { entry, refused }| match entry {
            Entry::Input(input) if refused => Entry::Settle { seat: input.seat, seq: input.seq },
            entry => entry,
        });
        moved.collect()
    }
}
