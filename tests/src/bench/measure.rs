//! What the server and the generator spend between two moments.

use std::time::Duration;

use anyhow::Result;
use tokio::time::Instant;

use super::process::{self, Server};

/// The first moment.
#[derive(Debug)]
pub(crate) struct Meter {
    at: Instant,
    server: Duration,
    own: Duration,
    core: Option<(usize, Duration)>,
}

/// The time between.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Spent {
    /// Processor time of the server.
    pub(crate) cpu: Duration,
    /// Share of its core that the generator had: near 1 it is the generator that is measured.
    pub(crate) generator: f64,
    /// Share of the server's core that was taken by something else: noise.
    pub(crate) foreign: f64,
}

impl Meter {
    /// Starts to count; `core` is the server's.
    pub(crate) fn start(server: &Server, core: Option<usize>) -> Result<Meter> {
        let core =
            core.map(|core| process::busy_of_core(core).map(|busy| (core, busy))).transpose()?;
        Ok(Meter { at: Instant::now(), server: server.cpu()?, own: process::cpu_of("self")?, core })
    }

    pub(crate) fn stop(self, server: &Server) -> Result<Spent> {
        let took = self.at.elapsed().as_secs_f64();
        let cpu = server.cpu()?.saturating_sub(self.server);
        let own = process::cpu_of("self")?.saturating_sub(self.own);
        let foreign = match self.core {
            Some((core, before)) => {
                let busy = process::busy_of_core(core)?.saturating_sub(before);
                busy.saturating_sub(cpu).as_secs_f64() / took
            }
            None => f64::NAN,
        };
        Ok(Spent { cpu, generator: own.as_secs_f64() / took, foreign })
    }
}

impl Spent {
    /// Microseconds of the server for one of `count`.
    pub(crate) fn micros_each(&self, count: u64) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / count as f64
    }
}
