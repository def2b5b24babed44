"""The port of the audit: what a storage engine shows of a log, row by row and unverified.

The audit verifies what it reads, so an engine hands over stored values as they are. A damaged value
can have any type. Rows of the log never change, so all readers see the same rows up to a position,
whenever they start. Rows that do change, and totals, are read in one snapshot.
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from ledger.audit.findings import Finding
from ledger.domain.events import BODIES

# The types of events about statements. All other events are of people and the ledger itself.
STATEMENT_TAGS = tuple(tag for tag, body in BODIES.items() if body.MEANING.stream == "statement")

# Position, stream, version, tag, state, leaf. A state is None unless entry and body are bytes; the
# state of an event whose body was erased is its entry alone.
EventRow = tuple[Any, Any, Any, Any, Any, Any]
# Position, stream, version, tag, leaf, and the time that the entry begins with.
LeafRow = tuple[Any, Any, Any, Any, Any, Any]
# Size, root, note, time of publication.
CheckpointRow = tuple[Any, Any, Any, Any]
# Id, size, witness, line, and the checkpoint's note.
CosignatureRow = tuple[Any, Any, Any, Any, Any]
# Id, size, stamped text, token, time, and the checkpoint's note.
StampRow = tuple[Any, Any, Any, Any, Any, Any]


class RowFilter(NamedTuple):
    """Which events are read: those after a position, up to another one, that meet all the rest.

    `stream` is a stream's 16 bytes; `tags` are types, empty for all. `mentions` is a person's id:
    the event is of that person's stream, or its body has the id somewhere, or is not there.
    """

    after: int = 0
    last: int | None = None
    stream: bytes | None = None
    tags: tuple[str, ...] = ()
    mentions: UUID | None = None

    @property
    def is_period(self) -> bool:
        """Whether it takes every event between two positions."""
        return self.stream is None and not self.tags and self.mentions is None


class EventSource(Protocol):
    """The events of a log; every read may raise what `AuditedLog` says."""

    def newest(self) -> int:
        """Return the newest position that has an event, 0 for none."""
        ...

    def events(self, after: int = 0, last: int | None = None) -> Iterator[EventRow]:
        """Yield the events after a position, up to another one or to the end, in order."""
        ...

    def filtered(self, wanted: RowFilter) -> Iterator[EventRow]:
        """Yield the events that meet a filter, in order."""
        ...

    def of_people(self, size: int, statement: bytes | None = None) -> Iterator[EventRow]:
        """Yield all events of people, of the ledger and of changes, up to a position, in order.

        The group of changes says which statements are changes. If it is wrong, the part of the
        audit that gets a change, or another statement, by mistake reports it. With `statement`, a
        stream's 16 bytes, also the events of that statement.
        """
        ...

    def of_statements(self, size: int, part: int, parts: int) -> Iterator[EventRow]:
        """Yield one of `parts` shares of the events about statements that are no changes.

        A share has complete streams, in order.

        It holds no long snapshot, so that the storage of a log in use does not grow meanwhile.
        """
        ...

    def of_stream(
        self, stream: bytes, before: int | None = None, *, after: int = 0
    ) -> Iterator[EventRow]:
        """Yield a stream's events after and before these positions, oldest first."""
        ...

    def erased(self) -> list[tuple[Any, Any]]:
        """Return the position of each erased body, in order, and that of the event that says so."""
        ...

    def places(self, stream: bytes, before: int) -> list[int]:
        """Return the positions of a stream's events before a position, in order."""
        ...

    def group(self, name: str, before: int) -> list[bytes]:
        """Return the streams that joined a group before a position."""
        ...

    def beginnings(self, streams: Sequence[bytes]) -> dict[bytes, int]:
        """Return the position of the first event of each of these streams that has one."""
        ...

    def entry(self, position: int) -> Any:
        """Return the entry at a position as stored, None if there is none."""
        ...

    def at_time(self, time: str) -> tuple[int | None, int | None]:
        """Return the newest position whose time is not later, and the oldest whose time is."""
        ...


class TreeSource(Protocol):
    """The leaves, tiles, checkpoints and endorsements of a log."""

    def leaves(self) -> Iterator[LeafRow]:
        """Yield what the tree is computed from, for every event, in order."""
        ...

    def tile(self, level: int, n: int) -> Any:
        """Return the stored hashes of a tile, None if it is not stored."""
        ...

    def tile_count(self) -> int:
        """Return how many tiles are stored."""
        ...

    def tile_beyond(self, size: int) -> tuple[Any, Any] | None:
        """Return level and number of a tile that a tree of this size does not have, if any."""
        ...

    def newest_checkpoint(self) -> Any:
        """Return the size of the newest checkpoint, None without one."""
        ...

    def roots(self) -> Iterator[tuple[Any, Any]]:
        """Yield (size, root) of every checkpoint, smallest first."""
        ...

    def checkpoints(self, size: int, part: int, parts: int) -> Iterator[CheckpointRow]:
        """Yield one of `parts` shares of the checkpoints up to a size, smallest first."""
        ...

    def cosignatures(self) -> list[CosignatureRow]:
        """Return all cosignatures in the order of their ids."""
        ...

    def cosignature_lines(self, size: int) -> list[Any]:
        """Return the lines of the cosignatures of one checkpoint in the order of their ids."""
        ...

    def newest_endorsements(self) -> tuple[int, int]:
        """Return the newest ids of cosignatures and of time-stamps, 0 for none."""
        ...

    def stamps(self) -> list[StampRow]:
        """Return all time-stamps in the order of their ids."""
        ...


class AuditedLog(EventSource, TreeSource, Protocol):
    """All rows of one log, read-only, for one thread.

    Every read may raise CorruptError `file_malformed`, UnavailableError `storage_failed`.
    """

    def close(self) -> None:
        """Give the reader back."""
        ...

    def snapshot(self) -> AbstractContextManager[None]:
        """Make all reads in the block see the same state of the log."""
        ...

    def require_format(self) -> None:
        """Raise CorruptError `format_unknown` unless the log has the supported format."""
        ...

    def engine_finding(self) -> Finding | None:
        """Return what the engine itself finds wrong: damaged storage, or changed definitions.

        A damaged index could hide rows from the audit, and a dropped trigger leaves the log open to
        edits.
        """
        ...

    def heads(self) -> list[tuple[Any, Any, Any]]:
        """Return (size, epoch, time in milliseconds) of every stored head; a log has one."""
        ...

    def claims(self) -> Iterator[tuple[Any, Any, Any]]:
        """Yield (name, stream, position) of every name that is taken, by name."""
        ...

    def members(self) -> Iterator[tuple[Any, Any, Any, Any]]:
        """Yield (group, stream, position, present) of every join and leave, in this order."""
        ...

    def stray_body(self, size: int) -> Any:
        """Return the position of a body that belongs to no event or was erased, None without one.

        The events are those from 1 to `size`.
        """
        ...

    def receipt_count(self) -> int:
        """Return how many receipts are stored."""
        ...

    def receipts(self) -> Iterator[tuple[Any, Any]]:
        """Yield (position, number of events) of every receipt, in the order of positions."""
        ...

    def receipts_from(self, positions: Sequence[int]) -> set[int]:
        """Return those of these positions at which a receipt begins."""
        ...

    def stored_receipts(self) -> Iterator[tuple[Any, Any, Any, Any]]:
        """Yield (key, position, number of events, answer) of every receipt, by position."""
        ...

    def receipts_of(self, keys: Sequence[bytes]) -> dict[bytes, tuple[Any, Any, Any]]:
        """Return (position, number of events, answer) of the receipts with these keys, by key."""
        ...


class LogSource(Protocol):
    """A log that an audit opens, in its own process and in others."""

    @property
    def name(self) -> str:
        """Where the log is, for the report."""
        ...

    @property
    def address(self) -> str:
        """What another process opens this log with."""
        ...

    @property
    def worker(self) -> list[str]:
        """The command line of a process that takes a `WorkerTask` on standard input."""
        ...

    def open(self) -> AuditedLog:
        """Open the log, which must exist.

        Raises NotFoundError `not_founded`, CorruptError `file_malformed`, UnavailableError
        `storage_failed`.
        """
        ...
