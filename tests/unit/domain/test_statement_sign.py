"""Approving: given what was decided before, when somebody approves, then the event or a refusal."""

from typing import Any

import msgspec
import pytest

from ledger.domain.events import StatementSigned
from ledger.errors import ConflictError, ForbiddenError, RefusedError
from tests.support.keys import TestKey, ed25519_key, es256_key
from tests.support.refusals import refused
from tests.support.scene import ALICE, BOB, CAROL, DAVE, ERIN, Scene, user
from tests.support.signers import NOW_MS, TWO_OF_TWO, Signer

MALLORY = Signer(66, "investor")


def test_an_approval_is_recorded_with_its_evidence_and_the_signers_roles() -> None:
    scene = Scene()
    jws = BOB.shared(scene.raw)
    assert scene.sign(BOB, jws) == StatementSigned(
        signer=BOB.user,
        kid=BOB.key.kid,
        roles=("investor",),
        form="shared",
        iat=NOW_MS // 1000,
        status="pending",
        jws=jws,
        assertion=None,
        sign_count=None,
        seen={BOB.user: 3},
    )


def test_two_distinct_people_approve_in_either_form() -> None:
    scene = Scene()
    assert scene.sign(BOB).status == "pending"
    event = scene.sign(ALICE, ALICE.individual(scene.raw))
    assert (event.status, event.form) == ("approved", "individual")
    assert {user: each.roles for user, each in scene.statement.approvals.items()} == {
        BOB.user: frozenset({"investor"}),
        ALICE.user: frozenset({"creator"}),
    }


def test_a_third_approval_is_recorded_after_it_is_approved() -> None:
    scene = Scene()
    scene.sign(ALICE)
    scene.sign(BOB)
    assert scene.sign(CAROL).status == "approved"
    assert len(scene.statement.approvals) == 3


# --- one person counts once ----------------------------------------------------------------------

SECOND = es256_key(22)


@pytest.mark.parametrize("key", [BOB.key, SECOND], ids=["the same key", "another key"])
@pytest.mark.parametrize("form", ["shared", "individual"])
def test_a_second_approval_by_one_person_is_refused(key: TestKey, form: str) -> None:
    scene = Scene()
    bob = BOB.person_with(BOB.key, SECOND)
    scene.sign(BOB, person=bob)
    later_ms = NOW_MS + 1000
    jws = (
        BOB.shared(scene.raw, key=key, iat=later_ms // 1000)
        if form == "shared"
        else BOB.individual(scene.raw, key=key, timestamp=later_ms)
    )
    with refused(ConflictError, "already_approved"):
        scene.sign(BOB, jws, person=bob)


def test_a_second_approval_is_refused_after_it_is_approved_too() -> None:
    scene = Scene()
    scene.sign(ALICE)
    scene.sign(BOB)
    with refused(ConflictError, "already_approved"):
        scene.sign(BOB)


def test_a_holder_of_two_roles_is_one_person() -> None:
    both = Signer(7, "creator", "investor")
    scene = Scene()
    scene.known[both.user] = both.person
    assert scene.sign(both).status == "pending"
    assert scene.sign(BOB).status == "approved"


# --- policies ------------------------------------------------------------------------------------

TREE: dict[str, Any] = {
    "threshold": 2,
    "of": [user(ALICE), {"threshold": 2, "of": ["role:investor"]}],
}


def test_a_nested_node_counts_once_it_is_met() -> None:
    scene = Scene(TREE)
    assert scene.sign(ALICE).status == "pending"
    assert scene.sign(BOB).status == "pending"
    assert scene.sign(CAROL).status == "approved"


def test_a_role_counts_each_of_its_people() -> None:
    scene = Scene({"threshold": 2, "of": ["role:investor"]})
    assert scene.sign(BOB).status == "pending"
    assert scene.sign(CAROL).status == "approved"


def test_a_person_who_is_named_needs_no_role_of_the_policy() -> None:
    assert Scene({"threshold": 1, "of": [user(DAVE)]}).sign(DAVE).status == "approved"


@pytest.mark.parametrize("who", [DAVE, ERIN, MALLORY], ids=["administrator", "auditor", "stranger"])
def test_whom_the_policy_does_not_ask_does_not_approve(who: Signer) -> None:
    scene = Scene({"threshold": 1, "of": [user(BOB), "role:creator"]})
    with refused(ForbiddenError, "not_a_signer"):
        scene.sign(who)


def test_an_auditor_signs_nothing_even_when_named() -> None:
    scene = Scene({"threshold": 1, "of": [user(ERIN), user(BOB)]})
    with refused(ForbiddenError, "not_a_signer"):
        scene.sign(ERIN)


def test_a_creator_does_not_sign_where_the_policy_says_no() -> None:
    scene = Scene(TWO_OF_TWO | {"creatorMaySign": False})
    with refused(ForbiddenError, "not_a_signer"):
        scene.sign(ALICE)
    assert scene.sign(BOB).status == "pending"
    assert scene.sign(CAROL).status == "approved"


def test_roles_count_as_they_were_when_each_person_approved() -> None:
    scene = Scene({"threshold": 2, "of": ["role:investor", "role:administrator"]})
    scene.sign(BOB)
    promoted = msgspec.structs.replace(DAVE.person, roles=frozenset({"administrator", "investor"}))
    event = scene.sign(DAVE, person=promoted)
    assert (event.roles, event.status) == (("administrator", "investor"), "approved")


def test_a_person_who_may_only_veto_does_not_approve() -> None:
    scene = Scene({"threshold": 1, "of": ["role:investor"], "veto": [user(DAVE)]})
    with refused(ForbiddenError, "not_a_signer"):
        scene.sign(DAVE)


# --- keys ----------------------------------------------------------------------------------------


def test_a_revoked_key_approves_nothing() -> None:
    scene = Scene()
    with refused(RefusedError, "key_revoked"):
        scene.sign(BOB, person=BOB.person_with(BOB.key, SECOND, revoked=(BOB.key.kid,)))


def test_an_expired_key_approves_nothing() -> None:
    scene = Scene()
    ended = msgspec.structs.replace(
        BOB.person.keys[BOB.key.kid], expires_at="2026-11-21T03:04:05.678Z"
    )
    with refused(RefusedError, "key_expired"):
        scene.sign(BOB, person=msgspec.structs.replace(BOB.person, keys={BOB.key.kid: ended}))


def test_somebody_elses_key_approves_nothing() -> None:
    scene = Scene()
    with refused(RefusedError, "key_unknown"):
        scene.sign(BOB, CAROL.shared(scene.raw))


def test_a_signature_by_somebody_elses_key_under_ones_own_kid_is_refused() -> None:
    scene = Scene()
    forged = ed25519_key(99).jws(scene.raw, kid=BOB.key.kid, iat=NOW_MS // 1000)
    with refused(RefusedError, "jws_signature_invalid"):
        scene.sign(BOB, forged)


@pytest.mark.parametrize("alg", ["none", "HS256", "ES256"])
def test_an_ed25519_key_approves_under_its_own_algorithm_only(alg: str) -> None:
    scene = Scene()
    with refused(RefusedError, "jws_alg_mismatch"):
        scene.sign(BOB, BOB.shared(scene.raw, alg=alg))


# --- what is signed ------------------------------------------------------------------------------


def test_another_statements_approval_is_refused() -> None:
    other = Scene(statementId="7d3c2a52-1f6a-4a52-8b39-0d5c53a4f009")
    scene = Scene()
    with refused(RefusedError, "payload_mismatch"):
        scene.sign(BOB, BOB.shared(other.raw))
    with refused(RefusedError, "payload_statement_mismatch"):
        scene.sign(BOB, BOB.individual(other.raw))


def test_the_same_terms_under_another_policy_are_another_statement() -> None:
    softer = Scene({"threshold": 1, "of": ["role:investor"]})
    scene = Scene()
    with refused(RefusedError, "payload_mismatch"):
        scene.sign(BOB, BOB.shared(softer.raw))


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({"content": "{}"}, "payload_content_mismatch"),
        ({"signer": ALICE.user}, "payload_signer_mismatch"),
        ({"timestamp": 0}, "payload_timestamp_stale"),
        ({"ledger": "another.example/ledger"}, "payload_ledger_mismatch"),
        ({"more": 1}, "payload_mismatch"),
    ],
    ids=str,
)
def test_an_individual_approval_of_something_else_is_refused(
    members: dict[str, Any], code: str
) -> None:
    scene = Scene()
    with refused(RefusedError, code):
        scene.sign(BOB, BOB.individual(scene.raw, **members))


def test_an_approval_signed_long_ago_is_refused() -> None:
    scene = Scene()
    with refused(RefusedError, "iat_stale"):
        scene.sign(BOB, now_ms=NOW_MS + 301_000)


# --- status --------------------------------------------------------------------------------------


def test_a_rejected_statement_takes_no_approval() -> None:
    scene = Scene({"threshold": 2, "of": [user(BOB), user(CAROL)]})
    scene.reject(BOB)
    with refused(ConflictError, "statement_rejected"):
        scene.sign(CAROL)


def test_a_withdrawn_statement_takes_no_approval() -> None:
    scene = Scene()
    scene.withdraw(ALICE)
    with refused(ConflictError, "statement_withdrawn"):
        scene.sign(BOB)


def test_an_expired_statement_takes_no_approval() -> None:
    scene = Scene(TWO_OF_TWO | {"expiresAt": "2026-11-21T03:05:00.000Z"})
    with refused(ConflictError, "statement_expired"):
        scene.sign(BOB, now_ms=NOW_MS + 54_322)


def test_the_last_moment_before_the_end_counts() -> None:
    scene = Scene(TWO_OF_TWO | {"expiresAt": "2026-11-21T03:05:00.000Z"})
    assert scene.sign(BOB, now_ms=NOW_MS + 54_321).status == "pending"


def test_an_approved_statement_past_its_end_is_still_approved() -> None:
    scene = Scene(TWO_OF_TWO | {"expiresAt": "2026-11-21T03:05:00.000Z"})
    scene.sign(ALICE)
    scene.sign(BOB)
    assert scene.sign(CAROL, now_ms=NOW_MS + 60_000).status == "approved"


def test_a_person_who_rejected_may_approve_while_it_is_pending() -> None:
    scene = Scene()
    scene.reject(BOB)
    assert [*scene.statement.rejections] == [BOB.user]
    scene.sign(BOB)
    assert scene.statement.rejections == {}
    assert scene.sign(ALICE).status == "approved"
