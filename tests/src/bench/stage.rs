//! A server with its sockets seated, ready for a run.

use std::{process::Command, time::Duration};

use anyhow::{Context, Result};
use tempfile::TempDir;

use super::{
    Setup,
    format::Format,
    gamev1::{self, Program, Running},
    process::Server,
    pump::{Ignore, Pump},
    socket::Opened,
};

/// How often the sockets that are open already are read while others are opened.
const CATCH_UP_EVERY: usize = 20;
/// How long everything rests before memory is read.
const REST: Duration = Duration::from_secs(1);

/// So many rooms of so many members.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rooms {
    pub(crate) rooms: usize,
    pub(crate) a_room: usize,
}

impl Rooms {
    pub(crate) fn sockets(self) -> usize {
        self.rooms * self.a_room
    }
}

#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) pump: Pump,
    /// The room of each socket; those of one room stand together.
    pub(crate) seats: Vec<String>,
    /// What an open, seated, silent connection takes.
    pub(crate) rss_each: f64,
    rss_before: u64,
    server: Host,
}

#[derive(Debug)]
enum Host {
    GameV1(Running),
    Bare { server: Server, _dir: TempDir },
}

/// What the bare relay's rooms send by themselves.
#[derive(Debug, Clone, Copy)]
pub(crate) struct States {
    pub(crate) bytes: usize,
    pub(crate) tick_hz: u32,
}

impl Stage {
    /// GameV1 with `rooms` of `game`.
    pub(crate) fn gamev1(
        program: &Program,
        setup: &Setup,
        core: Option<usize>,
        rooms: Rooms,
        game: &str,
        format: Format,
    ) -> Result<Stage> {
        let running = program.serve(core, &[])?;
        let tokens = running.sign_in(rooms.sockets().div_ceil(setup.sockets_a_player.max(1)))?;
        let mut stage = Stage::new(Host::GameV1(running))?;
        let mut room = String::new();
        for at in 0..rooms.sockets() {
            let Host::GameV1(running) = &stage.server else { break };
            let token = tokens.get(at % tokens.len()).context("nobody signed in")?;
            let mut socket = running.open(token, format)?;
            room = match at % rooms.a_room {
                0 => gamev1::create(&mut socket, game)?,
                _ => gamev1::join(&mut socket, &room)?,
            };
            stage.add(socket, room.clone())?;
        }
        stage.settle()?;
        Ok(stage)
    }

    /// The bare relay; its rooms send `states`, or relay.
    pub(crate) fn bare(
        core: Option<usize>,
        rooms: Rooms,
        format: Format,
        states: Option<States>,
    ) -> Result<Stage> {
        let dir = tempfile::tempdir()?;
        let log = dir.path().join("log");
        let addr = gamev1::free_addr()?;
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["bare", "--addr", &addr.to_string(), "--format", format.name()]);
        if let Some(States { bytes, tick_hz }) = states {
            command.args(["--state-bytes", &bytes.to_string(), "--tick-hz", &tick_hz.to_string()]);
        }
        let mut server = Server::start(command, core, &log)?;
        gamev1::wait_for_listener(addr, &mut server, &log)?;
        let mut stage = Stage::new(Host::Bare { server, _dir: dir })?;
        for at in 0..rooms.sockets() {
            // As long as a room code, so that frames are of the same length.
            let room = format!("{:010}", at / rooms.a_room);
            let socket = Opened::open(addr, &format!("/{room}"), "", format)?;
            stage.add(socket, room)?;
        }
        stage.settle()?;
        Ok(stage)
    }

    fn new(server: Host) -> Result<Stage> {
        let mut stage = Stage {
            pump: Pump::new()?,
            seats: Vec::new(),
            rss_each: f64::NAN,
            rss_before: 0,
            server,
        };
        stage.rss_before = stage.server().rss_bytes()?;
        Ok(stage)
    }

    fn add(&mut self, socket: Opened, room: String) -> Result<()> {
        self.pump.add(socket)?;
        self.seats.push(room);
        if self.seats.len().is_multiple_of(CATCH_UP_EVERY) {
            self.pump.catch_up()?;
        }
        Ok(())
    }

    fn settle(&mut self) -> Result<()> {
        self.pump.run(self.pump.now() + REST, None, &mut Ignore)?;
        self.rss_each = self.rss_each_now()?;
        Ok(())
    }

    pub(crate) fn server(&self) -> &Server {
        match &self.server {
            Host::GameV1(running) => &running.server,
            Host::Bare { server, .. } => server,
        }
    }

    /// What the server's memory has grown by, for each socket.
    pub(crate) fn rss_each_now(&self) -> Result<f64> {
        let grown = self.server().rss_bytes()?.saturating_sub(self.rss_before);
        Ok(grown as f64 / self.pump.len().max(1) as f64)
    }
}
