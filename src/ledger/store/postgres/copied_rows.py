"""What a copy reads of the database beside what the audit reads, as `audit.source` has it."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any

from ledger.store.postgres.connections import LAST_BIGINT

PAGE_ROWS = 2_048


class PostgresCopiedRows(ABC):
    """The reads for copies; a subclass has the connection."""

    @abstractmethod
    def _all(self, sql: str, *values: Any) -> list[Any]:
        """Return the rows of a query."""

    @abstractmethod
    def _first(self, sql: str, *values: Any) -> Any:
        """Return the first column of the first row, None without a row."""

    def stored_receipts(self) -> Iterator[tuple[Any, Any, Any, Any]]:
        """Yield (key, position, number of events, answer) of every receipt, in order."""
        after = (-LAST_BIGINT, b"")
        query = (
            "SELECT key, pos, n, answer FROM ledger.cmd WHERE (pos, key) > (%s, %s)"
            " ORDER BY pos, key LIMIT %s"
        )
        while rows := self._all(query, *after, PAGE_ROWS):
            yield from rows
            after = (rows[-1][1], rows[-1][0])

    def newest_endorsements(self) -> tuple[int, int]:
        """Return the newest ids of cosignatures and of time-stamps, 0 for none."""
        query = "SELECT coalesce(max(id), 0) FROM ledger."
        cosignature, stamp = (self._first(f"{query}{each}") for each in ("cosignature", "stamp"))
        return int(cosignature), int(stamp)
