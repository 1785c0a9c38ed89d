-- Passwords that were wrong, so that a restart does not give everyone new tries; and the devices that accounts know.

CREATE TABLE failed_logins (
    -- The SHA-256 of what is counted by: an account's login, a device of an account, an address. No names are kept here,
    -- and most of them would be nobody's.
    hash           bytea  NOT NULL PRIMARY KEY CHECK (octet_length(hash) = 32),
    kind           text   NOT NULL CHECK (kind IN ('account', 'device', 'address')),
    fails          bigint NOT NULL CHECK (fails > 0),
    -- Until when what was forgiven with time has been taken off.
    forgiven_to_ms bigint NOT NULL,
    last_ms        bigint NOT NULL
);

CREATE INDEX idx_failed_logins_last ON failed_logins (last_ms);

-- A device that has signed in to an account by its password. It signs nobody in by itself.
CREATE TABLE known_devices (
    player_id  uuid   NOT NULL REFERENCES players (id) ON DELETE CASCADE,
    hash       bytea  NOT NULL CHECK (octet_length(hash) = 32),
    seen_at_ms bigint NOT NULL,
    PRIMARY KEY (player_id, hash)
);

CREATE INDEX idx_known_devices_seen ON known_devices (player_id, seen_at_ms);
