"""The log's file as the auditor reads it: raw, untrusted rows, read-only.

Rows of the log never change, so all readers see the same rows up to a position, whenever they
start. Rows that do change, and totals, are read in one snapshot.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ledger.audit.findings import Finding
from ledger.data_files import LOG_FORMAT
from ledger.domain.entry import join
from ledger.domain.events import BODIES
from ledger.domain.unique_names import type_group
from ledger.domain.vocabulary import CHANGE
from ledger.errors import CorruptError, NotFoundError
from ledger.sqlite.files import BUSY_TIMEOUT_S, closed_on_error, reading_errors
from ledger.sqlite.log_schema import differences

STATEMENT_TAGS = tuple(tag for tag, body in BODIES.items() if body.MEANING.stream == "statement")
# Rows per transaction. A long transaction would let a live log's WAL grow.
WINDOW = 8_192

# Position, stream, version, tag, state, leaf. A damaged column can have any type; a state is None
# unless entry and body are bytes.
Row = tuple[Any, Any, Any, Any, Any, Any]
EVENTS = "SELECT pos, stream, version, tag, leaf, entry, data FROM ev LEFT JOIN body USING(pos)"
_TAGS = ", ".join("?" * len(STATEMENT_TAGS))
# Changes are audited with people, because their effects are. If these rows are wrong, the part that
# gets a change, or another statement, by mistake reports it.
_CHANGES = f"(SELECT stream FROM member WHERE grp = '{type_group(CHANGE)}')"  # noqa: S608  # constants
WITH_PEOPLE = f"(tag NOT IN ({_TAGS}) OR stream IN {_CHANGES})"


def open_read_only(path: Path) -> sqlite3.Connection:
    """Open an existing database read-only.

    Raises NotFoundError `not_founded`, CorruptError `file_malformed`, UnavailableError
    `storage_failed`.
    """
    if not path.is_file():
        raise NotFoundError("not_founded", f"{path} does not exist")
    uri = path.absolute().as_uri()
    options: dict[str, Any] = {"uri": True, "timeout": BUSY_TIMEOUT_S, "isolation_level": None}
    with reading_errors(f"{path} cannot be read"):
        db: sqlite3.Connection = sqlite3.connect(f"{uri}?mode=ro", **options)
        try:
            with closed_on_error(db):
                db.execute("SELECT 1 FROM sqlite_master").fetchone()
        except sqlite3.OperationalError:
            # The directory is not writable, so this is a copy: no other process writes the file.
            db = sqlite3.connect(f"{uri}?mode=ro&immutable=1", **options)
        with closed_on_error(db):
            db.execute("PRAGMA query_only=ON")
            db.execute("PRAGMA trusted_schema=OFF")
    return db


class Rows:
    """The rows of one log's file. Every read raises what `reading_errors` raises."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._db = open_read_only(path)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def query(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return all rows of a query."""
        with reading_errors(f"{self.path.name} cannot be read"):
            return self._db.execute(sql, values).fetchall()

    def each(self, sql: str, values: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a query one by one."""
        with reading_errors(f"{self.path.name} cannot be read"):
            # Not `yield from`: that closes the cursor of an abandoned generator, which fails once
            # the file is closed.
            for row in self._db.execute(sql, values):  # noqa: UP028  # see above
                yield row

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Make all reads in the block see the same state of the file."""
        self.query("BEGIN")
        try:
            yield
        finally:
            self.query("ROLLBACK")

    def require_format(self) -> None:
        """Raise CorruptError `format_unknown` unless the file has the supported format."""
        ((found,),) = self.query("PRAGMA user_version")
        if found != LOG_FORMAT:
            raise CorruptError("format_unknown", f"the file has format {found}, not {LOG_FORMAT}")

    def redefined(self) -> Finding | None:
        """Return a finding if tables or triggers differ from those that a ledger creates."""
        with reading_errors(f"{self.path.name} cannot be read"):
            changed = differences(self._db)
        if not changed:
            return None
        return Finding("file", None, "schema_changed", "; ".join(changed))

    def damage(self) -> Finding | None:
        """Return a finding if SQLite's integrity check fails, such as an index without its row."""
        told = [text for (text,) in self.query("PRAGMA integrity_check(1)")]
        return None if told == ["ok"] else Finding("file", None, "file_malformed", told[0])

    # --- events --------------------------------------------------------------------------------

    def events(self, where: str, values: Sequence[Any]) -> Iterator[Row]:
        """Yield the events that a condition selects, with their states, by position."""
        for *rest, leaf, entry, body in self.each(f"{EVENTS} WHERE {where} ORDER BY pos", values):
            typed = isinstance(entry, bytes) and isinstance(body, bytes)
            yield (*rest, join(entry, body) if typed else None, leaf)

    def of_people(self, size: int) -> Iterator[Row]:
        """Yield all events of people, of the ledger and of changes, up to a position."""
        yield from self.events(f"{WITH_PEOPLE} AND pos <= ?", (*STATEMENT_TAGS, size))

    def of_statements(self, size: int, part: int, parts: int) -> Iterator[Row]:
        """Yield one of `parts` shares of the events about statements but changes.

        A share has whole streams, in order.
        """
        mine = [bytes([last]) for last in range(256) if last % parts == part]
        share = "" if parts == 1 else f"AND substr(stream, -1) IN ({_marks(mine)})"
        where = f"pos > ? AND pos <= ? AND tag IN ({_TAGS}) AND stream NOT IN {_CHANGES} {share}"
        values = (*STATEMENT_TAGS, *(mine if share else ()))
        for after in range(0, size, WINDOW):
            yield from self.events(where, (after, min(after + WINDOW, size), *values))

    def of_stream(self, stream: bytes, before: int) -> list[Any]:
        """Return the states of a stream's events before a position, oldest first."""
        return [row[4] for row in self.events("stream = ? AND pos < ?", (stream, before))]

    def has_begun(self, stream: bytes, before: int) -> bool:
        """Tell whether a stream has a first event before a position."""
        sql = "SELECT 1 FROM ev WHERE stream = ? AND version = 1 AND pos < ?"
        return bool(self.query(sql, (stream, before)))

    def entry(self, position: int) -> str | None:
        """Return the entry at a position as text, None if there is no readable entry."""
        sql = (
            "SELECT entry FROM ev WHERE pos = ? AND typeof(entry) = 'blob' AND length(entry) < 512"
        )
        for (raw,) in self.query(sql, (position,)):
            text: str = raw.decode("utf-8", "replace")
            return text if text.isprintable() else None
        return None

    # --- receipts ------------------------------------------------------------------------------

    def receipts(self, keys: Sequence[bytes]) -> dict[bytes, tuple[Any, Any, Any]]:
        """Return (position, count, answer) of the receipts with these keys, by key."""
        sql = f"SELECT key, pos, n, answer FROM cmd WHERE key IN ({_marks(keys)})"  # noqa: S608  # from this file
        return {key: (pos, n, answer) for key, pos, n, answer in self.query(sql, keys)}


def _marks(values: Sequence[bytes]) -> str:
    return ", ".join("?" * len(values))
