"""The port of the organisation's directory: what its provider told the ledger, and who is blocked.

It is a part of what a server may forget, shared by all servers of a ledger. Losing it lifts every
block until the provider tells of its people again; the log is not touched.
Every call may raise UnavailableError `state_unavailable`.
"""

from typing import Literal, Protocol

import msgspec

# `link` is a person and their account at the provider, by the person's id; `block` a person who may
# do nothing here, by the person's id; `user` and `group` are the provider's own.
DirectoryKind = Literal["user", "group", "link", "block"]


class DirectoryEntry(msgspec.Struct, frozen=True):
    """One entry of a kind: its id and name are no other's of the kind, `other` can be.

    `version` grows with each change, and 0 is one that is not kept yet.
    """

    kind: DirectoryKind
    id: str
    name: str
    other: str
    body: bytes
    version: int = 0


class Directory(Protocol):
    """The directory of one ledger; every call is one short transaction, safe for any thread."""

    def close(self) -> None:
        """Close the storage."""
        ...

    def entry(self, kind: DirectoryKind, entry_id: str) -> DirectoryEntry | None:
        """Return an entry by its id, None without one."""
        ...

    def named(self, kind: DirectoryKind, name: str) -> DirectoryEntry | None:
        """Return an entry by its name, None without one."""
        ...

    def others(self, kind: DirectoryKind, other: str, *, limit: int) -> list[DirectoryEntry]:
        """Return entries with this other name, in the order of their ids."""
        ...

    def page(self, kind: DirectoryKind, *, skip: int, limit: int) -> list[DirectoryEntry]:
        """Return entries in the order of their ids."""
        ...

    def count(self, kind: DirectoryKind) -> int:
        """Return how many entries of a kind there are."""
        ...

    def add(self, entry: DirectoryEntry) -> bool:
        """Keep a new entry; False, unchanged, if its id or name is there."""
        ...

    def replace(self, entry: DirectoryEntry) -> bool:
        """Replace an entry of the same version; False, unchanged, if it or its name differs."""
        ...

    def forget(self, kind: DirectoryKind, entry_id: str) -> None:
        """Delete an entry."""
        ...
