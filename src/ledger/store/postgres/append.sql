-- Append a batch. One statement is one transaction: no client holds a lock between two messages.
--
-- The batch comes as columns. Streams, names, groups and keys are listed once, and the writes refer
-- to them by number, so that each is looked up once. Names 1 is the one that freezes the log.
-- The rows of each kind stand in the order of their writes (`…_w`).
--   w_  writes: number of the key, answer, time, time before which it holds, number of events
--   e_  events: number within the write, stream, version, tag, entry, body
--   r_  streams that a write depends on, and their versions
--   v_  streams that a write changes, and their versions then
--   g_  groups that a write counted, and their versions
--   c_  names that a write claims, and for which stream
--   m_  joins and leaves
--   x_  erased positions, each with the number of the event in the write that erases it
-- A row is returned for each write. Its outcome is 0 stored, 1 repeated, 2 stale, 3 taken,
-- 4 frozen, 5 of another epoch, 6 rolled back. Row 0 has the newest position and its leaf.
CREATE FUNCTION ledger.append_batch(
    anchor_pos bigint, anchor_leaf bytea, known_epoch bigint, needs_quorum boolean,
    keys bytea[], streams uuid[], names text[], grps text[],
    w_key int[], w_answer bytea[], w_at bigint[], w_until bigint[], w_count int[],
    e_w int[], e_nth int[], e_stream int[], e_version bigint[], e_tag text[], e_entry bytea[],
    e_body bytea[],
    r_w int[], r_stream int[], r_version bigint[],
    v_w int[], v_stream int[], v_version bigint[],
    g_w int[], g_group int[], g_version bigint[],
    c_w int[], c_name int[], c_stream uuid[],
    m_w int[], m_group int[], m_stream uuid[], m_present boolean[],
    x_w int[], x_nth int[], x_pos bigint[])
RETURNS TABLE(w int, outcome int, pos bigint, n int, at_ms bigint, answer bytea, name int)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = ledger, pg_temp
SET plan_cache_mode = force_generic_plan
AS $body$
#variable_conflict use_column
DECLARE
    head record;
    key_pos bigint[]; key_n int[]; key_answer bytea[];
    stream_version bigint[]; group_version bigint[]; is_owned boolean[];
    writes int := cardinality(w_key);
    o_outcome int[] := array_fill(0, ARRAY[writes]);
    o_pos bigint[] := array_fill(0::bigint, ARRAY[writes]);
    o_n int[] := array_fill(0, ARRAY[writes]);
    o_at bigint[] := array_fill(0::bigint, ARRAY[writes]);
    o_name int[] := array_fill(0, ARRAY[writes]);
    first_pos bigint[] := array_fill(0::bigint, ARRAY[writes]);  -- 0 for what is not stored
    new_size bigint; newest_ms bigint; moved boolean; frozen boolean;
    r int := 1; v int := 1; g int := 1; c int := 1; m int := 1;
    k int; stale boolean; taken int; decided_ms bigint;
BEGIN
    IF needs_quorum AND current_setting('synchronous_standby_names') = '' THEN
        RAISE EXCEPTION 'no standby is named in synchronous_standby_names'
            USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    -- Each statement below has a later snapshot than this lock, so it sees the newest commit.
    SELECT h.size, h.epoch, h.at_ms INTO STRICT head FROM log_head h WHERE h.id = 1 FOR UPDATE;
    IF anchor_pos > 0 AND NOT EXISTS(
            SELECT 1 FROM ev t WHERE t.pos = anchor_pos AND t.leaf = anchor_leaf) THEN
        RETURN QUERY SELECT i, 6, anchor_pos, 0, 0::bigint, NULL::bytea, 0
            FROM generate_series(1, writes) i;
        RETURN;
    END IF;
    new_size := head.size;
    newest_ms := head.at_ms;
    moved := head.epoch <> known_epoch;
    -- Looked up in turn of their numbers: no plan without statistics may read a whole table.
    SELECT array_agg(coalesce(found.pos, 0) ORDER BY x.i),
            array_agg(coalesce(found.n, 0) ORDER BY x.i),
            array_agg(coalesce(found.answer, '') ORDER BY x.i)
        INTO key_pos, key_n, key_answer
        FROM unnest(keys) WITH ORDINALITY x(key, i)
        LEFT JOIN LATERAL (SELECT t.pos, t.n, t.answer FROM cmd t WHERE t.key = x.key LIMIT 1)
            found ON true;
    SELECT coalesce(array_agg(coalesce(found.version, 0) ORDER BY x.i), '{}') INTO stream_version
        FROM unnest(streams) WITH ORDINALITY x(stream, i)
        LEFT JOIN LATERAL (SELECT t.version FROM ev t WHERE t.stream = x.stream
            ORDER BY t.version DESC LIMIT 1) found ON true;
    SELECT coalesce(array_agg(coalesce(found.pos, 0) ORDER BY x.i), '{}') INTO group_version
        FROM unnest(grps) WITH ORDINALITY x(grp, i)
        LEFT JOIN LATERAL (SELECT t.pos FROM member t WHERE t.grp = x.grp
            ORDER BY t.pos DESC LIMIT 1) found ON true;
    SELECT array_agg(found.name IS NOT NULL ORDER BY x.i) INTO is_owned
        FROM unnest(names) WITH ORDINALITY x(name, i)
        LEFT JOIN LATERAL (SELECT t.name FROM claim t WHERE t.name = x.name LIMIT 1) found ON true;
    frozen := is_owned[1];

    FOR w IN 1 .. writes LOOP
        k := w_key[w];
        stale := false;
        taken := 0;
        WHILE r_w[r] = w LOOP
            stale := stale OR stream_version[r_stream[r]] <> r_version[r];
            r := r + 1;
        END LOOP;
        WHILE g_w[g] = w LOOP
            stale := stale OR group_version[g_group[g]] <> g_version[g];
            g := g + 1;
        END LOOP;
        decided_ms := greatest(newest_ms, w_at[w]);
        stale := stale OR decided_ms >= w_until[w];
        o_outcome[w] := CASE WHEN key_pos[k] > 0 THEN 1 WHEN moved THEN 5 WHEN frozen THEN 4
            WHEN stale THEN 2 ELSE 0 END;
        WHILE c_w[c] = w LOOP
            IF o_outcome[w] = 0 AND taken = 0 AND is_owned[c_name[c]] THEN
                taken := c_name[c];
            END IF;
            c := c + 1;
        END LOOP;
        IF o_outcome[w] = 1 THEN
            o_pos[w] := key_pos[k] + key_n[k] - 1;
            o_n[w] := key_n[k];
        ELSIF o_outcome[w] = 5 THEN
            o_pos[w] := head.epoch;
        ELSIF taken > 0 THEN
            o_outcome[w] := 3;
            o_name[w] := taken;
        END IF;
        IF o_outcome[w] = 0 THEN
            first_pos[w] := new_size + 1;
            new_size := new_size + w_count[w];
            newest_ms := decided_ms;
            o_pos[w] := new_size;
            o_n[w] := w_count[w];
            o_at[w] := decided_ms;
            key_pos[k] := first_pos[w];
            key_n[k] := w_count[w];
            key_answer[k] := w_answer[w];
        END IF;
        -- What the next writes of the batch find.
        WHILE v_w[v] = w LOOP
            IF o_outcome[w] = 0 THEN
                stream_version[v_stream[v]] := v_version[v];
            END IF;
            v := v + 1;
        END LOOP;
        WHILE m_w[m] = w LOOP
            IF o_outcome[w] = 0 THEN
                group_version[m_group[m]] := new_size;
            END IF;
            m := m + 1;
        END LOOP;
        IF o_outcome[w] = 0 THEN
            FOR i IN REVERSE c - 1 .. 1 LOOP
                EXIT WHEN c_w[i] <> w;
                is_owned[c_name[i]] := true;
            END LOOP;
            frozen := is_owned[1];
        END IF;
    END LOOP;

    IF new_size > head.size THEN
        INSERT INTO ev
            SELECT first_pos[x.w] + x.nth, streams[x.stream], x.version, x.tag, y.entry,
                sha256('\x00'::bytea || y.entry)
            FROM unnest(e_w, e_nth, e_stream, e_version, e_tag, e_entry)
                x(w, nth, stream, version, tag, entry),
            LATERAL (SELECT CASE WHEN o_at[x.w] = w_at[x.w] THEN x.entry
                ELSE overlay(x.entry PLACING convert_to(to_char(
                    timestamp 'epoch' + o_at[x.w] * interval '1 millisecond',
                    'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'UTF8') FROM 8 FOR 24) END) y(entry)
            WHERE first_pos[x.w] > 0;
        INSERT INTO body
            SELECT first_pos[x.w] + x.nth, x.data FROM unnest(e_w, e_nth, e_body) x(w, nth, data)
            WHERE first_pos[x.w] > 0;
        INSERT INTO cmd
            SELECT keys[x.key], first_pos[x.i], x.n, x.answer
            FROM unnest(w_key, w_count, w_answer) WITH ORDINALITY x(key, n, answer, i)
            WHERE first_pos[x.i] > 0;
        INSERT INTO claim
            SELECT names[x.name], x.stream, o_pos[x.w]
            FROM unnest(c_w, c_name, c_stream) x(w, name, stream)
            WHERE first_pos[x.w] > 0;
        INSERT INTO member
            SELECT grps[x.grp], x.stream, o_pos[x.w], x.present
            FROM unnest(m_w, m_group, m_stream, m_present) x(w, grp, stream, present)
            WHERE first_pos[x.w] > 0;
        IF cardinality(x_w) > 0 THEN
            INSERT INTO erased
                SELECT x.pos, first_pos[x.w] + x.nth FROM unnest(x_w, x_nth, x_pos) x(w, nth, pos)
                WHERE first_pos[x.w] > 0;
            DELETE FROM body WHERE pos IN (
                SELECT x.pos FROM unnest(x_w, x_pos) x(w, pos) WHERE first_pos[x.w] > 0);
            DELETE FROM claim c USING ev e, unnest(x_w, x_pos) x(w, pos)
                WHERE first_pos[x.w] > 0 AND e.pos = x.pos AND e.tag = 'user-named.v1'
                    AND c.stream = e.stream AND starts_with(c.name, 'name/');
        END IF;
    END IF;
    -- Also for repetitions alone: each is acknowledged after a synchronous commit of its own.
    UPDATE log_head h SET size = new_size, at_ms = newest_ms, commits = h.commits + 1
        WHERE h.id = 1;
    RETURN QUERY SELECT 0, 0, t.pos, 0, 0::bigint, t.leaf, 0 FROM ev t WHERE t.pos = new_size;
    RETURN QUERY SELECT i, o_outcome[i], o_pos[i], o_n[i], o_at[i],
            CASE WHEN o_outcome[i] = 1 THEN key_answer[w_key[i]] END, o_name[i]
        FROM generate_series(1, writes) i;
END
$body$;
