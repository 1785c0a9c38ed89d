-- Rooms and sessions as they are kept between two processes, and sanctions.

-- The latest image of each open room. Whoever owns the room raised the epoch last; a write under a lower one is refused.
CREATE TABLE room_states (
    room_id       text   COLLATE "C" NOT NULL PRIMARY KEY,
    owner_epoch   bigint NOT NULL CHECK (owner_epoch > 0),
    claimed_at_ms bigint NOT NULL,
    saved_at_ms   bigint NOT NULL,
    -- The sessions that hold a seat, 16 bytes each: rows of room_members are written only when these change.
    members       bytea  NOT NULL,
    image         bytea  NOT NULL
);

CREATE INDEX idx_room_states_claimed_at ON room_states (claimed_at_ms, saved_at_ms);

-- In which rooms a session holds a seat: how it finds them again.
CREATE TABLE room_members (
    session_id uuid NOT NULL,
    room_id    text COLLATE "C" NOT NULL,
    PRIMARY KEY (session_id, room_id)
);

CREATE INDEX idx_room_members_room_id ON room_members (room_id);

-- Sessions over a planned restart: counts and unconfirmed frames.
CREATE TABLE session_states (
    session_id  uuid   NOT NULL PRIMARY KEY,
    saved_at_ms bigint NOT NULL,
    image       bytea  NOT NULL
);

CREATE INDEX idx_session_states_saved_at ON session_states (saved_at_ms);

CREATE TABLE sanctions (
    id            uuid   NOT NULL PRIMARY KEY,
    player_id     uuid   NOT NULL,
    kind          text   NOT NULL CHECK (kind IN ('ban', 'mute')),
    -- NULL: until it is lifted.
    until_ms      bigint,
    reason        text   NOT NULL,
    by_player_id  uuid,
    created_at_ms bigint NOT NULL,
    lifted_at_ms  bigint,
    lifted_by     uuid
);

CREATE INDEX idx_sanctions_player_id ON sanctions (player_id, kind) WHERE lifted_at_ms IS NULL;
CREATE INDEX idx_sanctions_active ON sanctions (id) WHERE lifted_at_ms IS NULL;
