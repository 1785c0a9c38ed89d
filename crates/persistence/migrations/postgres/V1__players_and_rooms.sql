-- Players with their devices and sign-ins; rooms with the stays of players in them.
--
-- The same tables as on SQLite. Times are Unix milliseconds. JSON is text, read by nobody in here. Text that is searched
-- is compared by its bytes, so that an order does not change with the libraries of the machine.

CREATE TABLE players (
    id            uuid    NOT NULL PRIMARY KEY,
    username      text    NOT NULL,
    -- What uniqueness is judged by, computed by the server, so that the rule is the same on every engine.
    username_key  text    COLLATE "C" NOT NULL UNIQUE,
    guest         boolean NOT NULL,
    role          text    NOT NULL CHECK (role IN ('player', 'moderator', 'admin')),
    epoch         bigint  NOT NULL CHECK (epoch >= 0),
    created_at_ms bigint  NOT NULL,
    updated_at_ms bigint  NOT NULL
);

CREATE TABLE devices (
    hash          bytea  NOT NULL PRIMARY KEY CHECK (octet_length(hash) = 32),
    player_id     uuid   NOT NULL REFERENCES players (id) ON DELETE CASCADE,
    created_at_ms bigint NOT NULL
);

CREATE INDEX idx_devices_player_id ON devices (player_id);

-- A sign-in is a family of refresh tokens: whose it is, when it ends and whether it was revoked stand here once.
CREATE TABLE sign_ins (
    id             uuid   NOT NULL PRIMARY KEY,
    player_id      uuid   NOT NULL REFERENCES players (id) ON DELETE CASCADE,
    created_at_ms  bigint NOT NULL,
    expires_at_ms  bigint NOT NULL,
    revoked_at_ms  bigint,
    revoked_reason text
);

CREATE INDEX idx_sign_ins_player_id ON sign_ins (player_id);
CREATE INDEX idx_sign_ins_expires_at ON sign_ins (expires_at_ms);

-- The chain of a family: each token that was used names what followed it.
CREATE TABLE refresh_tokens (
    hash           bytea  NOT NULL PRIMARY KEY CHECK (octet_length(hash) = 32),
    sign_in_id     uuid   NOT NULL REFERENCES sign_ins (id) ON DELETE CASCADE,
    parent_hash    bytea,
    successor_hash bytea,
    created_at_ms  bigint NOT NULL,
    expires_at_ms  bigint NOT NULL,
    used_at_ms     bigint,
    CHECK ((used_at_ms IS NULL) = (successor_hash IS NULL))
);

CREATE INDEX idx_refresh_tokens_sign_in_id ON refresh_tokens (sign_in_id);

CREATE TABLE rooms (
    id           text    COLLATE "C" NOT NULL PRIMARY KEY,
    game_id      text    COLLATE "C" NOT NULL,
    options      text    NOT NULL,
    metadata     text    NOT NULL,
    private      boolean NOT NULL,
    seats_max    integer NOT NULL CHECK (seats_max > 0),
    -- Grows when another process takes the room.
    owner_epoch  bigint  NOT NULL DEFAULT 1 CHECK (owner_epoch > 0),
    opened_at_ms bigint  NOT NULL,
    closed_at_ms bigint,
    close_reason text,
    result       text
);

CREATE INDEX idx_rooms_game_id ON rooms (game_id, opened_at_ms);

-- One row for a player's stay on a seat. The room is no foreign key: a result must not be lost because the record of
-- its room was. The player is NULL once the account is deleted; the others of that room keep their history.
CREATE TABLE game_sessions (
    id            uuid    NOT NULL PRIMARY KEY,
    room_id       text    COLLATE "C" NOT NULL,
    player_id     uuid    REFERENCES players (id) ON DELETE SET NULL,
    seat          integer NOT NULL CHECK (seat >= 0),
    session_id    uuid    NOT NULL,
    started_at_ms bigint  NOT NULL,
    ended_at_ms   bigint,
    result        text
);
