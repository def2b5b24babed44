"""The states that the effects of a change are decided by. Pure."""

from collections.abc import Callable, Sequence
from typing import NamedTuple
from uuid import UUID

from ledger.domain import policy
from ledger.domain.charter import Charter
from ledger.domain.erasure import Erasing
from ledger.domain.person import Person
from ledger.domain.policy import Node
from ledger.domain.statement import Statement


class Sources(NamedTuple):
    """The states as of the change's position.

    `people` returns these people, or raises NotFoundError `user_unknown`. `holders` returns who
    holds a role; it is None if the evidence leaves out people. `statement` returns a statement, or
    raises NotFoundError `statement_unknown`; `erasing` returns what its erasure depends on, and by
    default nothing. `is_late` tells whether the change is recorded late.
    """

    charter: Charter
    people: Callable[[Sequence[UUID]], list[Person]]
    holders: Callable[[str], frozenset[UUID]] | None
    statement: Callable[[UUID], Statement]
    erasing: Callable[[UUID], Erasing] = lambda _: Erasing()
    is_late: bool = False

    def governors(self, rules: Node) -> frozenset[UUID] | None:
        """Return everybody who could fill a place of governance; None without `holders`."""
        if self.holders is None:
            return None
        held = {user for role in policy.roles_named(rules) for user in self.holders(role)}
        return frozenset(held.union(policy.people_named(rules)))
