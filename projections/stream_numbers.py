"""The numbers of streams: each is the position of the stream's first event."""

import sqlite3
from uuid import UUID

from ledger.errors import CorruptError

# Streams kept in memory per generation. Two generations take at most 20 MB.
REMEMBERED = 50_000
STREAM_INDEX = "CREATE UNIQUE INDEX stream_by_uuid ON stream(uuid)"


class Streams:
    """Map stream UUIDs to numbers, with a bounded cache over the `stream` table.

    The cache has two generations instead of a strict LRU: a hit in `young` costs one dictionary
    access.
    """

    def __init__(self) -> None:
        self.young: dict[str, int] = {}
        self._old: dict[str, int] = {}

    def begin(self, text: str, number: int) -> None:
        """Cache a stream that begins at position `number`."""
        if len(self.young) >= REMEMBERED:
            self._old, self.young = self.young, {}
        self.young[text] = number

    def number(self, db: sqlite3.Connection, text: str) -> int:
        """Return the number of a stream; raise CorruptError `stream_unknown`."""
        number = self.young.get(text)
        if number is None:
            number = self._old.get(text) or self._look_up(db, text)
            self.begin(text, number)
        return number

    def _look_up(self, db: sqlite3.Connection, text: str) -> int:
        # A rebuild creates indexes at the end. A cache miss needs this one earlier.
        db.execute(STREAM_INDEX.replace("INDEX", "INDEX IF NOT EXISTS", 1))
        number = find_stream(db, text)
        if number is None:
            raise CorruptError(
                "stream_unknown", f"an event names stream {text}, which does not exist"
            )
        return number


def find_stream(db: sqlite3.Connection, text: str) -> int | None:
    """Return the number of the stream with this UUID text, None if there is none."""
    try:
        uuid = UUID(text).bytes
    except ValueError:
        return None
    row = db.execute("SELECT id FROM stream WHERE uuid = ?", (uuid,)).fetchone()
    return None if row is None else int(row[0])
