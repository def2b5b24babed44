"""The log's file as an audit reads it: raw rows, read-only, with the contract of `audit.source`."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from ledger.audit.findings import Finding
from ledger.audit.source import (
    STATEMENT_TAGS,
    CheckpointRow,
    CosignatureRow,
    EventRow,
    LeafRow,
    RowFilter,
    StampRow,
)
from ledger.data_files import LOG_FORMAT
from ledger.domain.entry import join
from ledger.domain.unique_names import type_group
from ledger.domain.vocabulary import CHANGE
from ledger.errors import CorruptError
from ledger.sqlite.files import MAX_INTEGER, open_read_only, reading_errors
from ledger.store.sqlite.copied_rows import SqliteCopiedRows
from ledger.store.sqlite.erased_rows import SqliteErasedRows
from ledger.store.sqlite.log_schema import differences

# Rows per transaction. A long transaction would let a live log's WAL grow.
WINDOW = 8_192

_TAGS = ", ".join("?" * len(STATEMENT_TAGS))
# Changes are audited with people, because their effects are.
_CHANGES = f"(SELECT stream FROM member WHERE grp = '{type_group(CHANGE)}')"  # noqa: S608  # constants
_WITH_PEOPLE = f"(tag NOT IN ({_TAGS}) OR stream IN {_CHANGES})"
_EVENTS = """SELECT pos, stream, version, tag, leaf, entry,
    coalesce(data, (SELECT x'' FROM erased WHERE erased.pos = ev.pos)) AS data
    FROM ev LEFT JOIN body USING(pos)"""
# An entry begins with its time: 24 characters after {"at":". They sort by time.
_AT = "CAST(substr(entry, 8, 24) AS TEXT)"
_UNTIL = f"SELECT max(pos) FROM ev WHERE {_AT} <= ?"  # noqa: S608  # from this file
_SINCE = f"SELECT min(pos) FROM ev WHERE {_AT} > ?"  # noqa: S608  # from this file
_LEAVES = "SELECT pos, stream, version, tag, leaf, substr(entry, 8, 24) FROM ev ORDER BY pos"
_BEYOND = "SELECT level, n FROM tile WHERE n < 0 OR n * 256 >= (? >> (8 * level)) LIMIT 1"
_CHECKPOINTS = (
    "SELECT size, root, note, published_at FROM checkpoint"
    " WHERE size <= ? AND size % ? = ? ORDER BY size"
)
_COSIGNATURES = (
    "SELECT c.id, c.size, c.witness, c.line, k.note FROM cosignature c"
    " LEFT JOIN checkpoint k ON k.size = c.size ORDER BY c.id"
)
_STAMPS = (
    "SELECT s.id, s.size, s.note, s.token, s.time, k.note FROM stamp s"
    " LEFT JOIN checkpoint k ON k.size = s.size ORDER BY s.id"
)


class SqliteSource(NamedTuple):
    """The file of a log, which an audit opens in each of its processes."""

    path: Path

    @property
    def name(self) -> str:
        """The file's path."""
        return str(self.path)

    @property
    def address(self) -> str:
        """The file's path, for `store.engines.audited_log` in another process."""
        return str(self.path)

    @property
    def worker(self) -> list[str]:
        """The command line of a process that takes a `WorkerTask` on standard input."""
        return [sys.executable, "-m", "ledger.store.audit_worker"]

    def open(self) -> "SqliteAudited":
        """Open the file; raise what `open_read_only` raises."""
        return SqliteAudited(self.path)


class SqliteAudited(SqliteErasedRows, SqliteCopiedRows):
    """The rows of one log's file. Every read raises what `reading_errors` raises."""

    def __init__(self, path: Path) -> None:
        self._name = path.name
        self._db = open_read_only(path)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def _all(self, sql: str, *values: Any) -> list[Any]:
        with reading_errors(f"{self._name} cannot be read"):
            return self._db.execute(sql, values).fetchall()

    def _first(self, sql: str, *values: Any) -> Any:
        """Return the first column of the first row, None without a row."""
        with reading_errors(f"{self._name} cannot be read"):
            row = self._db.execute(sql, values).fetchone()
        return None if row is None else row[0]

    def _each(self, sql: str, *values: Any) -> Iterator[Any]:
        """Yield the rows one by one."""
        with reading_errors(f"{self._name} cannot be read"):
            # Not `yield from`: that closes the cursor of an abandoned generator, which fails once
            # the file is closed.
            for row in self._db.execute(sql, values):  # noqa: UP028  # see above
                yield row

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Make all reads in the block see the same state of the file."""
        self._all("BEGIN")
        try:
            yield
        finally:
            self._all("ROLLBACK")

    # --- what the engine finds -----------------------------------------------------------------

    def require_format(self) -> None:
        """Raise CorruptError `format_unknown` unless the file has the supported format."""
        found = self._first("PRAGMA user_version")
        if found != LOG_FORMAT:
            raise CorruptError("format_unknown", f"the file has format {found}, not {LOG_FORMAT}")

    def engine_finding(self) -> Finding | None:
        """Return what SQLite's integrity check finds, or how tables and triggers differ."""
        told = [text for (text,) in self._all("PRAGMA integrity_check(1)")]
        if told != ["ok"]:  # such as an index without its row
            return Finding("file", None, "file_malformed", told[0])
        with reading_errors(f"{self._name} cannot be read"):
            changed = differences(self._db)
        return Finding("file", None, "schema_changed", "; ".join(changed)) if changed else None

    # --- events --------------------------------------------------------------------------------

    def newest(self) -> int:
        """Return the newest position that has an event, 0 for none."""
        return int(self._first("SELECT coalesce(max(pos), 0) FROM ev"))

    def events(self, after: int = 0, last: int | None = None) -> Iterator[EventRow]:
        """Yield the events after a position, up to another one or to the end, in order."""
        if last is None and not after:  # a damaged position may be negative
            return self._events("TRUE", ())
        return self._events("pos > ? AND pos <= ?", (after, MAX_INTEGER if last is None else last))

    def filtered(self, wanted: RowFilter) -> Iterator[EventRow]:
        """Yield the events that meet a filter, in order."""
        where = ["pos > ? AND pos <= ?"]
        last = MAX_INTEGER if wanted.last is None else wanted.last
        values: list[Any] = [wanted.after, last]
        if wanted.stream is not None:
            where.append("stream = ?")
            values.append(wanted.stream)
        if wanted.tags:
            where.append(f"tag IN ({_marks(wanted.tags)})")
            values += wanted.tags
        if wanted.mentions is not None:
            where.append("(stream = ? OR data IS NULL OR instr(data, ?) > 0)")
            values += [wanted.mentions.bytes, str(wanted.mentions).encode()]
        return self._events(" AND ".join(where), values)

    def of_people(self, size: int, statement: bytes | None = None) -> Iterator[EventRow]:
        """Yield all events of people, of the ledger and of changes, up to a position, in order."""
        where = f"{_WITH_PEOPLE} AND pos <= ?"
        if statement is None:
            return self._events(where, (*STATEMENT_TAGS, size))
        where = f"({_WITH_PEOPLE} OR stream = ?) AND pos <= ?"
        return self._events(where, (*STATEMENT_TAGS, statement, size))

    def of_statements(self, size: int, part: int, parts: int) -> Iterator[EventRow]:
        """Yield one of `parts` shares of the events about other statements: complete streams."""
        mine = [bytes([last]) for last in range(256) if last % parts == part]
        share = "" if parts == 1 else f"AND substr(stream, -1) IN ({_marks(mine)})"
        where = f"pos > ? AND pos <= ? AND tag IN ({_TAGS}) AND stream NOT IN {_CHANGES} {share}"
        values = (*STATEMENT_TAGS, *(mine if share else ()))
        for after in range(0, size, WINDOW):
            yield from self._events(where, (after, min(after + WINDOW, size), *values))

    def of_stream(
        self, stream: bytes, before: int | None = None, *, after: int = 0
    ) -> Iterator[EventRow]:
        """Yield a stream's events after and before these positions, oldest first."""
        values = (stream, after, MAX_INTEGER if before is None else before)
        return self._events("stream = ? AND pos > ? AND pos < ?", values)

    def _events(self, where: str, values: Sequence[Any]) -> Iterator[EventRow]:
        query = f"{_EVENTS} WHERE {where} ORDER BY pos"
        for position, stream, version, tag, leaf, entry, body in self._each(query, *values):
            typed = isinstance(entry, bytes) and isinstance(body, bytes)
            state = join(entry, body) if typed else None
            yield position, stream, version, tag, state, leaf

    def beginnings(self, streams: Sequence[bytes]) -> dict[bytes, int]:
        """Return the position of the first event of each of these streams that has one."""
        where = f"version = 1 AND stream IN ({_marks(streams)})"
        sql = f"SELECT stream, min(pos) FROM ev WHERE {where} GROUP BY stream"  # noqa: S608  # from this file
        return dict(self._all(sql, *streams))

    def entry(self, position: int) -> Any:
        """Return the entry at a position as stored, None if there is none."""
        return self._first("SELECT entry FROM ev WHERE pos = ?", position)

    def at_time(self, time: str) -> tuple[int | None, int | None]:
        """Return the newest position whose time is not later, and the oldest whose time is."""
        return self._first(_UNTIL, time), self._first(_SINCE, time)

    # --- the tree ------------------------------------------------------------------------------

    def leaves(self) -> Iterator[LeafRow]:
        """Yield what the tree is computed from, for every event, in order."""
        return self._each(_LEAVES)

    def tile(self, level: int, n: int) -> Any:
        """Return the stored hashes of a tile, None if it is not stored."""
        return self._first("SELECT hashes FROM tile WHERE level = ? AND n = ?", level, n)

    def tile_count(self) -> int:
        """Return how many tiles are stored."""
        return int(self._first("SELECT count(*) FROM tile"))

    def tile_beyond(self, size: int) -> tuple[Any, Any] | None:
        """Return level and number of a tile that a tree of this size does not have, if any."""
        return next(iter(self._all(_BEYOND, size)), None)

    def newest_checkpoint(self) -> Any:
        """Return the size of the newest checkpoint, None without one."""
        return self._first("SELECT max(size) FROM checkpoint")

    def roots(self) -> Iterator[tuple[Any, Any]]:
        """Yield (size, root) of every checkpoint, smallest first."""
        return self._each("SELECT size, root FROM checkpoint ORDER BY size")

    def checkpoints(self, size: int, part: int, parts: int) -> Iterator[CheckpointRow]:
        """Yield one of `parts` shares of the checkpoints up to a size, smallest first."""
        return self._each(_CHECKPOINTS, size, parts, part)

    def cosignatures(self) -> list[CosignatureRow]:
        """Return all cosignatures in the order of their ids."""
        return self._all(_COSIGNATURES)

    def cosignature_lines(self, size: int) -> list[Any]:
        """Return the lines of the cosignatures of one checkpoint in the order of their ids."""
        sql = "SELECT line FROM cosignature WHERE size = ? ORDER BY id"
        return [line for (line,) in self._all(sql, size)]

    def stamps(self) -> list[StampRow]:
        """Return all time-stamps in the order of their ids."""
        return self._all(_STAMPS)

    # --- heads, names, receipts ----------------------------------------------------------------

    def heads(self) -> list[tuple[Any, Any, Any]]:
        """Return (size, epoch, time in milliseconds) of every stored head; a log has one."""
        # A row of another id is no head: it has no size.
        return self._all("SELECT iif(id = 1, size, NULL), epoch, at_ms FROM log_head")

    def claims(self) -> Iterator[tuple[Any, Any, Any]]:
        """Yield (name, stream, position) of every name that is taken."""
        return self._each("SELECT name, stream, pos FROM claim ORDER BY name")

    def members(self) -> Iterator[tuple[Any, Any, Any, Any]]:
        """Yield (group, stream, position, present) of every join and leave of a group."""
        query = "SELECT grp, stream, pos, present FROM member ORDER BY grp, stream, pos"
        return self._each(query)

    def stray_body(self, size: int) -> Any:
        """Return the position of a body that has no event or was erased, None without one."""
        sql = "SELECT pos FROM body WHERE pos < 1 OR pos > ? OR pos IN (SELECT pos FROM erased)"
        return self._first(f"{sql} ORDER BY pos LIMIT 1", size)

    def receipt_count(self) -> int:
        """Return how many receipts are stored."""
        return int(self._first("SELECT count(*) FROM cmd"))

    def receipts(self) -> Iterator[tuple[Any, Any]]:
        """Yield (position, number of events) of every receipt, in the order of positions."""
        return self._each("SELECT pos, n FROM cmd ORDER BY pos")

    def receipts_of(self, keys: Sequence[bytes]) -> dict[bytes, tuple[Any, Any, Any]]:
        """Return (position, number of events, answer) of the receipts with these keys, by key."""
        sql = f"SELECT key, pos, n, answer FROM cmd WHERE key IN ({_marks(keys)})"  # noqa: S608  # from this file
        return {key: (pos, n, answer) for key, pos, n, answer in self._all(sql, *keys)}


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))
