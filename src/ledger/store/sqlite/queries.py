"""Read the log's file by position, stream, name or request key."""

import sqlite3
from collections.abc import Iterable, Sequence
from uuid import UUID

from eventsourcing.persistence import StoredEvent

from ledger.domain.entry import join
from ledger.errors import CorruptError
from ledger.sqlite.files import MAX_INTEGER, ReadConnection
from ledger.store.ports.log import Facts, Head, Membership, Needs, Receipt

MAX_CACHED = 100_000

# An event without a body was erased, or its row is left out, and the gap of positions is noticed.
_ERASED = "EXISTS(SELECT 1 FROM erased WHERE erased.pos = ev.pos)"
_EVENTS = f"(SELECT * FROM ev LEFT JOIN body USING(pos) WHERE data IS NOT NULL OR {_ERASED}) ev"  # noqa: S608  # from this file
# A gap in a stream would not be noticed: an event without its body stays, and no entry matches it.
_BODY = f"coalesce(data, iif({_ERASED}, x'', x'00'))"
_STREAM = f"""SELECT version, tag, entry, {_BODY} FROM ev LEFT JOIN body USING(pos)
    WHERE stream = ? AND version > ? AND version <= ? ORDER BY version LIMIT ?"""  # noqa: S608  # from this file
_STREAM_BACKWARDS = _STREAM.replace("LIMIT", "DESC LIMIT")


class Queries:
    """Reads on one connection, for one caller at a time."""

    def __init__(self, reader: ReadConnection) -> None:
        self._reader = reader

    def close(self) -> None:
        """Close the connection."""
        self._reader.close()

    def head(self) -> Head:
        """Return the head; everything that is visible is sealed."""
        with self._reader.reading() as db:
            return log_head(db)

    def read(self, after: int, limit: int) -> list[tuple[int, bytes]]:
        """Return up to `limit` (position, state) pairs after position `after`, in order."""
        query = f"SELECT pos, entry, data FROM {_EVENTS} WHERE pos > ? ORDER BY pos LIMIT ?"  # noqa: S608  # from this file
        with self._reader.reading() as db:
            return _joined(db.execute(query, (after, limit)))

    def states(self, positions: Sequence[int]) -> list[tuple[int, bytes]]:
        """Return the (position, state) pairs of these positions, in the order given.

        Raises CorruptError `position_missing`.
        """
        query = f"SELECT pos, entry, data FROM {_EVENTS} WHERE pos = ?"  # noqa: S608  # from this file
        with self._reader.reading() as db:
            rows = [db.execute(query, (position,)).fetchone() for position in positions]
        if None in rows:
            raise CorruptError("position_missing", "a position is missing in the log")
        return _joined(rows)

    def placed(
        self, stream: UUID, last: int, *, gt: int = 0, limit: int = -1
    ) -> list[tuple[int, bytes]]:
        """Return the (position, state) pairs of a stream up to position `last`, in order.

        Up to `limit` of them, with versions after `gt`.
        """
        query = (
            f"SELECT pos, entry, {_BODY} FROM ev LEFT JOIN body USING(pos)"  # noqa: S608  # from this file
            " WHERE stream = ? AND pos <= ? AND version > ? ORDER BY version LIMIT ?"
        )
        with self._reader.reading() as db:
            return _joined(db.execute(query, (stream.bytes, last, gt, limit)))

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
        with self._reader.reading() as db:
            rows = db.execute(query, (stream.bytes, gt, last, limit))
            return [(version, tag, join(entry, body)) for version, tag, entry, body in rows]

    def rows(
        self, first: int, last: int | None, limit: int
    ) -> list[tuple[int, UUID, int, str, bytes]]:
        """Return (position, stream, version, tag, state) rows from `first` to `last`."""
        query = (
            f"SELECT pos, stream, version, tag, entry, data FROM {_EVENTS}"  # noqa: S608  # from this file
            " WHERE pos >= ? AND pos <= ? ORDER BY pos LIMIT ?"
        )
        values = (first, MAX_INTEGER if last is None else last, limit)
        with self._reader.reading() as db:
            return [
                (position, UUID(bytes=stream), version, tag, join(entry, body or b""))
                for position, stream, version, tag, entry, body in db.execute(query, values)
            ]

    def positions(self, tag: str, last: int) -> list[int]:
        """Return the positions of all events of one type up to position `last`, in order."""
        query = "SELECT pos FROM ev WHERE tag = ? AND pos <= ? ORDER BY pos"
        with self._reader.reading() as db:
            return [position for (position,) in db.execute(query, (tag, last))]

    def extent(self, last: int, stream: UUID | None = None) -> tuple[int, int]:
        """Return how many events there are up to position `last`, and their bytes as stored.

        Those of one stream, if it is given. No body is read.
        """
        sums = "count(*), coalesce(sum(length(entry) + coalesce(length(data), 0)), 0)"
        query = f"SELECT {sums} FROM {_EVENTS} WHERE pos <= ?"  # noqa: S608  # from this file
        values: tuple[int | bytes, ...] = (last,)
        if stream is not None:
            query, values = f"{query} AND stream = ?", (last, stream.bytes)
        with self._reader.reading() as db:
            count, total = db.execute(query, values).fetchone()
        return int(count), int(total)

    def load(self, needs: Sequence[Needs]) -> list[Facts]:
        """Answer several needs from one snapshot, in order."""
        with self._reader.reading() as db:
            db.execute("BEGIN")
            try:
                return [_facts(db, each) for each in needs]
            finally:
                if db.in_transaction:  # an I/O error has ended it
                    db.execute("ROLLBACK")


def _facts(db: sqlite3.Connection, needs: Needs) -> Facts:
    owners = {name: owner_of(db, name) for name in needs.names}
    found = {name: owner for name, owner in owners.items() if owner is not None}
    versions = dict.fromkeys(found.values(), 0) | dict(needs.streams)
    row = db.execute("SELECT pos, n, answer FROM cmd WHERE key = ?", (needs.key,)).fetchone()
    return Facts(
        head=log_head(db),
        events={stream: _newer(db, stream, version) for stream, version in versions.items()},
        owners=found,
        groups={name: _group(db, name) for name in needs.groups},
        receipt=None if row is None else stored_receipt(*row),
        placed={stream: _positions(db, stream) for stream in needs.placed},
    )


def _positions(db: sqlite3.Connection, stream: UUID) -> tuple[int, ...]:
    query = "SELECT pos FROM ev WHERE stream = ? ORDER BY version"
    return tuple(position for (position,) in db.execute(query, (stream.bytes,)))


def _newer(db: sqlite3.Connection, stream: UUID, version: int) -> tuple[StoredEvent, ...]:
    rows = db.execute(_STREAM, (stream.bytes, version, MAX_INTEGER, -1))
    return tuple(
        StoredEvent(stream, number, tag, join(entry, body)) for number, tag, entry, body in rows
    )


def _group(db: sqlite3.Connection, name: str) -> Membership:
    # With max(), SQLite takes the other columns from the row of the maximum.
    query = "SELECT stream, present, max(pos) FROM member WHERE grp = ? GROUP BY stream"
    rows = db.execute(query, (name,))
    members = frozenset(UUID(bytes=stream) for stream, present, _ in rows if present)
    return Membership(group_version(db, name), members)


def log_head(db: sqlite3.Connection) -> Head:
    """Return the head; everything that is visible is sealed."""
    size, epoch, at_ms = db.execute("SELECT size, epoch, at_ms FROM log_head").fetchone()
    return Head(stored=size, sealed=size, epoch=epoch, at_ms=at_ms)


def _joined(rows: Iterable[tuple[int, bytes, bytes | None]]) -> list[tuple[int, bytes]]:
    return [(position, join(entry, body or b"")) for position, entry, body in rows]


def owner_of(db: sqlite3.Connection, name: str) -> UUID | None:
    """Return the stream that claimed a name, None if none did."""
    row = db.execute("SELECT stream FROM claim WHERE name = ?", (name,)).fetchone()
    return None if row is None else UUID(bytes=row[0])


def group_version(db: sqlite3.Connection, name: str) -> int:
    """Return the position of the last event that changed a group, 0 for none."""
    row = db.execute("SELECT max(pos) FROM member WHERE grp = ?", (name,)).fetchone()
    return int(row[0] or 0)


def stored_receipt(first: int, count: int, answer: bytes) -> Receipt:
    """Return the receipt of a write that the log already contains."""
    return Receipt(position=first + count - 1, answer=answer, count=count, repeated=True)
