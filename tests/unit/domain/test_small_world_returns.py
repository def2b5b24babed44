"""Re-enrolments in the small world: a link alone takes nothing over, and each rule is needed."""

import os
from collections.abc import Sequence

import pytest

from ledger.domain.epochs import Loss
from ledger.domain.person import Person
from ledger.domain.policy import Node
from tests.support.small_judge import broken
from tests.support.small_moves import acceptances, approvals, drafts, suspensions
from tests.support.small_returns import admits, cancellations, redemptions, returns, waits
from tests.support.small_world import (
    ADA,
    ADMINISTRATOR,
    BEN,
    CAL,
    Move,
    State,
    about,
    explore,
    govern,
    moves_of,
    signer,
    world,
)

DEPTH = 10 if os.environ.get("SMALL_WORLD") == "whole" else 7
EVERY_STATE = 10**9
ONE, TWO = (Node(threshold, ("role:administrator",)) for threshold in (1, 2))
ONE_IS_ENOUGH = world(ONE, ADMINISTRATOR, ADMINISTRATOR, "investor")
TWO_ADMINISTRATORS = world(TWO, ADMINISTRATOR, ADMINISTRATOR, "investor")
THREE_ADMINISTRATORS = world(TWO, *[ADMINISTRATOR] * 3)
ITEMS = (
    returns(BEN),
    admits(BEN),
    govern(1),
    govern(2),
    about("suspend", BEN),
    about("deactivate", BEN),
)
pytestmark = pytest.mark.usefixtures("each_signature_once")


@pytest.mark.slow
@pytest.mark.parametrize("first", [THREE_ADMINISTRATORS, ONE_IS_ENOUGH])
def test_the_secret_of_a_link_alone_takes_nothing_over(first: State) -> None:
    moves = [drafts(*ITEMS, by=[ADA]), approvals(), redemptions, waits, cancellations]
    assert broken(first, *moves, states=EVERY_STATE, depth=DEPTH) == []


def test_the_search_goes_through_re_enrolments_that_are_complete() -> None:
    moves = [drafts(returns(BEN), admits(BEN), by=[ADA]), approvals(), redemptions, waits]
    found = explore(THREE_ADMINISTRATORS, moves, depth=DEPTH, states=EVERY_STATE)
    assert any(step.after.people[BEN].re_enrolled_at for _, step, _ in found)


def test_one_of_two_administrators_alone_lets_nobody_come_back() -> None:
    alone = moves_of(ADA, drafts(*ITEMS), approvals(), suspensions)
    for _, step, trace in explore(
        TWO_ADMINISTRATORS, [alone, redemptions, waits], depth=8, states=500
    ):
        assert [each.link for each in step.after.people] == [None] * 3, trace


def _nothing(*_: object, **__: object) -> None:
    """Require nothing."""


def _never(*_: object) -> bool:
    return False


def _is_suspended(who: Person) -> bool:
    return who.standing == "suspended"


def _as_it_was(who: Person, now_ms: int, losses: Sequence[Loss] = ()) -> Person:
    del now_ms, losses
    return who


REMOVED: dict[str, tuple[State, list[Move], str, object, str]] = {
    "under two a re-enrolment needs an admission": (
        THREE_ADMINISTRATORS,
        [drafts(returns(BEN), by=[ADA]), approvals(), redemptions, waits],
        "ledger.domain.recoveries.policy.asks_for_two",
        _never,
        "somebody governs with a passkey that nobody compared",
    ),
    "an admission names the key": (
        THREE_ADMINISTRATORS,
        [
            drafts(returns(BEN), admits(BEN, signer(CAL).passkey), by=[ADA]),
            approvals(),
            redemptions,
            waits,
        ],
        "ledger.domain.held_passkeys.require_same",
        _nothing,
        "somebody governs with a passkey that nobody compared",
    ),
    "nobody gets a place in governance while their re-enrolment waits": (
        ONE_IS_ENOUGH,
        [drafts(returns(BEN), govern(2), by=[ADA]), redemptions, waits, acceptances, approvals()],
        "ledger.domain.held_passkeys.require_live",
        _nothing,
        "somebody governs with a passkey that nobody compared",
    ),
    "a passkey waits before it works": (
        ONE_IS_ENOUGH,
        [drafts(returns(BEN), by=[ADA]), redemptions],
        "ledger.domain.holdings.Passkey.waits",
        _never,
        "a link changes at once what somebody has",
    ),
    "everything older ends when the passkey works": (
        ONE_IS_ENOUGH,
        [drafts(returns(BEN), by=[ADA]), redemptions, waits],
        "ledger.domain.person.settled",
        _as_it_was,
        "an older device acts beside the one that replaced it",
    ),
    "a deactivated person does not come back": (
        ONE_IS_ENOUGH,
        [drafts(returns(BEN), about("deactivate", BEN), by=[ADA]), redemptions],
        "ledger.domain.recoveries.require_usable",
        _nothing,
        "somebody deactivated comes back",
    ),
    "somebody suspended cancels nothing": (
        ONE_IS_ENOUGH,
        [
            drafts(returns(BEN), about("suspend", BEN), by=[ADA]),
            redemptions,
            moves_of(BEN, cancellations),
        ],
        "ledger.domain.recoveries.require_standing",
        _nothing,
        "somebody suspended or deactivated decides",
    ),
    "a suspension that came after the link stays": (
        ONE_IS_ENOUGH,
        [drafts(returns(BEN), about("suspend", BEN), by=[ADA]), redemptions, waits],
        "ledger.domain.person_state._ends_suspension",
        _is_suspended,
        "somebody comes back who was suspended after a change let them",
    ),
    "only a person's own passkey and administrators cancel": (
        ONE_IS_ENOUGH,
        [drafts(returns(BEN), by=[ADA]), redemptions, moves_of(CAL, cancellations)],
        "ledger.domain.recoveries.require_place",
        _nothing,
        "somebody without a place cancels for another person",
    ),
}


@pytest.mark.parametrize("rule", REMOVED)
def test_without_a_rule_a_trace_breaks_the_world(
    rule: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, moves, place, other, fault = REMOVED[rule]
    assert broken(first, *moves, states=500) == []
    monkeypatch.setattr(place, other)
    trace = broken(first, *moves, states=500)
    assert fault in trace, trace
