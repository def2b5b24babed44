"""One batch of writes on its way into the log's file: what is refused, and the rows of the rest."""

import sqlite3
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec

from ledger import clock
from ledger.domain.entry import cut, entry_hash, entry_ms, stamped
from ledger.domain.events import FROZEN
from ledger.sqlite.bulk_insert import write as write_rows
from ledger.store.ports.log import (
    AppendResult,
    EpochMoved,
    Frozen,
    Head,
    Receipt,
    Stale,
    Taken,
    Write,
)
from ledger.store.sqlite.log_schema import FREE
from ledger.store.sqlite.queries import MAX_CACHED, group_version, owner_of, stored_receipt

# Looks up all keys of a batch in one step: `keys` concatenated, `count` of them.
_KNOWN = """
    WITH RECURSIVE turn(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM turn WHERE n + 1 < :count)
    SELECT key, pos, cmd.n, answer
    FROM turn CROSS JOIN cmd ON key = substr(:keys, 32 * turn.n + 1, 32)
"""
_VERSION = "SELECT coalesce(max(version), 0) FROM ev WHERE stream = ?"


class Versions:
    """Stream versions as of one size of the log. A commit by another process invalidates them."""

    def __init__(self) -> None:
        self._versions: OrderedDict[bytes, int] = OrderedDict()
        self._size = -1

    def clear(self) -> None:
        """Forget everything, also the size."""
        self._versions.clear()
        self._size = -1

    def align(self, size: int) -> None:
        """Forget the versions unless they are as of this size."""
        if size != self._size:
            self._versions.clear()

    def committed(self, size: int) -> None:
        """Keep the versions as those of the committed size."""
        self._size = size
        while len(self._versions) > MAX_CACHED:
            self._versions.popitem(last=False)

    def get(self, db: sqlite3.Connection, stream: bytes) -> int:
        """Return the version of a stream, 0 for an unknown one."""
        version = self._versions.get(stream)
        if version is None:
            (version,) = db.execute(_VERSION, (stream,)).fetchone()
            self._versions[stream] = version
        else:
            self._versions.move_to_end(stream)
        return version

    def set(self, stream: bytes, version: int) -> None:
        """Remember the version that an event of the open transaction gives a stream."""
        self._versions[stream] = version


class WriteBatch:
    """The rows of the current transaction."""

    def __init__(
        self, db: sqlite3.Connection, versions: Versions, head: Head, *, known: int
    ) -> None:
        """Begin after this head; `known` is the epoch in which the process opened the log."""
        self._db = db
        self._versions = versions
        self.size = head.stored
        self.at_ms = head.at_ms
        self.newest: tuple[int, bytes] | None = None  # position and leaf of the last event
        self._moved = None if head.epoch == known else EpochMoved(head.epoch)
        self._frozen = owner_of(db, FROZEN) is not None
        self._events: list[tuple[Any, ...]] = []
        self._bodies: list[tuple[int, bytes]] = []
        self._commands: list[tuple[bytes, int, int, bytes]] = []
        self._claims: list[tuple[str, bytes, int]] = []
        self._members: list[tuple[str, bytes, int, bool]] = []
        self.erased: list[tuple[int, int]] = []  # positions, each with that of its erasure
        self._names: set[str] = set()
        self._groups: dict[str, int] = {}
        self._receipts: dict[bytes, Receipt] = {}

    def place(self, writes: Sequence[Write]) -> list[AppendResult]:
        """Give each write its positions, or the reason why it is refused."""
        keys = {"keys": b"".join(write.key for write in writes), "count": len(writes)}
        known = {key: stored_receipt(*row) for key, *row in self._db.execute(_KNOWN, keys)}
        return [self._place(write, known) for write in writes]

    def insert(self) -> None:
        """Insert the rows of the placed writes."""
        for table, rows in (
            ("ev", self._events),
            ("body", self._bodies),
            ("cmd", self._commands),
            ("claim", self._claims),
            ("member", self._members),
        ):
            write_rows(self._db, f"INSERT INTO {table} {{rows}}", rows)
        self._db.executemany("INSERT INTO erased VALUES(?, ?)", self.erased)
        positions = [each[:1] for each in self.erased]
        self._db.executemany("DELETE FROM body WHERE pos = ?", positions)
        self._db.executemany(FREE, positions)

    def _place(self, write: Write, known: dict[bytes, Receipt]) -> AppendResult:
        # The key first, so that a repeated request is answered on a frozen log too.
        repeated = self._receipts.get(write.key)
        if repeated is not None:
            return msgspec.structs.replace(repeated, repeated=True, at_ms=0)
        if write.key in known:
            return known[write.key]
        at_ms = max([self.at_ms, *(entry_ms(cut(event.state)[0]) for event in write.events)])
        refusal = self._refusal(write, at_ms)
        if refusal is not None:
            return refusal
        self.at_ms, at = at_ms, clock.to_text(at_ms)
        for event in write.events:
            self.size += 1
            stream = _bytes_of(event.originator_id)
            version = event.originator_version
            self._versions.set(stream, version)
            entry, body = cut(event.state)
            entry = stamped(entry, at)
            leaf = entry_hash(entry)
            self._events.append((self.size, stream, version, event.topic, entry, leaf))
            self._bodies.append((self.size, body))
            self.newest = (self.size, leaf)
        count = len(write.events)
        self._commands.append((write.key, self.size - count + 1, count, write.answer))
        first = self.size - count + 1
        self.erased += [(position, first + nth) for nth, position in write.erases]
        for name, stream_id in write.claims:
            self._claims.append((name, stream_id.bytes, self.size))
            self._names.add(name)
        for present, pairs in ((True, write.joins), (False, write.leaves)):
            for group, stream_id in pairs:
                self._members.append((group, stream_id.bytes, self.size, present))
                self._groups[group] = self.size
        receipt = Receipt(position=self.size, answer=write.answer, count=count, at_ms=at_ms)
        self._receipts[write.key] = receipt
        return receipt

    def _refusal(self, write: Write, at_ms: int) -> AppendResult | None:
        if self._moved is not None:
            return self._moved
        if self._frozen or FROZEN in self._names:
            return Frozen()
        late = write.until_ms is not None and at_ms >= write.until_ms
        if late or not self._is_current(write):
            return Stale()
        for name, _ in write.claims:
            if name in self._names or owner_of(self._db, name) is not None:
                return Taken(name)
        return None

    def _is_current(self, write: Write) -> bool:
        """Tell whether everything that the decision read is unchanged."""
        for stream_id, version in write.reads:
            if self._versions.get(self._db, stream_id.bytes) != version:
                return False
        expected: dict[bytes, int] = {}
        for event in write.events:
            stream = _bytes_of(event.originator_id)
            before = expected.get(stream, self._versions.get(self._db, stream))
            expected[stream] = before + 1
            if event.originator_version != expected[stream]:
                return False
        return all(
            self._groups.get(group, group_version(self._db, group)) == version
            for group, version in write.groups
        )


def _bytes_of(stream: UUID | str) -> bytes:
    return stream.bytes if isinstance(stream, UUID) else UUID(stream).bytes
