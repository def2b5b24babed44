"""Invitations in the small world: a link alone gives nobody a place that two people must give."""

from typing import Any

import pytest

from ledger.domain.charter import Charter
from ledger.domain.policy import Node
from tests.support.small_invitations import cancels, invites, registrations
from tests.support.small_judge import Removed, broken, require_trace
from tests.support.small_moves import acceptances, approvals, drafts
from tests.support.small_world import (
    ADA,
    ADMINISTRATOR,
    State,
    explore,
    govern,
    having_accepted,
    world,
)

EVERY_STATE = 10**9
ONE, TWO = (Node(threshold, ("role:administrator",)) for threshold in (1, 2))
ONE_IS_ENOUGH = world(ONE, ADMINISTRATOR, ADMINISTRATOR, "investor")
TWO_ADMINISTRATORS = world(TWO, ADMINISTRATOR, ADMINISTRATOR, "investor")
INVITED = drafts(invites(ADMINISTRATOR), by=[ADA])
INVITED_AND_RAISED = drafts(invites(ADMINISTRATOR), govern(2), govern(1), by=[ADA])
pytestmark = pytest.mark.usefixtures("each_signature_once")


@pytest.mark.slow
@pytest.mark.parametrize("first", [TWO_ADMINISTRATORS, ONE_IS_ENOUGH])
def test_the_secret_of_an_invitation_alone_gives_nobody_a_place_that_two_give(first: State) -> None:
    items = [invites(ADMINISTRATOR), cancels(ADMINISTRATOR), govern(1), govern(2)]
    moves = [drafts(*items), approvals(), acceptances, registrations]
    assert broken(first, *moves, states=EVERY_STATE, depth=6) == []


@pytest.mark.parametrize(
    ("first", "roles"), [(ONE_IS_ENOUGH, {ADMINISTRATOR}), (TWO_ADMINISTRATORS, set())]
)
def test_an_invitation_gives_its_role_where_one_person_is_enough(
    first: State, roles: set[str]
) -> None:
    moves = [INVITED, approvals(), registrations]
    came = [
        step.after.people[-1].roles
        for _, step, _ in explore(first, moves, depth=6, states=EVERY_STATE)
        if step.invited is not None
    ]
    assert came
    assert set(came) == {frozenset(roles)}


def _nothing(*_: object, **__: object) -> None:
    """Require nothing."""


def _never(*_: object) -> bool:
    return False


def _keeps_invitations(charter: Charter, new: Node) -> dict[str, Any]:
    return {"governance": new, "invitations": charter.invitations}


REMOVED: dict[str, Removed] = {
    "under two a link gives no role": (
        TWO_ADMINISTRATORS,
        [INVITED, approvals(), registrations],
        [("ledger.domain.admission.policy.asks_for_two", _never)],
        "somebody governs whom nobody compared",
    ),
    "a raise takes invitations their roles": (
        having_accepted(ONE_IS_ENOUGH, TWO),
        [INVITED_AND_RAISED, approvals(), registrations],
        [("ledger.domain.charter._governed", _keeps_invitations)],
        "an invitation from before a raise gives a role",
    ),
    "a cancelled invitation lets nobody in": (
        ONE_IS_ENOUGH,
        [drafts(invites(ADMINISTRATOR), cancels(ADMINISTRATOR), by=[ADA]), registrations],
        [("ledger.domain.admission.require_open", _nothing)],
        "a cancelled invitation lets somebody in",
    ),
    "a place in governance is accepted in the same visit": (
        ONE_IS_ENOUGH,
        [INVITED, registrations],
        [("ledger.domain.admission.accepted_with", _nothing)],
        "somebody comes with a place in governance that they have not accepted",
    ),
}


@pytest.mark.parametrize("rule", REMOVED)
def test_without_a_rule_a_trace_breaks_the_world(
    rule: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    require_trace(REMOVED[rule], monkeypatch)
