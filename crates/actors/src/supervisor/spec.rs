//! What a supervisor needs to know of a child, and how `supervision.toml` says it.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use ractor::{ActorCell, SpawnErr, concurrency::JoinHandle};
use serde::Deserialize;

use super::{Backoff, Restart, RestartLimit, Strategy};
use crate::registry::{ActorMeta, Gauge, Kind};

/// A child that has been started: its cell, and what ends when all that it held is dropped.
pub type Started = (ActorCell, JoinHandle<()>);

/// Starts a child, linked under the supervisor given, which notes in the meta what it does. Called again for each
/// incarnation.
pub type Start = Arc<
    dyn Fn(ActorCell, Arc<ActorMeta>) -> BoxFuture<'static, Result<Started, SpawnErr>>
        + Send
        + Sync,
>;

/// One child of a static supervisor.
#[derive(Clone)]
pub struct ChildSpec {
    pub name: &'static str,
    pub kind: &'static Kind,
    pub restart: Restart,
    /// Of a supervisor, for those who look at the tree.
    pub strategy: Option<&'static str>,
    /// How long it may take to stop before it is killed.
    pub shutdown: Duration,
    pub inbox: Option<Gauge>,
    pub start: Start,
}

/// A static supervisor's own numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StaticSpec {
    pub strategy: Strategy,
    pub limit: RestartLimit,
    pub backoff: Backoff,
}

/// A dynamic supervisor's numbers, which hold for each child by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DynamicSpec {
    pub restart: Restart,
    pub limit: RestartLimit,
    pub backoff: Backoff,
    pub shutdown: Duration,
}

/// The whole of `supervision.toml`.
#[derive(Debug, Clone)]
pub struct Supervision {
    statics: BTreeMap<String, StaticSpec>,
    dynamics: BTreeMap<String, DynamicSpec>,
}

/// The file is refused. Says where and what was expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SupervisionError(String);

const STATICS: &[&str] = &["root", "storage", "directory", "door"];
const DYNAMICS: &[&str] = &["channels", "rooms", "peers", "sessions"];
const DEFAULT: &str = include_str!("../../../../supervision.toml");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    backoff: BackoffKeys,
    supervisor: BTreeMap<String, StaticKeys>,
    dynamic: BTreeMap<String, DynamicKeys>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(deny_unknown_fields)]
struct BackoffKeys {
    young_ms: u64,
    initial_ms: u64,
    max_ms: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StaticKeys {
    strategy: Strategy,
    intensity: u32,
    period_s: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DynamicKeys {
    restart: Restart,
    intensity: u32,
    period_s: u64,
    shutdown_ms: u64,
}

impl Supervision {
    /// Reads a supervision file.
    ///
    /// # Errors
    /// A syntax error or an unknown key with its line; an unknown or missing supervisor; a number out of range.
    pub fn parse(text: &str) -> Result<Supervision, SupervisionError> {
        let file: File =
            toml::from_str(text).map_err(|error| SupervisionError(error.to_string()))?;
        let ms = Duration::from_millis;
        let keys = file.backoff;
        let backoff = Backoff {
            young: ms(keys.young_ms),
            initial: ms(keys.initial_ms),
            max: ms(keys.max_ms),
        };
        names(text, "supervisor", file.supervisor.keys(), STATICS)?;
        names(text, "dynamic", file.dynamic.keys(), DYNAMICS)?;
        let statics = file.supervisor.into_iter().map(|(name, keys)| {
            let limit = limit(text, &name, keys.intensity, keys.period_s)?;
            Ok((name, StaticSpec { strategy: keys.strategy, limit, backoff }))
        });
        let dynamics = file.dynamic.into_iter().map(|(name, keys)| {
            let limit = limit(text, &name, keys.intensity, keys.period_s)?;
            let shutdown = ms(keys.shutdown_ms.min(60_000));
            Ok((name, DynamicSpec { restart: keys.restart, limit, backoff, shutdown }))
        });
        let statics = statics.collect::<Result<_, SupervisionError>>()?;
        let dynamics = dynamics.collect::<Result<_, SupervisionError>>()?;
        Ok(Supervision { statics, dynamics })
    }

    /// The file that is compiled in.
    ///
    /// # Errors
    /// Only if that file is wrong, which a test excludes.
    pub fn compiled_in() -> Result<Supervision, SupervisionError> {
        Supervision::parse(DEFAULT)
    }

    pub(crate) fn fixed(&self, name: &str) -> StaticSpec {
        self.statics[name]
    }

    pub(crate) fn dynamic(&self, name: &str) -> DynamicSpec {
        self.dynamics[name]
    }
}

fn names<'a>(
    text: &str,
    table: &str,
    given: impl Iterator<Item = &'a String> + Clone,
    expected: &[&str],
) -> Result<(), SupervisionError> {
    if let Some(unknown) = given.clone().find(|name| !expected.contains(&name.as_str())) {
        let expected = expected.join(", ");
        let heading = format!("[{table}.{unknown}]");
        let line = line_of(text, &heading);
        return Err(SupervisionError(format!(
            "line {line}: {heading}: expected one of {expected}"
        )));
    }
    match expected.iter().find(|name| !given.clone().any(|given| given == *name)) {
        Some(missing) => Err(SupervisionError(format!("[{table}.{missing}] is missing"))),
        None => Ok(()),
    }
}

fn limit(
    text: &str,
    name: &str,
    intensity: u32,
    period_s: u64,
) -> Result<RestartLimit, SupervisionError> {
    if intensity > 1_000_000 || !(1..=86_400).contains(&period_s) {
        let line = line_of(text, &format!(".{name}]"));
        return Err(SupervisionError(format!(
            "line {line}: {name}: expected intensity within 0..=1000000 and period_s within 1..=86400, \
             got {intensity} and {period_s}"
        )));
    }
    Ok(RestartLimit { intensity, period: Duration::from_secs(period_s) })
}

/// The line at which a table begins, from 1.
fn line_of(text: &str, heading: &str) -> usize {
    text.lines().position(|line| line.contains(heading)).map_or(1, |at| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_compiled_in_file_is_right() {
        let supervision = Supervision::compiled_in().unwrap();
        assert_eq!(supervision.fixed("root").strategy, Strategy::RestForOne);
        assert_eq!(supervision.dynamic("rooms").limit.intensity, 10);
    }

    #[test]
    fn a_wrong_file_is_refused_with_the_place() {
        let error = |text: &str| Supervision::parse(text).unwrap_err().to_string();
        assert!(error(&DEFAULT.replace("strategy =", "stratgy =")).contains("stratgy"));
        assert!(error(&DEFAULT.replace("[dynamic.rooms]", "[dynamic.romms]")).contains("romms"));
        assert!(error(&DEFAULT.replace("period_s = 60", "period_s = 0")).contains("period_s"));
        assert!(error("[backoff]\nyoung_ms = \"x\"").contains("line 2"));
    }
}
