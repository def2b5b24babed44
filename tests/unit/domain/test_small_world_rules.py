"""Each rule of changes removed in turn: then a trace of the small world breaks a promise."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
import pytest

from ledger.domain import standing
from ledger.domain.changes.governable import require_governable
from ledger.domain.changes.items import parse_items
from ledger.domain.charter import Charter
from ledger.domain.governance import policy_digest
from ledger.domain.holdings import AttestedKey
from ledger.domain.person import Person
from ledger.domain.policy import Node, Policy, RolesByPerson, covers
from tests.support.changes import governors, set_charter, values
from tests.support.small_judge import Removed, require_trace
from tests.support.small_moves import approvals, drafts, endings, suspensions
from tests.support.small_world import (
    ADA,
    ADMINISTRATOR,
    BEN,
    CAL,
    Item,
    State,
    about,
    govern,
    having_accepted,
    moves_of,
    of_role,
    signer,
    without_passkeys,
    world,
)

TWO = Node(2, ("role:administrator",))
TWO_ADMINISTRATORS = world(TWO, ADMINISTRATOR, ADMINISTRATOR, "investor")
THREE_ADMINISTRATORS = world(TWO, *[ADMINISTRATOR] * 3)
BOARD = of_role("define-role", "board")
pytestmark = pytest.mark.usefixtures("each_signature_once")


def _nothing(*_: object, **__: object) -> None:
    """Require nothing."""


def _true(*_: object, **__: object) -> bool:
    return True


def _met_by_members(rules: Node | Policy, approved: RolesByPerson, *_: object) -> bool:
    """Count the members that somebody covers, as if one person could fill several places."""
    root = rules.root if isinstance(rules, Policy) else rules
    return root.threshold <= sum(
        any(covers(str(each), user, roles) for user, roles in approved.items()) for each in root.of
    )


def _anybody(self: Any, user: str) -> Person:
    found: list[Person] = self._all_people([UUID(user)])
    return found[0]


def _any_key(person: Person, kid: str, **_: object) -> AttestedKey:
    return person.keys[kid]


def _wrong_was(state: State) -> Item:
    other = values("open" if state.charter.registration == "invite" else "invite")
    item = set_charter(other, other)
    return {"set-charter": item["set-charter"] | {"was": "0" * 64}}


AS_PERSON_AND_ADMINISTRATOR = world(
    Node(2, ("user:00000000-0000-0000-0000-000000000001", "role:administrator")),
    ADMINISTRATOR,
    ADMINISTRATOR,
    "investor",
)


_can_act_with_a_key = standing.can_act


def _keys_are_enough(person: Person, *, now_ms: int, governance: bool) -> bool:
    del governance
    return _can_act_with_a_key(person, now_ms=now_ms)


def _never(*_: object) -> bool:
    return False


def _nobody_is_stated(
    rules: Charter, people: Sequence[Person], stated: object, *, now_ms: int, completes: bool
) -> None:
    del stated
    require_governable(rules, people, None, now_ms=now_ms, completes=completes)


ADMINISTRATORS_OR_ADA = Node(2, ("role:administrator", f"user:{signer(ADA).user}"))


def _leaves_cal_out(state: State) -> Item:
    policy = msgspec.to_builtins(ADMINISTRATORS_OR_ADA)
    people = governors(signer(ADA), signer(BEN))
    was = policy_digest(state.charter.governance)
    return {"set-governance": {"policy": policy, "people": people, "was": was}}


def _grants_unseen(state: State) -> Item:
    del state
    return {"grant-role": {"user": signer(CAL).user, "role": ADMINISTRATOR}}


def _with_a_board(state: State) -> State:
    rules = msgspec.structs.replace(state.charter, defined=frozenset({"board"}))
    return state._replace(charter=rules)


BOARD_GOVERNS = _with_a_board(
    world(Node(1, ("role:administrator", "role:board")), ADMINISTRATOR, "investor", "investor")
)

REMOVED: dict[str, Removed] = {
    "its policy is the one in force at each approval": (
        having_accepted(THREE_ADMINISTRATORS, Node(3, TWO.of)),
        [drafts(BOARD, govern(3), by=[ADA]), approvals()],
        [("ledger.domain.governance.require_in_force", _nothing)],
        "a change takes effect with fewer people than governance asks for",
    ),
    "those who can act can meet governance afterwards": (
        TWO_ADMINISTRATORS,
        [drafts(about("end-role", BEN, ADMINISTRATOR)), approvals()],
        [("ledger.domain.governance.require_meetable", _nothing)],
        "nobody can approve a change any more",
    ),
    "somebody suspended cannot act": (
        TWO_ADMINISTRATORS,
        [drafts(about("suspend", BEN)), approvals()],
        [("ledger.domain.changes.governable.can_act", _true)],
        "nobody can approve a change any more",
    ),
    "to govern takes a live passkey": (
        without_passkeys(THREE_ADMINISTRATORS, CAL),
        [drafts(about("end-role", BEN, ADMINISTRATOR)), approvals()],
        [("ledger.domain.changes.governable.can_act", _keys_are_enough)],
        "nobody can approve a change any more",
    ),
    "somebody suspended decides nothing": (
        THREE_ADMINISTRATORS,
        [drafts(about("suspend", CAL), BOARD, by=[ADA]), approvals()],
        [("ledger.domain.decisions.require_standing", _nothing)],
        "somebody suspended or deactivated decides",
    ),
    "each decision is confirmed with a passkey": (
        TWO_ADMINISTRATORS,
        [drafts(BOARD), approvals(confirmed=False)],
        [("ledger.domain.decisions._confirm", _nothing)],
        "no live passkey confirms",
    ),
    "one administrator suspends nobody who governs": (
        TWO_ADMINISTRATORS,
        [suspensions],
        [("ledger.domain.standing.has_place", _never)],
        "one person suspends somebody who governs",
    ),
    "a change states what it replaces": (
        TWO_ADMINISTRATORS,
        [drafts(_wrong_was), approvals()],
        [("ledger.domain.changes.ledger_effects.require_current", _nothing)],
        "a change replaces a value that its approvers did not see",
    ),
    "each person fills one place": (
        AS_PERSON_AND_ADMINISTRATOR,
        [drafts(BOARD), approvals()],
        [("ledger.domain.places.met", _met_by_members)],
        "a change takes effect with fewer people than governance asks for",
    ),
    "nobody governs by a role that people choose": (
        having_accepted(TWO_ADMINISTRATORS, Node(1, ("role:investor",))),
        [drafts(govern(1, "role:investor")), approvals()],
        [("ledger.domain.governance.require_valid", _nothing)],
        "people can choose to govern",
    ),
    "nothing concerns a deactivated person": (
        THREE_ADMINISTRATORS,
        [
            drafts(about("deactivate", CAL), about("grant-role", CAL, "auditor"), by=[ADA]),
            approvals(),
        ],
        [("ledger.domain.changes.effects._World._person", _anybody)],
        "a deactivated person is changed",
    ),
    "a change ends": (
        TWO_ADMINISTRATORS,
        [drafts(BOARD, ends=False)],
        [("ledger.domain.governance.check_change", parse_items)],
        "a change waits for ever",
    ),
    "a policy for two states everybody who can fill a place": (
        having_accepted(THREE_ADMINISTRATORS, ADMINISTRATORS_OR_ADA),
        [drafts(_leaves_cal_out, by=[ADA]), approvals()],
        [("ledger.domain.changes.effects.require_governable", _nobody_is_stated)],
        "somebody governs whom nobody compared",
    ),
    "a grant of a governing role states a passkey": (
        TWO_ADMINISTRATORS,
        [drafts(_grants_unseen, by=[ADA]), approvals()],
        [("ledger.domain.governance.needs_grant", _never)],
        "somebody governs whom nobody compared",
    ),
    "a role that governance names stays open": (
        BOARD_GOVERNS,
        [drafts(of_role("close-role", "board"))],
        [("ledger.domain.governance.require_open", _nothing)],
        "no change can state the policy any more",
    ),
    "an ended key decides nothing": (
        TWO_ADMINISTRATORS,
        [drafts(BOARD, by=[ADA]), approvals(), moves_of(BEN, endings)],
        [("ledger.domain.person.Person.active_key", _any_key)],
        "an ended key decides",
    ),
}


@pytest.mark.parametrize("rule", REMOVED)
def test_without_a_rule_a_trace_breaks_the_world(
    rule: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    require_trace(REMOVED[rule], monkeypatch)
