"""The log's tables as an audit reads them: raw rows, with the contract of `audit.source`.

Rows are read in pages, each a statement of its own: a long snapshot would keep the server from
cleaning up, and slow every append.
"""

import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

import psycopg

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
from ledger.domain.entry import join
from ledger.errors import NotFoundError
from ledger.store.postgres import schema
from ledger.store.postgres.connections import LAST_BIGINT, LONG_S, DatabaseConnection
from ledger.store.postgres.copied_rows import PostgresCopiedRows
from ledger.store.postgres.erased_rows import PostgresErasedRows
from ledger.store.postgres.event_rows import CHANGES, PAGE, TAGS, WITH_PEOPLE, conditions

PAGE_ROWS = 2_048
PAGE_BYTES = 8_000_000  # of bodies, beyond the first one of a page

# An entry begins with its time: 24 characters after {"at":". They sort by time.
_AT = "substring(entry FROM 8 FOR 24)"
_UNTIL = f"SELECT max(pos) FROM ledger.ev WHERE {_AT} <= %s"  # noqa: S608  # from this file
_SINCE = f"SELECT min(pos) FROM ledger.ev WHERE {_AT} > %s"  # noqa: S608  # from this file
_LEAVES = f"SELECT pos, uuid_send(stream), version, tag, leaf, {_AT} FROM ledger.ev"  # noqa: S608  # from this file
_BEYOND = """
    SELECT level, n FROM ledger.tile
    WHERE n < 0 OR level > 7 OR n * 256 >= (%s::bigint >> (8 * level)) LIMIT 1
"""
_CHECKPOINTS = (
    "SELECT size, root, note, published_at FROM ledger.checkpoint"
    " WHERE size <= %s AND mod(size, %s) = %s"
)
_COSIGNATURES = (
    "SELECT c.id, c.size, c.witness, c.line, k.note FROM ledger.cosignature c"
    " LEFT JOIN ledger.checkpoint k ON k.size = c.size ORDER BY c.id"
)
_STAMPS = (
    "SELECT s.id, s.size, s.note, s.token, s.time, k.note FROM ledger.stamp s"
    " LEFT JOIN ledger.checkpoint k ON k.size = s.size ORDER BY s.id"
)


class PostgresSource(NamedTuple):
    """The database of a log, which an audit opens in each of its processes."""

    url: str

    @property
    def name(self) -> str:
        """Where the database is, without its password."""
        given = psycopg.conninfo.conninfo_to_dict(self.url)
        host, port = given.get("host") or "localhost", given.get("port") or 5432
        return f"PostgreSQL {given.get('dbname') or given.get('user')} at {host}:{port}"

    @property
    def address(self) -> str:
        """The URL, with its password, for `store.engines.audited_log` in another process."""
        return self.url

    @property
    def worker(self) -> list[str]:
        """The command line of a process that takes a `WorkerTask` on standard input."""
        return [sys.executable, "-m", "ledger.store.audit_worker"]

    def open(self) -> "PostgresAudited":
        """Connect; raise NotFoundError `not_founded`, and what every read raises."""
        return PostgresAudited(self.url)


class PostgresAudited(PostgresErasedRows, PostgresCopiedRows):
    """The rows of one log. Every read raises what `DatabaseConnection.rows` raises."""

    def __init__(self, url: str) -> None:
        self._connection = DatabaseConnection(url, reads_only=True, limit_s=LONG_S)
        try:
            if not schema.exists(self._connection):
                raise NotFoundError("not_founded", "the database has no ledger")
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _all(self, sql: str, *values: Any) -> list[Any]:
        return self._connection.rows(sql, *values)

    def _first(self, sql: str, *values: Any) -> Any:
        """Return the first column of the first row, None without a row."""
        rows = self._connection.rows(sql, *values)
        return rows[0][0] if rows else None

    def _paged(self, query: str, key: str, *values: Any, column: int = 0) -> Iterator[Any]:
        """Yield the rows of a query in the order of a unique column of numbers."""
        after = -LAST_BIGINT
        word = "AND" if "WHERE" in query else "WHERE"
        paged = f"{query} {word} {key} > %s ORDER BY {key} LIMIT %s"
        while rows := self._all(paged, *values, after, PAGE_ROWS):
            yield from rows
            after = rows[-1][column]

    def snapshot(self) -> AbstractContextManager[None]:
        """Make all reads in the block see the same state of the database."""
        return self._connection.snapshot()

    # --- what the engine finds -----------------------------------------------------------------

    def require_format(self) -> None:
        """Raise CorruptError `format_unknown` unless the log has the supported format."""
        schema.require_format(self._connection)

    def engine_finding(self) -> Finding | None:
        """Return how tables, triggers and functions differ from those of `schema.create`."""
        changed = schema.differences(self._connection)
        return Finding("file", None, "schema_changed", "; ".join(changed)) if changed else None

    # --- events --------------------------------------------------------------------------------

    def newest(self) -> int:
        """Return the newest position that has an event, 0 for none."""
        return int(self._first("SELECT coalesce(max(pos), 0) FROM ledger.ev"))

    def events(self, after: int = 0, last: int | None = None) -> Iterator[EventRow]:
        """Yield the events after a position, up to another one or to the end, in order."""
        if last is None and not after:  # a damaged position may be negative
            after = -LAST_BIGINT
        return self._events("TRUE", (), after, LAST_BIGINT if last is None else last)

    def filtered(self, wanted: RowFilter) -> Iterator[EventRow]:
        """Yield the events that meet a filter, in order."""
        where, values = conditions(wanted)
        last = LAST_BIGINT if wanted.last is None else wanted.last
        return self._events(where, values, wanted.after, last)

    def of_people(self, size: int, statement: bytes | None = None) -> Iterator[EventRow]:
        """Yield all events of people, of the ledger and of changes, up to a position, in order."""
        where, values = WITH_PEOPLE, [[*STATEMENT_TAGS]]
        if statement is None:
            return self._events(where, values, -LAST_BIGINT, size)
        where = f"({where} OR e.stream = encode(%s, 'hex')::uuid)"
        return self._events(where, [*values, statement], -LAST_BIGINT, size)

    def of_statements(self, size: int, part: int, parts: int) -> Iterator[EventRow]:
        """Yield one of `parts` shares of the events about other statements: complete streams."""
        where = (
            f"e.tag = {TAGS} AND e.stream NOT IN {CHANGES}"
            " AND mod(get_byte(uuid_send(e.stream), 15), %s) = %s"
        )
        return self._events(where, [[*STATEMENT_TAGS], parts, part], 0, size)

    def of_stream(
        self, stream: bytes, before: int | None = None, *, after: int = 0
    ) -> Iterator[EventRow]:
        """Yield a stream's events after and before these positions, oldest first."""
        last = LAST_BIGINT if before is None else before - 1
        where = "e.stream = encode(%s, 'hex')::uuid"
        return self._events(where, [stream], after, last)

    def _events(
        self, where: str, values: Sequence[Any], after: int, last: int
    ) -> Iterator[EventRow]:
        query = PAGE.format(where=where)
        while rows := self._all(query, after, last, *values, PAGE_ROWS, PAGE_BYTES):
            for position, stream, version, tag, leaf, entry, body in rows:
                state = None if body is None else join(entry, body)
                yield position, stream, version, tag, state, leaf
            after = rows[-1][0]

    def beginnings(self, streams: Sequence[bytes]) -> dict[bytes, int]:
        """Return the position of the first event of each of these streams that has one."""
        sql = (
            "SELECT uuid_send(stream), min(pos) FROM ledger.ev WHERE version = 1"
            " AND stream = ANY(%s::uuid[]) GROUP BY stream"
        )
        return dict(self._all(sql, [each.hex() for each in streams]))

    def entry(self, position: int) -> Any:
        """Return the entry at a position as stored, None if there is none."""
        return self._first("SELECT entry FROM ledger.ev WHERE pos = %s", position)

    def at_time(self, time: str) -> tuple[int | None, int | None]:
        """Return the newest position whose time is not later, and the oldest whose time is."""
        raw = time.encode()
        return self._first(_UNTIL, raw), self._first(_SINCE, raw)

    # --- the tree ------------------------------------------------------------------------------

    def leaves(self) -> Iterator[LeafRow]:
        """Yield what the tree is computed from, for every event, in order."""
        return self._paged(_LEAVES, "pos")

    def tile(self, level: int, n: int) -> Any:
        """Return the stored hashes of a tile, None if it is not stored."""
        return self._first("SELECT hashes FROM ledger.tile WHERE level = %s AND n = %s", level, n)

    def tile_count(self) -> int:
        """Return how many tiles are stored."""
        return int(self._first("SELECT count(*) FROM ledger.tile"))

    def tile_beyond(self, size: int) -> tuple[Any, Any] | None:
        """Return level and number of a tile that a tree of this size does not have, if any."""
        return next(iter(self._all(_BEYOND, size)), None)

    def newest_checkpoint(self) -> Any:
        """Return the size of the newest checkpoint, None without one."""
        return self._first("SELECT max(size) FROM ledger.checkpoint")

    def roots(self) -> Iterator[tuple[Any, Any]]:
        """Yield (size, root) of every checkpoint, smallest first."""
        return self._paged("SELECT size, root FROM ledger.checkpoint", "size")

    def checkpoints(self, size: int, part: int, parts: int) -> Iterator[CheckpointRow]:
        """Yield one of `parts` shares of the checkpoints up to a size, smallest first."""
        return self._paged(_CHECKPOINTS, "size", size, parts, part)

    def cosignatures(self) -> list[CosignatureRow]:
        """Return all cosignatures in the order of their ids."""
        return self._all(_COSIGNATURES)

    def cosignature_lines(self, size: int) -> list[Any]:
        """Return the lines of the cosignatures of one checkpoint in the order of their ids."""
        sql = "SELECT line FROM ledger.cosignature WHERE size = %s ORDER BY id"
        return [line for (line,) in self._all(sql, size)]

    def stamps(self) -> list[StampRow]:
        """Return all time-stamps in the order of their ids."""
        return self._all(_STAMPS)

    # --- heads, names, receipts ----------------------------------------------------------------

    def heads(self) -> list[tuple[Any, Any, Any]]:
        """Return (size, epoch, time in milliseconds) of every stored head; a log has one."""
        return self._all("SELECT size, epoch, at_ms FROM ledger.log_head")

    def claims(self) -> Iterator[tuple[Any, Any, Any]]:
        """Yield (name, stream, position) of every name that is taken."""
        query = "SELECT name, uuid_send(stream), pos FROM ledger.claim WHERE name > %s"
        after = ""
        while rows := self._all(f"{query} ORDER BY name LIMIT %s", after, PAGE_ROWS):
            yield from rows
            after = rows[-1][0]

    def members(self) -> Iterator[tuple[Any, Any, Any, Any]]:
        """Yield (group, stream, position, present) of every join and leave of a group."""
        query = (
            "SELECT grp, uuid_send(stream), pos, present::int FROM ledger.member"
            " WHERE (grp, stream, pos) > (%s, encode(%s, 'hex')::uuid, %s)"
            " ORDER BY grp, stream, pos LIMIT %s"
        )
        after: tuple[Any, ...] = ("", bytes(16), -LAST_BIGINT)
        while rows := self._all(query, *after, PAGE_ROWS):
            yield from rows
            after = rows[-1][:3]

    def stray_body(self, size: int) -> Any:
        """Return the position of a body that has no event or was erased, None without one."""
        sql = (
            "SELECT pos FROM ledger.body WHERE pos < 1 OR pos > %s"
            " OR pos IN (SELECT pos FROM ledger.erased) ORDER BY pos LIMIT 1"
        )
        return self._first(sql, size)

    def receipt_count(self) -> int:
        """Return how many receipts are stored."""
        return int(self._first("SELECT count(*) FROM ledger.cmd"))

    def receipts(self) -> Iterator[tuple[Any, Any]]:
        """Yield (position, number of events) of every receipt, in the order of positions."""
        after = (-LAST_BIGINT, b"")
        query = (
            "SELECT pos, n, key FROM ledger.cmd WHERE (pos, key) > (%s, %s)"
            " ORDER BY pos, key LIMIT %s"
        )
        while rows := self._all(query, *after, PAGE_ROWS):
            for position, count, _ in rows:
                yield position, count
            after = (rows[-1][0], rows[-1][2])

    def receipts_of(self, keys: Sequence[bytes]) -> dict[bytes, tuple[Any, Any, Any]]:
        """Return (position, number of events, answer) of the receipts with these keys, by key."""
        sql = "SELECT key, pos, n, answer FROM ledger.cmd WHERE key = ANY(%s::bytea[])"
        return {key: (pos, n, answer) for key, pos, n, answer in self._all(sql, [*keys])}
