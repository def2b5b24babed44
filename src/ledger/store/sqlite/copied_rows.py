"""What a copy reads of the log's file beside what the audit reads, as `audit.source` has it."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any


class SqliteCopiedRows(ABC):
    """The reads for copies; a subclass has the connection."""

    @abstractmethod
    def _each(self, sql: str, *values: Any) -> Iterator[Any]:
        """Yield the rows of a query one by one."""

    @abstractmethod
    def _first(self, sql: str, *values: Any) -> Any:
        """Return the first column of the first row, None without a row."""

    def stored_receipts(self) -> Iterator[tuple[Any, Any, Any, Any]]:
        """Yield (key, position, number of events, answer) of every receipt, in order."""
        return self._each("SELECT key, pos, n, answer FROM cmd ORDER BY pos, key")

    def newest_endorsements(self) -> tuple[int, int]:
        """Return the newest ids of cosignatures and of time-stamps, 0 for none."""
        query = "SELECT coalesce(max(id), 0) FROM"
        cosignature, stamp = (self._first(f"{query} {each}") for each in ("cosignature", "stamp"))
        return int(cosignature), int(stamp)
