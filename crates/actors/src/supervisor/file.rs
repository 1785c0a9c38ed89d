//! `supervision.toml`: what every supervisor of the tree does, read and checked before anything starts.

mod print;
mod reader;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, time::Duration};

pub use self::reader::SupervisionError;
use self::reader::Table;
use super::{
    Backoff, DynamicSpec, KILLED_WITHIN, Restart, RestartLimit, Shutdown, StaticSpec, Strategy,
    Terms,
};
use crate::tree::outline::{BRANCHES, ROOT, Under, below};

/// The whole of `supervision.toml`, with what it leaves out filled in.
#[derive(Debug, Clone, PartialEq)]
pub struct Supervision {
    backoff: Backoff,
    fixed: BTreeMap<&'static str, Fixed>,
    dynamic: BTreeMap<&'static str, DynamicSpec>,
}

/// A static supervisor and its children.
#[derive(Debug, Clone, PartialEq)]
struct Fixed {
    spec: StaticSpec,
    children: BTreeMap<&'static str, Terms>,
}

type Read<T> = Result<T, SupervisionError>;

const DEFAULT: &str = include_str!("../../../../supervision.toml");

const STRATEGIES: &[(&str, Strategy)] = &[
    ("one_for_one", Strategy::OneForOne),
    ("one_for_all", Strategy::OneForAll),
    ("rest_for_one", Strategy::RestForOne),
];
const RESTARTS: &[(&str, Restart)] = &[
    ("permanent", Restart::Permanent),
    ("transient", Restart::Transient),
    ("temporary", Restart::Temporary),
];
/// A supervisor that has given up is not restarted unless it is permanent: part of the server would be gone for good.
const OF_SUPERVISORS: &[(&str, Restart)] = &[("permanent", Restart::Permanent)];
const BRUTAL_KILL: &str = "brutal_kill";

/// What a child is on where the file does not say: OTP's defaults.
const TERMS: Terms =
    Terms { restart: Restart::Permanent, shutdown: Shutdown::Within(Duration::from_secs(5)) };

const INTENSITY_MAX: u64 = 1_000_000;
const DAY_S: u64 = 86_400;
const HOUR_MS: u64 = 3_600_000;
const SHUTDOWN_MAX_MS: u64 = 600_000;
const FACTOR_MAX: f64 = 100.0;

impl Supervision {
    /// Reads a supervision file.
    ///
    /// # Errors
    /// The first mistake: what is no TOML, a key or a name that is not known, one that is missing, a value of the wrong
    /// type or out of range.
    pub fn parse(text: &str) -> Result<Supervision, SupervisionError> {
        let mut file = reader::parse(text)?;
        file.only(&["backoff", "supervisor", "dynamic"])?;
        let backoff = backoff(file.table("backoff")?, None)?;
        let mut statics = file.table("supervisor")?;
        let mut dynamics = file.table("dynamic")?;
        let is_dynamic = |name: &&str| below(name).is_empty();
        let (without, with_list): (Vec<_>, Vec<_>) = below(ROOT).into_iter().partition(is_dynamic);
        statics.only(&[vec![ROOT], with_list].concat())?;
        dynamics.only(&without)?;

        let root = statics.table(ROOT)?;
        let (mut fixed, mut dynamic) = (BTreeMap::new(), BTreeMap::new());
        let mut times = Vec::new();
        for branch in BRANCHES {
            let (name, time) = match branch.under {
                Under::Fixed(children) => {
                    let children: Vec<_> = children.iter().map(|&name| (name, None)).collect();
                    let read = read_fixed(statics.table(branch.name)?, &children, backoff)?;
                    let time = read.children.values().map(|terms| terms.shutdown.longest()).sum();
                    fixed.insert(branch.name, read);
                    (branch.name, time)
                }
                Under::Dynamic { kept_apart } => {
                    let read = read_dynamic(dynamics.table(branch.name)?, kept_apart, backoff)?;
                    dynamic.insert(branch.name, read);
                    (branch.name, read.shutdown.longest())
                }
            };
            times.push((name, Some(time)));
        }
        fixed.insert(ROOT, read_fixed(root, &times, backoff)?);
        Ok(Supervision { backoff, fixed, dynamic })
    }

    /// The file that is compiled in.
    ///
    /// # Errors
    /// Only if that file is wrong, which a test excludes.
    pub fn compiled_in() -> Result<Supervision, SupervisionError> {
        Supervision::parse(DEFAULT)
    }

    pub(crate) fn fixed(&self, name: &str) -> StaticSpec {
        self.fixed[name].spec
    }

    /// On which terms `child` of the static supervisor `name` is.
    pub(crate) fn terms(&self, name: &str, child: &str) -> Terms {
        self.fixed[name].children[child]
    }

    pub(crate) fn dynamic(&self, name: &str) -> DynamicSpec {
        self.dynamic[name]
    }
}

impl Shutdown {
    /// How long the child may take to be gone, whatever it does.
    fn longest(self) -> Duration {
        match self {
            Shutdown::BrutalKill => KILLED_WITHIN,
            Shutdown::Within(time) => time + KILLED_WITHIN,
        }
    }
}

/// `children` with the time that each needs to stop its own, if it is a supervisor.
fn read_fixed(
    mut table: Table<'_>,
    children: &[(&'static str, Option<Duration>)],
    common: Backoff,
) -> Read<Fixed> {
    table.only(&["strategy", "intensity", "period_s", "backoff", "children"])?;
    let strategy = table.word_of("strategy", STRATEGIES)?;
    let limit = limit(&mut table)?;
    let backoff = backoff(table.table("backoff")?, Some(common))?;
    let mut below = table.table("children")?;
    let names: Vec<_> = children.iter().map(|(name, _)| *name).collect();
    below.only(&names)?;
    let mut read = BTreeMap::new();
    for &(name, own_time) in children {
        let child = below.table(name)?;
        child.only(&["restart", "shutdown_ms"])?;
        let terms = match own_time {
            Some(time) => supervisor_terms(child, time)?,
            None => worker_terms(child)?,
        };
        read.insert(name, terms);
    }
    Ok(Fixed { spec: StaticSpec { strategy, limit, backoff }, children: read })
}

fn worker_terms(mut child: Table<'_>) -> Read<Terms> {
    let restart = child.word("restart", RESTARTS)?.unwrap_or(TERMS.restart);
    let shutdown = shutdown(&mut child)?.unwrap_or(TERMS.shutdown);
    Ok(Terms { restart, shutdown })
}

/// OTP lets a supervisor take for ever to stop, because one that is killed takes its children with it. Here every wait
/// has a bound: as long as its children may take, `own_time`, or longer.
fn supervisor_terms(mut child: Table<'_>, own_time: Duration) -> Read<Terms> {
    let restart = child.word("restart", OF_SUPERVISORS)?.unwrap_or(Restart::Permanent);
    let least = own_time.as_millis() as u64;
    let given = child.integer("shutdown_ms", 1..=HOUR_MS)?.unwrap_or(least);
    if given < least {
        let expected = format!("at least {least}, which is what its own children may take");
        return Err(child.refuse("shutdown_ms", expected, given));
    }
    Ok(Terms { restart, shutdown: Shutdown::Within(Duration::from_millis(given)) })
}

fn read_dynamic(mut table: Table<'_>, kept_apart: bool, common: Backoff) -> Read<DynamicSpec> {
    const KEYS: &[&str] =
        &["restart", "intensity", "period_s", "shutdown_ms", "backoff", "quarantine_s"];
    let known = if kept_apart { KEYS } else { &KEYS[..KEYS.len() - 1] };
    table.only(known)?;
    let restart = table.word_of("restart", RESTARTS)?;
    let limit = limit(&mut table)?;
    let shutdown = shutdown(&mut table)?.unwrap_or(TERMS.shutdown);
    let backoff = backoff(table.table("backoff")?, Some(common))?;
    let quarantine = if kept_apart { table.integer_of("quarantine_s", 0..=DAY_S)? } else { 0 };
    let quarantine = Duration::from_secs(quarantine);
    Ok(DynamicSpec { restart, limit, backoff, shutdown, quarantine })
}

fn limit(table: &mut Table<'_>) -> Read<RestartLimit> {
    let intensity = table.integer_of("intensity", 0..=INTENSITY_MAX)? as u32;
    let period = Duration::from_secs(table.integer_of("period_s", 1..=DAY_S)?);
    Ok(RestartLimit { intensity, period })
}

fn shutdown(table: &mut Table<'_>) -> Read<Option<Shutdown>> {
    let given = table.integer_or("shutdown_ms", 1..=SHUTDOWN_MAX_MS, BRUTAL_KILL)?;
    Ok(given.map(|given| match given {
        Some(ms) => Shutdown::Within(Duration::from_millis(ms)),
        None => Shutdown::BrutalKill,
    }))
}

/// A back-off that stands by itself, or what differs from the common one.
fn backoff(mut table: Table<'_>, common: Option<Backoff>) -> Read<Backoff> {
    table.only(&["young_ms", "initial_ms", "factor", "max_ms", "jitter"])?;
    let ms = |table: &mut Table<'_>, name, common: Option<Duration>| match common {
        Some(common) => Ok(table.integer(name, 0..=HOUR_MS)?.map_or(common, Duration::from_millis)),
        None => table.integer_of(name, 0..=HOUR_MS).map(Duration::from_millis),
    };
    let part = |table: &mut Table<'_>, name, range, common: Option<f64>| match common {
        Some(common) => Ok(table.number(name, range)?.unwrap_or(common)),
        None => table.number_of(name, range),
    };
    let young = ms(&mut table, "young_ms", common.map(|common| common.young))?;
    let initial = ms(&mut table, "initial_ms", common.map(|common| common.initial))?;
    let factor = part(&mut table, "factor", 1.0..=FACTOR_MAX, common.map(|common| common.factor))?;
    let max = ms(&mut table, "max_ms", common.map(|common| common.max))?;
    let jitter = part(&mut table, "jitter", 0.0..=1.0, common.map(|common| common.jitter))?;
    if max < initial {
        let expected = format!("at least initial_ms, which is {}", initial.as_millis());
        return Err(table.refuse("max_ms", expected, max.as_millis() as u64));
    }
    Ok(Backoff { young, initial, factor, max, jitter })
}
