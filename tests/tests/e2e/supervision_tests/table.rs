//! What a crash of each kind of actor means. The words are those of `docs/supervision.md`.

/// What the members of the rooms are pushed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seen {
    Nothing,
    /// Those of the room that crashed: `room.recovered` and a snapshot.
    RoomRecovered,
    /// The members of every room.
    RoomsRecovered,
}

/// One row.
#[derive(Debug)]
pub(super) struct Row {
    /// What `POST /v1/admin/chaos` is told to crash.
    pub(super) crash: &'static str,
    pub(super) see: &'static str,
    pub(super) restarts: &'static str,
    pub(super) stays: &'static str,
    pub(super) seen: Seen,
    /// Below the root.
    pub(super) path: &'static str,
    /// The supervisors that start again, without having failed.
    pub(super) behind: &'static [&'static str],
}

const ALL: &str = "all sockets, seats and rooms";

const BEHIND_STORAGE: &[&str] = &["directory", "channels", "rooms", "peers", "sessions", "door"];

pub(super) const ROWS: &[Row] = &[
    Row {
        crash: "room:<id>",
        see: "its members: `room.recovered`, then a snapshot",
        restarts: "the room",
        stays: "its members, their seats and sockets; all other rooms tick on",
        seen: Seen::RoomRecovered,
        path: "rooms/room:<id>",
        behind: &[],
    },
    Row {
        crash: "session:<id>",
        see: "nothing",
        restarts: "the session",
        stays: "its socket, its seats, what it had queued",
        seen: Seen::Nothing,
        path: "sessions/session:<id>",
        behind: &[],
    },
    Row {
        crash: "store",
        see: "nothing",
        restarts: "the store",
        stays: "all sockets, seats and rooms; rows not yet written are written",
        seen: Seen::Nothing,
        path: "storage/store",
        behind: &[],
    },
    Row {
        crash: "sanctions",
        see: "nothing",
        restarts: "the sanctions, which are loaded anew",
        stays: "all sockets, seats and rooms; who is banned stays out",
        seen: Seen::Nothing,
        path: "directory/sanctions",
        behind: &[],
    },
    Row {
        crash: "revocations",
        see: "nothing",
        restarts: "the revocations, which are read anew",
        stays: "all sockets, seats and rooms; who was signed out stays out",
        seen: Seen::Nothing,
        path: "directory/revocations",
        behind: &[],
    },
    Row {
        crash: "presence",
        see: "nothing",
        restarts: "presence",
        stays: ALL,
        seen: Seen::Nothing,
        path: "directory/presence",
        behind: &[],
    },
    Row {
        crash: "lobby",
        see: "nothing; who makes a room just then waits a moment",
        restarts: "the lobby",
        stays: ALL,
        seen: Seen::Nothing,
        path: "directory/lobby",
        behind: &[],
    },
    Row {
        crash: "edge",
        see: "nothing; who connects just then waits a moment",
        restarts: "the edge, on the same listener",
        stays: ALL,
        seen: Seen::Nothing,
        path: "door/edge",
        behind: &[],
    },
    Row {
        crash: "supervisor:storage",
        see: "as when `supervisor:rooms` crashes",
        restarts: "the store, and everything behind it in the tree",
        stays: ALL,
        seen: Seen::RoomsRecovered,
        path: "storage",
        behind: BEHIND_STORAGE,
    },
    Row {
        crash: "supervisor:directory",
        see: "as when `supervisor:rooms` crashes",
        restarts: "sanctions, revocations, presence, lobby, and everything behind them",
        stays: ALL,
        seen: Seen::RoomsRecovered,
        path: "directory",
        behind: &["channels", "rooms", "peers", "sessions", "door"],
    },
    Row {
        crash: "supervisor:channels",
        see: "as when `supervisor:rooms` crashes",
        restarts: "it, and everything behind it",
        stays: ALL,
        seen: Seen::RoomsRecovered,
        path: "channels",
        behind: &["rooms", "peers", "sessions", "door"],
    },
    Row {
        crash: "supervisor:rooms",
        see: "the members of every room: `room.recovered`, then a snapshot",
        restarts: "every room, and every session and the edge behind them",
        stays: ALL,
        seen: Seen::RoomsRecovered,
        path: "rooms",
        behind: &["peers", "sessions", "door"],
    },
    Row {
        crash: "supervisor:peers",
        see: "nothing",
        restarts: "it, every session and the edge",
        stays: ALL,
        seen: Seen::Nothing,
        path: "peers",
        behind: &["sessions", "door"],
    },
    Row {
        crash: "supervisor:sessions",
        see: "nothing",
        restarts: "every session and the edge",
        stays: ALL,
        seen: Seen::Nothing,
        path: "sessions",
        behind: &["door"],
    },
    Row {
        crash: "supervisor:door",
        see: "nothing; who connects just then waits a moment",
        restarts: "the edge, on the same listener",
        stays: ALL,
        seen: Seen::Nothing,
        path: "door",
        behind: &[],
    },
];
