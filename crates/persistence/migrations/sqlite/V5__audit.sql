-- What operators did. An entry is written in the transaction of the deed itself and never changed afterwards.

CREATE TABLE audit (
    id          BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    at_ms       INTEGER NOT NULL,
    -- The role that the actor had, or how it came to act without a sign-in.
    actor_kind  TEXT    NOT NULL,
    -- No foreign key: what somebody did stays when the account goes.
    actor_id    BLOB    CHECK (length(actor_id) = 16),
    action      TEXT    NOT NULL,
    target_kind TEXT    NOT NULL,
    target_id   TEXT    NOT NULL,
    before_json TEXT,
    after_json  TEXT,
    reason      TEXT
) STRICT, WITHOUT ROWID;

CREATE INDEX idx_audit_target ON audit (target_id, id);
CREATE INDEX idx_audit_actor ON audit (actor_id, id);
CREATE INDEX idx_audit_action ON audit (action, id);

CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;

CREATE TRIGGER audit_is_not_deleted BEFORE DELETE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;

-- A REPLACE deletes without asking the trigger above.
CREATE TRIGGER audit_is_not_replaced BEFORE INSERT ON audit
WHEN EXISTS (SELECT 1 FROM audit WHERE id = NEW.id)
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;

-- Whether an admin would be left.
CREATE INDEX idx_players_admins ON players (id) WHERE role = 'admin';
