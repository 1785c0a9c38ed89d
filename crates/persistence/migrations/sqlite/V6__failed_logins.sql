-- Passwords that were wrong, so that a restart does not give everyone new tries; and the devices that accounts know.

CREATE TABLE failed_logins (
    -- The SHA-256 of what is counted by: an account's login, a device of an account, an address. No names are kept here,
    -- and most of them would be nobody's.
    hash          BLOB    NOT NULL PRIMARY KEY CHECK (length(hash) = 32),
    kind          TEXT    NOT NULL CHECK (kind IN ('account', 'device', 'address')),
    fails         INTEGER NOT NULL CHECK (fails > 0),
    -- Until when what was forgiven with time has been taken off.
    forgiven_to_ms INTEGER NOT NULL,
    last_ms       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX idx_failed_logins_last ON failed_logins (last_ms);

-- A device that has signed in to an account by its password. It signs nobody in by itself.
CREATE TABLE known_devices (
    player_id  BLOB    NOT NULL REFERENCES players (id) ON DELETE CASCADE,
    hash       BLOB    NOT NULL CHECK (length(hash) = 32),
    seen_at_ms INTEGER NOT NULL,
    PRIMARY KEY (player_id, hash)
) STRICT, WITHOUT ROWID;

CREATE INDEX idx_known_devices_seen ON known_devices (player_id, seen_at_ms);
