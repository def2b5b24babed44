"""Tiles and checkpoints in the database, and the entries they are computed from.

A tile's row holds its widest form so far. Every narrower form is a prefix of it, so none is stored
separately and none is lost.
"""

from collections.abc import Iterable
from typing import Any

from ledger.errors import CorruptError
from ledger.store.ports.tree import Leaf, Published
from ledger.store.postgres.connections import DatabaseConnection
from ledger.tlog.merkle import HASH_BYTES, Tile

_TILES = "%s::int[], %s::bigint[], %s::bytea[]"
_LATE, _FORKED = 1, 2


class PostgresTree:
    """The tree of one log, on a connection of its own."""

    def __init__(self, database: DatabaseConnection) -> None:
        self._connection = database

    def close(self) -> None:
        """Close the connection; the log itself stays open."""
        self._connection.close()

    def head(self) -> int:
        """Return the newest sealed position, 0 for an empty log."""
        ((size,),) = self._connection.rows("SELECT coalesce(max(size), 0) FROM ledger.log_head")
        return int(size)

    # --- entries -------------------------------------------------------------------------------

    def entries(self, after: int, limit: int) -> list[bytes]:
        """Return the bytes of up to `limit` entries after position `after`.

        Raises CorruptError `position_missing`.
        """
        return [leaf.entry for leaf in self.leaves(after, limit)]

    def leaves(self, after: int, limit: int) -> list[Leaf]:
        """Return up to `limit` entries after position `after`, with their rows' leaf hashes.

        Raises CorruptError `position_missing`.
        """
        query = "SELECT pos, entry, leaf FROM ledger.ev WHERE pos > %s ORDER BY pos LIMIT %s"
        leaves = [Leaf(*row) for row in self._connection.rows(query, after, limit)]
        for expected, leaf in enumerate(leaves, start=after + 1):
            if leaf.position != expected:
                raise CorruptError("position_missing", f"position {expected} is missing")
        return leaves

    # --- tiles ---------------------------------------------------------------------------------

    def tile(self, level: int, n: int, width: int) -> bytes:
        """Return the first `width` hashes of a tile; raise CorruptError `tile_missing`."""
        query = (
            "SELECT substring(hashes FROM 1 FOR %s) FROM ledger.tile WHERE level = %s AND n = %s"
        )
        rows = self._connection.rows(query, width * HASH_BYTES, level, n)
        if not rows or len(rows[0][0]) != width * HASH_BYTES:
            raise CorruptError("tile_missing", f"tile {n} of level {level} is missing")
        hashes: bytes = rows[0][0]
        return hashes

    def save(self, tiles: Iterable[Tile]) -> None:
        """Store complete tiles before their checkpoint; readers do not see them yet."""
        self._connection.require_change(f"SELECT ledger.save_tiles({_TILES})", *_columns(tiles))

    # --- checkpoints ---------------------------------------------------------------------------

    def publish(self, published: Published, tiles: Iterable[Tile]) -> bool:
        """Store a checkpoint and its new tiles; return False if a newer one is stored.

        Storing the same checkpoint again changes nothing. Raises CorruptError `log_forked` if
        another root is stored for this size.
        """
        query = f"SELECT ledger.publish_checkpoint(%s::bigint, %s, %s, %s, {_TILES})"
        size, values = published.size, (published.root, published.note, published.published_at)
        ((outcome,),) = self._connection.require_change(query, size, *values, *_columns(tiles))
        if outcome == _FORKED:
            detail = f"another root is published for the tree of {size} entries"
            raise CorruptError("log_forked", detail, position=size)
        return bool(outcome != _LATE)

    def mend(self, size: int, tiles: Iterable[Tile]) -> None:
        """Rewrite the tiles of the newest checkpoint's tree, if it still has this size."""
        query = f"SELECT ledger.mend_tiles(%s::bigint, {_TILES})"
        self._connection.require_change(query, size, *_columns(tiles))

    def latest(self, *, before: str = "~") -> Published | None:
        """Return the newest checkpoint published before a time; None if there is none."""
        # Sizes and times increase together, so the row is near the end of the index.
        found = self._checkpoints("WHERE published_at < %s ORDER BY size DESC LIMIT 1", before)
        return found[0] if found else None

    def checkpoint(self, size: int) -> Published | None:
        """Return the checkpoint of this size, None if none was published."""
        found = self._checkpoints("WHERE size = %s", size)
        return found[0] if found else None

    def checkpoints(self, after: int, limit: int) -> list[Published]:
        """Return up to `limit` checkpoints larger than `after`, smallest first."""
        return self._checkpoints("WHERE size > %s ORDER BY size LIMIT %s", after, limit)

    def _checkpoints(self, rest: str, *values: Any) -> list[Published]:
        query = f"SELECT size, root, note, published_at FROM ledger.checkpoint {rest}"  # noqa: S608  # from this file
        return [Published(*row) for row in self._connection.rows(query, *values)]


def _columns(tiles: Iterable[Tile]) -> tuple[list[int], list[int], list[bytes]]:
    # A tile that is named twice has its widest form last.
    rows = {(level, n): hashes for level, n, hashes in tiles}
    return [level for level, _ in rows], [n for _, n in rows], [*rows.values()]
