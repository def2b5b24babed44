"""Compare the read models with the log by rebuilding them from it.

This module is in the outermost room because it runs the read models' own code. The log it rebuilds
them from has been audited before. It compares every row of every table, and the title index.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import zip_longest
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ledger.audit.claims import read_head
from ledger.audit.findings import Finding
from ledger.audit.source import AuditedLog, LogSource
from ledger.data_files import VIEWS_FILE
from ledger.domain import events
from ledger.domain.events import Recorded
from ledger.errors import CorruptError, UnavailableError
from ledger.sqlite.files import open_read_only
from projections.follower import rebuild

_TABLES = "SELECT name FROM {}.sqlite_master WHERE type = 'table' AND name NOT LIKE 'title_word%'"
MOST_CHARS = 300


class _Reader:
    """The log up to a position, in the form the read models expect."""

    def __init__(self, rows: AuditedLog, size: int) -> None:
        self._rows = rows
        self._size = size

    def head(self) -> int:
        return self._size

    def read(self, after: int, limit: int) -> list[tuple[int, bytes]]:
        last = min(after + limit, self._size)
        found = self._rows.events(after, last)
        return [(position, state) for position, *_, state, _ in found]

    def events_at(self, positions: Sequence[int]) -> list[Recorded]:
        states = [self.read(position - 1, 1)[0] for position in positions]
        return [Recorded(position, events.decode(state)) for position, state in states]


def compare_views(log: LogSource, views: Path, size: int) -> tuple[Finding | None, str]:
    """Return the first mismatch between read models and log, and a note on the comparison.

    `size` is the size of the audited log. Read models that cannot be read say nothing of the log.
    """
    try:
        with closing(open_read_only(views)) as db:
            db.execute("BEGIN")  # a server may be writing to them
            return _compare(db, log, size)
    except (sqlite3.Error, CorruptError, UnavailableError) as error:
        note = f"The read models cannot be read and were not compared: {views.name}: {error}."
        return None, f"{note} `ledger rebuild` deletes them, and the next start rebuilds them."


def _compare(db: sqlite3.Connection, log: LogSource, size: int) -> tuple[Finding | None, str]:
    tracked = db.execute("SELECT position, complete FROM tracking").fetchall()
    if not tracked or not all(complete for _, complete in tracked):
        return None, "The read models are being rebuilt and were not compared."
    position = min(place for place, _ in tracked)
    if position > size:
        with closing(log.open()) as rows:
            newest, _ = read_head(rows)
        if position > newest:
            detail = f"they have {position:,} events, the log has {newest:,}: it lost the newest"
            return Finding("read models", newest + 1, "views_ahead", detail), ""
        # A server appended events during the audit.
        return None, f"The read models are at {position:,}, after the audited log: not compared."
    with TemporaryDirectory(prefix="ledger-audit-") as directory:
        fresh = Path(directory) / VIEWS_FILE
        with closing(log.open()) as rows:
            rebuild(fresh, _Reader(rows, position))
        db.execute("PRAGMA query_only=OFF")  # allows the temporary tables of terms
        db.execute("ATTACH ? AS made", (fresh.absolute().as_uri() + "?mode=ro",))
        found = next(_differences(db), None)
        db.execute("ROLLBACK")
        db.execute("DETACH made")
    told = f"The read models at position {position:,} match the log."
    return found, "" if found else told


def _differences(db: sqlite3.Connection) -> Iterator[Finding]:
    stored, made = ({name for (name,) in db.execute(_TABLES.format(s))} for s in ("main", "made"))
    if stored != made:
        names = ", ".join(sorted(stored ^ made))
        yield Finding("read models", None, "views_mismatch", f"tables that differ: {names}")
    for table in sorted(made & stored):
        pair = [db.execute(f"SELECT * FROM {s}.{table} ORDER BY 1, 2") for s in ("main", "made")]  # noqa: S608  # table names from the new file
        yield from _rows_that_differ(table, *pair)
    terms = []
    for schema in ("main", "made"):
        name = f"temp.term_{schema}"
        db.execute(f"CREATE VIRTUAL TABLE {name} USING fts5vocab({schema}, title_word, instance)")
        terms.append(db.execute(f"SELECT doc, term, col, offset FROM {name}"))  # noqa: S608  # as above
    yield from _rows_that_differ("title_word", *terms)


def _rows_that_differ(
    table: str, stored: Iterator[tuple[Any, ...]], made: Iterator[tuple[Any, ...]]
) -> Iterator[Finding]:
    for row, expected in zip_longest(stored, made):
        if row != expected:
            place = (expected or row)[0]
            position = place if isinstance(place, int) else None
            detail = f"{table} has {row!r}"[:MOST_CHARS]
            yield Finding(
                "read models", position, "views_mismatch", detail, repr(expected)[:MOST_CHARS]
            )
            return
