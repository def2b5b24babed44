"""What an audit reads of erasures from the log's file, as `audit.source` has it."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any


class SqliteErasedRows(ABC):
    """The reads about erasures; a subclass has the connection."""

    @abstractmethod
    def _all(self, sql: str, *values: Any) -> list[Any]:
        """Return the rows of a query."""

    def erased(self) -> list[tuple[Any, Any]]:
        """Return the position of each erased body, in order, and that of the event that says so."""
        return self._all("SELECT pos, by_pos FROM erased ORDER BY pos")

    def places(self, stream: bytes, before: int) -> list[int]:
        """Return the positions of a stream's events before a position, in order."""
        sql = "SELECT pos FROM ev WHERE stream = ? AND pos < ? ORDER BY pos"
        return [position for (position,) in self._all(sql, stream, before)]

    def group(self, name: str, before: int) -> list[bytes]:
        """Return the streams that joined a group before a position."""
        sql = "SELECT stream FROM member WHERE grp = ? AND pos < ? AND present ORDER BY pos"
        return [stream for (stream,) in self._all(sql, name, before)]

    def receipts_from(self, positions: Sequence[int]) -> set[int]:
        """Return those of these positions at which a receipt begins."""
        if not positions:
            return set()
        marks = ", ".join("?" * len(positions))
        sql = f"SELECT pos FROM cmd WHERE pos IN ({marks})"  # noqa: S608  # from this file
        return {position for (position,) in self._all(sql, *positions)}
