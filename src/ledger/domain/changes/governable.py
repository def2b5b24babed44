"""What holds after every change: those who can act could meet the governance policy. Pure.

A draft is asked as if everybody had accepted the policy. An approval that completes a change is
asked of those who have: others may never come. A change that raises governance states everybody who
can fill one of its places; then nobody else can.
"""

from collections.abc import Sequence, Set

from ledger.domain import governance
from ledger.domain.charter import Charter
from ledger.domain.person import Person, may_sign
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
    people = [rules.in_force(each) for each in people]
    acting = [
        each for each in people if may_sign(each) and can_act(each, now_ms=now_ms, governance=True)
    ]
    if completes:
        able = {
            each.user: governance.accepted_roles(each, rules.governance)
            for each in acting
            if governance.counts(each, rules.governance)
        }
    else:
        able = {each.user: each.roles for each in acting}
    governance.require_meetable(rules.governance, able)
    if stated is None:
        return
    for each in people:
        placed = governance.has_place(each, rules.governance)
        if placed and each.standing != "deactivated" and each.user not in stated:
            detail = "somebody who is not among `people` could fill a place of governance"
            raise ConflictError("people_incomplete", detail)
