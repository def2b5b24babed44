-- Everything that changes the log's tables, besides append.sql. An application may call these
-- functions and read the tables; only the owner of the functions may write them.

-- Commit something of one's own: then everything that was stored before is durable.
CREATE FUNCTION ledger.seal_log() RETURNS bigint
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = ledger, pg_temp AS $body$
    UPDATE log_head SET commits = commits + 1 WHERE id = 1 RETURNING size;
$body$;

CREATE FUNCTION ledger.save_tiles(levels int[], ns bigint[], widths bytea[]) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = ledger, pg_temp AS $body$
    INSERT INTO tile
        SELECT x.level, x.n, x.hashes FROM unnest(levels, ns, widths) x(level, n, hashes)
    ON CONFLICT (level, n) DO UPDATE SET hashes = excluded.hashes;
$body$;

-- Return 0 if the checkpoint and its tiles are stored, 1 if a larger one is, 2 if another root is.
CREATE FUNCTION ledger.publish_checkpoint(
    new_size bigint, new_root bytea, new_note bytea, new_time text,
    levels int[], ns bigint[], widths bytea[]) RETURNS int
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ledger, pg_temp AS $body$
DECLARE
    known bytea;
BEGIN
    -- One publisher at a time; a lock on the table would keep readers of backups waiting.
    PERFORM pg_advisory_xact_lock(hashtext('ledger.publish_checkpoint'));
    SELECT c.root INTO known FROM checkpoint c WHERE c.size = new_size;
    IF known IS NOT NULL THEN
        -- What is told as stored is told after a commit that waits as the first one should have.
        PERFORM pg_logical_emit_message(true, 'ledger', '');
        RETURN CASE WHEN known = new_root THEN 0 ELSE 2 END;
    END IF;
    IF EXISTS(SELECT 1 FROM checkpoint c WHERE c.size > new_size) THEN
        RETURN 1;
    END IF;
    PERFORM save_tiles(levels, ns, widths);
    INSERT INTO checkpoint VALUES(new_size, new_root, new_note, new_time);
    RETURN 0;
END
$body$;

CREATE FUNCTION ledger.mend_tiles(newest bigint, levels int[], ns bigint[], widths bytea[])
RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ledger, pg_temp AS $body$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('ledger.publish_checkpoint'));
    IF newest = (SELECT coalesce(max(size), 0) FROM checkpoint) THEN
        PERFORM save_tiles(levels, ns, widths);
    END IF;
END
$body$;

-- Ids grow in the order of commits, because one at a time is given.
CREATE FUNCTION ledger.add_cosignature(of_size bigint, of_witness text, new_line bytea) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ledger, pg_temp AS $body$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('ledger.add_endorsement'));
    INSERT INTO cosignature
        SELECT coalesce(max(id), 0) + 1, of_size, of_witness, new_line FROM cosignature
        ON CONFLICT (size, witness) DO NOTHING;
    PERFORM pg_logical_emit_message(true, 'ledger', '');
END
$body$;

-- The same stamp again, after an answer that was lost, is stored once.
CREATE FUNCTION ledger.add_stamp(of_size bigint, of_note bytea, new_token bytea, new_time text)
RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ledger, pg_temp AS $body$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('ledger.add_endorsement'));
    INSERT INTO stamp
        SELECT coalesce(max(id), 0) + 1, of_size, of_note, new_token, new_time FROM stamp
        HAVING NOT EXISTS(SELECT 1 FROM stamp s WHERE s.size = of_size AND s.token = new_token);
    PERFORM pg_logical_emit_message(true, 'ledger', '');
END
$body$;
