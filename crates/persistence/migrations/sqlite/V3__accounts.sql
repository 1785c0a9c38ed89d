-- What makes a player an account: an e-mail address, a name that no other looks like, a password.

ALTER TABLE players ADD COLUMN email TEXT;
-- What uniqueness is judged by, as with username_key.
ALTER TABLE players ADD COLUMN email_key TEXT;
ALTER TABLE players ADD COLUMN email_verified INTEGER NOT NULL DEFAULT 0 CHECK (email_verified IN (0, 1));
-- What the name looks like. Guests have none: their names are of the server's own making. Accounts from before this
-- column get theirs after the migration, unless two of them look alike.
ALTER TABLE players ADD COLUMN username_skeleton TEXT;

CREATE UNIQUE INDEX idx_players_email_key ON players (email_key) WHERE email_key IS NOT NULL;
CREATE UNIQUE INDEX idx_players_username_skeleton ON players (username_skeleton)
    WHERE username_skeleton IS NOT NULL;

-- Apart from the players, so that what reads players never reads these.
CREATE TABLE credentials (
    player_id     BLOB    NOT NULL PRIMARY KEY REFERENCES players (id) ON DELETE CASCADE,
    -- Algorithm, parameters, salt and hash, as a PHC string.
    phc           TEXT    NOT NULL,
    updated_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Those that are still to get one, which is nearly nobody.
CREATE INDEX idx_players_without_skeleton ON players (id) WHERE guest = 0 AND username_skeleton IS NULL;

-- Whoever asks for all that is stored of them gets those that no longer hold, too.
CREATE INDEX idx_sanctions_of_player ON sanctions (player_id, id);
