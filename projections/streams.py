"""Map each stream's UUID to its number."""

import sqlite3

from ledger.sqlite.bulk_insert import write
from projections.facts import STREAM_INDEX, Batch

NAME = "streams"
VERSION = 1
TABLES: tuple[str, ...] = (
    "CREATE TABLE stream(id INTEGER PRIMARY KEY, uuid BLOB NOT NULL) STRICT",
)
INDEXES: tuple[str, ...] = (STREAM_INDEX,)


def fold(db: sqlite3.Connection, batch: Batch) -> None:
    """Add the streams that begin in the batch."""
    rows = [(number, bytes.fromhex(text.replace("-", ""))) for number, text in batch.streams]
    write(db, "INSERT INTO stream {rows}", rows)
