"""The organisation's directory in a table of the database, shared by all servers of a ledger.

Each call is one statement. An `add` or `replace` that is sent again after a lost connection can
answer False although it was kept; its caller then reads what is there.
"""

from typing import Any

from ledger.store.ports.directory import DirectoryEntry, DirectoryKind
from ledger.store.postgres.shared_state import SharedState

_ENTRY = "SELECT kind, id, name, other, body, version FROM ledger.directory"
_ADD = """
    INSERT INTO ledger.directory VALUES(%s, %s, %s, %s, %s, 1) ON CONFLICT DO NOTHING RETURNING 1
"""
_REPLACE = """
    UPDATE ledger.directory d SET name = %s, other = %s, body = %s, version = version + 1
        WHERE kind = %s AND id = %s AND version = %s AND NOT EXISTS(
            SELECT 1 FROM ledger.directory o
                WHERE o.kind = d.kind AND o.name = %s AND o.id <> d.id)
        RETURNING 1
"""


class PostgresDirectory:
    """The directory of the ledger in one database."""

    def __init__(self, url: str) -> None:
        self._shared = SharedState(url)

    def close(self) -> None:
        """Close the connections."""
        self._shared.close()

    def entry(self, kind: DirectoryKind, entry_id: str) -> DirectoryEntry | None:
        """Return an entry by its id, None without one."""
        return self._one(f"{_ENTRY} WHERE kind = %s AND id = %s", kind, entry_id)

    def named(self, kind: DirectoryKind, name: str) -> DirectoryEntry | None:
        """Return an entry by its name, None without one."""
        return self._one(f"{_ENTRY} WHERE kind = %s AND name = %s", kind, name)

    def others(self, kind: DirectoryKind, other: str, *, limit: int) -> list[DirectoryEntry]:
        """Return entries with this other name, in the order of their ids."""
        query = f"{_ENTRY} WHERE kind = %s AND other = %s ORDER BY id LIMIT %s"
        return self._all(query, kind, other, limit)

    def page(self, kind: DirectoryKind, *, skip: int, limit: int) -> list[DirectoryEntry]:
        """Return entries in the order of their ids."""
        query = f"{_ENTRY} WHERE kind = %s ORDER BY id LIMIT %s OFFSET %s"
        return self._all(query, kind, limit, skip)

    def count(self, kind: DirectoryKind) -> int:
        """Return how many entries of a kind there are."""
        query = "SELECT count(*) FROM ledger.directory WHERE kind = %s"
        ((found,),) = self._shared.rows(query, kind)
        return int(found)

    def add(self, entry: DirectoryEntry) -> bool:
        """Keep a new entry; False, unchanged, if its id or name is there."""
        row = (entry.kind, entry.id, entry.name, entry.other, entry.body)
        return bool(self._shared.change(_ADD, *row))

    def replace(self, entry: DirectoryEntry) -> bool:
        """Replace an entry of the same version; False, unchanged, if it or its name differs."""
        row = (entry.name, entry.other, entry.body, entry.kind, entry.id, entry.version, entry.name)
        return bool(self._shared.change(_REPLACE, *row))

    def forget(self, kind: DirectoryKind, entry_id: str) -> None:
        """Delete an entry."""
        query = "DELETE FROM ledger.directory WHERE kind = %s AND id = %s"
        self._shared.change(query, kind, entry_id)

    def _one(self, query: str, *values: Any) -> DirectoryEntry | None:
        found = self._all(query, *values)
        return found[0] if found else None

    def _all(self, query: str, *values: Any) -> list[DirectoryEntry]:
        return [
            DirectoryEntry(kind, id_, name, other, bytes(body), version)
            for kind, id_, name, other, body, version in self._shared.rows(query, *values)
        ]
