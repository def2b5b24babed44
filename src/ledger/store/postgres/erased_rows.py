"""What an audit reads of erasures from the database, as `audit.source` has it."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any


class PostgresErasedRows(ABC):
    """The reads about erasures; a subclass has the connection."""

    @abstractmethod
    def _all(self, sql: str, *values: Any) -> list[Any]:
        """Return the rows of a query."""

    def erased(self) -> list[tuple[Any, Any]]:
        """Return the position of each erased body, in order, and that of the event that says so."""
        return self._all("SELECT pos, by_pos FROM ledger.erased ORDER BY pos")

    def places(self, stream: bytes, before: int) -> list[int]:
        """Return the positions of a stream's events before a position, in order."""
        sql = (
            "SELECT pos FROM ledger.ev WHERE stream = encode(%s, 'hex')::uuid AND pos < %s"
            " ORDER BY pos"
        )
        return [position for (position,) in self._all(sql, stream, before)]

    def group(self, name: str, before: int) -> list[bytes]:
        """Return the streams that joined a group before a position."""
        sql = (
            "SELECT uuid_send(stream) FROM ledger.member WHERE grp = %s AND pos < %s AND present"
            " ORDER BY pos"
        )
        return [stream for (stream,) in self._all(sql, name, before)]

    def receipts_from(self, positions: Sequence[int]) -> set[int]:
        """Return those of these positions at which a receipt begins."""
        sql = "SELECT pos FROM ledger.cmd WHERE pos = ANY(%s::bigint[])"
        return {position for (position,) in self._all(sql, [*positions])} if positions else set()
