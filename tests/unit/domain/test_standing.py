"""Standing: who can act, and what a suspended or deactivated person is told."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import msgspec
import pytest

from ledger.domain.charter import Charter
from ledger.domain.confirmed_act import ConfirmedAct
from ledger.domain.events import Event, PersonSuspended
from ledger.domain.person import Person, evolve
from ledger.domain.policy import Node
from ledger.domain.standing import can_act, suspend
from ledger.domain.vocabulary import PersonStanding
from ledger.errors import ConflictError, ForbiddenError, MalformedError, RefusedError
from tests.support.refusals import refused
from tests.support.scene import ALICE, BOB, CAROL, DAVE, Scene
from tests.support.signers import CHARTER, LEDGER, NOW_MS, PARTY, Signer

ENDS = "2026-11-21T03:04:05.678Z"  # NOW_MS


def standing(person: Person, value: PersonStanding) -> Person:
    return msgspec.structs.replace(person, standing=value)


def without_passkeys(person: Person) -> Person:
    gone = {
        name: msgspec.structs.replace(each, removed=True) for name, each in person.passkeys.items()
    }
    return msgspec.structs.replace(person, passkeys=gone)


def keys_end(person: Person, ends: str) -> Person:
    keys = {
        kid: msgspec.structs.replace(each, expires_at=ends) for kid, each in person.keys.items()
    }
    return msgspec.structs.replace(person, keys=keys)


def test_a_person_with_a_passkey_or_a_key_can_act() -> None:
    revoked = BOB.person_with(BOB.key, revoked=(BOB.key.kid,))
    assert can_act(BOB.person, now_ms=NOW_MS)
    assert can_act(revoked, now_ms=NOW_MS)
    assert can_act(without_passkeys(BOB.person), now_ms=NOW_MS)
    assert not can_act(without_passkeys(revoked), now_ms=NOW_MS)


def test_a_key_at_its_end_lets_nobody_act() -> None:
    person = keys_end(without_passkeys(BOB.person), ENDS)
    assert can_act(person, now_ms=NOW_MS - 1)
    assert not can_act(person, now_ms=NOW_MS)


def test_governance_asks_for_a_passkey() -> None:
    assert can_act(BOB.person, now_ms=NOW_MS, governance=True)
    assert not can_act(without_passkeys(BOB.person), now_ms=NOW_MS, governance=True)


@pytest.mark.parametrize("value", ["suspended", "deactivated"])
def test_nobody_suspended_or_deactivated_can_act(value: PersonStanding) -> None:
    assert not can_act(standing(BOB.person, value), now_ms=NOW_MS)
    assert not can_act(standing(BOB.person, value), now_ms=NOW_MS, governance=True)


def _approved(scene: Scene) -> Scene:
    scene.sign(ALICE)
    return scene


DECISIONS: dict[str, Callable[[Scene, Person], object]] = {
    "sign": lambda scene, person: scene.sign(ALICE, person=person),
    "reject": lambda scene, person: scene.reject(ALICE, person=person),
    "retract": lambda scene, person: _approved(scene).retract(ALICE, person=person),
    "withdraw": lambda scene, person: scene.withdraw(ALICE, person=person),
}


@pytest.mark.parametrize(
    ("value", "code"),
    [("suspended", "person_suspended"), ("deactivated", "person_deactivated")],
)
@pytest.mark.parametrize("decide", DECISIONS.values(), ids=DECISIONS)
def test_nobody_suspended_or_deactivated_decides(
    decide: Callable[[Scene, Person], object], value: PersonStanding, code: str
) -> None:
    with refused(ForbiddenError, code):
        decide(Scene(), standing(ALICE.person, value))


# --- suspending ----------------------------------------------------------------------------------

DAVE_BOB = {"user": BOB.user, "reason": "Left the company."}


def suspension(
    whom: Person = BOB.person,
    by: Signer = DAVE,
    *,
    actor: Person | None = None,
    confirmed: bool = True,
    rules: Charter = CHARTER,
    **members: Any,
) -> PersonSuspended:
    act = by.act("suspend", **(DAVE_BOB | {"user": whom.user} | members))
    assertion = by.confirm(act) if confirmed else None
    asked = ConfirmedAct(act, assertion, LEDGER, PARTY, NOW_MS)
    return suspend(whom, actor or by.person, asked, rules)


def governed_by(*members: str) -> Charter:
    return msgspec.structs.replace(CHARTER, governance=Node(1, members))


def test_one_administrator_suspends_a_person_with_a_passkey() -> None:
    body = suspension()
    assert (body.user, body.by, body.reason) == (BOB.user, DAVE.user, "Left the company.")
    after = evolve(BOB.person, Event(UUID(BOB.user), BOB.person.version + 1, ENDS, body))
    assert after.standing == "suspended"
    assert (after.keys, after.passkeys) == (BOB.person.keys, BOB.person.passkeys)


def test_a_passkey_confirms_every_suspension() -> None:
    with refused(RefusedError, "assertion_required"):
        suspension(confirmed=False)


def test_nobody_but_a_person_with_a_place_in_governance_suspends() -> None:
    with refused(ForbiddenError, "governance_only"):
        suspension(by=ALICE)
    assert suspension(by=ALICE, rules=governed_by(f"user:{ALICE.user}")).by == ALICE.user
    assert suspension(by=ALICE, rules=governed_by("role:creator")).by == ALICE.user
    with refused(ForbiddenError, "governance_only"):
        suspension(rules=governed_by(f"user:{ALICE.user}"))  # Dave is an administrator only


def test_a_person_with_a_place_in_governance_is_suspended_by_a_change_only() -> None:
    administrator = Signer(9, "administrator", "investor").person
    with refused(ConflictError, "suspension_needs_change"):
        suspension(administrator)
    with refused(ConflictError, "suspension_needs_change"):
        suspension(rules=governed_by("role:administrator", f"user:{BOB.user}"))
    with refused(ConflictError, "suspension_needs_change"):
        suspension(rules=governed_by("role:administrator", "role:investor"))
    assert suspension(administrator, rules=governed_by(f"user:{DAVE.user}")).by == DAVE.user


def test_a_closed_role_is_no_place_in_governance() -> None:
    legal = msgspec.structs.replace(BOB.person, roles=BOB.person.roles | {"legal"})
    rules = governed_by("role:administrator", "role:legal")
    with refused(ConflictError, "suspension_needs_change"):
        suspension(legal, rules=rules)
    closed = msgspec.structs.replace(rules, closed=frozenset({"legal"}))
    assert suspension(legal, rules=closed).user == BOB.user
    with refused(ForbiddenError, "governance_only"):
        suspension(CAROL.person, by=BOB, actor=legal, rules=closed)


def test_a_person_is_suspended_once() -> None:
    with refused(ConflictError, "person_suspended"):
        suspension(standing(BOB.person, "suspended"))
    with refused(ConflictError, "person_deactivated"):
        suspension(standing(BOB.person, "deactivated"))


def test_a_suspended_administrator_suspends_nobody() -> None:
    with refused(ForbiddenError, "person_suspended"):
        suspension(actor=standing(DAVE.person, "suspended"))


def test_an_act_about_another_person_suspends_nobody() -> None:
    with refused(RefusedError, "act_mismatch"):
        suspension(user=CAROL.user)


@pytest.mark.parametrize("reason", ["", "too short", "x" * 2001])
def test_a_suspension_has_a_reason(reason: str) -> None:
    with refused(MalformedError, "reason_invalid"):
        suspension(reason=reason)


def test_standing_is_asked_after_the_status_and_before_eligibility() -> None:
    scene = Scene({"threshold": 1, "of": [f"user:{BOB.user}"]})
    outsider = standing(ALICE.person, "suspended")
    with refused(ForbiddenError, "person_suspended"):
        scene.sign(ALICE, person=outsider)
    scene.withdraw(ALICE)
    with refused(ConflictError, "statement_withdrawn"):
        scene.sign(ALICE, person=outsider)
