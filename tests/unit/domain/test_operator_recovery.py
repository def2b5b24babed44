"""How many people governance lacks, and with which roles the operator invites them.

tests/vectors/operator_recovery has what the auditor says of whole recoveries.
"""

from itertools import combinations, product

import pytest

from ledger.domain import places
from ledger.domain.operator_recovery import roles_lacking
from ledger.domain.policy import Node
from ledger.errors import ConflictError
from tests.support.refusals import refused

ADA, BEN = "00000000-0000-4000-8000-0000000000a1", "00000000-0000-4000-8000-0000000000b2"
ADMINISTRATORS = Node(3, ("role:administrator",))
NESTED = Node(2, (Node(1, ("role:board",)), Node(2, ("role:administrator", "role:board"))))
NAMED = Node(2, (f"user:{ADA}", "role:administrator", Node(1, (f"user:{BEN}", "role:board"))))


def test_each_person_who_is_missing_is_invited_with_the_role_that_is_missing() -> None:
    one = {ADA: frozenset({"administrator"})}
    assert roles_lacking(ADMINISTRATORS, one) == ("administrator", "administrator")
    assert roles_lacking(NESTED, {}) == ("administrator", "administrator", "board")
    assert roles_lacking(NESTED, one) == ("administrator", "board")


def test_governance_that_lacks_nobody_is_not_recovered() -> None:
    with refused(ConflictError, "governance_can_act"):
        roles_lacking(Node(1, ("role:administrator",)), {ADA: frozenset({"administrator"})})


def test_nobody_takes_the_place_of_somebody_who_is_named() -> None:
    alone = Node(1, (f"user:{ADA}",))
    with refused(ConflictError, "governance_names_people"):
        roles_lacking(alone, {})
    with refused(ConflictError, "governance_names_people"):
        roles_lacking(Node(2, (f"user:{ADA}", Node(1, ("role:board",)))), {BEN: {"board"}})


@pytest.mark.parametrize("policy", [ADMINISTRATORS, NESTED, NAMED])
def test_the_invited_people_are_enough_and_as_few_as_can_be(policy: Node) -> None:
    """Compared with every choice of roles for fewer people, for every set of people who act."""
    kinds = [frozenset({"administrator"}), frozenset({"board"}), frozenset({"creator"})]
    names = (ADA, BEN, "00000000-0000-4000-8000-0000000000c3")
    for count in range(len(names) + 1):
        for users in combinations(names, count):
            for held in product(kinds, repeat=count):
                acting = dict(zip(users, held, strict=True))
                if places.met(policy, acting):
                    continue
                found = roles_lacking(policy, acting)
                assert places.met(policy, acting | invited(found))
                for fewer in product(["administrator", "board"], repeat=len(found) - 1):
                    assert not places.met(policy, acting | invited(fewer))


def invited(roles: tuple[str, ...]) -> dict[str, frozenset[str]]:
    return {f"invited {number}": frozenset({role}) for number, role in enumerate(roles)}
