"""The port of copies: what an engine does for backups and restores.

A copy is one snapshot of the log, made while servers write: all of it, or only what is new since an
earlier copy. Every argument `…directory` is a directory with a log in it: that of a ledger, of a
backup, or of a restore. No process uses the log of a backup or of a restore.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple, Protocol

from ledger.store.ports.tree import Published
from ledger.tlog.merkle import Edge


class CopyState(NamedTuple):
    """What a verified copy contains: its newest rows, the tree at its end, the last checkpoint.

    `marks` has the last row of each part of the log that grows, by name; `size` is the newest
    position.
    """

    marks: Mapping[str, int]
    edge: Edge
    epoch: int
    note: bytes | None

    @property
    def size(self) -> int:
        """The newest position."""
        return self.marks["size"]


class LogCopies(Protocol):
    """Copies of logs."""

    def exists(self, directory: Path) -> bool:
        """Tell whether there is a log."""
        ...

    def stored_bytes(self, directory: Path) -> int:
        """Return how much storage a log takes."""
        ...

    def copy_all(self, directory: Path, target: Path) -> None:
        """Copy a log as it is now into another directory, durably, for its owner alone."""
        ...

    def copy_new(self, directory: Path, target: Path, marks: Mapping[str, int]) -> None:
        """Copy what is new since `marks` into another directory, durably, for its owner alone."""
        ...

    def join(self, directory: Path, newer: Path) -> None:
        """Add to a copy what `copy_new` wrote since that copy, all or nothing."""
        ...

    def examine(self, directory: Path, earlier: CopyState | None = None) -> CopyState:
        """Verify every entry, body, leaf and checkpoint's root of a copy; return what it contains.

        `earlier` is the copy that this one continues; None for a copy of everything. Does not
        verify signatures or decisions: the audit does. Raises CorruptError `position_missing`,
        `body_missing`, `leaf_mismatch`, `head_mismatch`, `log_rolled_back`, `log_forked`, and as
        `entry.unseal`.
        """
        ...

    def root_of(self, directory: Path, size: int) -> bytes:
        """Return the root over the first `size` leaves of a log; raise as `examine`."""
        ...

    def newest(self, directory: Path) -> tuple[int, Published | None]:
        """Return a log's size and its newest checkpoint, unverified, without changing anything.

        Raises NotFoundError `not_founded`, CorruptError `file_malformed`, UnavailableError
        `storage_failed`.
        """
        ...

    def epoch(self, directory: Path) -> int:
        """Return the epoch in a log's head, unverified; raise as `newest`."""
        ...

    def raise_epoch(self, directory: Path, epoch: int) -> None:
        """Set the epoch in the head of a copy."""
        ...

    def settle(self, directory: Path) -> None:
        """Make a copy durable and complete, so that it can be moved.

        Raises UnavailableError `storage_failed` if that cannot be done.
        """
        ...

    def set_aside(self, directory: Path, aside: Path) -> None:
        """Move a log, if there is one, into a directory, which is created for it.

        After an interruption it can be repeated.
        """
        ...

    def move(self, directory: Path, target: Path) -> None:
        """Move a settled copy into a directory that has no log, durably."""
        ...
