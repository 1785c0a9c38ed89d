//! The supervisors' decisions against a small model of `supervisor.erl` (erlang/otp), kept as lists of names the way
//! that one keeps them.

use proptest::{collection::vec, prelude::*, sample::select};

use super::super::{
    Restart::{self, *},
    RestartHistory, RestartLimit, Strategy as Affected,
    plan::{Exit, Plan, plan},
};

/// A child of the model: its place is its name. `pid` is `None` once it has ended and stays known.
#[derive(Debug, Clone, PartialEq)]
struct Known {
    name: usize,
    restart: Restart,
    pid: Option<()>,
}

#[derive(Debug, Default, PartialEq)]
struct Done {
    terminated: Vec<usize>,
    started: Vec<usize>,
}

/// `supervisor:do_restart/3` and what it calls.
fn otp(strategy: Affected, children: &[Known], dead: usize, reason: Exit) -> Done {
    let child = &children[dead];
    let restart = match (child.restart, reason) {
        (Permanent, _) | (Transient, Exit::Failed) => true,
        (Transient, Exit::Normal | Exit::Shutdown) | (Temporary, _) => false,
    };
    if !restart {
        return Done::default(); // del_child
    }
    let mut children = children.to_vec();
    children[dead].pid = None;
    let after = match strategy {
        Affected::OneForOne => return Done { terminated: vec![], started: vec![dead] },
        Affected::RestForOne => children.split_off(dead), // split_child
        Affected::OneForAll => children,
    };
    // terminate_children: from the last to the first, and temporary ones are not kept.
    let mut done = Done::default();
    let mut kept = Vec::new();
    for child in after.into_iter().rev() {
        if child.pid.is_some() {
            done.terminated.push(child.name);
        }
        if child.restart != Temporary {
            kept.insert(0, Known { pid: None, ..child });
        }
    }
    done.started = kept.into_iter().map(|child| child.name).collect(); // start_children
    done
}

/// `supervisor:add_restart/1` with the whole of history kept: `Err` when the supervisor is to end.
fn too_many(past: &[u64], now: u64, intensity: u32, period: u64) -> bool {
    let within = past.iter().chain([&now]).filter(|&&at| at + period >= now).count();
    within > intensity as usize
}

proptest! {
    #[test]
    fn a_plan_does_what_otp_does(
        restarts in vec((select(vec![Permanent, Transient, Temporary]), any::<bool>()), 1..8),
        dead in any::<proptest::sample::Index>(),
        strategy in select(vec![Affected::OneForOne, Affected::OneForAll, Affected::RestForOne]),
        exit in select(vec![Exit::Normal, Exit::Shutdown, Exit::Failed]),
    ) {
        let dead = dead.index(restarts.len());
        let known: Vec<_> = restarts
            .iter()
            .enumerate()
            .map(|(name, &(restart, runs))| Known { name, restart, pid: runs.then_some(()) })
            // OTP forgets a temporary child that has ended; here it keeps its place.
            .collect();
        let mut running = restarts.clone();
        running[dead].1 = false;
        let expected = otp(strategy, &known, dead, exit);
        match plan(strategy, &running, dead, exit) {
            Plan::Drop => prop_assert_eq!(expected, Done::default()),
            Plan::Restart { stop, start } => {
                prop_assert_eq!(expected, Done { terminated: stop, started: start });
            }
        }
    }

    #[test]
    fn a_history_refuses_when_otp_would_give_up(
        intensity in 0u32..6,
        period in 1u64..5_000,
        gaps in vec(0u64..3_000, 1..40),
    ) {
        let ms = std::time::Duration::from_millis;
        let mut history = RestartHistory::new(RestartLimit { intensity, period: ms(period) });
        let (mut past, mut now) = (Vec::new(), 0);
        for gap in gaps {
            now += gap;
            let refused = history.record(ms(now)).is_err();
            prop_assert_eq!(refused, too_many(&past, now, intensity, period), "at {}", now);
            past.push(now);
        }
    }
}
