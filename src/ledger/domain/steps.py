"""Steps: which one of a policy is open, and whose approval it takes. Pure.

The steps of a policy are met one after the other, and each person fills a place of one of them. So
an approval is refused if it fills no place, or if a later step could then never be met.
"""

from collections.abc import Set

import msgspec

from ledger.domain import places
from ledger.domain.counting import RecordedDecisions, steps_of
from ledger.domain.decision_context import DecisionContext
from ledger.domain.places import StepsByPerson
from ledger.domain.policy import Policy, RolesByPerson, covers, members, nodes
from ledger.errors import ConflictError


class GivenApprovals(msgspec.Struct, frozen=True):
    """The approvals that count on a policy with steps, and what decides who can still approve.

    `approvals` have the roles of their own positions, and `steps` the step of each. `open_roles`
    are those of the ledger whose holders sign. Nobody of `without` is expected to approve: the
    creator, if they may not, and those whose latest decision is a rejection. An approval of the
    `excluded`, such a creator, fills no step.
    """

    approvals: RolesByPerson
    steps: StepsByPerson
    open_roles: Set[str]
    without: Set[str]
    excluded: Set[str] = frozenset()


def open_step(policy: Policy, approvals: RolesByPerson, steps: StepsByPerson) -> int | None:
    """Return the number, from 1, of the first step that is not met; None if all are."""
    for number, step in enumerate(policy.ordered, start=1):
        if not places.met(step, of_step(number, approvals, steps)):
            return number
    return None


def of_step(number: int, approvals: RolesByPerson, steps: StepsByPerson) -> RolesByPerson:
    """Return the approvals that fill places of one step."""
    return {user: roles for user, roles in approvals.items() if steps.get(user) == number}


def require_open(policy: Policy, given: GivenApprovals, user: str, roles: Set[str]) -> int:
    """Return the number of the open step, if this person's approval fills a place of it.

    Raises ConflictError `step_closed` if the step names nobody like them, or they are excluded;
    `not_needed` if they would fill no place that is left, or no step is open; `needed_later` if
    the later steps could not be met without them.
    """
    number = open_step(policy, given.approvals, given.steps)
    if number is None:
        raise ConflictError("not_needed", "all steps of the policy are complete")
    step, mine = policy.ordered[number - 1], {user: roles}
    if user in given.excluded or not any(covers(each, user, roles) for each in members(step)):
        raise ConflictError("step_closed", f"step {number} is open, and it names somebody else")
    if not places.lowers(step, of_step(number, given.approvals, given.steps), mine):
        raise ConflictError("not_needed", f"step {number} has no place left for this person")
    if not places.possible(
        policy,
        given.open_roles,
        approvals={**given.approvals, **mine},
        steps={**given.steps, user: number},
        without=given.without - {user},
    ):
        detail = "a later step of the policy needs this person, who can approve only once"
        raise ConflictError("needed_later", detail)
    return number


def step_for(
    policy: Policy,
    creator: str,
    approvals: RecordedDecisions,
    rejections: RecordedDecisions,
    decision: DecisionContext,
) -> int | None:
    """Return the step that the person's approval fills, None in a policy without steps.

    Raises as `require_open`.
    """
    if not policy.ordered:
        return None
    excluded = places.excluded(policy, creator)
    without = decision.counted(rejections).keys() | excluded
    given = GivenApprovals(
        decision.counted(approvals), steps_of(approvals), decision.roles, without, excluded
    )
    return require_open(policy, given, decision.person.user, decision.person.roles)


class Refusals:
    """For which code the open step would refuse each person's approval.

    People whom the same nodes name get the same answer, so each answer is computed once.
    """

    def __init__(self, policy: Policy, given: GivenApprovals) -> None:
        self._policy = policy
        self._given = given
        self._naming: dict[str, int] = {}  # each member with the nodes that name it, as bits
        for number, node in enumerate(nodes(policy)):
            for member in node.of:
                if isinstance(member, str):
                    self._naming[member] = self._naming.get(member, 0) | 1 << number
        self._known: dict[tuple[int, frozenset[str]], str | None] = {}

    def of(self, user: str, roles: Set[str]) -> str | None:
        """Return the code of the refusal, None if the approval would be taken."""
        named = frozenset(role for role in roles if f"role:{role}" in self._naming)
        key = (self._naming.get(f"user:{user}", 0), named)
        if key not in self._known:
            try:
                require_open(self._policy, self._given, user, named)
                self._known[key] = None
            except ConflictError as error:
                self._known[key] = error.code
        return self._known[key]
