"""Read the log's file by position, stream, name or request key."""

import sqlite3
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from ledger.errors import CorruptError
from ledger.sqlite.files import MAX_INTEGER, ReadConnection
from ledger.store.writes import Receipt

MAX_CACHED = 100_000

_STREAM = """SELECT originator_version, topic, state FROM ev WHERE originator_id = ?
    AND originator_version > ? AND originator_version <= ? ORDER BY originator_version LIMIT ?"""
_STREAM_BACKWARDS = _STREAM.replace("LIMIT", "DESC LIMIT")


class Queries:
    """Reads on one connection, for one caller at a time."""

    def __init__(self, reader: ReadConnection) -> None:
        self._reader = reader
        self._owners: dict[str, UUID] = {}

    def head(self) -> int:
        """Return the newest position, 0 for an empty log."""
        with self._reader.reading() as connection:
            (size,) = connection.execute("SELECT size FROM log_head").fetchone()
        return int(size)

    def read(self, after: int, limit: int) -> list[tuple[int, bytes]]:
        """Return up to `limit` (position, state) pairs after position `after`, in order."""
        query = "SELECT pos, state FROM ev WHERE pos > ? ORDER BY pos LIMIT ?"
        with self._reader.reading() as connection:
            return connection.execute(query, (after, limit)).fetchall()

    def extent(self, last: int) -> tuple[int, int]:
        """Return how many events there are up to position `last`, and their bytes as stored."""
        query = "SELECT count(*), coalesce(sum(length(state)), 0) FROM ev WHERE pos <= ?"
        with self._reader.reading() as connection:
            count, total = connection.execute(query, (last,)).fetchone()
        return int(count), int(total)

    def positions(self, tag: str, last: int) -> list[int]:
        """Return the positions of all events of one type up to position `last`, in order."""
        query = "SELECT pos FROM ev WHERE topic = ? AND pos <= ? ORDER BY pos"
        with self._reader.reading() as connection:
            return [position for (position,) in connection.execute(query, (tag, last))]

    def states(self, positions: Sequence[int]) -> list[tuple[int, bytes]]:
        """Return the (position, state) pairs of these positions, in the order given.

        Raises CorruptError `position_missing`.
        """
        query = "SELECT pos, state FROM ev WHERE pos = ?"
        with self._reader.reading() as connection:
            rows = [connection.execute(query, (pos,)).fetchone() for pos in positions]
        if None in rows:
            raise CorruptError("position_missing", "a position is missing in the log")
        return rows

    def receipt(self, key: bytes) -> Receipt | None:
        """Return the receipt of the write with this key, None if there is none."""
        query = "SELECT pos, n, answer FROM cmd WHERE key = ?"
        with self._reader.reading() as connection:
            row = connection.execute(query, (key,)).fetchone()
        return None if row is None else stored_receipt(*row)

    def claimed(self, name: str, *, connection: sqlite3.Connection | None = None) -> UUID | None:
        """Return the stream that claimed a name, None if none did."""
        # A claim is permanent, so a found owner can be cached.
        known = self._owners.get(name)
        if known is not None:
            return known
        query = "SELECT originator_id FROM claim WHERE name = ?"
        if connection is not None:
            row = connection.execute(query, (name,)).fetchone()
        else:
            with self._reader.reading() as reader:
                row = reader.execute(query, (name,)).fetchone()
        if row is None:
            return None
        if len(self._owners) >= MAX_CACHED:
            self._owners.clear()
        owner = self._owners[name] = UUID(bytes=row[0])
        return owner

    def claims(self, prefix: str) -> list[tuple[str, UUID]]:
        """Return every claimed name with this prefix, and its stream."""
        query = "SELECT name, originator_id FROM claim WHERE name >= ? AND name < ?"
        with self._reader.reading() as connection:
            rows = connection.execute(query, (prefix, end_of(prefix))).fetchall()
        return [(name, UUID(bytes=stream)) for name, stream in rows]

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
        last = MAX_INTEGER if lte is None else lte
        with self._reader.reading() as connection:
            return connection.execute(query, (stream.bytes, gt, last, limit)).fetchall()

    def placed(self, stream: UUID, last: int) -> list[tuple[int, bytes]]:
        """Return the (position, state) pairs of a stream up to position `last`, in order."""
        query = (
            "SELECT pos, state FROM ev WHERE originator_id = ? AND pos <= ?"
            " ORDER BY originator_version"
        )
        with self._reader.reading() as connection:
            return connection.execute(query, (stream.bytes, last)).fetchall()

    def rows(self, first: int, last: int | None, limit: int) -> list[tuple[Any, ...]]:
        """Return (position, stream, version, tag, state) rows from `first` to `last`."""
        query = (
            "SELECT pos, originator_id, originator_version, topic, state FROM ev"
            " WHERE pos >= ? AND pos <= ? ORDER BY pos LIMIT ?"
        )
        with self._reader.reading() as connection:
            return connection.execute(
                query, (first, MAX_INTEGER if last is None else last, limit)
            ).fetchall()


def stored_receipt(first: int, count: int, answer: bytes) -> Receipt:
    """Return the receipt of a write that the log already contains."""
    return Receipt(position=first + count - 1, answer=answer, count=count, repeated=True)


def end_of(prefix: str) -> str:
    """Return the first text that sorts after all texts with `prefix`, which ends in ASCII."""
    return prefix[:-1] + chr(ord(prefix[-1]) + 1)
