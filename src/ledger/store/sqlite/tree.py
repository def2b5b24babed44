"""Tiles and checkpoints in the log's file, and the entries they are computed from.

A tile's row holds its widest form so far. Every narrower form is a prefix of it, so none is stored
separately and none is lost.
"""

import sqlite3
from collections.abc import Iterable, Sequence

from ledger.errors import CorruptError
from ledger.store.ports.tree import Leaf, Published
from ledger.store.sqlite.log_file import LogFile, ReadOnlyFile
from ledger.tlog.merkle import HASH_BYTES, Tile


class SqliteTree:
    """The tree in one log's file, read on a connection of its own."""

    def __init__(self, file: LogFile | ReadOnlyFile) -> None:
        self._file = file
        self._reader = file.read_connection()

    def close(self) -> None:
        """Close the connection; the log itself stays open."""
        self._reader.close()

    def head(self) -> int:
        """Return the newest sealed position, 0 for an empty log."""
        with self._reader.reading() as db:
            (size,) = db.execute("SELECT size FROM log_head").fetchone()
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
        query = "SELECT pos, entry, leaf FROM ev WHERE pos > ? ORDER BY pos LIMIT ?"
        with self._reader.reading() as db:
            leaves = [Leaf(*row) for row in db.execute(query, (after, limit))]
        for expected, leaf in enumerate(leaves, start=after + 1):
            if leaf.position != expected:
                raise CorruptError("position_missing", f"position {expected} is missing")
        return leaves

    # --- tiles ---------------------------------------------------------------------------------

    def tile(self, level: int, n: int, width: int) -> bytes:
        """Return the first `width` hashes of a tile; raise CorruptError `tile_missing`."""
        query = "SELECT substr(hashes, 1, ?) FROM tile WHERE level = ? AND n = ?"
        with self._reader.reading() as db:
            row = db.execute(query, (width * HASH_BYTES, level, n)).fetchone()
        if row is None or len(row[0]) != width * HASH_BYTES:
            raise CorruptError("tile_missing", f"tile {n} of level {level} is missing")
        hashes: bytes = row[0]
        return hashes

    def save(self, tiles: Iterable[Tile]) -> None:
        """Store complete tiles before their checkpoint; readers do not see them yet."""
        with self._file.transaction() as db:
            _write(db, tiles)

    # --- checkpoints ---------------------------------------------------------------------------

    def publish(self, published: Published, tiles: Iterable[Tile]) -> bool:
        """Store a checkpoint and its new tiles; return False if a newer one is stored.

        Storing the same checkpoint again changes nothing. Raises CorruptError `log_forked` if
        another root is stored for this size.
        """
        with self._file.transaction() as db:
            known = db.execute("SELECT root FROM checkpoint WHERE size = ?", (published.size,))
            for (root,) in known:
                _require_same(published, root)
                return True
            (newest,) = db.execute("SELECT coalesce(max(size), 0) FROM checkpoint").fetchone()
            if newest > published.size:
                return False
            _write(db, tiles)
            row = (published.size, published.root, published.note, published.published_at)
            db.execute("INSERT INTO checkpoint VALUES(?,?,?,?)", row)
        return True

    def mend(self, size: int, tiles: Iterable[Tile]) -> None:
        """Rewrite the tiles of the newest checkpoint's tree, if it still has this size."""
        with self._file.transaction() as db:
            (newest,) = db.execute("SELECT coalesce(max(size), 0) FROM checkpoint").fetchone()
            if newest == size:
                _write(db, tiles)

    def latest(self, *, before: str = "~") -> Published | None:
        """Return the newest checkpoint published before a time; None if there is none."""
        # Sizes and times increase together, so the row is near the end of the index.
        rest = "WHERE published_at < ? ORDER BY size DESC LIMIT 1"
        found = self._checkpoints(rest, (before,))
        return found[0] if found else None

    def checkpoint(self, size: int) -> Published | None:
        """Return the checkpoint of this size, None if none was published."""
        found = self._checkpoints("WHERE size = ?", (size,))
        return found[0] if found else None

    def checkpoints(self, after: int, limit: int) -> list[Published]:
        """Return up to `limit` checkpoints larger than `after`, smallest first."""
        return self._checkpoints("WHERE size > ? ORDER BY size LIMIT ?", (after, limit))

    def _checkpoints(self, rest: str, values: Sequence[int | str]) -> list[Published]:
        query = f"SELECT size, root, note, published_at FROM checkpoint {rest}"  # noqa: S608  # from this file
        with self._reader.reading() as db:
            return [Published(*row) for row in db.execute(query, values)]


def _write(db: sqlite3.Connection, tiles: Iterable[Tile]) -> None:
    query = (
        "INSERT INTO tile VALUES(?,?,?)"
        " ON CONFLICT(level, n) DO UPDATE SET hashes = excluded.hashes"
    )
    db.executemany(query, tiles)


def _require_same(published: Published, root: bytes) -> None:
    if root != published.root:
        raise CorruptError(
            "log_forked",
            f"another root is published for the tree of {published.size} entries",
            position=published.size,
        )
