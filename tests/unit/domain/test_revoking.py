"""A person ends their own signing keys: alone with the key itself, else with a passkey."""

from typing import Any
from uuid import UUID

import msgspec
import pytest

from ledger.domain import person, signing_keys
from ledger.domain.confirmed_act import ConfirmedAct
from ledger.domain.events import Event, KeyRevoked
from ledger.domain.passkey import AssertionEvidence
from ledger.domain.person import Person
from ledger.errors import ConflictError, MalformedError, NotFoundError, RefusedError
from tests.support.keys import ed25519_key
from tests.support.refusals import refused
from tests.support.scene import ALICE, BOB, DAVE
from tests.support.signers import LEDGER, NOW_MS, PARTY

AT = "2026-11-21T03:04:05.678Z"  # NOW_MS
KEY = ed25519_key(50)
BOTH = ALICE.person_with(ALICE.key, KEY)


def fold(state: Person, body: Any) -> Person:
    return person.evolve(state, Event(UUID(state.user), state.version + 1, AT, body))


def revoke(
    act: str,
    assertion: AssertionEvidence | None = None,
    kid: str = KEY.kid,
    owner: Person = BOTH,
) -> KeyRevoked:
    return signing_keys.revoke_key(owner, kid, ConfirmedAct(act, assertion, LEDGER, PARTY, NOW_MS))


def test_a_key_ends_itself_alone() -> None:
    act = ALICE.act("revoke-key", key=KEY, kid=KEY.kid, reason="Lost.")
    body = revoke(act)
    assert body == KeyRevoked(KEY.kid, KEY.kid, act)
    after = fold(BOTH, body)
    with refused(RefusedError, "key_revoked"):
        after.active_key(KEY.kid, now_ms=NOW_MS)
    assert after.active_key(ALICE.key.kid, now_ms=NOW_MS).revoked is False


def test_a_passkey_confirms_the_end_of_another_key() -> None:
    act = ALICE.act("revoke-key", kid=KEY.kid)
    with refused(RefusedError, "assertion_required"):
        revoke(act)
    assertion = ALICE.confirm(act)
    body = revoke(act, assertion)
    assert (body.assertion, body.sign_count) == (assertion, ALICE.passkey.sign_count)


def test_a_passkey_confirms_every_date_of_a_compromise() -> None:
    act = ALICE.act("revoke-key", key=KEY, kid=KEY.kid, compromisedSince=AT)
    with refused(RefusedError, "assertion_required"):
        revoke(act)
    after = fold(BOTH, revoke(act, ALICE.confirm(act)))
    assert after.keys[KEY.kid].compromised_since == AT


def test_a_key_that_ends_itself_takes_no_assertion() -> None:
    act = ALICE.act("revoke-key", key=KEY, kid=KEY.kid)
    with refused(MalformedError, "assertion_unexpected"):
        revoke(act, ALICE.confirm(act))


@pytest.mark.parametrize("who", [BOB, DAVE], ids=["investor", "administrator"])
def test_nobody_ends_anothers_key(who: Any) -> None:
    act = who.act("revoke-key", kid=KEY.kid)
    with refused(RefusedError, "key_unknown"):
        revoke(act, who.confirm(act))


def test_an_unknown_key_is_not_revoked() -> None:
    act = ALICE.act("revoke-key", kid="x")
    with refused(NotFoundError, "key_unknown"):
        revoke(act, ALICE.confirm(act), "x")


def test_a_key_is_revoked_once() -> None:
    act = ALICE.act("revoke-key", kid=KEY.kid)
    revoked = fold(BOTH, revoke(act, ALICE.confirm(act)))
    with refused(ConflictError, "key_revoked"):
        revoke(act, ALICE.confirm(act), owner=revoked)


def test_a_revoked_key_revokes_no_other() -> None:
    state = ALICE.person_with(ALICE.key, KEY, revoked=(KEY.kid,))
    act = ALICE.act("revoke-key", key=KEY, kid=ALICE.key.kid)
    with refused(RefusedError, "key_revoked"):
        revoke(act, ALICE.confirm(act), ALICE.key.kid, state)


def test_an_act_for_another_key_revokes_none() -> None:
    act = ALICE.act("revoke-key", kid=ALICE.key.kid)
    with refused(RefusedError, "act_mismatch"):
        revoke(act, ALICE.confirm(act))


def test_a_suspended_person_still_ends_their_own_keys() -> None:
    suspended = msgspec.structs.replace(BOTH, standing="suspended")
    act = ALICE.act("revoke-key", key=KEY, kid=KEY.kid)
    assert revoke(act, owner=suspended).kid == KEY.kid
