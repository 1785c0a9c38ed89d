//! The table of operations: one entry for each method of each route.

use gamev1_protocol::ErrorCode::{self, *};

use super::{
    Access::{self, *},
    Operation, Query,
};
use crate::problem::DOCS;

const ACCOUNTS: &str = "accounts";
const PLAYERS: &str = "players";
const ROOMS: &str = "rooms";
const OPERATORS: &str = "operators";
const SERVER: &str = "server";

/// In the order in which people read.
pub const TAGS: [&str; 5] = [ACCOUNTS, PLAYERS, ROOMS, OPERATORS, SERVER];

const LIMIT: Query = ("limit", "integer", "Items on a page");
const CURSOR: Query = ("cursor", "string", "The `next_cursor` of the page before");
const PAGE: &[Query] = &[CURSOR, LIMIT];

const fn on(
    method: &'static str,
    path: &'static str,
    tag: &'static str,
    access: Access,
    summary: &'static str,
) -> Operation {
    Operation {
        method,
        path,
        tag,
        summary,
        access,
        query: &[],
        body: None,
        status: 204,
        answer: None,
        keyed: false,
        held: false,
        headers: &[],
        codes: &[],
    }
}

impl Operation {
    const fn query(self, query: &'static [Query]) -> Operation {
        Operation { query, ..self }
    }

    const fn takes(self, schema: &'static str) -> Operation {
        Operation { body: Some(schema), ..self }
    }

    const fn gives(self, status: u16, schema: &'static str) -> Operation {
        self.sends(status, "application/json", schema)
    }

    const fn sends(self, status: u16, media_type: &'static str, schema: &'static str) -> Operation {
        Operation { status, answer: Some((media_type, schema)), ..self }
    }

    const fn keyed(self) -> Operation {
        Operation { keyed: true, ..self }
    }

    const fn held(self) -> Operation {
        Operation { held: true, ..self }
    }

    const fn tells(self, headers: &'static [&'static str]) -> Operation {
        Operation { headers, ..self }
    }

    const fn refuses(self, codes: &'static [ErrorCode]) -> Operation {
        Operation { codes, ..self }
    }
}

pub const OPERATIONS: &[Operation] = &[
    on("POST", "/v1/auth/guest", ACCOUNTS, Anyone, "Signs a guest in")
        .takes("Guest")
        .gives(200, "Tokens")
        .refuses(&[ValidationFailed, Banned, Conflict]),
    on("POST", "/v1/auth/register", ACCOUNTS, Guest, "Makes an account, of a guest if one asks")
        .takes("Register")
        .gives(201, "Tokens")
        .refuses(&[ValidationFailed, WeakPassword, UsernameTaken, EmailTaken, Conflict]),
    on("POST", "/v1/auth/login", ACCOUNTS, Anyone, "Signs in by password")
        .takes("Login")
        .gives(200, "Tokens")
        .refuses(&[ValidationFailed, InvalidCredentials, Banned]),
    on("POST", "/v1/auth/refresh", ACCOUNTS, Anyone, "Changes a refresh token for new tokens")
        .takes("Refresh")
        .gives(200, "Tokens")
        .refuses(&[Unauthenticated, TokenExpired, TokenRevoked, RefreshReused, Banned]),
    on("POST", "/v1/auth/logout", ACCOUNTS, Player, "Ends this sign-in"),
    on("POST", "/v1/auth/logout-all", ACCOUNTS, Player, "Ends every sign-in of the player"),
    on("POST", "/v1/ws-tickets", ACCOUNTS, Player, "Gives a ticket that opens one socket")
        .takes("Nothing")
        .gives(200, "Ticket")
        .refuses(&[Banned, TooManySockets]),
    on("GET", "/v1/me", PLAYERS, Player, "One's own row").gives(200, "Me"),
    on("PATCH", "/v1/me", PLAYERS, Player, "Changes name or address")
        .takes("MePatch")
        .gives(200, "Me")
        .refuses(&[ValidationFailed, Forbidden, UsernameTaken, EmailTaken]),
    on("DELETE", "/v1/me", PLAYERS, Player, "Deletes the player for good")
        .takes("Deletion")
        .refuses(&[ValidationFailed, InvalidCredentials, Conflict, Forbidden]),
    on("POST", "/v1/me/password", PLAYERS, Player, "Changes the password")
        .takes("PasswordChange")
        .gives(200, "Tokens")
        .refuses(&[ValidationFailed, WeakPassword, InvalidCredentials, Forbidden]),
    on("GET", "/v1/me/export", PLAYERS, Player, "All that is stored of oneself")
        .gives(200, "Export"),
    on("GET", "/v1/players/{player}", PLAYERS, Player, "Who another player is")
        .gives(200, "Other")
        .refuses(&[PlayerNotFound, NotFound]),
    on("GET", "/v1/rooms", ROOMS, Player, "Public rooms")
        .query(&[
            ("game", "string", "Of this game"),
            ("where", "string", "A JSON object that must stand in the room's metadata"),
            CURSOR,
            LIMIT,
        ])
        .gives(200, "Rooms"),
    on("POST", "/v1/rooms", ROOMS, Player, "Makes a room")
        .takes("RoomCreate")
        .keyed()
        .gives(201, "Room")
        .tells(&["Location"])
        .refuses(&[ValidationFailed, Banned, GameNotFound, RoomNotFound]),
    on("GET", "/v1/rooms/{room}", ROOMS, Player, "One room, by its code")
        .gives(200, "Room")
        .refuses(&[RoomNotFound, RoomClosed, NotFound]),
    on("GET", "/ws", ROOMS, Player, "Opens a socket (RFC 6455)")
        .query(&[("received", "integer", "Frames that were received before a resume")])
        .switches()
        .tells(&["Sec-WebSocket-Accept", "Sec-WebSocket-Protocol"])
        .refuses(&[
            UnsupportedProtocol,
            TicketInvalid,
            ResumeExpired,
            ResumeUnknown,
            ResumeMismatch,
            Banned,
            TooManySockets,
        ]),
    on("GET", "/v1/admin/supervision", OPERATORS, Admin, "The tree of actors")
        .query(&[
            ("path", "string", "Where to begin, `/root` by default"),
            ("limit", "integer", "Children of one supervisor"),
        ])
        .gives(200, "Node"),
    on("POST", "/v1/admin/supervision/snapshot", OPERATORS, Admin, "Writes the tree to the log")
        .takes("Nothing")
        .keyed()
        .gives(202, "Trace"),
    on("GET", "/v1/admin/incidents", OPERATORS, Admin, "What failed, the latest first")
        .query(PAGE)
        .gives(200, "Incidents"),
    on("POST", "/v1/admin/chaos", OPERATORS, Admin, "Makes an actor or the database fail")
        .takes("Chaos")
        .keyed()
        .gives(202, "Nothing"),
    on("POST", "/v1/admin/drain", OPERATORS, Admin, "Stops the server, as SIGTERM does")
        .takes("Nothing")
        .keyed()
        .gives(202, "Nothing"),
    on("PUT", "/v1/admin/log", OPERATORS, Admin, "Changes what is logged")
        .takes("LogFilter")
        .refuses(&[ValidationFailed]),
    on("GET", "/v1/admin/players", OPERATORS, Moderator, "Players whose name begins so")
        .query(&[
            ("query", "string", "The beginning of a name; to admins also an address"),
            CURSOR,
            LIMIT,
        ])
        .gives(200, "Players"),
    on("GET", "/v1/admin/players/{player}", OPERATORS, Moderator, "What is known of a player")
        .gives(200, "PlayerView")
        .refuses(&[PlayerNotFound]),
    on("POST", "/v1/admin/players/{player}/ban", OPERATORS, Moderator, "Bans a player")
        .takes("Ban")
        .keyed()
        .gives(201, "Sanction")
        .refuses(&[ValidationFailed, PlayerNotFound]),
    on("DELETE", "/v1/admin/players/{player}/ban", OPERATORS, Moderator, "Lifts a player's bans")
        .takes("Lift")
        .refuses(&[ValidationFailed, PlayerNotFound]),
    on("PUT", "/v1/admin/players/{player}/role", OPERATORS, Admin, "Changes a player's role")
        .takes("NewRole")
        .gives(200, "PlayerRow")
        .refuses(&[ValidationFailed, PlayerNotFound, Conflict]),
    on(
        "POST",
        "/v1/admin/players/{player}/sign-out",
        OPERATORS,
        Moderator,
        "Ends every sign-in of a player",
    )
    .takes("SignOut")
    .keyed()
    .refuses(&[ValidationFailed, PlayerNotFound]),
    on("GET", "/v1/admin/audit", OPERATORS, Admin, "What operators did, the latest first")
        .query(&[
            ("actor", "string", "The id of who did it"),
            ("target", "string", "The id of whom or what it was done to"),
            ("action", "string", "What was done"),
            CURSOR,
            LIMIT,
        ])
        .gives(200, "Audit"),
    on("GET", "/v1/admin/sanctions", OPERATORS, Moderator, "Sanctions that hold, the latest first")
        .query(PAGE)
        .gives(200, "Sanctions"),
    on("GET", "/health", SERVER, Open, "How the server is").gives(200, "Health"),
    on("GET", "/ready", SERVER, Open, "Whether it takes players")
        .gives(200, "Status")
        .refuses(&[Unavailable, Draining]),
    on("GET", "/live", SERVER, Open, "Whether the process answers").gives(200, "Status"),
    on("GET", "/metrics", SERVER, Anyone, "Figures for Prometheus")
        .sends(200, crate::telemetry::metrics::MEDIA_TYPE, "Text")
        .refuses(&[NotFound]),
    on("GET", "/.well-known/jwks.json", SERVER, Anyone, "The keys of the access tokens")
        .sends(200, "application/jwk-set+json", "KeySet")
        .tells(&["Cache-Control"]),
    on("GET", "/openapi.json", SERVER, Open, "This document").gives(200, "Document").held(),
    on("GET", DOCS, SERVER, Open, "The error codes, for people")
        .sends(200, "text/html; charset=utf-8", "Text")
        .held(),
];

impl Operation {
    const fn switches(self) -> Operation {
        Operation { status: 101, ..self }
    }
}
