//! The tree as it takes effect, every number of it, as a file that would be accepted again.

use std::fmt;

use super::{BRUTAL_KILL, Backoff, Fixed, RestartLimit, Shutdown, Supervision, Terms};
use crate::tree::outline::{BRANCHES, ROOT, Under, below};

impl fmt::Display for Supervision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Backoff { young, initial, factor, max, jitter } = self.backoff;
        writeln!(f, "[backoff]\nyoung_ms = {}", young.as_millis())?;
        writeln!(f, "initial_ms = {}\nfactor = {factor:?}", initial.as_millis())?;
        writeln!(f, "max_ms = {}\njitter = {jitter:?}", max.as_millis())?;
        self.print_fixed(f, ROOT)?;
        for branch in BRANCHES {
            match branch.under {
                Under::Fixed(_) => self.print_fixed(f, branch.name)?,
                Under::Dynamic { kept_apart } => self.print_dynamic(f, branch.name, kept_apart)?,
            }
        }
        Ok(())
    }
}

impl Supervision {
    fn print_fixed(&self, f: &mut fmt::Formatter<'_>, name: &str) -> fmt::Result {
        let Fixed { spec, children } = &self.fixed[name];
        writeln!(f, "\n[supervisor.{name}]\nstrategy = \"{}\"", spec.strategy.word())?;
        writeln!(f, "{}\n{}", Limit(spec.limit), InLine(spec.backoff))?;
        writeln!(f, "\n[supervisor.{name}.children]")?;
        for child in below(name) {
            let Terms { restart, shutdown } = children[child];
            let restart = restart.word();
            writeln!(f, "{child} = {{ restart = \"{restart}\", shutdown_ms = {shutdown} }}")?;
        }
        Ok(())
    }

    fn print_dynamic(
        &self,
        f: &mut fmt::Formatter<'_>,
        name: &str,
        kept_apart: bool,
    ) -> fmt::Result {
        let spec = self.dynamic[name];
        writeln!(f, "\n[dynamic.{name}]\nrestart = \"{}\"", spec.restart.word())?;
        writeln!(f, "{}\nshutdown_ms = {}", Limit(spec.limit), spec.shutdown)?;
        if kept_apart {
            writeln!(f, "quarantine_s = {}", spec.quarantine.as_secs())?;
        }
        writeln!(f, "{}", InLine(spec.backoff))
    }
}

struct Limit(RestartLimit);

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "intensity = {}\nperiod_s = {}", self.0.intensity, self.0.period.as_secs())
    }
}

struct InLine(Backoff);

impl fmt::Display for InLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Backoff { young, initial, factor, max, jitter } = self.0;
        let [young, initial, max] = [young, initial, max].map(|time| time.as_millis());
        write!(f, "backoff = {{ young_ms = {young}, initial_ms = {initial}, ")?;
        // A float that is whole is written with its point, so that it stays one.
        write!(f, "factor = {factor:?}, max_ms = {max}, jitter = {jitter:?} }}")
    }
}

/// As the file has it.
impl fmt::Display for Shutdown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Shutdown::BrutalKill => write!(f, "\"{BRUTAL_KILL}\""),
            Shutdown::Within(time) => write!(f, "{}", time.as_millis()),
        }
    }
}
