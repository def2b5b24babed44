"""The port of the endorsements: cosignatures and time-stamps of checkpoints."""

from typing import Protocol

import msgspec

from ledger.store.ports.tree import Published
from ledger.tlog.vkeys import NoteKey


class Cosigned(msgspec.Struct, frozen=True):
    """A witness's cosignature of a size; `witness` is its key as `name_of` writes it."""

    id: int
    size: int
    witness: str


class Stamp(msgspec.Struct, frozen=True):
    """A verified RFC 3161 response, the text it stamps, and its time."""

    size: int
    note: bytes
    token: bytes
    time: str


class EndorsementTables(Protocol):
    """The cosignatures and time-stamps that others gave a log's checkpoints.

    Rows are append-only and read in order of arrival. So the text of a checkpoint only grows: the
    text that was stamped or served earlier is a prefix of the text served later. Callers verify
    everything before they store it.
    """

    def close(self) -> None:
        """Give its connection back; the log itself stays open."""
        ...

    def note(self, published: Published) -> bytes:
        """Return a checkpoint's text: the signed note, then its cosignatures."""
        ...

    def cosign(self, size: int, key: NoteKey, line: bytes) -> None:
        """Store a witness's verified line; ignore a second line from the same witness."""
        ...

    def cosigned_by(self, key: NoteKey) -> int:
        """Return the newest size that a witness cosigned; 0 for none."""
        ...

    def cosigned_since(self, row_id: int, limit: int) -> list[Cosigned]:
        """Return up to `limit` of the newest cosignatures after a row, oldest first."""
        ...

    def stamp(self, stamp: Stamp) -> None:
        """Store a verified stamp."""
        ...

    def last_stamp(self, size: int | None = None) -> Stamp | None:
        """Return the newest stamp, of any size or of the given one."""
        ...

    def stamped(self, first: int, last: int) -> dict[int, str]:
        """Return, for each stamped size in this range, the time of its newest stamp."""
        ...


def name_of(key: NoteKey) -> str:
    """Return a key as these tables store it: name and id, as in a signature line."""
    return f"{key.name}+{key.id.hex()}"
