"""Cosignatures and time-stamps in the database, with the contract of their port."""

from ledger.store.ports.endorsements import Cosigned, Stamp, name_of
from ledger.store.ports.tree import Published
from ledger.store.postgres.connections import DatabaseConnection
from ledger.tlog.vkeys import NoteKey


class PostgresEndorsements:
    """The cosignatures and time-stamps of one log, on a connection of their own."""

    def __init__(self, database: DatabaseConnection) -> None:
        self._connection = database

    def close(self) -> None:
        """Close the connection; the log itself stays open."""
        self._connection.close()

    def note(self, published: Published) -> bytes:
        """Return a checkpoint's text: the signed note, then its cosignatures."""
        query = "SELECT line FROM ledger.cosignature WHERE size = %s ORDER BY id"
        lines = [line for (line,) in self._connection.rows(query, published.size)]
        return b"".join([published.note, *lines])

    def cosign(self, size: int, key: NoteKey, line: bytes) -> None:
        """Store a witness's verified line; ignore a second line from the same witness."""
        query = "SELECT ledger.add_cosignature(%s::bigint, %s, %s)"
        self._connection.require_change(query, size, name_of(key), line)

    def cosigned_by(self, key: NoteKey) -> int:
        """Return the newest size that a witness cosigned; 0 for none."""
        query = "SELECT coalesce(max(size), 0) FROM ledger.cosignature WHERE witness = %s"
        ((size,),) = self._connection.rows(query, name_of(key))
        return int(size)

    def cosigned_since(self, row_id: int, limit: int) -> list[Cosigned]:
        """Return up to `limit` of the newest cosignatures after a row, oldest first."""
        query = "SELECT id, size, witness FROM ledger.cosignature WHERE id > %s"
        newest = self._connection.rows(f"{query} ORDER BY id DESC LIMIT %s", row_id, limit)
        return [Cosigned(*row) for row in reversed(newest)]

    # --- time-stamps ---------------------------------------------------------------------------

    def stamp(self, stamp: Stamp) -> None:
        """Store a verified stamp."""
        query = "SELECT ledger.add_stamp(%s::bigint, %s, %s, %s)"
        self._connection.require_change(query, stamp.size, stamp.note, stamp.token, stamp.time)

    def last_stamp(self, size: int | None = None) -> Stamp | None:
        """Return the newest stamp, of any size or of the given one."""
        query = "SELECT size, note, token, time FROM ledger.stamp"
        rest = "ORDER BY id DESC LIMIT 1"
        if size is None:
            rows = self._connection.rows(f"{query} {rest}")
        else:
            rows = self._connection.rows(f"{query} WHERE size = %s {rest}", size)
        return Stamp(*rows[0]) if rows else None

    def stamped(self, first: int, last: int) -> dict[int, str]:
        """Return, for each stamped size in this range, the time of its newest stamp."""
        query = "SELECT size, time FROM ledger.stamp WHERE size BETWEEN %s AND %s ORDER BY id"
        return dict(self._connection.rows(query, first, last))
