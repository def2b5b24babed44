"""The processes that serve one socket, and what each of them has to know of the others."""

from typing import NamedTuple

from ledger.http.quotas import SharedQuotas


class Team(NamedTuple):
    """How many processes serve one socket, whether this is the first one, and what they share."""

    size: int = 1
    is_first: bool = True
    quotas: SharedQuotas | None = None

    def share_of(self, most: int) -> int:
        """Return this process's part of a bound that holds for all of them, 1 at least."""
        return -(-most // self.size)


ALONE = Team()
