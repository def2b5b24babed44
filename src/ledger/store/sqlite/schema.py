"""The tables of the log's file, the triggers that only let them grow, and its formats.

A format is never changed: a new one brings its tables to the files of those before it.
"""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

from ledger.data_files import LOG_FORMAT as FORMAT
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
"""

# Since format 2.
_TREE = """
CREATE TABLE tile(
    level INTEGER NOT NULL CHECK(level BETWEEN 0 AND 63), n INTEGER NOT NULL CHECK(n >= 0),
    hashes BLOB NOT NULL CHECK(length(hashes) BETWEEN 32 AND 8192 AND length(hashes) % 32 = 0),
    PRIMARY KEY(level, n)) STRICT;
CREATE TABLE checkpoint(
    size INTEGER PRIMARY KEY CHECK(size > 0), root BLOB NOT NULL CHECK(length(root) = 32),
    note BLOB NOT NULL, published_at TEXT NOT NULL) STRICT;
"""

# Since format 3: what others say of checkpoints. Rows are read in the order of their ids.
_ENDORSEMENTS = """
CREATE TABLE cosignature(
    id INTEGER PRIMARY KEY, size INTEGER NOT NULL REFERENCES checkpoint(size),
    witness TEXT NOT NULL, line BLOB NOT NULL, UNIQUE(size, witness)) STRICT;
CREATE TABLE stamp(
    id INTEGER PRIMARY KEY, size INTEGER NOT NULL REFERENCES checkpoint(size),
    note BLOB NOT NULL, token BLOB NOT NULL, time TEXT NOT NULL) STRICT;
CREATE INDEX stamp_by_size ON stamp(size);
"""

# INSERT OR REPLACE deletes without firing a delete trigger, so inserts are watched too.
_APPEND_ONLY = """
CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table}
    BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END;
CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table}
    BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END;
CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table}
    WHEN EXISTS(SELECT 1 FROM {table} WHERE {same})
    BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END;
"""
_TABLES = {  # by the format that brought them
    1: {
        "ev": "pos = NEW.pos OR "
        "(originator_id = NEW.originator_id AND originator_version = NEW.originator_version)",
        "cmd": "key = NEW.key",
        "claim": "name = NEW.name",
    },
    2: {"checkpoint": "size = NEW.size"},
    3: {
        "cosignature": "id = NEW.id OR (size = NEW.size AND witness = NEW.witness)",
        "stamp": "id = NEW.id",
    },
}


def create(path: Path) -> None:
    """Make the file if there is none, and bring an older one to this format.

    Raises CorruptError `format_unknown` for a newer one.
    """
    connection = open_private(path)
    try:
        # Of a new file only. A page of SQLite's own choice holds one approval and wastes the rest.
        connection.execute(f"PRAGMA page_size={PAGE_BYTES}")
        use_write_ahead_log(connection)
        connection.execute("BEGIN IMMEDIATE")
        (found,) = connection.execute("PRAGMA user_version").fetchone()
        if found > FORMAT:
            raise CorruptError("format_unknown", f"the log has format {found}, not {FORMAT}")
        for format_ in range(found + 1, FORMAT + 1):
            _upgrade(connection, format_)
        connection.execute("COMMIT")
    finally:
        connection.close()


def _upgrade(connection: sqlite3.Connection, to_format: int) -> None:
    """Bring the file from the format before to this one; format 0 is an empty file."""
    schema = {1: _SCHEMA, 2: _TREE, 3: _ENDORSEMENTS}[to_format]
    guarded = _TABLES[to_format].items()
    scripts = [schema, *(_APPEND_ONLY.format(table=table, same=same) for table, same in guarded)]
    for statement in _statements("".join(scripts)):
        connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {to_format}")


def _statements(script: str) -> Iterator[str]:
    """Yield the script's statements; executescript would commit the transaction around them."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
