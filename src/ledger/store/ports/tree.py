"""The port of the tree: tiles and checkpoints, and the entries they are computed from."""

from collections.abc import Iterable
from typing import Protocol

import msgspec

from ledger.tlog.merkle import Tile


class Published(msgspec.Struct, frozen=True):
    """A published checkpoint: the signed note and the time of publication."""

    size: int
    root: bytes
    note: bytes
    published_at: str


class Leaf(msgspec.Struct, frozen=True):
    """A stored entry's exact bytes, and the leaf hash that its row claims."""

    position: int
    entry: bytes
    claimed: bytes


class TreeTables(Protocol):
    """The entries, tiles and checkpoints of a log.

    Invariant: a stored checkpoint has all tiles of its tree, because one transaction stores both.
    """

    def close(self) -> None:
        """Give its connection back; the log itself stays open."""
        ...

    def head(self) -> int:
        """Return the newest sealed position, 0 for an empty log."""
        ...

    def entries(self, after: int, limit: int) -> list[bytes]:
        """Return the bytes of up to `limit` entries after position `after`.

        Raises CorruptError `position_missing`.
        """
        ...

    def leaves(self, after: int, limit: int) -> list[Leaf]:
        """Return up to `limit` entries after position `after`, with their rows' leaf hashes.

        Raises CorruptError `position_missing`.
        """
        ...

    def tile(self, level: int, n: int, width: int) -> bytes:
        """Return the first `width` hashes of a tile; raise CorruptError `tile_missing`."""
        ...

    def save(self, tiles: Iterable[Tile]) -> None:
        """Store complete tiles before their checkpoint; readers do not see them yet."""
        ...

    def publish(self, published: Published, tiles: Iterable[Tile]) -> bool:
        """Store a checkpoint and its new tiles; return False if a newer one is stored.

        Storing the same checkpoint again changes nothing. Raises CorruptError `log_forked` if
        another root is stored for this size.
        """
        ...

    def mend(self, size: int, tiles: Iterable[Tile]) -> None:
        """Rewrite the tiles of the newest checkpoint's tree, if it still has this size."""
        ...

    def latest(self, *, before: str = "~") -> Published | None:
        """Return the newest checkpoint published before a time; None if there is none."""
        ...

    def checkpoint(self, size: int) -> Published | None:
        """Return the checkpoint of this size, None if none was published."""
        ...

    def checkpoints(self, after: int, limit: int) -> list[Published]:
        """Return up to `limit` checkpoints larger than `after`, smallest first."""
        ...
