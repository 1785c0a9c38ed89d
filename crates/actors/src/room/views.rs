//! Which views members may hold, and what brings each of them to the present one. Pure.

#[cfg(test)]
mod tests;

use std::collections::VecDeque;

use gamev1_protocol::{Format, StateOf, StateTail, view::View};

/// How many different views are kept. A member that holds an older one gets a snapshot.
const VIEWS_MAX: usize = 4;

/// The last few views of a room, and the tails that were encoded in this round.
#[derive(Default)]
pub struct Views {
    seen: VecDeque<Seen>,
    tails: Vec<Encoded>,
}

/// A view that did not change from tick `first` to tick `last`.
struct Seen {
    first: u64,
    last: u64,
    view: View,
}

struct Encoded {
    format: Format,
    base: Option<u64>,
    tail: StateTail,
}

/// What a member is to get.
pub enum Step {
    /// It holds the present view.
    Nothing,
    /// A frame after which it holds the present tick; `base` is what it must hold before.
    Frame { tail: StateTail, base: Option<u64> },
}

impl Views {
    /// Takes the view of `tick`, which begins a new round.
    pub fn observe(&mut self, tick: u64, view: View) {
        self.tails.clear();
        match self.seen.back_mut() {
            Some(latest) if latest.view == view => latest.last = tick,
            _ => {
                if self.seen.len() == VIEWS_MAX {
                    self.seen.pop_front();
                }
                self.seen.push_back(Seen { first: tick, last: tick, view });
            }
        }
    }

    /// Brings a member that holds the view of tick `holds` to the present. `ack_moved`: it has to be told at least
    /// that. Members with the same base and format share one tail.
    pub fn step(
        &mut self,
        of: StateOf,
        format: Format,
        holds: Option<u64>,
        ack_moved: bool,
    ) -> Step {
        let Some(latest) = self.seen.back() else { return Step::Nothing };
        let (tick, unchanged_since) = (latest.last, latest.first);
        let base = holds.filter(|&held| self.at(held).is_some());
        if !ack_moved && base.is_some_and(|held| held >= unchanged_since) {
            return Step::Nothing;
        }
        if base == Some(tick) {
            return Step::Nothing; // Two patches in one tick do not happen; a delta onto itself would be refused.
        }
        let known = self.tails.iter().find(|known| known.format == format && known.base == base);
        let tail = match known {
            Some(known) => known.tail.clone(),
            None => {
                let tail = match base.and_then(|held| Some((held, self.at(held)?))) {
                    Some((held, before)) => {
                        let patch = View::diff(before, &latest.view);
                        StateTail::delta(format, of, tick, held, patch.as_ref())
                    }
                    None => StateTail::snapshot(format, of, tick, &latest.view),
                };
                self.tails.push(Encoded { format, base, tail: tail.clone() });
                tail
            }
        };
        Step::Frame { tail, base }
    }

    fn at(&self, tick: u64) -> Option<&View> {
        let seen = self.seen.iter().rev().find(|seen| (seen.first..=seen.last).contains(&tick))?;
        Some(&seen.view)
    }

    /// The tick of the present view.
    pub fn tick(&self) -> Option<u64> {
        self.seen.back().map(|latest| latest.last)
    }
}
