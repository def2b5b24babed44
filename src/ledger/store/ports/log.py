"""The port of the log: what an engine appends and reads, and its contract.

The contract:

- One row, the head, is both lock and counter: positions are dense and in commit order.
- A batch is one transaction. An acknowledged write is durable. Each write of a batch succeeds or
  fails alone, with all of its events or none.
- A write states the versions of the streams that its decision read, the names it claims for ever,
  and the versions of the groups it counted. If any of them changed, the write is stale, and the
  caller must repeat the decision.
- A write whose key is already stored gets the first answer and appends nothing.
- A position is sealed once a synchronous commit has made it durable. Nothing that is not sealed is
  acknowledged, read, signed or published.
- Times never decrease along the log. If an event's time is before the newest one's, it gets the
  newest one's; if its decision no longer holds then, the write is stale.
- Every append carries the newest event that its process knows, its anchor, and the epoch. A log
  that lacks the anchor is an older copy, and a log of another epoch was restored; both take
  nothing.
- Events, keys, unique names, checkpoints and endorsements are never updated or deleted, but for
  bodies with an event that says which, and for the unique names that an erased name took. Triggers
  or grants refuse everything else. Tiles are a cache of the leaf hashes.
- An erased body is gone in the commit that erases it: the event's state is its entry alone.
- After the event that froze the log, no process appends anything.

Crash points: a batch is stored whole or not at all. If a commit fails or the process ends during
it, the outcome is unknown. A caller who has no answer sends the same write again: the log returns
its receipt, or appends it now.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol
from uuid import UUID

import msgspec
from eventsourcing.persistence import StoredEvent

from ledger.store.ports.endorsements import EndorsementTables
from ledger.store.ports.tree import TreeTables

# --- appending -----------------------------------------------------------------------------------


class Write(msgspec.Struct, frozen=True):
    """Events to append together, and what their decision depended on.

    `key` is 32 bytes that identify the request; `answer` is returned to a repeated request.
    `claims` are (name, stream) pairs, `joins` and `leaves` (group, stream) pairs, each in one of
    the two. `reads` are (stream, version) pairs of streams read but not written, `groups` (group,
    version) pairs of groups read. `erases` are (number of the event in the write from 0, position)
    pairs: the event, of a tag `bodies-erased.v1` or `name-erased.v1`, names this position in its
    stream, whose body is deleted; the unique names that an erased person's name took are free
    again. The decision holds before `until_ms`, milliseconds since 1970; None for no end.
    """

    key: bytes
    events: tuple[StoredEvent, ...]
    answer: bytes = b""
    claims: tuple[tuple[str, UUID], ...] = ()
    joins: tuple[tuple[str, UUID], ...] = ()
    leaves: tuple[tuple[str, UUID], ...] = ()
    reads: tuple[tuple[UUID, int], ...] = ()
    groups: tuple[tuple[str, int], ...] = ()
    until_ms: int | None = None
    erases: tuple[tuple[int, int], ...] = ()


class Receipt(msgspec.Struct, frozen=True):
    """Stored: the position of a write's last event, its time, and the write's answer.

    The time is 0 for a repetition: it is not looked up.
    """

    position: int
    answer: bytes
    count: int
    repeated: bool = False
    at_ms: int = 0


class Stale(msgspec.Struct, frozen=True):
    """Not stored: what the decision read has changed."""


class Taken(msgspec.Struct, frozen=True):
    """Not stored: another event claimed a name."""

    name: str


class Frozen(msgspec.Struct, frozen=True):
    """Not stored: the log is frozen."""


class EpochMoved(msgspec.Struct, frozen=True):
    """Not stored: the log was restored after this process opened it."""

    epoch: int


class RolledBack(msgspec.Struct, frozen=True):
    """Not stored: the log lacks the event at a position that this process knows."""

    position: int


class NotStored(msgspec.Struct, frozen=True):
    """Certainly not stored: the storage failed before the commit."""

    error: Exception


class Unknown(msgspec.Struct, frozen=True):
    """Perhaps stored: the storage failed in the commit. The same write tells which it was."""

    error: Exception


AppendResult = Receipt | Stale | Taken | Frozen | EpochMoved | RolledBack | NotStored | Unknown

# --- reading -------------------------------------------------------------------------------------


class Head(msgspec.Struct, frozen=True):
    """The newest position, the newest sealed one, the epoch, which each restore raises.

    `at_ms` is the time of the newest event, 0 in an empty log.
    """

    stored: int
    sealed: int
    epoch: int
    at_ms: int


class Needs(msgspec.Struct, frozen=True):
    """What a decision reads. `streams` are (stream, version already known) pairs.

    The owner of each of `names` is returned with the events of its stream. `key` is the request's.
    `placed` are the streams whose events' positions are asked for.
    """

    key: bytes = b""
    streams: tuple[tuple[UUID, int], ...] = ()
    names: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    placed: tuple[UUID, ...] = ()


class Membership(msgspec.Struct, frozen=True):
    """The members of a group, and the position of the last event that changed it; 0 for none."""

    version: int = 0
    members: frozenset[UUID] = frozenset()


class Facts(msgspec.Struct, frozen=True):
    """The answer to `Needs`, from one snapshot. `events` are newer than the versions known."""

    head: Head
    events: dict[UUID, tuple[StoredEvent, ...]]
    owners: dict[str, UUID]
    groups: dict[str, Membership]
    receipt: Receipt | None = None
    placed: dict[UUID, tuple[int, ...]] = {}


class ReadAddress(NamedTuple):
    """An address for `store.engines`, and the size up to which all that is there is sealed.

    What is there beyond the size may yet be lost: nobody is to see it before `head` has it.
    """

    address: str
    size: int


class StoreReader(Protocol):
    """The log, read by position, stream, name or request key; for one thread at a time.

    A state is an event's stored form, as `domain.entry` writes it; that of an erased event is its
    entry alone. Every read may raise
    UnavailableError `storage_failed`.
    """

    def head(self) -> Head:
        """Return the head."""
        ...

    def read(self, after: int, limit: int) -> list[tuple[int, bytes]]:
        """Return up to `limit` (position, state) pairs after position `after`, in order."""
        ...

    def states(self, positions: Sequence[int]) -> list[tuple[int, bytes]]:
        """Return the (position, state) pairs of these positions, in the order given.

        Raises CorruptError `position_missing`.
        """
        ...

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
        ...

    def placed(
        self, stream: UUID, last: int, *, gt: int = 0, limit: int = -1
    ) -> list[tuple[int, bytes]]:
        """Return the (position, state) pairs of a stream up to position `last`, in order.

        Up to `limit` of them, with versions after `gt`.
        """
        ...

    def rows(
        self, first: int, last: int | None, limit: int
    ) -> list[tuple[int, UUID, int, str, bytes]]:
        """Return (position, stream, version, tag, state) rows from `first` to `last`."""
        ...

    def positions(self, tag: str, last: int) -> list[int]:
        """Return the positions of all events of one type up to position `last`, in order."""
        ...

    def extent(self, last: int, stream: UUID | None = None) -> tuple[int, int]:
        """Return how many events there are up to position `last`, and their bytes as stored.

        Those of one stream, if it is given. No body is read.
        """
        ...

    def load(self, needs: Sequence[Needs]) -> list[Facts]:
        """Answer several needs from one snapshot, in order."""
        ...

    def close(self) -> None:
        """Give the reader back."""
        ...


class ReadableLog(StoreReader, Protocol):
    """A log with its tree and endorsements, for reading."""

    def tree(self) -> TreeTables:
        """Return the tree of this log; the caller closes it."""
        ...

    def endorsements(self) -> EndorsementTables:
        """Return the endorsements of this log's checkpoints; the caller closes them."""
        ...


class LogStore(ReadableLog, Protocol):
    """The log of one ledger, which any number of processes may share; safe for any thread."""

    @property
    def address(self) -> str:
        """What `store.engines.open_log` opens this log with, in another process."""
        ...

    @property
    def sync_s(self) -> float | None:
        """The duration of the last commit's durable part in seconds, None before the first."""
        ...

    def reader(self) -> StoreReader:
        """Return a reader of its own for another thread; the caller closes it."""
        ...

    def reading(self, checkpoint: int = 0) -> ReadAddress:
        """Return where long reads may go, to leave the engine to those that write.

        What is there has everything that is sealed now, and a checkpoint of this size.
        """
        ...

    def append(self, writes: Sequence[Write]) -> list[AppendResult]:
        """Append a batch in one durable transaction; return one result per write, in order."""
        ...

    def seal(self) -> int:
        """Make everything stored durable by a commit of its own; return the newest position."""
        ...
