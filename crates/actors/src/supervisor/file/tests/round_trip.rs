//! What is printed is read again as the same, whatever the numbers are; and no text makes the reader panic.

use proptest::{
    collection::{btree_map, vec},
    prelude::{
        BoxedStrategy, Just, Strategy as _, prop_assert, prop_assert_eq, prop_oneof, proptest,
    },
    sample::select,
};

use super::*;

fn any_backoff() -> BoxedStrategy<Backoff> {
    (0..=HOUR_MS, 0..=HOUR_MS, 1.0..=FACTOR_MAX, 0..=HOUR_MS, 0.0..=1.0)
        .prop_map(|(young, initial, factor, more, jitter)| {
            let max = ms((initial + more).min(HOUR_MS));
            Backoff { young: ms(young), initial: ms(initial), factor, max, jitter }
        })
        .boxed()
}

fn any_limit() -> BoxedStrategy<RestartLimit> {
    (0..=INTENSITY_MAX as u32, 1..=DAY_S)
        .prop_map(|(intensity, s)| RestartLimit { intensity, period: Duration::from_secs(s) })
        .boxed()
}

fn any_shutdown() -> BoxedStrategy<Shutdown> {
    prop_oneof![
        Just(Shutdown::BrutalKill),
        (1..=SHUTDOWN_MAX_MS).prop_map(|time| Shutdown::Within(ms(time)))
    ]
    .boxed()
}

fn any_restart() -> BoxedStrategy<Restart> {
    select(RESTARTS.iter().map(|(_, restart)| *restart).collect::<Vec<_>>()).boxed()
}

fn any_supervision() -> BoxedStrategy<Supervision> {
    let strategy = select(STRATEGIES.iter().map(|(_, strategy)| *strategy).collect::<Vec<_>>());
    let spec = (strategy, any_limit(), any_backoff())
        .prop_map(|(strategy, limit, backoff)| StaticSpec { strategy, limit, backoff });
    let specs = vec(spec, BRANCHES.len() + 1);
    let terms =
        (any_restart(), any_shutdown()).prop_map(|(restart, shutdown)| Terms { restart, shutdown });
    let names: Vec<_> = below(ROOT).into_iter().flat_map(below).collect();
    let terms = btree_map(select(names), terms, 0..10);
    let dynamic = (any_restart(), any_limit(), any_backoff(), any_shutdown(), 0..=DAY_S).prop_map(
        |(restart, limit, backoff, shutdown, s)| {
            let quarantine = Duration::from_secs(s);
            DynamicSpec { restart, limit, backoff, shutdown, quarantine }
        },
    );
    let dynamics = vec(dynamic, BRANCHES.len());
    (any_backoff(), specs, terms, dynamics)
        .prop_map(|(backoff, specs, terms, dynamics)| made_of(backoff, &specs, &terms, &dynamics))
        .boxed()
}

fn made_of(
    backoff: Backoff,
    specs: &[StaticSpec],
    terms: &BTreeMap<&'static str, Terms>,
    dynamics: &[DynamicSpec],
) -> Supervision {
    let (mut fixed, mut dynamic, mut root) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    for (at, branch) in BRANCHES.iter().enumerate() {
        let time = match branch.under {
            Under::Fixed(names) => {
                let own = |name: &&'static str| (*name, *terms.get(name).unwrap_or(&TERMS));
                let children: BTreeMap<_, _> = names.iter().map(own).collect();
                let time = children.values().map(|terms| terms.shutdown.longest()).sum();
                fixed.insert(branch.name, Fixed { spec: specs[at], children });
                time
            }
            Under::Dynamic { kept_apart } => {
                let mut spec = dynamics[at];
                if !kept_apart {
                    spec.quarantine = Duration::ZERO;
                }
                dynamic.insert(branch.name, spec);
                spec.shutdown.longest()
            }
        };
        let (restart, shutdown) = (Restart::Permanent, Shutdown::Within(time + ms(at as u64)));
        root.insert(branch.name, Terms { restart, shutdown });
    }
    fixed.insert(ROOT, Fixed { spec: specs[BRANCHES.len()], children: root });
    Supervision { backoff, fixed, dynamic }
}

proptest! {
    #[test]
    fn any_tree_that_is_printed_is_read_again_as_the_same(supervision in any_supervision()) {
        let printed = supervision.to_string();
        prop_assert_eq!(Supervision::parse(&printed).map_err(|e| e.to_string()), Ok(supervision), "{}", printed);
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in "(\\[|\\]|\\.|=|\"|'|\n|\\{|\\}|[a-z_0-9éß ]){0,80}", at in 0usize..2_000) {
        let _ = Supervision::parse(&text);
        // And inside the file that is right.
        let at = (0..=at.min(DEFAULT.len())).rev().find(|&at| DEFAULT.is_char_boundary(at)).unwrap();
        if let Err(error) = Supervision::parse(&format!("{}{text}{}", &DEFAULT[..at], &DEFAULT[at..])) {
            prop_assert!(error.line >= 1 && !error.to_string().contains('\n'), "{}", error);
        }
    }
}
