"""Versions: who supersedes what, when the earlier one ends, and what the new one has to meet."""

from typing import Any

import msgspec
import pytest

from ledger.domain import drafting, versions
from ledger.domain.statement import Statement
from ledger.errors import (
    ConflictError,
    ForbiddenError,
    LedgerError,
    MalformedError,
    NotFoundError,
    RefusedError,
)
from tests.support.refusals import refused
from tests.support.scene import ALICE, BOB, CAROL, DAVE, ERIN, Scene, user
from tests.support.signers import CHARTER, NOW_MS, TWO_OF_TWO, Signer

STRICT: dict[str, Any] = {"threshold": 2, "of": [user(BOB), user(CAROL)]}
LAX: dict[str, Any] = {"threshold": 1, "of": [user(ALICE)]}
IN_STEPS: dict[str, Any] = {
    "steps": [{"threshold": 1, "of": [user(ALICE)]}, {"threshold": 1, "of": [user(DAVE)]}]
}
ENDS = {"expiresAt": "2026-11-21T03:05:00.000Z"}


def approved(policy: dict[str, Any] | None = None, *who: Signer) -> Scene:
    """Return a statement that these people, or Bob and Carol, approved."""
    scene = Scene(policy or STRICT)
    for each in who or (BOB, CAROL):
        scene.sign(each)
    assert scene.status == "approved"
    return scene


def draft(earlier: Statement | None, *, by: Signer = ALICE, **members: Any) -> None:
    """Draft a new version of a statement, found or not."""
    raw = by.document(**members)
    drafting.draft(
        raw,
        by.draft_act(raw),
        by.person,
        charter=CHARTER,
        now_ms=NOW_MS,
        find=lambda stream: earlier if earlier and str(stream) == earlier.id else None,
    )


# --- a pending statement -------------------------------------------------------------------------


def test_a_pending_statement_ends_with_the_draft_of_its_new_version() -> None:
    first = Scene(STRICT)
    second = Scene(LAX, earlier=first)
    assert (first.status, second.statement.earlier) == ("superseded", "pending")
    for decide in (first.sign, first.reject):
        with refused(ConflictError, "statement_superseded"):
            decide(BOB)
    with refused(ConflictError, "statement_superseded"):
        first.withdraw(ALICE)


def test_the_policy_of_a_pending_one_is_not_asked_of_the_new_version() -> None:
    second = Scene(LAX, earlier=Scene(STRICT))
    assert second.sign(ALICE).status == "approved"


@pytest.mark.parametrize("status", ["rejected", "withdrawn", "expired"])
def test_what_ended_without_approval_is_superseded_by_nothing_but_a_link(status: str) -> None:
    first = Scene(STRICT | ENDS if status == "expired" else STRICT)
    if status == "rejected":
        first.reject(BOB)
    elif status == "withdrawn":
        first.withdraw(ALICE)
    else:
        past = msgspec.structs.replace(first.statement, ends_ms=NOW_MS)
        first.statement = past
    second = Scene(LAX, earlier=first)
    assert (second.statement.earlier, second.statement.replaced) == (status, None)
    assert second.sign(ALICE).status == "approved"
    assert first.statement.status_at(NOW_MS) == status


# --- an approved statement -----------------------------------------------------------------------


def test_a_version_of_an_approved_one_is_approved_when_both_policies_are_met() -> None:
    first = approved()
    second = Scene(LAX, earlier=first)
    assert second.sign(ALICE).status == "pending"
    assert second.sign(BOB).status == "pending"
    assert first.status == "approved"
    assert second.sign(CAROL).status == "approved"
    assert first.status == "superseded"


def test_the_old_policy_alone_is_not_enough() -> None:
    second = Scene(LAX, earlier=approved())
    for who in (BOB, CAROL):
        assert second.sign(who).status == "pending"
    assert second.sign(ALICE).status == "approved"


def test_one_whom_no_policy_asks_approves_no_version() -> None:
    with refused(ForbiddenError, "not_a_signer"):
        Scene(LAX, earlier=approved()).sign(DAVE)


def test_neither_the_veto_nor_the_end_of_the_old_policy_is_asked() -> None:
    first = Scene(STRICT | {"veto": [user(DAVE)]} | ENDS)
    for who in (BOB, CAROL):
        first.sign(who)
    second = Scene(LAX, earlier=first)
    with refused(ForbiddenError, "not_a_signer"):
        second.reject(DAVE, now_ms=NOW_MS + 60_000)
    for who in (ALICE, BOB, CAROL):
        second.sign(who, now_ms=NOW_MS + 60_000)
    assert second.status == "approved"


def test_a_passkey_confirms_each_decision_if_the_old_policy_asks_for_it() -> None:
    first = Scene(STRICT | {"assurance": "passkey"})
    for who in (BOB, CAROL):
        jws = who.shared(first.raw)
        first.sign(who, jws, assertion=who.confirm(jws))
    second = Scene(LAX, earlier=first)
    with refused(RefusedError, "assertion_required"):
        second.sign(ALICE)


def test_people_without_whom_the_old_policy_cannot_be_met_end_the_version() -> None:
    second = Scene(LAX, earlier=approved())
    assert second.reject(BOB).status == "rejected"


def test_an_approval_of_a_version_is_of_its_document() -> None:
    first = approved()
    second = Scene(LAX, earlier=first)
    with refused(RefusedError, "shared_form_required"):
        second.sign(ALICE, ALICE.individual(second.raw))


# --- steps ---------------------------------------------------------------------------------------


def test_the_steps_of_the_old_policy_are_met_in_any_order() -> None:
    first = Scene(IN_STEPS)
    first.sign(ALICE)
    first.sign(DAVE)
    second = Scene(STRICT, earlier=first)
    for who in (BOB, CAROL, DAVE):
        assert second.sign(who).status == "pending"
    assert second.sign(ALICE).status == "approved"


def test_who_only_the_old_policy_asks_fills_no_step_of_the_new_one() -> None:
    second = Scene(IN_STEPS, earlier=approved())
    assert [second.sign(who).step for who in (CAROL, ALICE, DAVE)] == [None, 1, 2]
    assert second.status == "pending"
    assert (second.sign(BOB).step, second.status) == (None, "approved")


def test_whom_the_old_policy_no_longer_lacks_waits_for_the_step() -> None:
    first = approved({"threshold": 1, "of": [user(BOB), user(DAVE)]}, BOB)
    second = Scene(IN_STEPS, earlier=first)
    second.sign(BOB)
    with refused(ConflictError, "step_closed"):
        second.sign(DAVE)


# --- two versions of one -------------------------------------------------------------------------


def test_a_version_ends_when_another_one_replaces_the_approved_statement() -> None:
    first = approved()
    second, third = Scene(LAX, earlier=first), Scene(LAX, earlier=first, title="Another")
    for who in (ALICE, BOB, CAROL):
        second.sign(who)
    assert (first.status, third.status) == ("superseded", "pending")
    assert versions.is_outrun(third.statement, first.statement)
    for decide in (third.sign, third.reject):
        with refused(ConflictError, "statement_superseded"):
            decide(BOB)
    with refused(ConflictError, "statement_superseded"):
        third.withdraw(ALICE)
    # The one that replaced it takes further approvals.
    assert not versions.is_outrun(second.statement, first.statement)


def test_what_is_superseded_has_no_other_new_version() -> None:
    first = Scene(STRICT)
    Scene(LAX, earlier=first)
    with refused(ConflictError, "statement_superseded"):
        Scene(LAX, earlier=first)


def test_a_pending_version_of_an_approved_one_is_not_superseded_itself() -> None:
    second = Scene(LAX, earlier=approved())
    with refused(ConflictError, "version_pending"):
        Scene(LAX, earlier=second)


@pytest.mark.parametrize("status", ["rejected", "withdrawn", "expired"])
def test_a_version_that_did_not_replace_an_approved_one_is_not_superseded(status: str) -> None:
    first = approved()
    second = Scene(LAX, earlier=first)
    if status == "rejected":
        second.reject(BOB)
    elif status == "withdrawn":
        second.withdraw(ALICE)
    else:
        second.statement = msgspec.structs.replace(second.statement, ends_ms=NOW_MS)
    with refused(ConflictError, "version_ended"):
        Scene(LAX, earlier=second)
    assert Scene(LAX, earlier=first).statement.replaced is not None


def test_a_version_that_replaced_an_approved_one_is_superseded_by_the_next() -> None:
    second = Scene(STRICT, earlier=approved())
    for who in (BOB, CAROL):
        second.sign(who)
    assert Scene(LAX, earlier=second).statement.earlier == "approved"


# --- who, and what the document copies -----------------------------------------------------------


def test_only_its_creator_supersedes_a_statement() -> None:
    first = Scene(STRICT)
    mallory = Signer(66, "creator")
    with refused(ForbiddenError, "creator_only"):
        draft(first.statement, by=mallory, supersedes=first.copied())


def test_an_unknown_statement_is_not_superseded() -> None:
    with refused(NotFoundError, "statement_unknown"):
        draft(None, supersedes=Scene(STRICT).copied())


@pytest.mark.parametrize(
    "copied", [{"sha256": "0" * 64}, {"policy": LAX}], ids=["digest", "policy"]
)
def test_the_document_copies_digest_and_policy_of_what_it_supersedes(
    copied: dict[str, Any],
) -> None:
    first = Scene(STRICT)
    with refused(RefusedError, "superseded_mismatch"):
        Scene(LAX, earlier=first, supersedes=first.copied() | copied)


def test_nothing_supersedes_a_change() -> None:
    first = Scene(STRICT)
    first.statement = msgspec.structs.replace(first.statement, items=())
    with refused(MalformedError, "change_invalid"):
        Scene(LAX, earlier=first)


def test_an_approved_one_whose_roles_are_closed_has_no_new_version() -> None:
    first = approved({"threshold": 2, "of": ["role:investor"]})
    rules = msgspec.structs.replace(first.statement.policy, of=("role:legal",))
    first.statement = msgspec.structs.replace(first.statement, policy=rules)
    copied = first.copied() | {"policy": {"threshold": 2, "of": ["role:legal"]}}
    with refused(MalformedError, "policy_impossible"):
        Scene(LAX, earlier=first, supersedes=copied)


@pytest.mark.parametrize(
    ("given", "kind", "code"),
    [
        (str(ERIN.user), MalformedError, "document_malformed"),
        ({"statement": "x", "sha256": "", "policy": LAX}, MalformedError, "id_invalid"),
        ({"statement": ERIN.user, "sha256": ""}, MalformedError, "document_malformed"),
        (
            {"statement": ERIN.user, "sha256": "", "policy": TWO_OF_TWO | {"threshold": 0}},
            MalformedError,
            "policy_invalid",
        ),
        (
            {"statement": ERIN.user, "sha256": "", "policy": LAX, "more": 1},
            MalformedError,
            "document_malformed",
        ),
    ],
)
def test_what_a_document_says_of_the_earlier_one_has_one_shape(
    given: Any, kind: type[LedgerError], code: str
) -> None:
    with refused(kind, code):
        draft(None, supersedes=given)
