"""The end of a service account: by its owner, an administrator, or itself; and a loss."""

from typing import Any

import msgspec
import pytest

from ledger.domain import service_accounts, signing_keys
from ledger.domain.person import Person
from ledger.errors import (
    ConflictError,
    ForbiddenError,
    LedgerError,
    NotFoundError,
    RefusedError,
)
from tests.support.refusals import refused
from tests.support.scene import ALICE, BOB
from tests.support.signers import CHARTER, Signer
from tests.unit.domain.test_service_accounts import AT, ROBOT, as_robot, draft, fold, with_account


def ended(owner: Person, by: Signer, kid: str = ROBOT.kid, state: Person | None = None) -> Any:
    asked = by.confirmed(by.act("end-service-account", user=owner.user, account=kid))
    return service_accounts.end(owner, state or by.person, asked, CHARTER)


def test_the_owner_and_administrators_end_an_account() -> None:
    me = with_account()
    boss = Signer(4, "administrator")
    for body in (ended(me, ALICE, state=me), ended(me, boss)):
        after = fold(me, body)
        with refused(RefusedError, "key_revoked"):
            draft(after)
        with refused(ConflictError, "key_revoked"):
            ended(after, ALICE, state=after)


def test_nobody_else_ends_an_account() -> None:
    with refused(ForbiddenError, "governance_only"):
        ended(with_account(), BOB)


def test_the_end_of_an_account_needs_a_passkey() -> None:
    me = with_account()
    act = ALICE.act("end-service-account", user=me.user, account=ROBOT.kid)
    asked = ALICE.confirmed(act)._replace(assertion=None)
    with refused(RefusedError, "assertion_required"):
        service_accounts.end(me, me, asked, CHARTER)


def test_a_key_of_a_person_is_no_account() -> None:
    with refused(NotFoundError, "service_unknown"):
        ended(ALICE.person, Signer(4, "administrator"), ALICE.key.kid)


def test_an_account_ends_itself_and_says_no_date_without_a_passkey() -> None:
    me, robot = with_account(), as_robot(ALICE)
    asked = robot.confirmed(robot.act("revoke-key", kid=ROBOT.kid))._replace(assertion=None)
    assert signing_keys.revoke_key(me, ROBOT.kid, asked).by_kid == ROBOT.kid
    dated = robot.act("revoke-key", kid=ROBOT.kid, compromisedSince=AT)
    with refused(RefusedError, "assertion_required"):
        signing_keys.revoke_key(me, ROBOT.kid, robot.confirmed(dated)._replace(assertion=None))


def test_after_a_loss_its_owner_reaffirms_an_account() -> None:
    me = with_account()
    waiting = {
        kid: msgspec.structs.replace(each, unaffirmed=kid == ROBOT.kid)
        for kid, each in me.keys.items()
    }
    me = msgspec.structs.replace(me, keys=waiting)
    with refused(RefusedError, "reaffirmation_required"):
        draft(me)
    asked = ALICE.confirmed(ALICE.act("reaffirm-key", kid=ROBOT.kid, epoch=0))
    draft(fold(me, signing_keys.reaffirm_key(me, asked, CHARTER)))


def test_garbage_is_no_act_on_an_account() -> None:
    me = with_account()
    for text in ("", ".", "a.b.c", ALICE.act("draft", statementId="x", sha256="y")):
        asked = ALICE.confirmed(text)
        with pytest.raises(LedgerError):
            service_accounts.end(me, me, asked, CHARTER)
