"""Each rule of acceptance removed in turn: then a trace of the small world breaks a promise."""

from collections.abc import Sequence, Set
from typing import Any

import msgspec
import pytest

from ledger.domain.acts import AcceptGovernance
from ledger.domain.changes.governable import require_governable
from ledger.domain.charter import Charter
from ledger.domain.holdings import Passkey
from ledger.domain.person import Person
from ledger.domain.policy import Node
from tests.support.small_judge import Removed, require_trace
from tests.support.small_moves import acceptances, accepts, approvals, drafts
from tests.support.small_world import (
    ADA,
    ADMINISTRATOR,
    CAL,
    State,
    about,
    govern,
    of_role,
    without_passkeys,
    world,
)

THREE_ADMINISTRATORS = world(Node(2, ("role:administrator",)), *[ADMINISTRATOR] * 3)
BOARD = of_role("define-role", "board")
pytestmark = pytest.mark.usefixtures("each_signature_once")


def _nothing(*_: object, **__: object) -> None:
    """Require nothing."""


def _as_if_all_had_accepted(
    rules: Charter,
    people: Sequence[Person],
    stated: Set[str] | None,
    *,
    now_ms: int,
    completes: bool,
) -> None:
    del completes
    require_governable(rules, people, stated, now_ms=now_ms, completes=False)


def _keeps_what_was_accepted(person: Person, role: str, _: str) -> dict[str, Any]:
    return {"roles": person.roles - {role}}


def _any_policy(act: AcceptGovernance, rules: Charter, *_: object) -> Node:
    del act
    return rules.governance


def _any_passkey(person: Person, credential_id: str, *, now_ms: int) -> Passkey:
    return person.passkeys[credential_id]


def _without_acceptance(state: State, who: int) -> State:
    people = list(state.people)
    people[who] = msgspec.structs.replace(people[who], accepted={})
    return state._replace(people=tuple(people))


REMOVED: dict[str, Removed] = {
    "an approval takes acceptance": (
        _without_acceptance(THREE_ADMINISTRATORS, CAL),
        [drafts(BOARD, by=[ADA, CAL]), approvals()],
        [("ledger.domain.governance.require_accepted", _nothing)],
        "somebody approves who has not accepted governance",
    ),
    "those who accepted can meet governance afterwards": (
        THREE_ADMINISTRATORS,
        [drafts(govern(3), by=[ADA]), approvals()],
        [("ledger.domain.changes.effects.require_governable", _as_if_all_had_accepted)],
        "nobody can approve a change any more",
    ),
    "an acceptance ends with its role": (
        THREE_ADMINISTRATORS,
        [drafts(about("end-role", CAL, ADMINISTRATOR), by=[ADA]), approvals()],
        [("ledger.domain.person._without_role", _keeps_what_was_accepted)],
        "an acceptance outlives its role",
    ),
    "an acceptance takes a passkey": (
        without_passkeys(_without_acceptance(THREE_ADMINISTRATORS, CAL), CAL),
        [acceptances],
        [("ledger.domain.person.Person.active_passkey", _any_passkey)],
        "no live passkey confirms",
    ),
    "people accept the policy in force or of a pending change": (
        _without_acceptance(THREE_ADMINISTRATORS, CAL),
        [accepts(Node(3, ("role:administrator",)))],
        [("ledger.domain.acceptance._policy", _any_policy)],
        "somebody accepts a policy that nobody asks for",
    ),
}


@pytest.mark.parametrize("rule", REMOVED)
def test_without_a_rule_of_acceptance_a_trace_breaks_the_world(
    rule: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    require_trace(REMOVED[rule], monkeypatch)
