"""Epochs: a restore ends one log origin and begins the next; each origin has trees of its own."""

from collections.abc import Sequence
from typing import Literal

import msgspec

from ledger.domain.ledger_acts import KeptTree, LostTree
from ledger.tlog.checkpoint import Checkpoint


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


class Loss(msgspec.Struct, frozen=True):
    """A restore that lost something, or may have: its epoch and its time.

    It is later than every event before it, so times tell what is older than a loss.
    """

    epoch: int
    at: str


def precedes_loss(at: str, losses: Sequence[Loss]) -> bool:
    """Tell whether something of this time is older than a loss."""
    return bool(losses) and at < losses[-1].at  # the losses are in order


class SignedTree(msgspec.Struct, frozen=True):
    """The last tree that was signed under one origin, and the epoch of that origin."""

    epoch: int
    checkpoint: Checkpoint
