"""Tiles and checkpoints in the log's file, and the entries they are computed from.

Invariant: a stored checkpoint has all tiles of its tree, because one transaction stores both. A
tile's row holds its widest form so far. Every narrower form is a prefix of it, so none is stored
separately and none is lost.
"""

import sqlite3
from collections.abc import Iterable, Sequence

import msgspec

from ledger.domain.entry import MAX_ENTRY_BYTES
from ledger.errors import CorruptError
from ledger.store.sqlite.store import SqliteLog
from ledger.tlog.merkle import HASH_BYTES, Tile

# The first bytes of a row contain nearly every entry, for entries are short.
_HEAD_BYTES = 512
# SQLite reads a whole value before it takes a substring. From rows longer than this, read only the
# entry.
_LONG_BYTES = 16 * 1024


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


class TreeStore:
    """The tree in one log's file, read on a connection of its own."""

    def __init__(self, store: SqliteLog) -> None:
        self._store = store
        self._reader = store.reader()

    def close(self) -> None:
        """Close the connection; the log itself stays open."""
        self._reader.close()

    def head(self) -> int:
        """Return the newest position, 0 for an empty log."""
        return self._store.head()

    # --- entries -------------------------------------------------------------------------------

    def entries(self, after: int, limit: int) -> list[bytes]:
        """Return the bytes of up to `limit` entries after position `after`.

        The cost does not depend on the bodies, whose size members choose and which the public log
        does not show. Raises CorruptError `position_missing`, `state_truncated`.
        """
        query = (
            "SELECT pos, CASE WHEN length(state) <= ? THEN substr(state, 1, ?) ELSE x'' END"
            " FROM ev WHERE pos > ? ORDER BY pos LIMIT ?"
        )
        with self._reader.reading() as db:
            rows = db.execute(query, (_LONG_BYTES, _HEAD_BYTES, after, limit)).fetchall()
        _require_dense(after, [position for position, _ in rows])
        return [self._entry(position, head) for position, head in rows]

    def leaves(self, after: int, limit: int) -> list[Leaf]:
        """Return up to `limit` entries after position `after`, with their rows' leaf hashes.

        Raises CorruptError `position_missing`, `state_truncated`.
        """
        query = "SELECT pos, substr(state, 1, ?), leaf FROM ev WHERE pos > ? ORDER BY pos LIMIT ?"
        with self._reader.reading() as db:
            rows = db.execute(query, (_HEAD_BYTES, after, limit)).fetchall()
        _require_dense(after, [position for position, _, _ in rows])
        return [Leaf(position, self._entry(position, head), leaf) for position, head, leaf in rows]

    def _entry(self, position: int, head: bytes) -> bytes:
        end = 2 + int.from_bytes(head[:2], "big")
        if not head or end > len(head):
            with (
                self._reader.reading() as db,
                db.blobopen("ev", "state", position, readonly=True) as row,
            ):
                head = row.read(2 + MAX_ENTRY_BYTES)
            end = 2 + int.from_bytes(head[:2], "big")
        if not 2 < end <= len(head):
            raise CorruptError(
                "state_truncated", f"position {position} is shorter than its length field"
            )
        return head[2:end]

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
        with self._store.transaction() as db:
            _write(db, tiles)

    # --- checkpoints ---------------------------------------------------------------------------

    def publish(self, published: Published, tiles: Iterable[Tile]) -> bool:
        """Store a checkpoint and its new tiles; return False if a newer one is stored.

        Storing the same checkpoint again changes nothing. Raises CorruptError `log_forked` if
        another root is stored for this size.
        """
        with self._store.transaction() as db:
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
        with self._store.transaction() as db:
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


def _require_dense(after: int, positions: Sequence[int]) -> None:
    for expected, position in enumerate(positions, start=after + 1):
        if position != expected:
            raise CorruptError("position_missing", f"position {expected} is missing")


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
