//! What a supervisor does when a child ends: OTP's rules as a pure function (`sup_princ`, erlang/otp).

/// Which children are affected when one ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strategy {
    /// The one that ended.
    OneForOne,
    /// All of them.
    OneForAll,
    /// It and those that were started after it.
    RestForOne,
}

/// Whether a child that ended is started again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Restart {
    /// Always.
    Permanent,
    /// Only when it failed.
    Transient,
    /// Never.
    Temporary,
}

/// How a child ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// By itself or because it was asked to.
    Normal,
    /// As a supervisor that gives up does: on purpose, and so not a failure of its own (OTP's `shutdown`).
    Shutdown,
    /// By a panic, an error or a kill.
    Failed,
}

/// What is to be done. Indices are places in the list of children, which is the order of start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Plan {
    /// The child is gone and stays gone.
    Drop,
    /// Stop those in `stop`, the last started first; then start those in `start` in order.
    Restart { stop: Vec<usize>, start: Vec<usize> },
}

/// Whether a child of this restart type comes back after such an end.
pub fn comes_back(restart: Restart, exit: Exit) -> bool {
    match restart {
        Restart::Permanent => true,
        Restart::Transient => exit == Exit::Failed,
        Restart::Temporary => false,
    }
}

/// Decides for the end of child `ended`. `children` are their restart types and whether each is running.
pub fn plan(strategy: Strategy, children: &[(Restart, bool)], ended: usize, exit: Exit) -> Plan {
    let Some((restart, _)) = children.get(ended) else {
        return Plan::Drop;
    };
    if !comes_back(*restart, exit) {
        return Plan::Drop;
    }
    let affected = match strategy {
        Strategy::OneForOne => ended..ended + 1,
        Strategy::OneForAll => 0..children.len(),
        Strategy::RestForOne => ended..children.len(),
    };
    let stop = affected.clone().rev().filter(|&at| at != ended && children[at].1).collect();
    // A temporary child is stopped with its siblings and never started again.
    let start = affected.filter(|&at| children[at].0 != Restart::Temporary).collect();
    Plan::Restart { stop, start }
}

#[cfg(test)]
mod tests {
    use super::*;

    use Restart::{Permanent as P, Temporary as T, Transient as R};

    #[test]
    fn each_strategy_takes_down_its_own_siblings_in_reverse_and_starts_them_in_order() {
        let children = [(P, true), (P, true), (T, true), (R, true)];
        let after = |strategy| plan(strategy, &children, 1, Exit::Failed);
        assert_eq!(after(Strategy::OneForOne), Plan::Restart { stop: vec![], start: vec![1] });
        assert_eq!(
            after(Strategy::OneForAll),
            Plan::Restart { stop: vec![3, 2, 0], start: vec![0, 1, 3] }
        );
        assert_eq!(
            after(Strategy::RestForOne),
            Plan::Restart { stop: vec![3, 2], start: vec![1, 3] }
        );
    }

    #[test]
    fn a_child_comes_back_as_its_restart_type_says() {
        let table = [
            (P, Exit::Normal, true),
            (P, Exit::Shutdown, true),
            (P, Exit::Failed, true),
            (R, Exit::Normal, false),
            (R, Exit::Shutdown, false),
            (R, Exit::Failed, true),
            (T, Exit::Normal, false),
            (T, Exit::Shutdown, false),
            (T, Exit::Failed, false),
        ];
        for (restart, exit, back) in table {
            assert_eq!(comes_back(restart, exit), back, "{restart:?} {exit:?}");
        }
    }
}
