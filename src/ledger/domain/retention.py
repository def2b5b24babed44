"""Retention: after how long the erasure of a type's statements is proposed. Pure.

A type's definition has the rule, so governance approved it. It erases nothing: a change does, which
people approve, and which a hold stops. The rule of the newest definition counts for all statements
of the type, also after the type's end.
"""

from typing import Literal

import msgspec

from ledger.encoding import SafeInteger
from ledger.errors import MalformedError

DAY_MS = 24 * 3_600_000
MOST_DAYS = 36_600  # a hundred years
Since = Literal["drafted", "final"]


class Retention(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many days statements are kept, counted from their draft or from their final status."""

    days: SafeInteger
    since: Since

    def due_ms(self, *, drafted_ms: int, final_ms: int) -> int:
        """Return from when on an erasure is proposed, which is never before the final status."""
        begins_ms = drafted_ms if self.since == "drafted" else final_ms
        return max(begins_ms + self.days * DAY_MS, final_ms)


def check(rule: Retention) -> None:
    """Raise MalformedError `type_invalid` unless a rule is of 1 to 36,600 days."""
    if not 1 <= rule.days <= MOST_DAYS:
        raise MalformedError("type_invalid", f"retention is 1 to {MOST_DAYS:,} days")
