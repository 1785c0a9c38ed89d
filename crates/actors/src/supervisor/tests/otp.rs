//! A supervisor as OTP describes it (`sup_princ`, `supervisor.erl`), written down as plainly as can be: a tree of
//! records, a clock that is a number, and a list of what happened when. It shares no line with what it is compared to.

use super::{Ended, Fact, Refused};
use super::{Fact::Started as Began, *};
use crate::supervisor::{Exit, Restart, Strategy};

/// What a tree is made of, for the model and for the real one.
#[derive(Debug, Clone)]
pub(super) struct Plot {
    pub(super) strategy: Strategy,
    pub(super) intensity: u32,
    pub(super) period: u64,
    pub(super) children: Vec<Child>,
}

#[derive(Debug, Clone)]
pub(super) struct Child {
    pub(super) name: &'static str,
    pub(super) restart: Restart,
    pub(super) shutdown: Shutdown,
    pub(super) below: Option<Plot>,
}

/// Young, initial, max; the factor is 2.
pub(super) type Waits = Option<(u64, u64, u64)>;

pub(super) struct World {
    pub(super) now: u64,
    pub(super) facts: Vec<(u64, Fact)>,
    pub(super) refusals: HashMap<&'static str, u32>,
    waits: Waits,
    top: Sup,
}

struct Sup {
    plot: Plot,
    up: bool,
    stamps: Vec<u64>,
    nodes: Vec<Node>,
    timers: Vec<(u64, Vec<usize>)>,
}

struct Node {
    running: bool,
    deaf: bool,
    since: u64,
    streak: u32,
    below: Option<Sup>,
}

/// What is the same for all supervisors while something happens.
struct Stage<'w> {
    now: &'w mut u64,
    facts: &'w mut Vec<(u64, Fact)>,
    refusals: &'w mut HashMap<&'static str, u32>,
    waits: Waits,
}

/// The supervisor has given up.
#[derive(Debug, PartialEq)]
struct GaveUp;

impl Sup {
    fn new(plot: &Plot) -> Sup {
        let node = |child: &Child| Node {
            running: false,
            deaf: false,
            since: 0,
            streak: 0,
            below: child.below.as_ref().map(Sup::new),
        };
        let nodes = plot.children.iter().map(node).collect();
        Sup { plot: plot.clone(), up: false, stamps: vec![], nodes, timers: vec![] }
    }

    /// All in order; when one does not start, those before it go again and the supervisor has not started.
    fn start(&mut self, stage: &mut Stage<'_>) -> bool {
        self.stamps.clear();
        self.timers.clear();
        for at in 0..self.nodes.len() {
            self.nodes[at].streak = 0;
            if !self.start_node(at, stage) {
                self.stop((0..at).collect(), stage);
                return false;
            }
        }
        self.up = true;
        true
    }

    fn start_node(&mut self, at: usize, stage: &mut Stage<'_>) -> bool {
        let (name, node) = (self.plot.children[at].name, &mut self.nodes[at]);
        let started = match &mut node.below {
            Some(sup) => sup.start(stage),
            None => {
                let left = stage.refusals.entry(name).or_default();
                let refused = *left > 0;
                *left = left.saturating_sub(1);
                stage.facts.push((*stage.now, if refused { Refused(name) } else { Began(name) }));
                !refused
            }
        };
        if started {
            (node.running, node.deaf, node.since) = (true, false, *stage.now);
        }
        started
    }

    /// In reverse, each with its time, one after the other.
    fn stop(&mut self, which: Vec<usize>, stage: &mut Stage<'_>) {
        for at in which.into_iter().rev() {
            let node = &mut self.nodes[at];
            if !std::mem::take(&mut node.running) {
                continue;
            }
            match &mut node.below {
                Some(sup) => {
                    sup.up = false;
                    sup.stop((0..sup.nodes.len()).collect(), stage);
                }
                None => {
                    if let (true, Shutdown::Within(time)) =
                        (node.deaf, self.plot.children[at].shutdown)
                    {
                        *stage.now += time.as_millis() as u64;
                    }
                    stage.facts.push((*stage.now, Ended(self.plot.children[at].name)));
                }
            }
        }
    }

    fn exited(&mut self, at: usize, exit: Exit, stage: &mut Stage<'_>) -> Result<(), GaveUp> {
        self.nodes[at].running = false;
        let comes_back = match self.plot.children[at].restart {
            Restart::Permanent => true,
            Restart::Transient => exit == Exit::Failed,
            Restart::Temporary => false,
        };
        if !comes_back {
            return Ok(());
        }
        let lived = *stage.now - self.nodes[at].since;
        let wait = self.add_restart(at, lived, stage)?;
        let affected: Vec<usize> = match self.plot.strategy {
            Strategy::OneForOne => vec![at],
            Strategy::OneForAll => (0..self.nodes.len()).collect(),
            Strategy::RestForOne => (at..self.nodes.len()).collect(),
        };
        self.stop(affected.clone(), stage);
        let never = |at: &usize| self.plot.children[*at].restart == Restart::Temporary;
        let start: Vec<usize> = affected.into_iter().filter(|at| !never(at)).collect();
        if wait > 0 {
            self.later(start, wait, stage);
            return Ok(());
        }
        self.restart(start, stage)
    }

    /// One more restart, and how long it is to wait; one too many ends everything.
    fn add_restart(&mut self, at: usize, lived: u64, stage: &mut Stage<'_>) -> Result<u64, GaveUp> {
        let (young, initial, max) = stage.waits.unwrap_or_default();
        let node = &mut self.nodes[at];
        node.streak = if lived < young { node.streak + 1 } else { 0 };
        let wait = if node.streak < 2 { 0 } else { max.min(initial << (node.streak - 2)) };
        self.stamps.push(*stage.now);
        let of_late = self.stamps.iter().filter(|&&at| at + self.plot.period >= *stage.now);
        if of_late.count() as u32 > self.plot.intensity {
            self.stop((0..self.nodes.len()).collect(), stage);
            self.up = false;
            return Err(GaveUp);
        }
        Ok(wait)
    }

    fn restart(&mut self, list: Vec<usize>, stage: &mut Stage<'_>) -> Result<(), GaveUp> {
        for (done, &at) in list.iter().enumerate() {
            self.forget_timers(&[at]);
            if self.nodes[at].running || self.start_node(at, stage) {
                continue;
            }
            let wait = self.add_restart(at, 0, stage)?;
            let again = if self.plot.strategy == Strategy::OneForAll {
                self.stop(list[..done].to_vec(), stage);
                list
            } else {
                list[done..].to_vec()
            };
            self.later(again, wait, stage);
            return Ok(());
        }
        Ok(())
    }

    fn later(&mut self, list: Vec<usize>, wait: u64, stage: &Stage<'_>) {
        self.forget_timers(&list);
        self.timers.push((*stage.now + wait, list));
    }

    /// What is decided now takes the place of what was decided before.
    fn forget_timers(&mut self, these: &[usize]) {
        for (_, list) in &mut self.timers {
            list.retain(|at| !these.contains(at));
        }
        self.timers.retain(|(_, list)| !list.is_empty());
    }

    fn next_timer(&self) -> Option<u64> {
        let own = self.timers.iter().map(|(due, _)| *due).min();
        let below = self
            .nodes
            .iter()
            .filter(|node| node.running)
            .filter_map(|node| node.below.as_ref().and_then(Sup::next_timer));
        own.into_iter().chain(below).min()
    }

    fn fire(&mut self, due: u64, stage: &mut Stage<'_>) -> Result<(), GaveUp> {
        if let Some(at) = self.timers.iter().position(|(at, _)| *at == due) {
            let (_, list) = self.timers.remove(at);
            return self.restart(list, stage);
        }
        let has_it = |node: &Node| {
            node.running && node.below.as_ref().and_then(Sup::next_timer) == Some(due)
        };
        let Some(at) = self.nodes.iter().position(has_it) else { return Ok(()) };
        match self.nodes[at].below.as_mut().map(|sup| sup.fire(due, stage)) {
            Some(Err(GaveUp)) => self.exited(at, Exit::Shutdown, stage),
            _ => Ok(()),
        }
    }

    /// That worker ends.
    fn worker_exits(
        &mut self,
        name: &str,
        exit: Exit,
        stage: &mut Stage<'_>,
    ) -> Result<(), GaveUp> {
        if let Some(at) = self.plot.children.iter().position(|child| child.name == name) {
            stage.facts.push((*stage.now, Ended(self.plot.children[at].name)));
            return self.exited(at, exit, stage);
        }
        for at in 0..self.nodes.len() {
            let Some(sup) = self.nodes[at].below.as_mut() else { continue };
            if sup.worker(name).is_some() {
                return match sup.worker_exits(name, exit, stage) {
                    Ok(()) => Ok(()),
                    Err(GaveUp) => self.exited(at, Exit::Shutdown, stage),
                };
            }
        }
        Ok(())
    }

    fn worker(&mut self, name: &str) -> Option<&mut Node> {
        let at = self.plot.children.iter().position(|child| child.name == name);
        match at {
            Some(at) => Some(&mut self.nodes[at]),
            None => self.nodes.iter_mut().find_map(|node| node.below.as_mut()?.worker(name)),
        }
    }
}

impl World {
    pub(super) fn new(plot: &Plot, waits: Waits) -> World {
        let (facts, refusals) = Default::default();
        World { now: 0, facts, refusals, waits, top: Sup::new(plot) }
    }

    fn with<T>(&mut self, act: impl FnOnce(&mut Sup, &mut Stage<'_>) -> T) -> T {
        let World { now, facts, refusals, waits, top } = self;
        act(top, &mut Stage { now, facts, refusals, waits: *waits })
    }

    pub(super) fn up(&self) -> bool {
        self.top.up
    }

    pub(super) fn start(&mut self) {
        self.with(|top, stage| top.start(stage));
    }

    pub(super) fn stop(&mut self) {
        self.with(|top, stage| top.stop((0..top.nodes.len()).collect(), stage));
        self.top.up = false;
    }

    /// Lets time pass, and everything happen that was to happen meanwhile.
    pub(super) fn advance(&mut self, to: u64) {
        while let Some(due) = self.top.next_timer().filter(|&due| self.top.up && due <= to) {
            self.now = self.now.max(due);
            // That the top has given up is seen by its state.
            let _ = self.with(|top, stage| top.fire(due, stage));
        }
        self.now = self.now.max(to);
    }

    pub(super) fn exits(&mut self, name: &str, exit: Exit) {
        let _ = self.with(|top, stage| top.worker_exits(name, exit, stage));
        let now = self.now;
        self.advance(now);
    }

    /// Whether that worker runs, and whether it hears anything.
    pub(super) fn worker(&mut self, name: &str) -> (bool, bool) {
        let up = self.top.up;
        let node = self.top.worker(name);
        node.map_or((false, false), |node| (up && node.running, !node.deaf))
    }

    pub(super) fn deafen(&mut self, name: &str) {
        if let Some(node) = self.top.worker(name) {
            node.deaf = true;
        }
    }
}
