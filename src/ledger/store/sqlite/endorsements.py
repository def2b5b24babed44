"""Cosignatures and time-stamps in the log\'s file, with the contract of their port."""

from typing import Any

from ledger.store.ports.endorsements import Cosigned, Stamp, name_of
from ledger.store.ports.tree import Published
from ledger.store.sqlite.log_file import LogFile, ReadOnlyFile
from ledger.tlog.vkeys import NoteKey


class SqliteEndorsements:
    """The cosignatures and time-stamps of one log, read on a connection of their own."""

    def __init__(self, file: LogFile | ReadOnlyFile) -> None:
        self._file = file
        self._reader = file.read_connection()

    def close(self) -> None:
        """Close the connection; the log itself stays open."""
        self._reader.close()

    def _rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        with self._reader.reading() as db:
            return db.execute(query, values).fetchall()

    def note(self, published: Published) -> bytes:
        """Return a checkpoint's text: the signed note, then its cosignatures."""
        query = "SELECT line FROM cosignature WHERE size = ? ORDER BY id"
        lines = [line for (line,) in self._rows(query, published.size)]
        return b"".join([published.note, *lines])

    def cosign(self, size: int, key: NoteKey, line: bytes) -> None:
        """Store a witness's verified line; ignore a second line from the same witness."""
        name = name_of(key)
        with self._file.transaction() as db:
            query = "SELECT 1 FROM cosignature WHERE size = ? AND witness = ?"
            if db.execute(query, (size, name)).fetchone() is None:
                db.execute("INSERT INTO cosignature VALUES(?,?,?,?)", (None, size, name, line))

    def cosigned_by(self, key: NoteKey) -> int:
        """Return the newest size that a witness cosigned; 0 for none."""
        query = "SELECT coalesce(max(size), 0) FROM cosignature WHERE witness = ?"
        ((size,),) = self._rows(query, name_of(key))
        return int(size)

    def cosigned_since(self, row_id: int, limit: int) -> list[Cosigned]:
        """Return up to `limit` of the newest cosignatures after a row, oldest first."""
        query = "SELECT id, size, witness FROM cosignature WHERE id > ? ORDER BY id DESC LIMIT ?"
        return [Cosigned(*row) for row in reversed(self._rows(query, row_id, limit))]

    # --- time-stamps ---------------------------------------------------------------------------

    def stamp(self, stamp: Stamp) -> None:
        """Store a verified stamp."""
        with self._file.transaction() as db:
            row = (None, stamp.size, stamp.note, stamp.token, stamp.time)
            db.execute("INSERT INTO stamp VALUES(?,?,?,?,?)", row)

    def last_stamp(self, size: int | None = None) -> Stamp | None:
        """Return the newest stamp, of any size or of the given one."""
        query = "SELECT size, note, token, time FROM stamp"
        rest = " ORDER BY id DESC LIMIT 1"
        if size is None:
            rows = self._rows(query + rest)
        else:
            rows = self._rows(f"{query} WHERE size = ?{rest}", size)
        return Stamp(*rows[0]) if rows else None

    def stamped(self, first: int, last: int) -> dict[int, str]:
        """Return, for each stamped size in this range, the time of its newest stamp."""
        query = "SELECT size, time FROM stamp WHERE size BETWEEN ? AND ? ORDER BY id"
        return dict(self._rows(query, first, last))
