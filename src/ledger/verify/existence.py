"""The best proof of when evidence existed: somebody else's if there is one, else the ledger's."""

from collections.abc import Sequence
from typing import Literal

import msgspec

from ledger.tlog.checkpoint import VerifiedCheckpoint


class Existence(msgspec.Struct, frozen=True):
    """A time by which the checkpoint existed, and whose word that is.

    `ledger` is the weakest: the time of the newest entry, which the ledger's own clock gave.
    """

    at: str
    source: Literal["time-stamp", "cosignature", "ledger"]
    by: str


def best_proof(
    others: Sequence[Existence], signed: VerifiedCheckpoint | None, newest: str | None
) -> Existence | None:
    """Return the earliest proof by somebody else, else the ledger's; None of an unsigned log."""
    if signed is None:
        return None
    if others:
        return min(others, key=lambda each: each.at)
    return None if newest is None else Existence(newest, "ledger", signed.checkpoint.origin)
