-- What was revoked: written in the transaction that revokes, read by every process.

-- When the last access token of this sign-in ends that is good for longer than usual. NULL: there is none.
ALTER TABLE sign_ins ADD COLUMN access_until_ms INTEGER;

-- Each line ends a sign-in, or everything that a player was given under a lower epoch. No foreign keys: a line outlives
-- what it ends. The ids are never used again, so that who has read up to one has missed nothing.
CREATE TABLE revocations (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    sign_in_id BLOB    CHECK (length(sign_in_id) = 16),
    player_id  BLOB    CHECK (length(player_id) = 16),
    epoch      INTEGER CHECK (epoch > 0),
    at_ms      INTEGER NOT NULL,
    -- From then on nothing is alive that this line concerns.
    until_ms   INTEGER NOT NULL,
    CHECK ((sign_in_id IS NULL) <> (player_id IS NULL)),
    CHECK ((player_id IS NULL) = (epoch IS NULL))
) STRICT;

CREATE INDEX idx_revocations_until ON revocations (until_ms);

-- What was revoked before there was a log.
INSERT INTO revocations (sign_in_id, at_ms, until_ms)
    SELECT id, revoked_at_ms, expires_at_ms FROM sign_ins WHERE revoked_at_ms IS NOT NULL;
