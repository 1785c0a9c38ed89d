-- What operators did. An entry is written in the transaction of the deed itself and never changed afterwards.

CREATE TABLE audit (
    id          uuid   NOT NULL PRIMARY KEY,
    at_ms       bigint NOT NULL,
    -- The role that the actor had, or how it came to act without a sign-in.
    actor_kind  text   NOT NULL,
    -- No foreign key: what somebody did stays when the account goes.
    actor_id    uuid,
    action      text   COLLATE "C" NOT NULL,
    target_kind text   NOT NULL,
    target_id   text   COLLATE "C" NOT NULL,
    before_json text,
    after_json  text,
    reason      text
);

CREATE INDEX idx_audit_target ON audit (target_id, id);
CREATE INDEX idx_audit_actor ON audit (actor_id, id);
CREATE INDEX idx_audit_action ON audit (action, id);

CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is append-only';
END
$$;

CREATE TRIGGER audit_is_not_changed BEFORE UPDATE OR DELETE ON audit
    FOR EACH ROW EXECUTE FUNCTION audit_is_append_only();

CREATE TRIGGER audit_is_not_emptied BEFORE TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only();

-- Whether an admin would be left.
CREATE INDEX idx_players_admins ON players (id) WHERE role = 'admin';
