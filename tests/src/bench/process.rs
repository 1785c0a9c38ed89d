//! A server under measurement: a child pinned to a core of its own, and what `/proc` says of it.

use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};

/// A child that dies with its handle.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
}

impl Server {
    /// Starts `program` on `core`; what it prints goes to `log`.
    pub(crate) fn start(mut program: Command, core: Option<usize>, log: &Path) -> Result<Server> {
        if let Some(core) = core {
            let mut pinned = Command::new("taskset");
            pinned
                .args(["-c", &core.to_string()])
                .arg(program.get_program())
                .args(program.get_args());
            for (name, value) in program.get_envs() {
                if let Some(value) = value {
                    pinned.env(name, value);
                }
            }
            program = pinned;
        }
        let out = fs::File::create(log)?;
        let err = out.try_clone()?;
        let started = program.stdin(Stdio::null()).stdout(out).stderr(err).spawn();
        let child = started.with_context(|| format!("cannot start {:?}", program.get_program()))?;
        Ok(Server { child })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// An error with the end of its log, when it no longer runs.
    pub(crate) fn check(&mut self, log: &Path) -> Result<()> {
        if let Some(status) = self.child.try_wait()? {
            let log = fs::read_to_string(log).unwrap_or_default();
            let tail = log.lines().rev().take(20).collect::<Vec<_>>();
            let tail = tail.into_iter().rev().collect::<Vec<_>>().join("\n");
            bail!("the server ended with {status}:\n{tail}");
        }
        Ok(())
    }

    pub(crate) fn cpu(&self) -> Result<Duration> {
        cpu_of(&self.pid().to_string())
    }

    /// Resident memory.
    pub(crate) fn rss_bytes(&self) -> Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib =
            line.and_then(|line| line.trim().strip_suffix(" kB")).context("no VmRSS in /proc")?;
        Ok(kib.trim().parse::<u64>()? * 1024)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself; there is nothing to do about either.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// User and system time of a process so far; `self` is this one.
pub(crate) fn cpu_of(pid: &str) -> Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name in parentheses may hold anything, so the fields are counted from its end.
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap_or_default().split(' ').collect();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<u64>().ok());
    match (ticks(11), ticks(12)) {
        (Some(user), Some(system)) => Ok(ticks_to_time(user + system)),
        _ => bail!("cannot read /proc/{pid}/stat"),
    }
}

/// How long `core` has been busy since the machine started, with whatever.
pub(crate) fn busy_of_core(core: usize) -> Result<Duration> {
    let stat = fs::read_to_string("/proc/stat")?;
    let name = format!("cpu{core} ");
    let line = stat
        .lines()
        .find_map(|line| line.strip_prefix(&name))
        .context("no such core in /proc/stat")?;
    let ticks: Vec<u64> = line.split_whitespace().map_while(|field| field.parse().ok()).collect();
    ensure!(ticks.len() >= 8, "/proc/stat has {} fields", ticks.len());
    // user, nice, system, irq, softirq; fields 3 and 4 are idle and iowait.
    Ok(ticks_to_time(ticks[0] + ticks[1] + ticks[2] + ticks[5] + ticks[6]))
}

/// `/proc` counts in hundredths of a second on every Linux that Rust's std runs on.
fn ticks_to_time(ticks: u64) -> Duration {
    Duration::from_millis(ticks * 10)
}

/// Pins this process, with every thread it starts from now on.
pub(crate) fn pin_self(core: usize) -> Result<()> {
    change_self("taskset", &["-cp", &core.to_string()])
}

/// Puts this process, with every child it starts from now on, before all that is not real-time.
pub(crate) fn hurry_self() -> Result<()> {
    change_self("chrt", &["--rr", "-p", "1"])
}

/// The standard library has no calls for these two; util-linux has.
fn change_self(program: &str, arguments: &[&str]) -> Result<()> {
    let mut command = Command::new(program);
    command.args(arguments).arg(std::process::id().to_string()).stdout(Stdio::null());
    let status =
        command.status().with_context(|| format!("{program} (package util-linux) is needed"))?;
    ensure!(status.success(), "{program} refused {arguments:?}");
    Ok(())
}
