"""The processes that serve one socket, and what each of them has to know of the others."""

from typing import NamedTuple

from ledger.http.quotas import SharedQuotas
from ledger.http.shared_holdings import Holding
from ledger.http.team_metrics import TeamMetrics


class Team(NamedTuple):
    """How many processes serve one socket, which one this is, and what they share.

    `holding` is this worker's own part of what they hold together.
    """

    size: int = 1
    is_first: bool = True
    number: int = 0
    quotas: SharedQuotas | None = None
    holding: Holding | None = None
    metrics: TeamMetrics | None = None

    def share_of(self, most: int) -> int:
        """Return this process's part of a bound that holds for all of them, 1 at least."""
        return -(-most // self.size)


ALONE = Team()
