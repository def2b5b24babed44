"""What holds after every change: those who can act could meet the governance policy. Pure.

A draft is asked as if everybody had accepted the policy. An approval that completes a change is
asked of those who have: others may never come. A change that raises governance states everybody who
can fill one of its places; then nobody else can.
"""

from collections.abc import Sequence, Set

from ledger.domain import governance
from ledger.domain.charter import Charter
from ledger.domain.person import Person, may_sign
from ledger.domain.policy import RolesByPerson
from ledger.domain.standing import can_act
from ledger.errors import ConflictError


def require_governable(
    rules: Charter,
    people: Sequence[Person],
    stated: Set[str] | None,
    *,
    now_ms: int,
    completes: bool,
) -> None:
    """Require that these people, all who could fill a place, could meet the governance policy.

    `stated` are those whom the change states, None if it states nobody. If the change `completes`,
    only those who accepted the policy count, by the roles that they held then. Raises ConflictError
    `governance_unmeetable`, `people_incomplete`.
    """
    if completes:
        able = counting(rules, people, now_ms=now_ms)
    else:
        able = {each.user: each.roles for each in _acting(rules, people, now_ms)}
    governance.require_meetable(rules.governance, able)
    if stated is None:
        return
    for each in people:
        placed = governance.has_place(rules.in_force(each), rules.governance)
        if placed and each.standing != "deactivated" and each.user not in stated:
            detail = "somebody who is not among `people` could fill a place of governance"
            raise ConflictError("people_incomplete", detail)


def counting(rules: Charter, people: Sequence[Person], *, now_ms: int) -> RolesByPerson:
    """Return those of these people who count in governance and can act, with their roles there."""
    return {
        each.user: governance.accepted_roles(each, rules.governance)
        for each in _acting(rules, people, now_ms)
        if governance.counts(each, rules.governance)
    }


def _acting(rules: Charter, people: Sequence[Person], now_ms: int) -> list[Person]:
    """Return those of these people who can act in governance, with their open roles."""
    return [
        each
        for each in map(rules.in_force, people)
        if may_sign(each) and can_act(each, now_ms=now_ms, governance=True)
    ]
