"""Withdrawing: its creator takes a pending statement back."""

from typing import Any

import pytest

from ledger.domain.events import StatementWithdrawn
from ledger.errors import ConflictError, ForbiddenError, MalformedError, RefusedError
from tests.support.refusals import refused
from tests.support.scene import ALICE, BOB, CAROL, DAVE, Scene, user
from tests.support.signers import NOW_MS, TWO_OF_TWO, Signer


@pytest.mark.parametrize("reason", [None, "", "Replaced.", "x" * 2000])
def test_its_creator_withdraws_a_pending_statement(reason: str | None) -> None:
    scene = Scene()
    act = scene.withdrawal(ALICE, **({} if reason is None else {"reason": reason}))
    assert scene.withdraw(ALICE, act) == StatementWithdrawn(
        signer=ALICE.user, kid=ALICE.key.kid, act=act, reason=reason
    )
    assert scene.status == "withdrawn"


def test_a_withdrawals_reason_has_at_most_2000_characters() -> None:
    scene = Scene()
    with refused(MalformedError, "reason_invalid"):
        scene.withdraw(ALICE, scene.withdrawal(ALICE, reason="x" * 2001))


@pytest.mark.parametrize("who", [BOB, DAVE], ids=["investor", "administrator"])
def test_nobody_else_withdraws_it(who: Signer) -> None:
    scene = Scene()
    with refused(ForbiddenError, "creator_only"):
        scene.withdraw(who)


@pytest.mark.parametrize(
    "members", [{"sha256": "0" * 64}, {"statementId": "x"}, {"act": "reject"}], ids=str
)
def test_an_act_about_anything_else_withdraws_nothing(members: dict[str, Any]) -> None:
    scene = Scene()
    with refused(RefusedError, "act_mismatch"):
        scene.withdraw(ALICE, scene.withdrawal(ALICE, **members))


def test_a_statement_is_withdrawn_once() -> None:
    scene = Scene()
    scene.withdraw(ALICE)
    with refused(ConflictError, "statement_withdrawn"):
        scene.withdraw(ALICE, scene.withdrawal(ALICE, reason="Again."))


def test_an_approved_statement_is_not_withdrawn() -> None:
    scene = Scene({"threshold": 1, "of": ["role:investor"]})
    scene.sign(BOB)
    with refused(ConflictError, "statement_approved"):
        scene.withdraw(ALICE)


def test_a_rejected_statement_is_not_withdrawn() -> None:
    scene = Scene({"threshold": 2, "of": [user(BOB), user(CAROL)]})
    scene.reject(BOB)
    with refused(ConflictError, "statement_rejected"):
        scene.withdraw(ALICE)


def test_an_expired_statement_is_not_withdrawn() -> None:
    scene = Scene(TWO_OF_TWO | {"expiresAt": "2026-11-21T03:05:00.000Z"})
    with refused(ConflictError, "statement_expired"):
        scene.withdraw(ALICE, now_ms=NOW_MS + 60_000)


def test_a_revoked_key_withdraws_nothing() -> None:
    scene = Scene()
    with refused(RefusedError, "key_revoked"):
        scene.withdraw(ALICE, person=ALICE.person_with(ALICE.key, revoked=(ALICE.key.kid,)))


def test_a_stale_act_withdraws_nothing() -> None:
    scene = Scene()
    with refused(RefusedError, "iat_stale"):
        scene.withdraw(ALICE, now_ms=NOW_MS + 301_000)


def test_each_decision_moves_the_statements_version_by_one() -> None:
    scene = Scene()
    scene.sign(BOB)
    assert scene.statement.version == 2
    scene.withdraw(ALICE)
    assert scene.statement.version == 3
