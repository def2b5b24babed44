"""Every state of a small world: nobody takes over, nothing deadlocks, governance holds.

The search is breadth first: every state that two steps reach, and every step from there. With
SMALL_WORLD=whole it is every state that seven steps reach, so every trace of eight steps, which
takes long.
"""

import os

import pytest

from ledger.domain.policy import Node
from tests.support.small_judge import broken
from tests.support.small_moves import approvals, drafts, endings, moves_of, suspensions
from tests.support.small_world import (
    ADA,
    ADMINISTRATOR,
    BEN,
    CAL,
    State,
    about,
    explore,
    govern,
    of_role,
    world,
)

DEPTH = 8 if os.environ.get("SMALL_WORLD") == "whole" else 3
EVERY_STATE = 10**9
TWO = Node(2, ("role:administrator",))
TWO_ADMINISTRATORS = world(TWO, ADMINISTRATOR, ADMINISTRATOR, "investor")
THREE_ADMINISTRATORS = world(TWO, *[ADMINISTRATOR] * 3)
BOARD = of_role("define-role", "board")
pytestmark = pytest.mark.usefixtures("each_signature_once")


ITEMS = (
    about("grant-role", CAL, ADMINISTRATOR),
    about("end-role", BEN, ADMINISTRATOR),
    about("suspend", BEN),
    about("reinstate", BEN),
    about("deactivate", CAL),
    govern(1),
    govern(3),
)


@pytest.mark.parametrize("first", [TWO_ADMINISTRATORS, THREE_ADMINISTRATORS])
def test_no_reachable_state_is_taken_over_deadlocked_or_decided_by_the_wrong_people(
    first: State,
) -> None:
    assert (
        broken(
            first,
            drafts(*ITEMS),
            approvals(),
            suspensions,
            endings,
            states=EVERY_STATE,
            depth=DEPTH,
        )
        == []
    )


def test_the_search_goes_through_changes_of_governance_roles_and_standing() -> None:
    met = {
        type(body).__name__
        for _, step, _ in explore(
            TWO_ADMINISTRATORS, [drafts(*ITEMS), approvals()], depth=DEPTH, states=EVERY_STATE
        )
        for _, body in step.effects
    }
    assert met >= {"RoleGranted", "StandingSet", "GovernanceSet"}


def test_one_of_two_administrators_alone_changes_nothing_that_governs() -> None:
    items = [*ITEMS, BOARD, about("deactivate", BEN)]
    for _, step, trace in explore(
        TWO_ADMINISTRATORS,
        [moves_of(ADA, drafts(*items), approvals(), suspensions)],
        depth=8,
        states=500,
    ):
        assert step.effects == (), trace
        assert step.after.charter == TWO_ADMINISTRATORS.charter, trace
        assert [each.roles for each in step.after.people] == [
            each.roles for each in TWO_ADMINISTRATORS.people
        ]
        assert step.after.people[BEN].standing == "active", trace


def test_signing_keys_without_passkeys_change_nothing() -> None:
    (waiting,) = (
        step.after
        for _, step, _ in explore(TWO_ADMINISTRATORS, [drafts(BOARD, by=[ADA])], depth=1, states=9)
    )
    assert len(waiting.changes) == 1
    assert [*explore(waiting, [approvals(confirmed=False)], depth=8, states=500)] == []
