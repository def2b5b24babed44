"""How often, by whom and until when an approved statement may be used, and which uses it has. Pure.

A document names executors, and allows a number of uses. Each use takes the lowest free number, and
keeps it with every outcome. There is one exception: the executor reports that the use was not
done, and another participant confirms that. Then the number is free once more, for a use of
generation 2, which nobody frees. uses.py decides.
"""

from collections.abc import Sequence, Set

import msgspec

from ledger import clock
from ledger.domain import policy
from ledger.domain.vocabulary import UseOutcome
from ledger.encoding import SafeInteger
from ledger.errors import ConflictError, MalformedError

MAX_EXECUTORS = 256
MAX_TIMES = 1_000
GENERATIONS = 2  # how many uses can take one number, one after the other


class Usable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who may use an approved statement, how many times in all, and until when (None: no end)."""

    by: tuple[str, ...]
    times: SafeInteger
    until: str | None = None


class RecordedUse(msgspec.Struct, frozen=True):
    """A use in the log, and what was reported of it; `freed` tells that it counts no longer."""

    number: int
    generation: int
    user: str
    nonce: str
    outcome: UseOutcome | None = None
    freed: bool = False

    @property
    def is_settled(self) -> bool:
        """Whether the outcome is known; otherwise somebody still has to find out."""
        return self.outcome in ("done", "not-done")


def check(usable: Usable) -> None:
    """Raise MalformedError `usable_invalid`, or `time_invalid` for its end."""
    if not 1 <= len(usable.by) <= MAX_EXECUTORS or len(set(usable.by)) != len(usable.by):
        raise _invalid(f"usable names 1 to {MAX_EXECUTORS} executors, each of them once")
    if not all(map(policy.is_member, usable.by)):
        raise _invalid("an executor is user:<id of a person> or role:<name of a role>")
    if not 1 <= usable.times <= MAX_TIMES:
        raise _invalid(f"a statement is usable 1 to {MAX_TIMES:,} times")
    if usable.until is not None:
        clock.to_ms(usable.until)


def require_draftable(usable: Usable, known: Set[str], *, now_ms: int) -> None:
    """Require executors of roles whose holders sign, and an end that is still to come.

    Raises MalformedError `usable_invalid`; ConflictError `use_expired`.
    """
    for member in usable.by:
        kind, _, name = member.partition(":")
        if kind == "role" and name not in known:
            raise _invalid(f"{name!r} is no role whose holders sign")
    if usable.until is not None and clock.to_ms(usable.until) <= now_ms:
        raise ConflictError("use_expired", "the time until which it can be used has passed")


def _invalid(detail: str) -> MalformedError:
    return MalformedError("usable_invalid", detail)


def next_use(times: int, uses: Sequence[RecordedUse]) -> tuple[int, int] | None:
    """Return the number and generation of the next use, None if none is left."""
    newest = {each.number: each for each in uses}
    for number in range(1, times + 1):
        last = newest.get(number)
        if last is None:
            return number, 1
        if last.freed:
            return number, last.generation + 1
    return None


def uses_left(times: int, uses: Sequence[RecordedUse]) -> int:
    """Return how many uses are left."""
    return times - sum(not each.freed for each in uses)
