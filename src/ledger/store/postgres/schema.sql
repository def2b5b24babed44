-- The log's tables. They change through the functions in functions.sql only, which append.
CREATE SCHEMA ledger;

-- One row: the lock and the counter of the log. Every commit counts itself, so that it is written.
CREATE TABLE ledger.log_head(
    id smallint PRIMARY KEY CHECK(id = 1), format integer NOT NULL, size bigint NOT NULL,
    epoch bigint NOT NULL, at_ms bigint NOT NULL, commits bigint NOT NULL)
    WITH (fillfactor = 10, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000,
          autovacuum_vacuum_cost_delay = 0);
CREATE TABLE ledger.ev(
    pos bigint PRIMARY KEY,
    stream uuid NOT NULL,
    version bigint NOT NULL CHECK(version > 0),
    tag text COLLATE "C" NOT NULL,
    entry bytea NOT NULL,
    leaf bytea NOT NULL CHECK(octet_length(leaf) = 32),
    UNIQUE(stream, version));
-- Apart from the entries, because only bodies can ever be erased.
CREATE TABLE ledger.body(
    pos bigint PRIMARY KEY, data bytea NOT NULL CHECK(octet_length(data) >= 32));
ALTER TABLE ledger.body ALTER data SET STORAGE EXTERNAL;
-- The bodies that are gone, and where the log says so: the event at `by_pos` names each position.
CREATE TABLE ledger.erased(pos bigint PRIMARY KEY, by_pos bigint NOT NULL);
CREATE TABLE ledger.cmd(
    key bytea PRIMARY KEY, pos bigint NOT NULL, n integer NOT NULL, answer bytea NOT NULL);
CREATE INDEX cmd_by_pos ON ledger.cmd(pos, key);
CREATE TABLE ledger.claim(
    name text COLLATE "C" PRIMARY KEY CHECK(name <> ''), stream uuid NOT NULL,
    pos bigint NOT NULL);
-- At `pos` the stream joined the group or left it; its newest row says whether it is a member.
CREATE TABLE ledger.member(
    grp text COLLATE "C" NOT NULL, stream uuid NOT NULL, pos bigint NOT NULL,
    present boolean NOT NULL, PRIMARY KEY(grp, stream, pos));
CREATE INDEX member_by_pos ON ledger.member(grp, pos);
CREATE TABLE ledger.tile(
    level smallint NOT NULL CHECK(level BETWEEN 0 AND 63), n bigint NOT NULL CHECK(n >= 0),
    hashes bytea NOT NULL
        CHECK(octet_length(hashes) BETWEEN 32 AND 8192 AND octet_length(hashes) % 32 = 0),
    PRIMARY KEY(level, n));
ALTER TABLE ledger.tile ALTER hashes SET STORAGE EXTERNAL;
CREATE TABLE ledger.checkpoint(
    size bigint PRIMARY KEY CHECK(size > 0), root bytea NOT NULL CHECK(octet_length(root) = 32),
    note bytea NOT NULL, published_at text COLLATE "C" NOT NULL);
-- What others say of checkpoints. Rows are read in the order of their ids.
CREATE TABLE ledger.cosignature(
    id bigint PRIMARY KEY, size bigint NOT NULL REFERENCES ledger.checkpoint(size),
    witness text COLLATE "C" NOT NULL, line bytea NOT NULL, UNIQUE(size, witness));
CREATE TABLE ledger.stamp(
    id bigint PRIMARY KEY, size bigint NOT NULL REFERENCES ledger.checkpoint(size),
    note bytea NOT NULL, token bytea NOT NULL, time text COLLATE "C" NOT NULL);
CREATE INDEX stamp_by_size ON ledger.stamp(size);

-- --- only appended ------------------------------------------------------------------------------

CREATE FUNCTION ledger.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END
$body$;
CREATE FUNCTION ledger.refuse_shrinking() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    IF NEW.size < OLD.size OR NEW.epoch < OLD.epoch OR NEW.at_ms < OLD.at_ms
            OR NEW.format <> OLD.format THEN
        RAISE EXCEPTION 'the log only grows' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$body$;
CREATE TRIGGER only_grows BEFORE UPDATE ON ledger.log_head
    FOR EACH ROW EXECUTE FUNCTION ledger.refuse_shrinking();
CREATE TRIGGER no_delete BEFORE DELETE ON ledger.log_head
    FOR EACH ROW EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON ledger.log_head
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER no_change BEFORE UPDATE OR DELETE ON ledger.ev
    FOR EACH ROW EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON ledger.ev
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
-- A body is deleted only once its position is in `erased`, and never comes back.
CREATE FUNCTION ledger.refuse_unless_erased() RETURNS trigger LANGUAGE plpgsql
SET search_path = ledger, pg_temp AS $body$
DECLARE
    gone boolean;
BEGIN
    IF TG_OP = 'DELETE' THEN
        SELECT EXISTS(SELECT 1 FROM erased t WHERE t.pos = OLD.pos) INTO gone;
        IF gone THEN
            RETURN OLD;
        END IF;
    ELSIF TG_OP = 'INSERT' THEN
        SELECT EXISTS(SELECT 1 FROM erased t WHERE t.pos = NEW.pos) INTO gone;
        IF NOT gone THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'body is append-only' USING ERRCODE = 'integrity_constraint_violation';
END
$body$;
-- A position is erased only by a later event of its stream that names it.
CREATE FUNCTION ledger.require_stated() RETURNS trigger LANGUAGE plpgsql
SET search_path = ledger, pg_temp AS $body$
BEGIN
    IF NOT EXISTS(
            SELECT 1 FROM ev e JOIN ev o ON o.pos = NEW.pos AND o.stream = e.stream
                JOIN body b ON b.pos = e.pos
            WHERE e.pos = NEW.by_pos AND e.pos > NEW.pos AND (e.tag = 'bodies-erased.v1'
                    OR (e.tag = 'name-erased.v1' AND o.tag = 'user-named.v1'))
                AND convert_from(substr(b.data, 33), 'UTF8')::jsonb -> 'positions'
                    @> to_jsonb(NEW.pos)) THEN
        RAISE EXCEPTION 'no event of the stream erases this body'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$body$;
-- What an erased name took is free again: its hash could be guessed.
CREATE FUNCTION ledger.refuse_unless_freed() RETURNS trigger LANGUAGE plpgsql
SET search_path = ledger, pg_temp AS $body$
BEGIN
    IF TG_OP = 'DELETE' AND starts_with(OLD.name, 'name/') AND EXISTS(
            SELECT 1 FROM ev e JOIN erased t ON t.pos = e.pos
            WHERE e.stream = OLD.stream AND e.tag = 'user-named.v1') THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'claim is append-only' USING ERRCODE = 'integrity_constraint_violation';
END
$body$;
CREATE TRIGGER only_erased BEFORE INSERT OR UPDATE OR DELETE ON ledger.body
    FOR EACH ROW EXECUTE FUNCTION ledger.refuse_unless_erased();
CREATE TRIGGER only_stated BEFORE INSERT ON ledger.erased
    FOR EACH ROW EXECUTE FUNCTION ledger.require_stated();
CREATE TRIGGER no_change BEFORE UPDATE OR DELETE ON ledger.erased
    FOR EACH ROW EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON ledger.erased
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON ledger.body
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER no_change BEFORE UPDATE OR DELETE ON ledger.cmd
    FOR EACH ROW EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON ledger.cmd
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER only_freed BEFORE UPDATE OR DELETE ON ledger.claim
    FOR EACH ROW EXECUTE FUNCTION ledger.refuse_unless_freed();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON ledger.claim
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER no_change BEFORE UPDATE OR DELETE ON ledger.member
    FOR EACH ROW EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON ledger.member
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER no_change BEFORE UPDATE OR DELETE ON ledger.checkpoint
    FOR EACH ROW EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON ledger.checkpoint
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER no_change BEFORE UPDATE OR DELETE ON ledger.cosignature
    FOR EACH ROW EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON ledger.cosignature
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER no_change BEFORE UPDATE OR DELETE ON ledger.stamp
    FOR EACH ROW EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON ledger.stamp
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
