"""Read the log by position, stream, name or request key."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from ledger.domain.entry import join
from ledger.errors import CorruptError
from ledger.store.ports.log import Facts, Head, Needs
from ledger.store.postgres import loads
from ledger.store.postgres.connections import LAST_BIGINT, DatabaseConnection

# An event without a body was erased, or its row is left out, and the gap of positions is noticed.
_ERASED = "EXISTS(SELECT 1 FROM ledger.erased t WHERE t.pos = e.pos)"
_EVENTS = "ledger.ev e LEFT JOIN ledger.body b USING(pos)"
_THERE = f"(b.data IS NOT NULL OR {_ERASED})"
# A gap in a stream would not be noticed: an event without its body stays, and no entry matches it.
_BODY = f"CASE WHEN {_THERE} THEN coalesce(b.data, '') ELSE '\\x00' END"
_STREAM = f"""
    SELECT e.version, e.tag, e.entry, {_BODY} FROM {_EVENTS}
    WHERE e.stream = %s AND e.version > %s AND e.version <= %s ORDER BY e.version LIMIT %s
"""  # noqa: S608  # from this file
_STREAM_BACKWARDS = _STREAM.replace("LIMIT", "DESC LIMIT")
_PLACED = f"""
    SELECT e.pos, e.entry, {_BODY} FROM {_EVENTS}
    WHERE e.stream = %s AND e.pos <= %s AND e.version > %s ORDER BY e.version LIMIT %s
"""  # noqa: S608  # from this file
HEAD = "SELECT size, epoch, at_ms FROM ledger.log_head"


class PostgresQueries:
    """Reads on one connection, for one caller at a time."""

    def __init__(self, database: DatabaseConnection) -> None:
        self._connection = database

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def head(self) -> Head:
        """Return the head; everything that is visible is sealed."""
        rows = self._connection.rows(HEAD)
        if not rows:
            raise CorruptError("file_malformed", "the log has no head")
        ((size, epoch, at_ms),) = rows
        return Head(stored=size, sealed=size, epoch=epoch, at_ms=at_ms)

    def read(self, after: int, limit: int) -> list[tuple[int, bytes]]:
        """Return up to `limit` (position, state) pairs after position `after`, in order."""
        where = f"{_THERE} AND pos > %s ORDER BY pos LIMIT %s"
        query = f"SELECT pos, entry, data FROM {_EVENTS} WHERE {where}"  # noqa: S608  # from this file
        return _joined(self._connection.rows(query, after, limit))

    def states(self, positions: Sequence[int]) -> list[tuple[int, bytes]]:
        """Return the (position, state) pairs of these positions, in the order given.

        Raises CorruptError `position_missing`.
        """
        query = f"SELECT pos, entry, data FROM {_EVENTS} WHERE {_THERE} AND pos = ANY(%s::bigint[])"  # noqa: S608  # from this file
        found = dict(_joined(self._connection.rows(query, [*positions])))
        if not found.keys() >= set(positions):
            raise CorruptError("position_missing", "a position is missing in the log")
        return [(position, found[position]) for position in positions]

    def placed(
        self, stream: UUID, last: int, *, gt: int = 0, limit: int = -1
    ) -> list[tuple[int, bytes]]:
        """Return the (position, state) pairs of a stream up to position `last`, in order.

        Up to `limit` of them, with versions after `gt`.
        """
        most = None if limit < 0 else limit
        return _joined(self._connection.rows(_PLACED, stream, last, gt, most))

    def stream(
        self,
        stream: UUID,
        *,
        gt: int = 0,
        lte: int | None = None,
        desc: bool = False,
        limit: int = -1,
    ) -> list[tuple[int, str, bytes]]:
        """Return (version, tag, state) of a stream's events with versions in (gt, lte]."""
        query = _STREAM_BACKWARDS if desc else _STREAM
        last = LAST_BIGINT if lte is None else lte
        rows = self._connection.rows(query, stream, gt, last, None if limit < 0 else limit)
        return [(version, tag, join(entry, body)) for version, tag, entry, body in rows]

    def rows(
        self, first: int, last: int | None, limit: int
    ) -> list[tuple[int, UUID, int, str, bytes]]:
        """Return (position, stream, version, tag, state) rows from `first` to `last`."""
        query = (
            f"SELECT pos, stream, version, tag, entry, data FROM {_EVENTS}"  # noqa: S608  # from this file
            f" WHERE {_THERE} AND pos >= %s AND pos <= %s ORDER BY pos LIMIT %s"
        )
        rows = self._connection.rows(query, first, LAST_BIGINT if last is None else last, limit)
        return [
            (position, stream, version, tag, join(entry, body or b""))
            for position, stream, version, tag, entry, body in rows
        ]

    def positions(self, tag: str, last: int) -> list[int]:
        """Return the positions of all events of one type up to position `last`, in order."""
        query = "SELECT pos FROM ledger.ev WHERE tag = %s AND pos <= %s ORDER BY pos"
        return [position for (position,) in self._connection.rows(query, tag, last)]

    def extent(self, last: int, stream: UUID | None = None) -> tuple[int, int]:
        """Return how many events there are up to position `last`, and their bytes as stored.

        Those of one stream, if it is given. No body is read.
        """
        stored = "octet_length(entry) + coalesce(octet_length(data), 0)"
        sums = f"count(*), coalesce(sum({stored}), 0)::bigint"
        query = f"SELECT {sums} FROM {_EVENTS} WHERE {_THERE} AND pos <= %s"  # noqa: S608  # from this file
        rows = (
            self._connection.rows(query, last)
            if stream is None
            else self._connection.rows(f"{query} AND stream = %s", last, stream)
        )
        ((count, total),) = rows
        return count, total

    def load(self, needs: Sequence[Needs]) -> list[Facts]:
        """Answer several needs from one snapshot, in order."""
        return loads.facts(needs, self._connection.rows(loads.LOAD, *loads.arguments(needs)))


def _joined(rows: Iterable[tuple[Any, ...]]) -> list[tuple[int, bytes]]:
    return [(position, join(entry, body or b"")) for position, entry, body in rows]
