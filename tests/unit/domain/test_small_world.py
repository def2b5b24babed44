"""Every state of a small world: nobody takes over, nothing deadlocks, governance holds.

The search is breadth first: every state that two steps reach, and every step from there. With
SMALL_WORLD=whole it is every state that seven steps reach, so every trace of eight steps, which
takes long.
"""

import os

import msgspec
import pytest

from ledger.domain.events import GovernanceSet
from ledger.domain.policy import Node
from tests.support.small_judge import broken
from tests.support.small_moves import (
    acceptances,
    approvals,
    drafts,
    endings,
    suspensions,
)
from tests.support.small_world import (
    ADA,
    ADMINISTRATOR,
    BEN,
    CAL,
    State,
    about,
    explore,
    govern,
    moves_of,
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


@pytest.mark.slow
@pytest.mark.parametrize("first", [TWO_ADMINISTRATORS, THREE_ADMINISTRATORS])
def test_no_reachable_state_is_taken_over_deadlocked_or_decided_by_the_wrong_people(
    first: State,
) -> None:
    assert (
        broken(
            first,
            drafts(*ITEMS),
            approvals(),
            acceptances,
            suspensions,
            endings,
            states=EVERY_STATE,
            depth=DEPTH,
        )
        == []
    )


def test_the_search_goes_through_changes_of_roles_and_standing() -> None:
    met = {
        type(body).__name__
        for _, step, _ in explore(
            TWO_ADMINISTRATORS, [drafts(*ITEMS), approvals()], depth=DEPTH, states=EVERY_STATE
        )
        for _, body in step.effects
    }
    assert met >= {"RoleGranted", "StandingSet"}


@pytest.mark.parametrize("threshold", [1, 3])
def test_governance_is_set_when_enough_people_accepted_it_while_the_change_waited(
    threshold: int,
) -> None:
    moves = [drafts(govern(threshold), by=[ADA]), acceptances, approvals()]
    traces = [
        trace
        for _, step, trace in explore(THREE_ADMINISTRATORS, moves, depth=8, states=EVERY_STATE)
        if any(isinstance(body, GovernanceSet) for _, body in step.effects)
    ]
    accepted = [[name for name in trace if "accepts" in name] for trace in traces]
    assert min(map(len, accepted)) == threshold
    assert broken(THREE_ADMINISTRATORS, *moves, states=EVERY_STATE) == []


def test_a_holder_approves_changes_only_after_accepting_governance() -> None:
    newcomer = msgspec.structs.replace(THREE_ADMINISTRATORS.people[CAL], accepted={})
    first = THREE_ADMINISTRATORS._replace(people=(*THREE_ADMINISTRATORS.people[:CAL], newcomer))
    assert [*explore(first, [moves_of(CAL, drafts(BOARD))], depth=8, states=500)] == []
    moves = [moves_of(CAL, drafts(BOARD), acceptances)]
    traces = [
        trace for _, step, trace in explore(first, moves, depth=8, states=500) if step.approves
    ]
    assert [trace[0] for trace in traces] == ["C accepts a policy of 2"]


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
