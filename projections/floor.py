"""Which pending statements are below the charter's floor: nobody can approve them."""

import sqlite3

from ledger.domain.charter_values import Floor, shortfall
from ledger.domain.policy import Policy
from projections import changes, rules


def in_force(db: sqlite3.Connection, *, at: int) -> Floor:
    """Return the floor as of a position."""
    return rules.values(db, at=at).floor


def is_below(db: sqlite3.Connection, number: int, policy: Policy, floor: Floor) -> bool:
    """Tell whether the statement with this stream number and policy is below a floor.

    A change never is: `charter_values.require_governance` keeps governance above it.
    """
    return shortfall(policy, floor) is not None and changes.content(db, number) is None
