"""The tables of the log's file, and the triggers that make them append-only."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

from ledger.data_files import LOG_FORMAT
from ledger.errors import CorruptError
from ledger.sqlite.files import open_private, use_write_ahead_log

PAGE_BYTES = 8192

_SCHEMA = """
CREATE TABLE log_head(
    id INTEGER PRIMARY KEY CHECK(id = 1), size INTEGER NOT NULL, epoch INTEGER NOT NULL) STRICT;
INSERT INTO log_head VALUES(1, 0, 0);
CREATE TABLE ev(
    pos INTEGER PRIMARY KEY,
    originator_id BLOB NOT NULL CHECK(length(originator_id) = 16),
    originator_version INTEGER NOT NULL CHECK(originator_version > 0),
    topic TEXT NOT NULL,
    state BLOB NOT NULL,
    leaf BLOB NOT NULL CHECK(length(leaf) = 32),
    UNIQUE(originator_id, originator_version)) STRICT;
CREATE TABLE cmd(
    key BLOB PRIMARY KEY, pos INTEGER NOT NULL, n INTEGER NOT NULL, answer BLOB NOT NULL
    ) STRICT, WITHOUT ROWID;
CREATE TABLE claim(
    name TEXT PRIMARY KEY, originator_id BLOB NOT NULL, pos INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TRIGGER head_only_grows BEFORE UPDATE ON log_head WHEN NEW.size < OLD.size
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
_APPEND_ONLY = """
CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table}
    BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END;
CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table}
    BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END;
CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table}
    WHEN EXISTS(SELECT 1 FROM {table} WHERE {same})
    BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END;
"""
_GUARDED = {
    "ev": "pos = NEW.pos OR "
    "(originator_id = NEW.originator_id AND originator_version = NEW.originator_version)",
    "cmd": "key = NEW.key",
    "claim": "name = NEW.name",
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
    finally:
        connection.close()


def _create_tables(connection: sqlite3.Connection) -> None:
    guards = [_APPEND_ONLY.format(table=table, same=same) for table, same in _GUARDED.items()]
    for statement in _statements("".join([_SCHEMA, *guards])):
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
