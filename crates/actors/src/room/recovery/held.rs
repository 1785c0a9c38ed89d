//! Entries that are to be applied before a room that came back goes on: what moved past a tick that panicked, and what
//! tells the game who sits there now. One at a time, so that what one of them dies of is known and not tried again.

use super::{Lost, Memory, Passed, Site, Way};
use crate::{
    game::{Member, RawInput},
    room::state::Entry,
};

/// What became of an entry that the room died of while it came back.
#[derive(Debug, Clone, PartialEq)]
pub enum Failed {
    /// A member whom the game cannot take in again: the seat is lost.
    Join(Member),
    /// An input that is settled and not applied.
    Input(RawInput),
}

impl Memory {
    /// The entries that wait.
    pub fn held(&self) -> impl Iterator<Item = &Entry> {
        self.held.iter()
    }

    /// The one that is being applied, or was when the room failed.
    pub fn at_hand(&self) -> Option<&Entry> {
        self.at_hand.as_ref()
    }

    /// Adds one behind those that wait.
    pub fn hold(&mut self, entry: Entry) {
        self.held.push_back(entry);
    }

    /// The next entry, which is then at hand until it is done.
    pub fn next_held(&mut self) -> Option<Entry> {
        let entry = self.held.pop_front()?;
        self.site = match entry {
            Entry::Join(_) => Site::Join,
            Entry::Leave(_) | Entry::Forget(_) | Entry::Unseat(_) => Site::Leave,
            Entry::Input(_) => Site::Input,
            Entry::Tick => Site::Tick,
            Entry::Settle { .. } | Entry::Reseed(_) => Site::Own,
        };
        self.at_hand = Some(entry.clone());
        Some(entry)
    }

    /// Sees to the entry that the room died of: what is to be done in its place waits in front of the others, and what
    /// a member is to be told of it comes back. It stays at hand until [`Memory::told_failed`].
    pub fn failed_at_hand(&mut self) -> Option<Failed> {
        let instead = match self.at_hand.as_ref()? {
            Entry::Join(member) => return Some(Failed::Join(member.clone())),
            Entry::Input(input) => return Some(Failed::Input(input.clone())),
            Entry::Leave(seat) => Some(Entry::Forget(*seat)),
            Entry::Forget(seat) => Some(Entry::Unseat(*seat)),
            Entry::Unseat(_) | Entry::Settle { .. } | Entry::Tick | Entry::Reseed(_) => None,
        };
        self.at_hand = None;
        if let Some(entry) = instead {
            self.held.push_front(entry);
        }
        None
    }

    /// Who sent or was it has been told.
    pub fn told_failed(&mut self) {
        if let Some(Entry::Input(RawInput { seat, seq, .. })) = self.at_hand.take() {
            self.held.push_front(Entry::Settle { seat, seq });
        }
    }

    /// Takes out what came after the last tick: it is applied, in order, after the tick that is made again.
    pub(super) fn hold_back(&mut self) {
        self.tick_again = true;
        let mut tail = self.log.split_off();
        tail.append(&mut self.held);
        self.held = tail;
    }

    /// Forgets what came after the checkpoint that `way` leads to. What that costs is added to what members are to be
    /// told; what waits then makes of those who sat in it those who sit now, `seated`, in the order in which they came.
    pub fn go_back(&mut self, way: Way, epoch: u64, seated: &[Member]) {
        let reached = self.tick();
        let mut passed = self.log.passed();
        self.held.iter().for_each(|entry| passed.add(entry));
        if way == Way::BackToOlder {
            passed.append(std::mem::take(&mut self.between));
            self.newest = self.older.take();
        }
        self.log.clear();
        self.held.clear();
        self.tick_again = false;
        self.lost.ticks += reached.saturating_sub(self.tick());
        self.lost.inputs += passed.inputs;
        self.held.push_back(Entry::Reseed(epoch));
        self.reseat(&passed, seated);
    }

    /// A game without state is made anew: whoever sits there joins, before anything else that waits.
    pub fn begin_anew(&mut self, seated: Vec<Member>) {
        for member in seated.into_iter().rev() {
            self.held.push_front(Entry::Join(member));
        }
    }

    fn reseat(&mut self, passed: &Passed, seated: &[Member]) {
        let before = self.newest.as_ref().map_or(&[][..], |newest| &newest.seats);
        let stayed = |member: &Member| {
            !passed.taken.contains(&member.seat)
                && before.iter().any(|sitting| sitting.member.seat == member.seat)
                && seated.iter().any(|now| now.seat == member.seat)
        };
        let gone = before.iter().map(|sitting| &sitting.member).filter(|member| !stayed(member));
        let come = seated.iter().filter(|member| !stayed(member)).cloned();
        let (gone, come) = (gone.map(|member| Entry::Leave(member.seat)), come.map(Entry::Join));
        self.held.extend(gone.chain(come).collect::<Vec<_>>());
    }

    /// What going back has cost since members were told last.
    pub fn lost(&self) -> Lost {
        self.lost
    }

    pub fn told_lost(&mut self) {
        self.lost = Lost::default();
    }
}
