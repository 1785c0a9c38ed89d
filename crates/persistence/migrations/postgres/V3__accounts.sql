-- What makes a player an account: an e-mail address, a name that no other looks like, a password.

ALTER TABLE players ADD COLUMN email text;
-- What uniqueness is judged by, as with username_key.
ALTER TABLE players ADD COLUMN email_key text COLLATE "C";
ALTER TABLE players ADD COLUMN email_verified boolean NOT NULL DEFAULT false;
-- What the name looks like. Guests have none: their names are of the server's own making.
ALTER TABLE players ADD COLUMN username_skeleton text COLLATE "C";

CREATE UNIQUE INDEX idx_players_email_key ON players (email_key) WHERE email_key IS NOT NULL;
CREATE UNIQUE INDEX idx_players_username_skeleton ON players (username_skeleton)
    WHERE username_skeleton IS NOT NULL;

-- Apart from the players, so that what reads players never reads these.
CREATE TABLE credentials (
    player_id     uuid   NOT NULL PRIMARY KEY REFERENCES players (id) ON DELETE CASCADE,
    -- Algorithm, parameters, salt and hash, as a PHC string.
    phc           text   NOT NULL,
    updated_at_ms bigint NOT NULL
);

-- Whoever asks for all that is stored of them gets those that no longer hold, too.
CREATE INDEX idx_sanctions_of_player ON sanctions (player_id, id);
