"""Rejecting: when it ends a statement, and when it does not."""

from typing import Any

import pytest

from ledger.domain.events import StatementRejected
from ledger.errors import ConflictError, ForbiddenError, MalformedError, RefusedError
from tests.support.keys import ed25519_key
from tests.support.refusals import refused
from tests.support.scene import ALICE, BOB, CAROL, DAVE, ERIN, Scene, user
from tests.support.signers import NOW_MS, TWO_OF_TWO, Signer

MALLORY = Signer(66, "investor")
BOB_AND_CAROL: dict[str, Any] = {"threshold": 2, "of": [user(BOB), user(CAROL)]}


def test_a_rejection_is_recorded_with_its_reason_and_the_signers_roles() -> None:
    scene = Scene()
    act = scene.rejection(BOB)
    assert scene.reject(BOB, act) == StatementRejected(
        signer=BOB.user,
        kid=BOB.key.kid,
        roles=("investor",),
        reason="Too little.",
        iat=NOW_MS // 1000,
        status="pending",
        act=act,
        seen={BOB.user: 3},
    )
    assert [*scene.statement.rejections] == [BOB.user]


# --- reachability --------------------------------------------------------------------------------


def test_a_rejection_that_leaves_enough_people_leaves_it_pending() -> None:
    scene = Scene()
    assert scene.reject(BOB).status == "pending"
    assert scene.sign(CAROL).status == "pending"
    assert scene.sign(ALICE).status == "approved"


def test_a_rejection_by_one_of_two_who_are_needed_ends_it() -> None:
    assert Scene(BOB_AND_CAROL).reject(CAROL).status == "rejected"


def test_a_rejection_after_which_too_few_are_left_ends_it() -> None:
    scene = Scene({"threshold": 2, "of": [user(ALICE), user(BOB), user(CAROL)]})
    assert scene.reject(ALICE).status == "pending"
    assert scene.reject(BOB).status == "rejected"


def test_approvals_already_given_still_count_towards_what_can_be_reached() -> None:
    scene = Scene({"threshold": 2, "of": [user(ALICE), user(BOB), user(CAROL)]})
    scene.sign(ALICE)
    assert scene.reject(BOB).status == "pending"
    assert scene.reject(CAROL).status == "rejected"


def test_an_approval_takes_a_rejection_back_from_what_can_be_reached() -> None:
    scene = Scene({"threshold": 2, "of": [user(ALICE), user(BOB), user(CAROL)]})
    scene.reject(BOB)
    scene.sign(BOB)
    assert scene.reject(CAROL).status == "pending"
    assert scene.sign(ALICE).status == "approved"


@pytest.mark.parametrize("away", [user(ERIN), "user:00000000-0000-4000-8000-000000000099"])
def test_people_who_cannot_approve_today_never_make_it_rejected(away: str) -> None:
    scene = Scene({"threshold": 2, "of": [user(BOB), user(CAROL), away]})
    assert scene.reject(BOB).status == "pending"
    assert scene.reject(CAROL).status == "rejected"


def test_a_creator_who_may_not_sign_is_not_counted_on() -> None:
    policy = {"threshold": 2, "of": [user(ALICE), user(BOB), user(CAROL)]}
    assert Scene(policy | {"creatorMaySign": False}).reject(BOB).status == "rejected"


def test_a_role_that_is_open_may_always_get_another_holder() -> None:
    scene = Scene({"threshold": 2, "of": ["role:investor"]})
    assert [scene.reject(who).status for who in (BOB, CAROL)] == ["pending", "pending"]


def test_a_nested_node_that_cannot_be_met_any_more_ends_it() -> None:
    scene = Scene(
        {"threshold": 2, "of": [user(ALICE), {"threshold": 2, "of": BOB_AND_CAROL["of"]}]}
    )
    assert scene.reject(BOB).status == "rejected"


def test_a_nested_node_that_is_not_needed_does_not_end_it() -> None:
    inner = {"threshold": 2, "of": BOB_AND_CAROL["of"]}
    scene = Scene({"threshold": 2, "of": [user(ALICE), user(DAVE), inner]})
    assert scene.reject(BOB).status == "pending"
    assert scene.reject(DAVE).status == "rejected"


# --- veto ----------------------------------------------------------------------------------------

VETO: dict[str, Any] = {"threshold": 1, "of": ["role:investor"], "veto": [user(DAVE)]}


def test_a_veto_ends_it_at_once() -> None:
    scene = Scene(VETO)
    assert scene.reject(DAVE).status == "rejected"
    with refused(ConflictError, "statement_rejected"):
        scene.sign(BOB)


def test_a_role_may_veto() -> None:
    scene = Scene({"threshold": 1, "of": [user(BOB)], "veto": ["role:administrator"]})
    assert scene.reject(DAVE).status == "rejected"


def test_an_auditor_who_may_veto_signs_nothing_all_the_same() -> None:
    scene = Scene({"threshold": 1, "of": ["role:investor"], "veto": [user(ERIN)]})
    with refused(ForbiddenError, "not_a_signer"):
        scene.reject(ERIN)


def test_a_creator_who_may_not_sign_may_still_veto() -> None:
    policy = {"threshold": 1, "of": ["role:investor"], "veto": [user(ALICE)]}
    scene = Scene(policy | {"creatorMaySign": False})
    assert scene.reject(ALICE).status == "rejected"


# --- who and when --------------------------------------------------------------------------------


@pytest.mark.parametrize("who", [DAVE, ERIN], ids=["administrator", "auditor"])
def test_whom_the_policy_does_not_ask_does_not_reject(who: Signer) -> None:
    scene = Scene()
    with refused(ForbiddenError, "not_a_signer"):
        scene.reject(who)


def test_a_person_who_approved_does_not_reject() -> None:
    scene = Scene()
    scene.sign(BOB)
    with refused(ConflictError, "already_approved"):
        scene.reject(BOB)


def test_nobody_rejects_twice() -> None:
    scene = Scene()
    scene.reject(BOB)
    with refused(ConflictError, "already_rejected"):
        scene.reject(BOB, scene.rejection(BOB, reason="For another reason."))


def test_an_approved_statement_is_not_rejected() -> None:
    scene = Scene()
    scene.sign(ALICE)
    scene.sign(BOB)
    with refused(ConflictError, "statement_approved"):
        scene.reject(CAROL)


def test_a_rejected_statement_is_not_rejected_again() -> None:
    scene = Scene(BOB_AND_CAROL)
    scene.reject(BOB)
    with refused(ConflictError, "statement_rejected"):
        scene.reject(CAROL)


def test_a_withdrawn_statement_is_not_rejected() -> None:
    scene = Scene()
    scene.withdraw(ALICE)
    with refused(ConflictError, "statement_withdrawn"):
        scene.reject(BOB)


def test_an_expired_statement_is_not_rejected() -> None:
    scene = Scene(TWO_OF_TWO | {"expiresAt": "2026-11-21T03:05:00.000Z"})
    with refused(ConflictError, "statement_expired"):
        scene.reject(BOB, now_ms=NOW_MS + 60_000)


# --- the act -------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", ["1234567890", "x" * 2000, " 1234567890 "])
def test_a_reason_has_10_to_2000_characters(reason: str) -> None:
    scene = Scene()
    assert scene.reject(BOB, scene.rejection(BOB, reason=reason)).reason == reason


@pytest.mark.parametrize("reason", ["", "123456789", " 12345678 ", " " * 10, "x" * 2001])
def test_any_other_reason_is_refused(reason: str) -> None:
    scene = Scene()
    with refused(MalformedError, "reason_invalid"):
        scene.reject(BOB, scene.rejection(BOB, reason=reason))


@pytest.mark.parametrize(
    "members",
    [
        {"sha256": "0" * 64},
        {"statementId": "7d3c2a52-1f6a-4a52-8b39-0d5c53a4f009"},
        {"act": "withdraw"},
        {"reason": None},
        {"more": 1},
    ],
    ids=str,
)
def test_an_act_about_anything_else_rejects_nothing(members: dict[str, Any]) -> None:
    scene = Scene()
    with refused(RefusedError, "act_mismatch"):
        scene.reject(BOB, scene.rejection(BOB, **members))


def test_an_approval_rejects_nothing() -> None:
    scene = Scene()
    with refused(RefusedError, "jws_typ_mismatch"):
        scene.reject(BOB, BOB.shared(scene.raw))


def test_a_stale_act_rejects_nothing() -> None:
    scene = Scene()
    with refused(RefusedError, "iat_stale"):
        scene.reject(BOB, now_ms=NOW_MS + 301_000)


def test_an_act_for_another_ledger_rejects_nothing() -> None:
    scene = Scene()
    with refused(RefusedError, "ledger_mismatch"):
        scene.reject(BOB, scene.rejection(BOB, ledger="another.example/ledger"))


def test_a_revoked_key_rejects_nothing() -> None:
    scene = Scene()
    with refused(RefusedError, "key_revoked"):
        scene.reject(BOB, person=BOB.person_with(BOB.key, revoked=(BOB.key.kid,)))


def test_somebody_elses_act_rejects_nothing() -> None:
    scene = Scene()
    with refused(RefusedError, "key_unknown"):
        scene.reject(BOB, scene.rejection(CAROL))


def test_a_forged_act_rejects_nothing() -> None:
    scene = Scene()
    forged = BOB.act("reject", key=ed25519_key(99), statementId="x", sha256="y", reason="z")
    _, payload, signature = forged.split(".")
    genuine, _, _ = scene.rejection(BOB).split(".")
    forged = f"{genuine}.{payload}.{signature}"
    with refused(RefusedError, "jws_signature_invalid"):
        scene.reject(BOB, forged)
