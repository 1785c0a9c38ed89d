-- What was revoked: written in the transaction that revokes, read by every process.

-- When the last access token of this sign-in ends that is good for longer than usual. NULL: there is none.
ALTER TABLE sign_ins ADD COLUMN access_until_ms bigint;

-- Each line ends a sign-in, or everything that a player was given under a lower epoch. No foreign keys: a line outlives
-- what it ends. Lines are written one transaction after the other, so that who has read up to one has missed nothing.
CREATE TABLE revocations (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sign_in_id uuid,
    player_id  uuid,
    epoch      bigint CHECK (epoch > 0),
    at_ms      bigint NOT NULL,
    -- From then on nothing is alive that this line concerns.
    until_ms   bigint NOT NULL,
    CHECK ((sign_in_id IS NULL) <> (player_id IS NULL)),
    CHECK ((player_id IS NULL) = (epoch IS NULL))
);

CREATE INDEX idx_revocations_until ON revocations (until_ms);

-- What was revoked before there was a log.
INSERT INTO revocations (sign_in_id, at_ms, until_ms)
    SELECT id, revoked_at_ms, expires_at_ms FROM sign_ins WHERE revoked_at_ms IS NOT NULL;
