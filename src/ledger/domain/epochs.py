"""A restore as the charter remembers it: one log origin ends, and the next begins."""

from typing import Literal

import msgspec

from ledger.domain.acts import KeptTree, LostTree


class Restoration(msgspec.Struct, frozen=True):
    """A restore from a backup: what was kept, what was lost, and the log's origin since then."""

    epoch: int
    kept: KeptTree
    lost: LostTree | Literal["unknown"] | None
    origin: str
    reason: str
    at: str

    @property
    def position(self) -> int:
        """The position of the event that records it."""
        return self.kept.size + 1
