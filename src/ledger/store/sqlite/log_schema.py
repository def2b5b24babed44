"""The tables of the log's file, and the triggers that make them append-only."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from ledger.data_files import LOG_FORMAT
from ledger.errors import CorruptError
from ledger.sqlite.files import open_private, use_write_ahead_log

PAGE_BYTES = 8192

# Frees what the name of an erased event took; other events leave it as it is.
FREE = """
    DELETE FROM claim WHERE name >= 'name/' AND name < 'name0'
        AND stream = (SELECT stream FROM ev WHERE pos = ? AND tag = 'user-named.v1')
"""

_SCHEMA = """
-- SQLite syncs nothing for a transaction that changes nothing. Each one here counts itself.
CREATE TABLE log_head(
    id INTEGER PRIMARY KEY CHECK(id = 1), size INTEGER NOT NULL, epoch INTEGER NOT NULL,
    commits INTEGER NOT NULL, at_ms INTEGER NOT NULL) STRICT;
INSERT INTO log_head VALUES(1, 0, 0, 0, 0);
CREATE TABLE ev(
    pos INTEGER PRIMARY KEY,
    stream BLOB NOT NULL CHECK(length(stream) = 16),
    version INTEGER NOT NULL CHECK(version > 0),
    tag TEXT NOT NULL,
    entry BLOB NOT NULL,
    leaf BLOB NOT NULL CHECK(length(leaf) = 32),
    UNIQUE(stream, version)) STRICT;
-- Apart from the entries, because only bodies can ever be erased.
CREATE TABLE body(pos INTEGER PRIMARY KEY, data BLOB NOT NULL CHECK(length(data) >= 32)) STRICT;
-- The bodies that are gone, and where the log says so: the event at `by_pos` names each position.
-- Of a person, only the event that names them has a body that can go.
CREATE TABLE erased(pos INTEGER PRIMARY KEY, by_pos INTEGER NOT NULL) STRICT;
CREATE TRIGGER erased_is_stated BEFORE INSERT ON erased WHEN NOT EXISTS(
    SELECT 1 FROM ev e JOIN ev o ON o.pos = NEW.pos AND o.stream = e.stream AND o.pos < e.pos
        JOIN body b ON b.pos = e.pos
        WHERE e.pos = NEW.by_pos AND (e.tag = 'bodies-erased.v1'
            OR (e.tag = 'name-erased.v1' AND o.tag = 'user-named.v1')) AND NEW.pos IN (
            SELECT value FROM json_each(CAST(substr(b.data, 33) AS TEXT), '$.positions')))
    BEGIN SELECT RAISE(ABORT, 'no event of the stream erases this body'); END;
CREATE TRIGGER body_only_erased BEFORE DELETE ON body
    WHEN NOT EXISTS(SELECT 1 FROM erased WHERE pos = OLD.pos)
    BEGIN SELECT RAISE(ABORT, 'body is append-only'); END;
CREATE TRIGGER body_stays_erased BEFORE INSERT ON body
    WHEN EXISTS(SELECT 1 FROM erased WHERE pos = NEW.pos)
    BEGIN SELECT RAISE(ABORT, 'this body was erased'); END;
CREATE TABLE cmd(
    key BLOB PRIMARY KEY, pos INTEGER NOT NULL, n INTEGER NOT NULL, answer BLOB NOT NULL
    ) STRICT, WITHOUT ROWID;
CREATE TABLE claim(
    name TEXT PRIMARY KEY, stream BLOB NOT NULL, pos INTEGER NOT NULL) STRICT, WITHOUT ROWID;
-- What an erased name took is free again: its hash could be guessed.
CREATE TRIGGER claim_only_freed BEFORE DELETE ON claim
    WHEN substr(OLD.name, 1, 5) <> 'name/' OR NOT EXISTS(
        SELECT 1 FROM ev JOIN erased USING(pos)
        WHERE ev.stream = OLD.stream AND ev.tag = 'user-named.v1')
    BEGIN SELECT RAISE(ABORT, 'claim is append-only'); END;
-- At `pos` the stream joined the group or left it; its newest row says whether it is a member.
CREATE TABLE member(
    grp TEXT NOT NULL, stream BLOB NOT NULL, pos INTEGER NOT NULL,
    present INTEGER NOT NULL CHECK(present IN (0, 1)), PRIMARY KEY(grp, stream, pos)
    ) STRICT, WITHOUT ROWID;
CREATE INDEX member_by_pos ON member(grp, pos);
CREATE TRIGGER head_only_grows BEFORE UPDATE ON log_head
    WHEN NEW.size < OLD.size OR NEW.epoch < OLD.epoch OR NEW.at_ms < OLD.at_ms
    BEGIN SELECT RAISE(ABORT, 'the log only grows'); END;
CREATE TRIGGER head_stays BEFORE DELETE ON log_head
    BEGIN SELECT RAISE(ABORT, 'the log only grows'); END;
CREATE TRIGGER head_is_one BEFORE INSERT ON log_head
    BEGIN SELECT RAISE(ABORT, 'the log only grows'); END;
CREATE TABLE tile(
    level INTEGER NOT NULL CHECK(level BETWEEN 0 AND 63), n INTEGER NOT NULL CHECK(n >= 0),
    hashes BLOB NOT NULL CHECK(length(hashes) BETWEEN 32 AND 8192 AND length(hashes) % 32 = 0),
    PRIMARY KEY(level, n)) STRICT;
CREATE TABLE checkpoint(
    size INTEGER PRIMARY KEY CHECK(size > 0), root BLOB NOT NULL CHECK(length(root) = 32),
    note BLOB NOT NULL, published_at TEXT NOT NULL) STRICT;
-- What others say of checkpoints. Rows are read in the order of their ids.
CREATE TABLE cosignature(
    id INTEGER PRIMARY KEY, size INTEGER NOT NULL REFERENCES checkpoint(size),
    witness TEXT NOT NULL, line BLOB NOT NULL, UNIQUE(size, witness)) STRICT;
CREATE TABLE stamp(
    id INTEGER PRIMARY KEY, size INTEGER NOT NULL REFERENCES checkpoint(size),
    note BLOB NOT NULL, token BLOB NOT NULL, time TEXT NOT NULL) STRICT;
CREATE INDEX stamp_by_size ON stamp(size);
"""

# INSERT OR REPLACE deletes without firing a delete trigger, so inserts need a trigger too.
_NO_DELETE = """
CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table}
    BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END;
"""
_NO_CHANGE = """
CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table}
    BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END;
CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table}
    WHEN EXISTS(SELECT 1 FROM {table} WHERE {same})
    BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END;
"""
_GUARDED = {
    "ev": "pos = NEW.pos OR (stream = NEW.stream AND version = NEW.version)",
    "body": "pos = NEW.pos",
    "erased": "pos = NEW.pos",
    "cmd": "key = NEW.key",
    "claim": "name = NEW.name",
    "member": "grp = NEW.grp AND stream = NEW.stream AND pos = NEW.pos",
    "checkpoint": "size = NEW.size",
    "cosignature": "id = NEW.id OR (size = NEW.size AND witness = NEW.witness)",
    "stamp": "id = NEW.id",
}


def create(path: Path) -> None:
    """Create the log's file if it does not exist.

    Raises CorruptError `format_unknown` for a file of another format, ConflictError `file_is_link`.
    """
    connection = open_private(path)
    try:
        # Takes effect in a new file only. SQLite's default page holds one approval and leaves the
        # rest unused.
        connection.execute(f"PRAGMA page_size={PAGE_BYTES}")
        use_write_ahead_log(connection)
        connection.execute("BEGIN IMMEDIATE")
        (found,) = connection.execute("PRAGMA user_version").fetchone()
        if found == 0:
            _create_tables(connection)
        elif found != LOG_FORMAT:
            raise CorruptError("format_unknown", f"the log has format {found}, not {LOG_FORMAT}")
        connection.execute("COMMIT")
        changed = differences(connection)
        if changed:
            detail = f"the log's file was changed: {'; '.join(changed)}; run `ledger audit`"
            raise CorruptError("schema_changed", detail)
    finally:
        connection.close()


def differences(connection: sqlite3.Connection) -> list[str]:
    """Return what a log's file defines otherwise than `create` did, in words.

    A dropped trigger leaves the log open to edits, and a foreign one can make SQLite answer that it
    stored what it did not store.
    """
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as fresh:
        _create_tables(fresh)
        expected = _definitions(fresh)
    found = _definitions(connection)
    missing = [f"{name} is missing" for name in sorted(expected.keys() - found.keys())]
    foreign = [f"{name} is foreign" for name in sorted(found.keys() - expected.keys())]
    same = expected.keys() & found.keys()
    changed = [f"{name} is changed" for name in sorted(same) if expected[name] != found[name]]
    return [*missing, *foreign, *changed]


def _definitions(connection: sqlite3.Connection) -> dict[str, str | None]:
    rows = connection.execute("SELECT type || ' ' || name, sql FROM sqlite_master")
    return dict(rows.fetchall())


def _create_tables(connection: sqlite3.Connection) -> None:
    guards = [_NO_CHANGE.format(table=table, same=same) for table, same in _GUARDED.items()]
    guards += [
        _NO_DELETE.format(table=table) for table in _GUARDED if table not in ("body", "claim")
    ]
    for statement in _statements("".join([_SCHEMA, *guards])):
        connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {LOG_FORMAT}")


def create_bare(connection: sqlite3.Connection) -> None:
    """Create the tables alone, in a file for a part of a log: nothing there refuses a change."""
    for statement in _statements(_SCHEMA):
        if statement.split(maxsplit=2)[1] != "TRIGGER" and not statement.startswith("INSERT"):
            connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {LOG_FORMAT}")


def _statements(script: str) -> Iterator[str]:
    """Yield the script's statements; executescript would commit the open transaction."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
