"""Tiles and checkpoints in the log's file, and the entries that they are made of.

Invariant: where a checkpoint is, every tile of its tree is, for both are one transaction. A tile's
row holds the widest form that was written; each narrower one is its beginning, so none is kept
apart and none ever goes.
"""

import sqlite3
from collections.abc import Iterable, Sequence

import msgspec

from ledger.domain.entry import MAX_ENTRY_BYTES
from ledger.errors import CorruptError
from ledger.store.sqlite.store import SqliteLog
from ledger.tlog.merkle import HASH_BYTES, Tile

# Entries are short: so much of a row is enough for nearly all of them.
_HEAD_BYTES = 512
# SQLite reads a value whole before it cuts it. Of longer rows than this, only the entry is read.
_LONG_BYTES = 16 * 1024


class Published(msgspec.Struct, frozen=True):
    """A checkpoint that was published: its note as signed, and when."""

    size: int
    root: bytes
    note: bytes
    published_at: str


class Leaf(msgspec.Struct, frozen=True):
    """A stored entry, its bytes as they are, beside the leaf hash that the row claims."""

    position: int
    entry: bytes
    claimed: bytes


class TreeStore:
    """The tree of one log's file; reads run on a connection of their own."""

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

        What it costs does not depend on the bodies, which strangers do not see and members choose.
        Raises CorruptError `position_missing`, `state_truncated`.
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
        """Return up to `limit` entries after position `after`, with what their rows claim.

        Raises CorruptError `position_missing` where one is not there, `state_truncated`.
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
            raise CorruptError("state_truncated", f"position {position} is shorter than it says")
        return head[2:end]

    # --- tiles ---------------------------------------------------------------------------------

    def tile(self, level: int, n: int, width: int) -> bytes:
        """Return the first `width` hashes of a tile; raise CorruptError `tile_missing`."""
        query = "SELECT substr(hashes, 1, ?) FROM tile WHERE level = ? AND n = ?"
        with self._reader.reading() as db:
            row = db.execute(query, (width * HASH_BYTES, level, n)).fetchone()
        if row is None or len(row[0]) != width * HASH_BYTES:
            raise CorruptError("tile_missing", f"tile {n} of level {level} is not there")
        hashes: bytes = row[0]
        return hashes

    def save(self, tiles: Iterable[Tile]) -> None:
        """Write tiles ahead of their checkpoint, whole ones only: no reader sees them yet."""
        with self._store.transaction() as db:
            _write(db, tiles)

    # --- checkpoints ---------------------------------------------------------------------------

    def publish(self, published: Published, tiles: Iterable[Tile]) -> bool:
        """Store a checkpoint and what its tree has new; return False if a newer one is there.

        The same checkpoint again changes nothing. Raises CorruptError `log_forked` if the tree of
        this size had another root.
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
        """Write the tiles of the newest checkpoint's tree again; of no tree if it has moved."""
        with self._store.transaction() as db:
            (newest,) = db.execute("SELECT coalesce(max(size), 0) FROM checkpoint").fetchone()
            if newest == size:
                _write(db, tiles)

    def latest(self, *, before: str = "~") -> Published | None:
        """Return the newest checkpoint, or that of an earlier time; None before the first."""
        # Sizes and times rise together, so the row is among the last ones.
        rest = "WHERE published_at < ? ORDER BY size DESC LIMIT 1"
        found = self._checkpoints(rest, (before,))
        return found[0] if found else None

    def checkpoint(self, size: int) -> Published | None:
        """Return the checkpoint of this size, if one was published."""
        found = self._checkpoints("WHERE size = ?", (size,))
        return found[0] if found else None

    def checkpoints(self, after: int, limit: int) -> list[Published]:
        """Return up to `limit` checkpoints of more than `after` entries, smallest first."""
        return self._checkpoints("WHERE size > ? ORDER BY size LIMIT ?", (after, limit))

    def _checkpoints(self, rest: str, values: Sequence[int | str]) -> list[Published]:
        query = f"SELECT size, root, note, published_at FROM checkpoint {rest}"  # noqa: S608  # from this file
        with self._reader.reading() as db:
            return [Published(*row) for row in db.execute(query, values)]


def _require_dense(after: int, positions: Sequence[int]) -> None:
    for expected, position in enumerate(positions, start=after + 1):
        if position != expected:
            raise CorruptError("position_missing", f"position {expected} is not there")


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
            f"the tree of {published.size} entries has another root than the one published",
            position=published.size,
        )
