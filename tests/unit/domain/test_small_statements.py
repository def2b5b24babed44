"""Every state of a small world of statements: final stays final, and uses stay within their number.

Three people, a statement and its new version, retractions, uses, a stolen key and time. The search
is breadth first to a depth; with SMALL_WORLD=whole it goes on to every state. Then each rule is
removed in turn, and a trace of the same world breaks a promise.
"""

import json
import os
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from ledger.domain import places
from ledger.domain.person import Person
from ledger.domain.statement import Statement
from ledger.domain.usable import RecordedUse
from tests.support.small_statement_judge import broken, faults
from tests.support.small_statements import ADA, BEN, CAL, NAMED, Rules, explore, first

DEPTH = 100 if os.environ.get("SMALL_WORLD") == "whole" else 5
EVERY_STATE = 10**9
pytestmark = pytest.mark.usefixtures("each_signature_once")


def node(threshold: int, *who: int) -> dict[str, Any]:
    return {"threshold": threshold, "of": [NAMED[each] for each in who]}


def rules(policy: dict[str, Any], newer: dict[str, Any], times: int = 1) -> Rules:
    return Rules(json.dumps(policy), json.dumps(newer), times)


TWO_OF_THREE = rules(node(2, ADA, BEN, CAL), node(1, BEN, CAL))
IN_STEPS = rules({"steps": [node(1, BEN), node(1, CAL)]}, node(1, ADA), times=2)
BEN_ALONE = rules(node(1, BEN), {"steps": [node(1, ADA), node(1, BEN)]})
WORLDS = {"two of three": TWO_OF_THREE, "in steps": IN_STEPS, "one": BEN_ALONE}


@pytest.mark.slow
@pytest.mark.parametrize("world", WORLDS.values(), ids=WORLDS)
def test_no_step_breaks_a_promise(world: Rules) -> None:
    assert broken(first(world), depth=DEPTH, states=EVERY_STATE) == []


def test_the_search_meets_every_kind_of_step_and_status() -> None:
    kinds, statuses = set(), set()
    for _, step, _ in explore(first(BEN_ALONE), depth=5, states=2_000):
        kinds.add(step.kind)
        statuses |= {each.status for each in step.after.both if each is not None}
    assert kinds >= {
        *("draft", "sign", "reject", "retract", "withdraw", "use", "theft", "time"),
        *("report done", "report not-done", "report unknown"),
    }
    assert statuses == {"pending", "approved", "rejected", "withdrawn", "superseded"}


# --- each rule removed ---------------------------------------------------------------------------


def _nothing(*_: object, **__: object) -> None:
    """Require nothing."""


def _yes(*_: object, **__: object) -> bool:
    return True


def _one_more(_: int, uses: tuple[RecordedUse, ...]) -> tuple[int, int]:
    return len(uses) + 1, 1


def _whenever(statement: Statement, now_ms: int) -> Any:
    del now_ms
    return statement.usable


def _no_passkey(asked: object, person: Person) -> tuple[None, None]:
    del asked, person
    return None, None


def _any_step(*_: object, **__: object) -> int:
    return 2


def _own_policy_only(statement: Statement, approvals: Any, steps: Any) -> bool:

    return places.met(statement.policy, approvals, steps)


def _of_anybody(earlier: Statement | None, *_: object, **__: object) -> str | None:
    return None if earlier is None else earlier.status


class Removed(NamedTuple):
    """A rule: its name in the code, what replaces it, and the fault that follows."""

    world: Rules
    place: str
    other: Callable[..., Any]
    fault: str


REMOVED = {
    "the status": Removed(
        BEN_ALONE, "ledger.domain.versions.require_status", _nothing, "a final status changes"
    ),
    "an approval before a use": Removed(
        BEN_ALONE, "ledger.domain.versions.require_status", _nothing, "used without an approval"
    ),
    "the number of uses": Removed(
        BEN_ALONE, "ledger.domain.uses.next_use", _one_more, "used too often"
    ),
    "who uses": Removed(BEN_ALONE, "ledger.domain.uses.may_use", _yes, "used by a stranger"),
    "the nonce": Removed(
        IN_STEPS, "ledger.domain.uses._require_new", _nothing, "the same use counts twice"
    ),
    "the end of the use": Removed(
        BEN_ALONE, "ledger.domain.uses._require_usable", _whenever, "used after its end"
    ),
    "what is in question": Removed(
        IN_STEPS,
        "ledger.domain.uses._require_counted",
        _nothing,
        "used on approvals in question",
    ),
    "the executor's report": Removed(
        BEN_ALONE,
        "ledger.domain.uses._require_open",
        _nothing,
        "freed without a report of its executor and another person",
    ),
    "one outcome": Removed(
        BEN_ALONE,
        "ledger.domain.uses._require_open",
        _nothing,
        "another outcome replaces the executor's",
    ),
    "the passkey of a confirmation": Removed(
        BEN_ALONE,
        "ledger.domain.confirmed_act.ConfirmedAct.confirmed_by",
        _no_passkey,
        "freed without a passkey",
    ),
    "the threshold": Removed(
        TWO_OF_THREE,
        "ledger.domain.places.met",
        _yes,
        "approved by fewer people than the policy asks for",
    ),
    "the order of steps": Removed(
        IN_STEPS, "ledger.domain.steps.step_for", _any_step, "a later step is taken first"
    ),
    "the policy of the version before": Removed(
        TWO_OF_THREE,
        "ledger.domain.versions.meets",
        _own_policy_only,
        "approved without those whom the version before asks for",
    ),
    "whose new version it is": Removed(
        BEN_ALONE,
        "ledger.domain.versions.require_supersedable",
        _of_anybody,
        "a stranger makes a new version",
    ),
}


def _first_with(fault: str, world: Rules) -> list[str]:
    """Return the first trace that ends in this fault, nothing if none does."""

    for before, step, trace in explore(first(world), depth=8, states=6_000):
        if fault in faults(before, step):
            return trace
    return []


@pytest.mark.parametrize("name", REMOVED)
def test_each_rule_removed_gives_a_trace_that_breaks_a_promise(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule = REMOVED[name]
    monkeypatch.setattr(rule.place, rule.other)
    assert _first_with(rule.fault, rule.world)
