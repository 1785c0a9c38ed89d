//! A PostgreSQL of its own for tests: made from the binaries that are installed, on a free port, gone with the process
//! that made it however that ends.
#![expect(clippy::panic, reason = "a test that lacks its database fails by this")]

use std::{
    env, fs,
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    os::unix::{fs::MetadataExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
};

/// Debian puts the binaries of each version here, out of the way of PATH.
const DEBIAN: &str = "/usr/lib/postgresql";
/// PostgreSQL does not run as root; this is the user that owns nothing ("nobody").
const UNPRIVILEGED: u32 = 65_534;
const USER: &str = "gamev1";
const STARTS_MAX: u32 = 5;
const STARTS_AGAIN_MAX: u32 = 100;

/// Holds on until its standard input ends, which it does with us at the latest. It must not die of what ends us, such
/// as an interrupt from the keyboard.
const KEEPER: &str = r#"
trap '' INT TERM HUP
until pg_ctl -D "$DIR/data" -l "$DIR/log" -o "$OPTIONS" -w -t 60 start >"$DIR/pg_ctl" 2>&1 </dev/null; do
    TRIES=$((TRIES - 1))
    [ "$TRIES" -gt 0 ] || { echo failed; exit 1; }
    sleep 0.1
done
echo started
read -r word
pg_ctl -D "$DIR/data" -m "${word:-immediate}" -w -t 60 stop >/dev/null 2>&1 </dev/null
[ -n "$word" ] || rm -rf "$DIR"
"#;

/// A cluster that runs, or that was stopped and may be started again.
pub struct Cluster {
    dir: PathBuf,
    bin: PathBuf,
    port: u16,
    keeper: Mutex<Option<Keeper>>,
}

struct Keeper {
    process: Child,
    /// What is written here ends it; so does dropping it.
    until: ChildStdin,
}

/// How a cluster ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// Sessions are cut, and what was committed is written back.
    Fast,
    /// As by a failure of the power: the next start recovers.
    Immediate,
    /// SIGKILL, as by the kernel that is out of memory. Its children find out by themselves.
    Kill,
}

impl Cluster {
    /// Makes a cluster and starts it. `durable` is for tests of what survives; without it nothing is flushed to disk.
    ///
    /// # Panics
    /// No PostgreSQL is installed, or it does not start.
    pub fn start(durable: bool) -> Cluster {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("gamev1-postgres-{}-{number}", std::process::id());
        let (dir, bin) = (env::temp_dir().join(name), binaries());
        drop(fs::remove_dir_all(&dir));
        make(&dir);
        let args = ["-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "-U", USER, "-D"];
        let made = run(Command::new(bin.join("initdb")).args(args).arg(dir.join("data")));
        assert!(made.is_ok(), "initdb: {made:?}");
        if !durable {
            let settings = "fsync = off\nfull_page_writes = off\nsynchronous_commit = off\n";
            append(&dir.join("data/postgresql.auto.conf"), settings);
        }
        let mut cluster = Cluster { dir, bin, port: 0, keeper: Mutex::new(None) };
        for _ in 0..STARTS_MAX {
            // Free a moment ago: somebody else may take it first.
            cluster.port = free_port();
            if cluster.try_start(1) {
                return cluster;
            }
        }
        let log = fs::read_to_string(cluster.dir.join("log")).unwrap_or_default();
        panic!("PostgreSQL does not start:\n{log}")
    }

    /// Starts it again on the same port.
    ///
    /// # Panics
    /// It does not start.
    pub fn start_again(&self) {
        // While children of one that was killed are still there it gives up at once.
        let started = self.try_start(STARTS_AGAIN_MAX);
        assert!(started, "PostgreSQL does not start again");
    }

    /// Stops it; its data stays.
    pub fn stop(&self, stop: Stop) {
        let Some(Keeper { mut process, mut until }) = self.keeper().take() else { return };
        let word = match stop {
            Stop::Fast => "fast\n",
            Stop::Immediate => "immediate\n",
            Stop::Kill => {
                self.kill();
                "immediate\n"
            }
        };
        drop(until.write_all(word.as_bytes()));
        drop(process.wait());
    }

    fn kill(&self) {
        let file = fs::read_to_string(self.dir.join("data/postmaster.pid")).unwrap_or_default();
        let pid = file.lines().next().unwrap_or_default();
        let killed = run(Command::new("sh").args(["-c", &format!("kill -KILL {pid}")]));
        assert!(killed.is_ok(), "kill {pid}: {killed:?}");
    }

    /// Makes an empty database, or a copy of another one to which nobody is connected, and gives its address.
    ///
    /// # Panics
    /// It is not made.
    pub fn create_database(&self, name: &str, template: Option<&str>) -> String {
        let template = template.unwrap_or("template1");
        self.sql(&format!("CREATE DATABASE {name} TEMPLATE {template}"));
        self.url(name)
    }

    /// The address of a database.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://{USER}@127.0.0.1:{}/{database}", self.port)
    }

    /// Runs a statement on the database `postgres`, and gives what it said, a row a line.
    ///
    /// # Panics
    /// The statement fails.
    pub fn sql(&self, statement: &str) -> String {
        self.sql_on("postgres", statement)
    }

    /// The same on another database.
    ///
    /// # Panics
    /// The statement fails.
    pub fn sql_on(&self, database: &str, statement: &str) -> String {
        let mut psql = Command::new(self.bin.join("psql"));
        psql.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", statement]);
        let said = run(psql.arg(self.url(database)));
        said.unwrap_or_else(|why| panic!("{statement}: {why}"))
    }

    fn try_start(&self, tries: u32) -> bool {
        let options = format!(
            "-p {} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c max_connections=200",
            self.port
        );
        let mut keeper = Command::new("sh");
        keeper
            .args(["-c", KEEPER])
            .env("DIR", &self.dir)
            .env("OPTIONS", options)
            .env("TRIES", tries.to_string());
        // A group of its own: an interrupt from the keyboard is not for it.
        keeper.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = match unprivileged(&mut keeper, &self.bin).spawn() {
            Ok(process) => process,
            Err(error) => panic!("sh: {error}"),
        };
        let mut said = String::new();
        if let Some(output) = process.stdout.take() {
            drop(BufReader::new(output).read_line(&mut said));
        }
        match process.stdin.take() {
            Some(until) if said.trim() == "started" => {
                *self.keeper() = Some(Keeper { process, until });
                true
            }
            _ => {
                drop(process.wait());
                false
            }
        }
    }

    fn keeper(&self) -> std::sync::MutexGuard<'_, Option<Keeper>> {
        self.keeper.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Some(Keeper { mut process, until }) = self.keeper().take() {
            drop(until);
            drop(process.wait());
        }
        drop(fs::remove_dir_all(&self.dir));
    }
}

/// The newest version that is installed.
fn binaries() -> PathBuf {
    let versions = fs::read_dir(DEBIAN).into_iter().flatten().flatten();
    let newest = versions
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse::<u32>().ok()?, entry.path())))
        .map(|(version, path)| (version, path.join("bin")))
        .filter(|(_, bin)| bin.join("postgres").exists())
        .max();
    let on_path = || {
        let path = env::var_os("PATH").unwrap_or_default();
        env::split_paths(&path).find(|dir| dir.join("postgres").exists())
    };
    newest
        .map(|(_, bin)| bin)
        .or_else(on_path)
        .unwrap_or_else(|| panic!("no PostgreSQL is installed: `make tools` does that"))
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

fn make(dir: &Path) {
    let mut made = fs::create_dir(dir);
    if made.is_ok() && is_root() {
        made = std::os::unix::fs::chown(dir, Some(UNPRIVILEGED), Some(UNPRIVILEGED));
    }
    assert!(made.is_ok(), "{}: {made:?}", dir.display());
}

fn append(file: &Path, text: &str) {
    let opened = fs::OpenOptions::new().append(true).open(file);
    let written = opened.and_then(|mut file| file.write_all(text.as_bytes()));
    assert!(written.is_ok(), "{}: {written:?}", file.display());
}

fn free_port() -> u16 {
    let bound = TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr());
    bound.map_or_else(|error| panic!("no port is free: {error}"), |address| address.port())
}

fn unprivileged<'c>(command: &'c mut Command, bin: &Path) -> &'c mut Command {
    let path = env::var_os("PATH").unwrap_or_default();
    let path = env::join_paths([bin.to_owned()].into_iter().chain(env::split_paths(&path)));
    command.env("PATH", path.unwrap_or_default()).env("LC_ALL", "C").current_dir("/");
    if is_root() {
        command.uid(UNPRIVILEGED).gid(UNPRIVILEGED);
    }
    command
}

/// What it said, or why it failed.
fn run(command: &mut Command) -> Result<String, String> {
    let bin = binaries();
    let done = unprivileged(command, &bin).output().map_err(|error| error.to_string())?;
    if done.status.success() {
        return Ok(String::from_utf8_lossy(&done.stdout).trim().to_owned());
    }
    Err(String::from_utf8_lossy(&done.stderr).into_owned())
}
