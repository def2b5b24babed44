"""Places: when a policy is met, how many people are missing, and who can help. Pure counting.

Each person fills one place of a policy. A node names people directly, by id or by role.
`ledger.jose.fillings` has the sums, which count the signers of any JWS too.

The steps of a policy are nested nodes that are all required. An approval fills a place of the step
that was open when it was given, and of no other: steps.py tells which one is open.
"""

from collections import Counter
from collections.abc import Mapping, Set
from functools import lru_cache
from types import MappingProxyType

import msgspec

from ledger.domain.policy import AnyNode, Node, Policy, RolesByPerson, nodes
from ledger.errors import MalformedError
from ledger.jose.fillings import UNLIMITED, Filling, Reach, fillings, lack, reach

# Most statements have one of a few policies. What is kept of a large one takes half a megabyte.
_POLICIES = 32
# Each approver with the number of the step, from 1, that their approval fills.
StepsByPerson = Mapping[str, int]
NO_STEPS: StepsByPerson = MappingProxyType({})


class Missing(msgspec.Struct, frozen=True):
    """How many more people a policy needs, and the members whose people can help.

    A person can help if their approval lowers `people`: then a member of `helping` covers them.
    """

    people: int
    helping: frozenset[str]


def met(root: AnyNode, approvals: RolesByPerson, steps: StepsByPerson = NO_STEPS) -> bool:
    """Tell whether these people's approvals fill the places of a policy or node."""
    people = _named(root)
    given = people.reach(people.count(approvals, steps))
    return any(lack(each, given)[0] == 0 for each in people.fillings)


def lowers(node: Node, approvals: RolesByPerson, further: RolesByPerson) -> bool:
    """Tell whether further approvals lower what some filling of the node lacks."""
    people = _named(node)
    given = people.count(approvals)
    before, after = people.reach(given), people.reach(given + people.count(further))
    return any(lack(each, after)[0] < lack(each, before)[0] for each in people.fillings)


def missing(
    root: AnyNode,
    approvals: RolesByPerson,
    able: RolesByPerson,
    without: Set[str] = frozenset(),
    steps: StepsByPerson = NO_STEPS,
) -> Missing | None:
    """Return what is missing, None if not even those who are `able` to approve could meet it.

    `approvals` count with the roles of their own positions. Nobody of `without` can still approve.
    In a policy with steps, only the members of the first step that lacks people can help.
    """
    people = _named(root)
    further = {
        user: roles for user, roles in able.items() if user not in approvals and user not in without
    }
    given = people.count(approvals, steps)
    now, hoped = people.reach(given), people.reach(given + people.count(further))
    lacks = [lack(each, now) for each in people.fillings if lack(each, hoped)[0] == 0]
    if not lacks:
        return None
    least = min(number for number, _ in lacks)
    helping = 0
    for number, short in lacks:
        helping |= people.first_step(short) if number == least else 0
    return Missing(least, people.members(helping))


def possible(
    root: AnyNode,
    open_roles: Set[str],
    *,
    approvals: RolesByPerson | None = None,
    steps: StepsByPerson = NO_STEPS,
    without: Set[str] = frozenset(),
) -> bool:
    """Tell whether people could ever meet a policy, not only today's.

    Those people are everybody whom it names but those of `without`, any number of further holders
    of each open role, and those who approved.
    """
    people = _named(root)
    given = approvals or {}
    named = people.users.keys() - given.keys() - without
    supply = people.count(given, steps) + people.count({user: frozenset() for user in named})
    for role in people.roles.keys() & open_roles:
        supply[people.roles[role]] += UNLIMITED  # the anonymous holders of an open role
    hoped = people.reach(supply)
    return any(lack(each, hoped)[0] == 0 for each in people.fillings)


def require_possible(policy: Policy, creator: str, open_roles: Set[str]) -> None:
    """Raise MalformedError `policy_impossible` if no people could ever meet the policy."""
    if not _is_possible(policy, creator, frozenset(open_roles)):
        raise MalformedError(
            "policy_impossible", "no people could meet this policy: each fills one place"
        )


@lru_cache(maxsize=_POLICIES)
def _is_possible(policy: Policy, creator: str, open_roles: frozenset[str]) -> bool:
    return possible(policy, open_roles, without=excluded(policy, creator))


def excluded(policy: Policy, creator: str) -> frozenset[str]:
    """Return who may never approve: the creator, if the policy says so."""
    return frozenset() if policy.creator_may_sign else frozenset({creator})


class _Named:
    """The nodes of a policy by number, and for each member the nodes that name it, as bits."""

    def __init__(self, root: AnyNode) -> None:
        self.nodes = nodes(root)
        # For each step in order: its nodes, as bits.
        self.steps = (
            _nodes_of_steps(self.nodes) if isinstance(root, Policy) and root.ordered else []
        )
        # The choices of nodes that could be filled; all of them have every step.
        self.fillings = [each for each in _fillings(self.nodes) if not self.steps or each[0] == 0]
        self.users: dict[str, int] = {}
        self.roles: dict[str, int] = {}
        for number, node in enumerate(self.nodes):
            for member in node.of:
                if isinstance(member, str):
                    kind, _, name = member.partition(":")
                    bits = self.users if kind == "user" else self.roles
                    bits[name] = bits.get(name, 0) | 1 << number

    def count(self, people: RolesByPerson, steps: StepsByPerson = NO_STEPS) -> Counter[int]:
        """Return how many of these people are named in exactly which nodes.

        Who fills a place of a step is counted in the nodes of that step only.
        """
        found: Counter[int] = Counter()
        for user, roles in people.items():
            bits = self.users.get(user, 0)
            for role in roles:
                bits |= self.roles.get(role, 0)
            if user in steps:
                bits &= self.steps[steps[user] - 1]
            found[bits] += 1
        return found

    def first_step(self, chosen: int) -> int:
        """Return those of these nodes that stand in the first step with any of them."""
        return next((chosen & step for step in self.steps if chosen & step), chosen)

    def reach(self, counted: Mapping[int, int]) -> Reach:
        """Return for each set of nodes how many of the counted people it names."""
        return reach(len(self.nodes), counted)

    def members(self, chosen: int) -> frozenset[str]:
        """Return the members that these nodes name directly."""
        found = [("user", self.users), ("role", self.roles)]
        return frozenset(
            f"{kind}:{name}"
            for kind, named in found
            for name, bits in named.items()
            if bits & chosen
        )


@lru_cache(maxsize=_POLICIES)
def _named(root: AnyNode) -> _Named:
    return _Named(root)


def _nodes_of_steps(found: list[Node]) -> list[int]:
    first = [0]  # for each node, the step in which it stands
    for parent, node in enumerate(found):
        nested = sum(not isinstance(member, str) for member in node.of)
        first += [first[parent] or len(first) + each for each in range(nested)]
    steps = [0] * found[0].threshold
    for number, step in enumerate(first[1:], start=1):
        steps[step - 1] |= 1 << number
    return steps


def _fillings(found: list[Node]) -> list[Filling]:
    shape = (
        (node.threshold, tuple(each.threshold for each in node.of if not isinstance(each, str)))
        for node in found
    )
    return fillings(shape)
