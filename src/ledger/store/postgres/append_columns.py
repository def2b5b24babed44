"""One batch of writes as the columns that `append_batch` takes, and what its rows mean."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from ledger import clock
from ledger.domain.entry import cut, entry_ms, stamped
from ledger.domain.events import FROZEN
from ledger.store.ports.log import (
    AppendResult,
    EpochMoved,
    Frozen,
    Receipt,
    RolledBack,
    Stale,
    Taken,
    Write,
)
from ledger.store.postgres.connections import LAST_BIGINT

_NEVER_MS = LAST_BIGINT
_IMPOSSIBLE = -1  # no stream has this version

APPEND = (
    "SELECT * FROM ledger.append_batch("
    "%s::bigint, %s::bytea, %s::bigint, %s::boolean,"
    " %s::bytea[], %s::uuid[], %s::text[], %s::text[],"
    " %s::int[], %s::bytea[], %s::bigint[], %s::bigint[], %s::int[],"
    " %s::int[], %s::int[], %s::int[], %s::bigint[], %s::text[], %s::bytea[], %s::bytea[],"
    " %s::int[], %s::int[], %s::bigint[],"
    " %s::int[], %s::int[], %s::bigint[],"
    " %s::int[], %s::int[], %s::bigint[],"
    " %s::int[], %s::int[], %s::uuid[],"
    " %s::int[], %s::int[], %s::uuid[], %s::boolean[],"
    " %s::int[], %s::int[], %s::bigint[])"
)


class _Numbers:
    """Values in the order in which they were first named, and their numbers from 1 on."""

    def __init__(self, *first: Any) -> None:
        self._numbers = {value: number for number, value in enumerate(first, start=1)}

    def of(self, value: Any) -> int:
        return self._numbers.setdefault(value, len(self._numbers) + 1)

    def values(self) -> list[Any]:
        return [*self._numbers]


class AppendColumns:
    """The columns of one batch, row by row."""

    def __init__(self, writes: Sequence[Write]) -> None:
        self._keys, self._streams = _Numbers(), _Numbers()
        self._names, self._groups = _Numbers(FROZEN), _Numbers()
        self._writes: list[tuple[Any, ...]] = []
        self._events: list[tuple[Any, ...]] = []
        self._reads: list[tuple[int, int, int]] = []
        self._versions: list[tuple[int, int, int]] = []
        self._counted: list[tuple[int, int, int]] = []
        self._claims: list[tuple[int, int, UUID]] = []
        self._members: list[tuple[int, int, UUID, bool]] = []
        self._erased: list[tuple[int, int, int]] = []
        for number, write in enumerate(writes, start=1):
            self._add(number, write)

    def _add(self, number: int, write: Write) -> None:
        cuts = [cut(event.state) for event in write.events]
        at_ms = max((entry_ms(entry) for entry, _ in cuts), default=0)
        at = clock.to_text(at_ms)
        until_ms = _NEVER_MS if write.until_ms is None else write.until_ms
        key = self._keys.of(write.key)
        self._writes.append((key, write.answer, at_ms, until_ms, len(write.events)))
        for nth, (event, (entry, body)) in enumerate(zip(write.events, cuts, strict=True)):
            row = (event.originator_version, event.topic, stamped(entry, at), body)
            stream = self._streams.of(_uuid(event.originator_id))
            self._events.append((number, nth, stream, *row))
        for stream_id, version in write.reads:
            self._reads.append((number, self._streams.of(stream_id), version))
        self._add_versions(number, write)
        for group, version in write.groups:
            self._counted.append((number, self._groups.of(group), version))
        for name, stream_id in write.claims:
            self._claims.append((number, self._names.of(name), stream_id))
        self._erased += [(number, nth, position) for nth, position in write.erases]
        for present, pairs in ((True, write.joins), (False, write.leaves)):
            for group, stream_id in pairs:
                self._members.append((number, self._groups.of(group), stream_id, present))

    def _add_versions(self, number: int, write: Write) -> None:
        """A stream must have the version before its first event; then it has that of its last."""
        before, after = dict[UUID, int](), dict[UUID, int]()
        for event in write.events:
            stream, version = _uuid(event.originator_id), event.originator_version
            before.setdefault(stream, version - 1)
            if version != after.get(stream, version - 1) + 1:
                before[stream] = _IMPOSSIBLE
            after[stream] = version
        self._reads += [(number, self._streams.of(each), before[each]) for each in before]
        self._versions += [(number, self._streams.of(each), after[each]) for each in after]

    def columns(self) -> list[list[Any]]:
        """Return the arguments of `append_batch` after the first four."""
        listed = (self._keys, self._streams, self._names, self._groups)
        tables = (
            (self._writes, 5),
            (self._events, 7),
            (self._reads, 3),
            (self._versions, 3),
            (self._counted, 3),
            (self._claims, 3),
            (self._members, 4),
            (self._erased, 3),
        )
        columns = [each.values() for each in listed]
        for rows, width in tables:
            columns += map(list, zip(*rows, strict=True)) if rows else [[] for _ in range(width)]
        return columns

    def results(self, rows: Sequence[tuple[Any, ...]], writes: Sequence[Write]) -> "BatchResults":
        """Return what the rows of `append_batch` say of these writes."""
        names = self._names.values()
        results: list[AppendResult] = [Stale()] * len(writes)
        newest = None
        for number, outcome, position, count, at_ms, answer, name in rows:
            if number == 0:
                newest = (position, answer)
                continue
            index = number - 1
            results[index] = _result(
                outcome, position, count, at_ms, writes[index].answer if answer is None else answer,
                names[name - 1],
            )  # fmt: skip
        return results, newest


BatchResults = tuple[list[AppendResult], tuple[int, bytes] | None]


def _result(  # the columns of one row
    outcome: int, position: int, count: int, at_ms: int, answer: bytes, name: str
) -> AppendResult:
    match outcome:
        case 0 | 1:
            repeated = outcome == 1
            return Receipt(position, answer, count, repeated=repeated, at_ms=at_ms)
        case 2:
            return Stale()
        case 3:
            return Taken(name)
        case 4:
            return Frozen()
        case 5:
            return EpochMoved(position)
        case 6:
            return RolledBack(position)
        case _:
            raise AssertionError(outcome)


def _uuid(stream: UUID | str) -> UUID:
    return stream if isinstance(stream, UUID) else UUID(stream)
