"""A person who fills a place of a governance policy accepts it with a passkey, once."""

import json
from typing import Any
from uuid import UUID

import msgspec
import pytest

from ledger.domain import acceptance, drafting, governance, person, statement
from ledger.domain.changes import items
from ledger.domain.charter import Charter
from ledger.domain.confirmed_act import ConfirmedAct
from ledger.domain.events import Event, GovernanceAccepted, RoleEnded, RoleGranted
from ledger.domain.governance import FOUNDING, policy_digest
from ledger.domain.person import Person
from ledger.domain.policy import Node
from ledger.domain.statement import Statement
from ledger.errors import ConflictError, ForbiddenError, LedgerError, MalformedError, RefusedError
from tests.support.changes import acceptance as members
from tests.support.changes import governors
from tests.support.refusals import refused
from tests.support.scene import CAROL, DAVE, ERIN
from tests.support.signers import CHARTER, LEDGER, NOW_MS, PARTY, REGISTERED, Signer

TWO = Node(2, ("role:administrator",))
BOARD = Node(1, ("role:administrator", "role:board"))
NEW = msgspec.structs.replace(DAVE.person, accepted={})


def find_nothing(_: str) -> Statement | None:
    return None


def accept(
    who: Signer = DAVE,
    owner: Person = NEW,
    act: str | None = None,
    *,
    rules: Charter = CHARTER,
    known: Statement | None = None,
    **said: Any,
) -> GovernanceAccepted:
    """Return the acceptance of the policy in force; `said` is what the act says instead."""
    text = act or who.act("accept-governance", **(members(FOUNDING) | said))
    asked = ConfirmedAct(text, who.confirm(text), LEDGER, PARTY, NOW_MS)
    return acceptance.accept(owner, asked, rules, lambda _: known)


def fold(owner: Person, *bodies: Any) -> Person:
    for body in bodies:
        owner = person.evolve(owner, Event(UUID(owner.user), owner.version + 1, REGISTERED, body))
    return owner


def pending(*items: dict[str, Any]) -> Statement:
    """Return a change that Dave drafted."""
    raw = DAVE.change(*items)
    body, document = drafting.draft(
        raw, DAVE.draft_act(raw), DAVE.person, charter=CHARTER, now_ms=NOW_MS
    )
    return statement.evolve(None, Event(UUID(document.statement_id), 1, "", body))


def sets(policy: Node) -> dict[str, Any]:
    people = {"people": governors(DAVE)} if policy.threshold > 1 else {}
    stated = {"policy": msgspec.to_builtins(policy), "was": policy_digest(FOUNDING)}
    return {"set-governance": stated | people}


def test_an_acceptance_records_the_policy_the_key_and_the_passkey() -> None:
    body = accept()
    assert (body.policy_sha256, body.change) == (policy_digest(FOUNDING), None)
    assert (body.kid, body.assertion.credential_id) == (DAVE.key.kid, DAVE.passkey.id)
    accepted = fold(NEW, body)
    assert (governance.counts(NEW, FOUNDING), governance.counts(accepted, FOUNDING)) == (
        False,
        True,
    )
    assert (governance.awaits(NEW, FOUNDING), governance.awaits(accepted, FOUNDING)) == (
        True,
        False,
    )


def test_an_acceptance_ends_with_the_role_and_is_given_again_for_the_next_holding() -> None:
    accepted = fold(NEW, accept())
    again = fold(accepted, RoleEnded("change", "administrator"))
    again = fold(again, RoleGranted("change", "administrator"))
    assert not governance.counts(again, FOUNDING)
    with refused(ForbiddenError, "governance_not_accepted"):
        governance.require_accepted(again, FOUNDING)
    governance.require_accepted(fold(again, accept(owner=again)), FOUNDING)


def test_the_end_of_another_role_leaves_the_acceptance() -> None:
    accepted = fold(NEW, RoleGranted("change", "creator"), accept())
    left = fold(accepted, RoleEnded("change", "creator"))
    assert governance.counts(left, FOUNDING)


def test_a_place_by_a_role_that_came_later_is_accepted_by_itself() -> None:
    rules = msgspec.structs.replace(CHARTER, governance=BOARD, defined=frozenset({"board"}))
    accepted = fold(NEW, accept(rules=rules, **members(BOARD)))
    wider = fold(accepted, RoleGranted("change", "board"))
    assert governance.accepted_roles(wider, BOARD) == {"administrator"}
    assert governance.awaits(wider, BOARD)
    both = fold(wider, accept(owner=wider, rules=rules, **members(BOARD)))
    assert governance.accepted_roles(both, BOARD) == {"administrator", "board"}


def test_a_place_by_name_is_accepted_too() -> None:
    named = Node(1, (f"user:{CAROL.user}",))
    rules = msgspec.structs.replace(CHARTER, governance=named)
    carol = msgspec.structs.replace(CAROL.person, accepted={})
    assert governance.counts(
        fold(carol, accept(CAROL, carol, rules=rules, **members(named))), named
    )


def test_the_policy_of_a_pending_change_is_accepted_before_it_is_in_force() -> None:
    change = pending(sets(TWO))
    body = accept(known=change, **members(TWO, change.id))
    assert (body.change, body.policy_sha256) == (change.id, policy_digest(TWO))
    assert governance.counts(fold(NEW, body), TWO)
    assert not governance.counts(fold(NEW, body), FOUNDING)


def test_evidence_without_the_change_leaves_its_policy_to_evidence_of_the_whole_log() -> None:
    other = "7d3c2a52-1f6a-4a52-8b39-0d5c53a4f00f"
    assert accept(**members(TWO, other)).change == other


@pytest.mark.parametrize(
    "said",
    [members(TWO), members(TWO, "the change"), members(FOUNDING, "another change")],
    ids=["not in force", "not set by the change", "a change that sets none"],
)
def test_another_policy_is_not_accepted(said: dict[str, Any]) -> None:
    changes = {
        "the change": pending(sets(BOARD)),
        "another change": pending({"define-role": {"role": "legal"}}),
    }
    change = changes.get(said["change"])
    named = said | {"change": None if change is None else change.id}
    with refused(ConflictError, "governance_changed"):
        accept(known=change, **named)


def test_the_policy_of_a_change_that_no_longer_waits_is_not_accepted() -> None:
    change = pending(sets(TWO))
    over = msgspec.structs.replace(change, status="withdrawn")
    with refused(ConflictError, "statement_withdrawn"):
        accept(known=over, **members(TWO, change.id))
    late = msgspec.structs.replace(change, ends_ms=NOW_MS)
    with refused(ConflictError, "statement_expired"):
        accept(known=late, **members(TWO, change.id))


def test_a_policy_is_accepted_once_for_a_holding() -> None:
    with refused(ConflictError, "governance_accepted"):
        accept(owner=fold(NEW, accept()))


@pytest.mark.parametrize("who", [CAROL, ERIN], ids=["an investor", "an auditor"])
def test_nobody_accepts_a_policy_without_a_place_in_it(who: Signer) -> None:
    with refused(ForbiddenError, "governance_only"):
        accept(who, msgspec.structs.replace(who.person, accepted={}))


@pytest.mark.parametrize(
    ("standing", "code"),
    [("suspended", "person_suspended"), ("deactivated", "person_deactivated")],
)
def test_somebody_suspended_or_deactivated_accepts_nothing(standing: Any, code: str) -> None:
    with refused(ForbiddenError, code):
        accept(owner=msgspec.structs.replace(NEW, standing=standing))


def test_a_signing_key_alone_accepts_nothing() -> None:
    act = DAVE.act("accept-governance", **members(FOUNDING))
    asked = ConfirmedAct(act, None, LEDGER, PARTY, NOW_MS)
    with refused(RefusedError, "assertion_required"):
        acceptance.accept(NEW, asked, CHARTER, find_nothing)
    stolen = ConfirmedAct(act, CAROL.confirm(act), LEDGER, PARTY, NOW_MS)
    with refused(RefusedError, "passkey_unknown"):
        acceptance.accept(NEW, stolen, CHARTER, find_nothing)


@pytest.mark.parametrize(
    ("act", "kind", "code"),
    [
        (CAROL.act("accept-governance", **members(FOUNDING)), RefusedError, "key_unknown"),
        (DAVE.act("remove-passkey", credentialId="x"), RefusedError, "act_mismatch"),
        (
            DAVE.act("accept-governance", **members(FOUNDING), ledger="another.example/l"),
            RefusedError,
            "ledger_mismatch",
        ),
        (
            DAVE.act("accept-governance", **members(FOUNDING), iat=NOW_MS // 1000 - 3600),
            RefusedError,
            "iat_stale",
        ),
        (DAVE.act("accept-governance", **members(FOUNDING, "x")), MalformedError, "id_invalid"),
    ],
    ids=["another's key", "another act", "another ledger", "old", "no id"],
)
def test_another_signature_accepts_nothing(act: str, kind: type[LedgerError], code: str) -> None:
    with refused(kind, code):
        accept(act=act)


def test_governance_is_drafted_alone_and_nothing_else_is() -> None:
    alone = json.loads(DAVE.change(sets(TWO), {"define-role": {"role": "legal"}}))["content"]
    other = json.loads(DAVE.change({"define-role": {"role": "legal"}}))["content"]
    parse, is_alone = items.parse_content, items.is_drafted_alone
    assert (is_alone(parse(alone)), is_alone(parse(other))) == (True, False)
