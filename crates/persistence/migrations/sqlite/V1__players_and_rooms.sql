-- Players with their devices and sign-ins; rooms with the stays of players in them.
--
-- UUIDs are BLOBs of 16 bytes: less than half of their text in every row and index, in the order of their making
-- (UUIDv7), and CHECKed; PostgreSQL's `uuid` is the same 16 bytes. Room codes are text, which is how people say them.
-- Times are Unix milliseconds. JSON is text, read by nobody in here.

CREATE TABLE players (
    id            BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    username      TEXT    NOT NULL,
    -- What uniqueness is judged by, computed by the server, so that the rule is the same on every engine.
    username_key  TEXT    NOT NULL UNIQUE,
    guest         INTEGER NOT NULL CHECK (guest IN (0, 1)),
    role          TEXT    NOT NULL CHECK (role IN ('player', 'moderator', 'admin')),
    epoch         INTEGER NOT NULL CHECK (epoch >= 0),
    created_at_ms INTEGER NOT NULL,
    updated_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE devices (
    hash          BLOB    NOT NULL PRIMARY KEY CHECK (length(hash) = 32),
    player_id     BLOB    NOT NULL REFERENCES players (id) ON DELETE CASCADE,
    created_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX idx_devices_player_id ON devices (player_id);

-- A sign-in is a family of refresh tokens: whose it is, when it ends and whether it was revoked stand here once.
CREATE TABLE sign_ins (
    id             BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    player_id      BLOB    NOT NULL REFERENCES players (id) ON DELETE CASCADE,
    created_at_ms  INTEGER NOT NULL,
    expires_at_ms  INTEGER NOT NULL,
    revoked_at_ms  INTEGER,
    revoked_reason TEXT
) STRICT, WITHOUT ROWID;

CREATE INDEX idx_sign_ins_player_id ON sign_ins (player_id);
CREATE INDEX idx_sign_ins_expires_at ON sign_ins (expires_at_ms);

-- The chain of a family: each token that was used names what followed it.
CREATE TABLE refresh_tokens (
    hash           BLOB    NOT NULL PRIMARY KEY CHECK (length(hash) = 32),
    sign_in_id     BLOB    NOT NULL REFERENCES sign_ins (id) ON DELETE CASCADE,
    parent_hash    BLOB,
    successor_hash BLOB,
    created_at_ms  INTEGER NOT NULL,
    expires_at_ms  INTEGER NOT NULL,
    used_at_ms     INTEGER,
    CHECK ((used_at_ms IS NULL) = (successor_hash IS NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX idx_refresh_tokens_sign_in_id ON refresh_tokens (sign_in_id);

CREATE TABLE rooms (
    id           TEXT    NOT NULL PRIMARY KEY,
    game_id      TEXT    NOT NULL,
    options      TEXT    NOT NULL,
    metadata     TEXT    NOT NULL,
    private      INTEGER NOT NULL CHECK (private IN (0, 1)),
    seats_max    INTEGER NOT NULL CHECK (seats_max > 0),
    -- Grows when another process takes the room.
    owner_epoch  INTEGER NOT NULL DEFAULT 1 CHECK (owner_epoch > 0),
    opened_at_ms INTEGER NOT NULL,
    closed_at_ms INTEGER,
    close_reason TEXT,
    result       TEXT
) STRICT;

CREATE INDEX idx_rooms_game_id ON rooms (game_id, opened_at_ms);

-- One row for a player's stay on a seat. The room is no foreign key: a result must not be lost because the record of
-- its room was. The player is NULL once the account is deleted; the others of that room keep their history.
CREATE TABLE game_sessions (
    id            BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    room_id       TEXT    NOT NULL,
    player_id     BLOB    REFERENCES players (id) ON DELETE SET NULL,
    seat          INTEGER NOT NULL CHECK (seat >= 0),
    session_id    BLOB    NOT NULL CHECK (length(session_id) = 16),
    started_at_ms INTEGER NOT NULL,
    ended_at_ms   INTEGER,
    result        TEXT
) STRICT;

CREATE INDEX idx_players_room_id ON game_sessions (room_id, player_id);
CREATE INDEX idx_game_sessions_player_id ON game_sessions (player_id, started_at_ms);
