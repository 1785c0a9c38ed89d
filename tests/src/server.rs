//! A real server as a child process, on a port and in a data directory of its own.
#![allow(clippy::expect_used, clippy::panic, reason = "what goes wrong here ends the test")]

mod log;
mod program;

use std::{
    fmt,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Output, Stdio},
    time::Duration,
};

use tempfile::TempDir;
use tokio::{task::spawn_blocking, time::timeout};

use self::log::Log;
use crate::BOUND;

/// How a server is to be started.
#[derive(Debug, Clone, Default)]
pub struct Setup {
    /// A command that runs the program.
    through: Vec<String>,
    program: Option<PathBuf>,
    args: Vec<String>,
    envs: Vec<(String, String)>,
}

impl Setup {
    /// The binary that users run, with its defaults.
    pub fn new() -> Setup {
        Setup::default()
    }

    /// Another program that serves in the same way.
    pub fn of(program: impl Into<PathBuf>) -> Setup {
        Setup { program: Some(program.into()), ..Setup::default() }
    }

    /// On one core, where the runtime has one thread.
    pub fn on_one_core(mut self) -> Setup {
        self.through = ["taskset", "--cpu-list", "0"].map(str::to_owned).to_vec();
        self
    }

    pub fn arg(mut self, arg: impl Into<String>) -> Setup {
        self.args.push(arg.into());
        self
    }

    pub fn env(mut self, name: &str, value: &str) -> Setup {
        self.envs.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn dev(self) -> Setup {
        self.arg("--dev")
    }

    /// Without rates: for tests that are faster than a player.
    pub fn unlimited(self) -> Setup {
        self.env("RATE_LIMIT_ENABLED", "false")
    }

    /// The path of the program, built if it is the plain one.
    pub async fn program(&self) -> PathBuf {
        match self.program.clone() {
            Some(program) => program,
            None => spawn_blocking(program::gamev1).await.expect("the server builds"),
        }
    }

    /// Starts it and waits until it is ready.
    pub async fn start(self) -> Server {
        let home = tempfile::Builder::new().prefix("gamev1-e2e-").tempdir();
        let home = home.expect("a temporary directory");
        let log = Log::new();
        let program = self.program().await;
        let child = spawn(&program, &self, home.path(), &log);
        let mut server =
            Server { setup: self, program, home, log, child, address: ([127, 0, 0, 1], 0).into() };
        server.await_ready().await;
        server
    }
}

/// A running server. Dropped, it is killed, and its data directory goes.
pub struct Server {
    setup: Setup,
    program: PathBuf,
    home: TempDir,
    log: Log,
    child: Child,
    address: SocketAddr,
}

impl Server {
    /// With its defaults.
    pub async fn start() -> Server {
        Setup::new().start().await
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// `http://127.0.0.1:<port>`, which is also the origin of its pages.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn data_dir(&self) -> PathBuf {
        data_dir(self.home.path())
    }

    pub fn log(&self) -> Vec<String> {
        self.log.lines()
    }

    /// Waits until it has said something with these words.
    pub async fn log_line(&self, words: &str) -> String {
        self.log.find(words, |line| line.contains(words).then(|| line.to_owned())).await
    }

    /// Prints its last lines, beside a failure.
    #[expect(clippy::print_stderr, reason = "the test runner shows it where it belongs")]
    pub fn show_log(&self) {
        eprintln!("--- the server's last lines\n{}", self.log.last(60));
    }

    /// Asks it to drain, as systemd would.
    pub fn terminate(&self) {
        self.signal("TERM");
    }

    /// Runs another subcommand of the program on the same data directory.
    pub async fn command(&self, name: &str, args: &[&str]) -> Output {
        let data_dir = self.data_dir();
        let data_dir = data_dir.to_str().expect("the path is UTF-8");
        self.program(&[&[name], args, &["--data-dir", data_dir]].concat()).await
    }

    /// Runs the same program with these arguments alone.
    pub async fn program(&self, args: &[&str]) -> Output {
        let mut command = tokio::process::Command::new(&self.program);
        command.args(args).current_dir(self.home.path());
        command.stdin(Stdio::null()).kill_on_drop(true);
        match timeout(BOUND, command.output()).await {
            Ok(output) => output.expect("the command starts"),
            Err(_) => panic!("{args:?} did not end within {BOUND:?}"),
        }
    }

    pub fn signal(&self, signal: &str) {
        // The shell's own `kill`: the standard library has none but SIGKILL.
        let kill = format!("kill -{signal} {}", self.child.id());
        let status = Command::new("sh").args(["-c", &kill]).status();
        assert!(status.is_ok_and(|status| status.success()), "{kill}");
    }

    /// Waits until the process has ended by itself.
    pub async fn ended(&mut self) -> ExitStatus {
        let pid = self.child.id();
        let mut child = std::mem::replace(&mut self.child, already_over());
        let waited = spawn_blocking(move || {
            let status = child.wait();
            (child, status)
        });
        match timeout(BOUND, waited).await {
            Ok(Ok((child, status))) => {
                self.child = child;
                status.expect("the exit status")
            }
            _ => {
                let _ = Command::new("sh").args(["-c", &format!("kill -KILL {pid}")]).status();
                panic!("the server did not end within {BOUND:?}:\n{}", self.log.last(60));
            }
        }
    }

    /// Stops it gracefully, or without warning, and starts it again on the same data.
    pub async fn restart(&mut self, how: Stop) {
        match how {
            Stop::Drain => {
                self.terminate();
                let status = self.ended().await;
                assert!(status.success(), "a drained server ends with 0: {status}");
            }
            Stop::Kill => {
                self.child.kill().expect("the server can be killed");
                self.child.wait().expect("its exit status");
            }
        }
        self.start_again().await;
    }

    /// Starts it on the same data after it has ended.
    pub async fn start_again(&mut self) {
        self.log.clear();
        self.child = spawn(&self.program, &self.setup, self.home.path(), &self.log);
        self.await_ready().await;
    }

    /// Stops it in order and starts another version of it on the same data.
    pub async fn restart_as(&mut self, program: impl Into<PathBuf>) {
        self.program = program.into();
        self.restart(Stop::Drain).await;
    }

    async fn await_ready(&mut self) {
        self.address = self.log.find("the address that it serves", served_address).await;
        let ready = async {
            // The one thing that is asked again and again: nothing is pushed before anyone can connect.
            while self.get("/ready").await.status != 200 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        if timeout(BOUND, ready).await.is_err() {
            panic!("not ready after {BOUND:?}:\n{}", self.log.last(60));
        }
    }
}

/// How a server is stopped before it is started again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    Drain,
    Kill,
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            self.show_log();
        }
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("address", &self.address).finish_non_exhaustive()
    }
}

fn data_dir(home: &Path) -> PathBuf {
    home.join("data")
}

fn spawn(program: &Path, setup: &Setup, home: &Path, log: &Log) -> Child {
    let mut command = match setup.through.split_first() {
        Some((through, args)) => {
            let mut command = Command::new(through);
            command.args(args).arg(program);
            command
        }
        None => Command::new(program),
    };
    command.args(["serve", "--addr", "127.0.0.1:0", "--data-dir"]).arg(data_dir(home));
    command.args(&setup.args);
    // What the machine has set for a server of its own is not for this one.
    for (name, _) in std::env::vars_os() {
        let own = |prefix| name.to_string_lossy().starts_with(prefix);
        if ["GAMEV1_", "RATE_LIMIT_", "DATABASE_URL", "OTEL_"].into_iter().any(own) {
            command.env_remove(&name);
        }
    }
    command.envs(setup.envs.iter().map(|(name, value)| (name, value)));
    command.current_dir(home).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the server starts");
    log.read(child.stdout.take().expect("its output is a pipe"));
    log.read(child.stderr.take().expect("its output is a pipe"));
    child
}

/// The address in the line that tells people where to go.
fn served_address(line: &str) -> Option<SocketAddr> {
    let (_, rest) = line.split_once("http://127.0.0.1:")?;
    let digits = rest.split(|c: char| !c.is_ascii_digit()).next()?;
    let port = digits.parse().ok().filter(|&port: &u16| port != 0)?;
    Some(([127, 0, 0, 1], port).into())
}

/// A process that stands in for one that somebody else waits for.
fn already_over() -> Child {
    let mut child = Command::new("true").spawn().expect("`true` starts");
    child.wait().expect("`true` ends");
    child
}
