"""Policies with steps, decided by trying every assignment. No formula of ours is used."""

from collections.abc import Iterator, Mapping, Set
from itertools import combinations

from tests.support.assignments import Node, apart, assigned, crews, is_named

Places = list[Node]  # a node for each place that a person fills directly


class Stepwise:
    """Decisions on a policy with steps, one after the other.

    `roles` are everybody's. `crowd` are newcomers: as many holders of each open role as there are
    places.
    """

    def __init__(
        self, steps: list[Node], roles: Mapping[str, Set[str]], open_roles: str, named: Set[str]
    ) -> None:
        self.steps, self.roles, self.named = steps, roles, named
        places = sum(_places(step) for step in steps)
        self.crowd = {f"{role}{n}": {role} for role in open_roles for n in range(places)}
        self.filled: dict[str, int] = {}
        self.against: set[str] = set()

    def of_step(self, number: int) -> dict[str, Set[str]]:
        return {user: self.roles[user] for user, step in self.filled.items() if step == number}

    @property
    def open_step(self) -> int | None:
        """The number of the first step that its approvals cannot fill."""
        for number, step in enumerate(self.steps, start=1):
            if not assigned(step, self.of_step(number)):
                return number
        return None

    def approve(self, user: str) -> str:
        """Return the refusal of an approval, or its step and `!` if the policy is met then."""
        number = self.open_step
        if number is None:
            return "not_needed"
        step, mine = self.steps[number - 1], self.of_step(number)
        if not any(is_named(names, user, self.roles[user]) for names in _members(step)):
            return "step_closed"
        if not _adds(step, mine, mine | {user: self.roles[user]}):
            return "not_needed"
        before, self.filled = self.filled, self.filled | {user: number}
        if not self.is_possible(self.against - {user}):
            self.filled = before
            return "needed_later"
        self.against.discard(user)
        return f"{number}{'!' if self.open_step is None else ''}"

    def reject(self, user: str) -> str:
        """Return `no`, or `no!` if nobody could meet the policy without those who rejected."""
        self.against.add(user)
        return "no" if self.is_possible(self.against) else "no!"

    def is_possible(self, without: Set[str]) -> bool:
        """Tell whether the named people and the crowd can fill what is left of every step."""
        left: dict[str, Set[str]] = {
            user: set() for user in self.named - without - self.filled.keys()
        }
        steps = enumerate(self.steps, start=1)
        return bool(
            apart([crews(step, self.of_step(number) | left | self.crowd) for number, step in steps])
        )


def _places(node: Node) -> int:
    return int(node["threshold"]) + sum(map(_places, _nested(node)))


def _nested(node: Node) -> list[Node]:
    return [each for each in node["of"] if not isinstance(each, str)]


def _members(node: Node) -> Iterator[list[str]]:
    yield [each for each in node["of"] if isinstance(each, str)]
    for nested in _nested(node):
        yield from _members(nested)


def _adds(step: Node, before: Mapping[str, Set[str]], after: Mapping[str, Set[str]]) -> bool:
    """Tell whether more people fill places in some choice of the step's nested nodes."""
    return any(
        _most(each, [*after.items()]) > _most(each, [*before.items()]) for each in _choices(step)
    )


def _choices(node: Node) -> Iterator[Places]:
    """Yield the places of every choice of nested nodes."""
    nested = _nested(node)
    for number in range(min(len(nested), node["threshold"]) + 1):
        for chosen in combinations(nested, number):
            below: list[Places] = [[]]
            for each in chosen:
                below = [one + more for one in below for more in _choices(each)]
            for one in below:
                yield [node] * (node["threshold"] - number) + one


def _most(places: Places, people: list[tuple[str, Set[str]]]) -> int:
    """Return how many of these places the people can fill, by trying each person in each place."""
    if not people:
        return 0
    (user, roles), *others = people
    best = _most(places, others)
    for at, node in enumerate(places):
        names = [each for each in node["of"] if isinstance(each, str)]
        if is_named(names, user, roles):
            best = max(best, 1 + _most(places[:at] + places[at + 1 :], others))
    return best
