"""Retracting: one who approved takes the approval back while the statement is pending."""

from typing import Any

import msgspec
import pytest

from ledger.domain.events import ApprovalRetracted
from ledger.errors import ConflictError, MalformedError, RefusedError
from tests.support.refusals import refused
from tests.support.scene import ALICE, BOB, CAROL, Scene, user
from tests.support.signers import NOW_MS, TWO_OF_TWO, Signer

BOB_AND_CAROL: dict[str, Any] = {"threshold": 2, "of": [user(BOB), user(CAROL)]}
IN_STEPS: dict[str, Any] = {
    "steps": [
        {"threshold": 1, "of": [user(ALICE), user(BOB)]},
        {"threshold": 2, "of": [user(BOB), user(CAROL)]},
    ]
}


def approved_by(*who: Signer, policy: dict[str, Any] | None = None) -> Scene:
    scene = Scene(policy)
    for each in who:
        scene.sign(each)
    return scene


@pytest.mark.parametrize("reason", [None, "", "By mistake.", "x" * 2000])
def test_who_approved_takes_the_approval_back(reason: str | None) -> None:
    scene = approved_by(BOB)
    act = scene.retraction(BOB, **({} if reason is None else {"reason": reason}))
    assert scene.retract(BOB, act) == ApprovalRetracted(
        signer=BOB.user, kid=BOB.key.kid, iat=NOW_MS // 1000 + 1, act=act, reason=reason
    )
    assert (scene.status, scene.statement.approvals) == ("pending", {})


def test_an_approval_that_was_taken_back_completes_no_policy() -> None:
    scene = approved_by(BOB, policy=BOB_AND_CAROL)
    scene.retract(BOB)
    assert scene.sign(CAROL).status == "pending"
    assert scene.sign(BOB).status == "approved"


def test_a_new_approval_is_signed_later_than_the_retraction() -> None:
    scene = Scene()
    first = BOB.shared(scene.raw)
    scene.sign(BOB, first)
    scene.retract(BOB)
    for jws in (first, BOB.shared(scene.raw, iat=NOW_MS // 1000 + 1)):
        with refused(RefusedError, "out_of_order"):
            scene.sign(BOB, jws)
    assert scene.sign(BOB, BOB.shared(scene.raw, iat=NOW_MS // 1000 + 2)).status == "pending"
    assert [*scene.statement.approvals] == [BOB.user]


def test_a_retraction_is_signed_later_than_the_approval() -> None:
    scene = approved_by(BOB)
    with refused(RefusedError, "out_of_order"):
        scene.retract(BOB, scene.retraction(BOB, iat=NOW_MS // 1000))


def test_who_took_the_approval_back_can_reject() -> None:
    scene = approved_by(BOB, policy=BOB_AND_CAROL)
    scene.retract(BOB)
    assert scene.reject(BOB).status == "rejected"


def test_a_rejection_before_the_approval_does_not_come_back() -> None:
    scene = Scene({"threshold": 2, "of": [user(ALICE), user(BOB), user(CAROL)]})
    scene.reject(BOB)
    scene.sign(BOB)
    scene.retract(BOB)
    assert scene.statement.rejections == {}
    # Alice and Bob can still approve it.
    assert scene.reject(CAROL).status == "pending"


def test_whom_the_policy_no_longer_asks_still_takes_the_approval_back() -> None:
    scene = approved_by(BOB)
    auditor = msgspec.structs.replace(BOB.person, roles=frozenset({"auditor"}))
    scene.retract(BOB, person=auditor)
    assert scene.statement.approvals == {}


# --- steps ---------------------------------------------------------------------------------------


def test_a_step_opens_again_for_the_place_that_is_empty() -> None:
    scene = approved_by(ALICE, CAROL, policy=IN_STEPS)
    scene.retract(ALICE)
    with refused(ConflictError, "needed_later"):
        scene.sign(BOB)
    assert scene.sign(ALICE).step == 1
    assert (scene.sign(BOB).step, scene.status) == (2, "approved")


def test_an_approval_of_a_later_step_can_be_taken_back() -> None:
    scene = approved_by(ALICE, CAROL, policy=IN_STEPS)
    scene.retract(CAROL)
    assert (scene.sign(BOB).step, scene.status) == (2, "pending")
    assert (scene.sign(CAROL).step, scene.status) == (2, "approved")


# --- who and when --------------------------------------------------------------------------------


def test_nobody_takes_back_what_they_did_not_approve() -> None:
    scene = approved_by(ALICE)
    with refused(ConflictError, "not_approved"):
        scene.retract(BOB)
    scene.reject(BOB)
    with refused(ConflictError, "not_approved"):
        scene.retract(BOB)


def test_an_approval_is_taken_back_once() -> None:
    scene = approved_by(BOB)
    scene.retract(BOB)
    with refused(ConflictError, "not_approved"):
        scene.retract(BOB)


def test_an_approval_in_question_counts_for_nothing_and_is_not_taken_back() -> None:
    scene = approved_by(BOB)
    key = BOB.person.keys[BOB.key.kid]
    since = msgspec.structs.replace(key, compromised_since="2026-11-21T03:04:05.678Z")
    person = msgspec.structs.replace(BOB.person, keys={key.kid: since})
    with refused(ConflictError, "not_approved"):
        scene.retract(BOB, person=person)


def test_what_is_final_keeps_its_approvals() -> None:
    scene = approved_by(BOB, policy={"threshold": 1, "of": [user(BOB)]})
    with refused(ConflictError, "statement_approved"):
        scene.retract(BOB)
    scene = approved_by(BOB)
    scene.withdraw(ALICE)
    with refused(ConflictError, "statement_withdrawn"):
        scene.retract(BOB)
    scene = approved_by(BOB, policy=TWO_OF_TWO | {"expiresAt": "2026-11-21T03:05:00.000Z"})
    with refused(ConflictError, "statement_expired"):
        scene.retract(BOB, now_ms=NOW_MS + 60_000)


def test_a_revoked_key_takes_nothing_back() -> None:
    scene = approved_by(BOB)
    with refused(RefusedError, "key_revoked"):
        scene.retract(BOB, person=BOB.person_with(BOB.key, revoked=(BOB.key.kid,)))


# --- the act -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "members", [{"sha256": "0" * 64}, {"statementId": "x"}, {"act": "withdraw"}], ids=str
)
def test_an_act_about_anything_else_takes_nothing_back(members: dict[str, Any]) -> None:
    scene = approved_by(BOB)
    with refused(RefusedError, "act_mismatch"):
        scene.retract(BOB, scene.retraction(BOB, **members))


def test_a_stale_act_takes_nothing_back() -> None:
    scene = approved_by(BOB)
    with refused(RefusedError, "iat_stale"):
        scene.retract(BOB, now_ms=NOW_MS + 302_000)


@pytest.mark.parametrize(
    ("reason", "code"), [("x" * 2001, "reason_invalid"), ("By\u200bmistake", "text_refused")]
)
def test_a_reason_is_text_of_at_most_2000_characters(reason: str, code: str) -> None:
    scene = approved_by(BOB)
    with refused(MalformedError, code):
        scene.retract(BOB, scene.retraction(BOB, reason=reason))


def test_a_passkey_confirms_the_retraction_where_it_confirms_every_decision() -> None:
    scene = Scene(BOB_AND_CAROL | {"assurance": "passkey"})
    jws = BOB.shared(scene.raw)
    scene.sign(BOB, jws, assertion=BOB.confirm(jws))
    with refused(RefusedError, "assertion_required"):
        scene.retract(BOB)
    act = scene.retraction(BOB)
    assertion = BOB.confirm(act)
    event = scene.retract(BOB, act, assertion=assertion)
    assert (event.assertion, event.sign_count) == (assertion, BOB.passkey.sign_count)


def test_an_assertion_that_no_policy_asks_for_is_refused_with_the_retraction() -> None:
    scene = approved_by(BOB)
    act = scene.retraction(BOB)
    with refused(MalformedError, "assertion_unexpected"):
        scene.retract(BOB, act, assertion=BOB.confirm(act))
