"""A signing key ends: itself, or by another key and a passkey of its owner or an administrator."""

from typing import Any
from uuid import UUID

import pytest

from ledger.domain import person, signing_keys
from ledger.domain.events import Event, KeyRevoked
from ledger.domain.person import Person
from ledger.domain.stepup import ConfirmedAct
from ledger.errors import ConflictError, ForbiddenError, MalformedError, NotFoundError, RefusedError
from tests.support import signers
from tests.support.keys import TestKey, ed25519_key
from tests.support.refusals import refused
from tests.support.scene import ALICE, BOB, DAVE
from tests.support.signers import LEDGER, NONCE, NOW_MS, PARTY

AT = "2026-11-21T03:04:05.678Z"
KEY = ed25519_key(50)


def fold(state: Person, body: Any) -> Person:
    return person.evolve(state, Event(UUID(state.user), state.version + 1, AT, body))


SECOND = fold(
    ALICE.person,
    signing_keys.attest_key(
        ALICE.person,
        ALICE.submission(KEY),
        nonce=NONCE,
        ledger=LEDGER,
        party=PARTY,
        now_ms=NOW_MS,
    ),
)


def revoke(
    act: str | ConfirmedAct, actor: Person, kid: str = KEY.kid, owner: Person = SECOND
) -> KeyRevoked:
    """Revoke a key; an act in words is confirmed by the passkey of its actor."""
    if isinstance(act, str):
        who = {each.user: each for each in (ALICE, BOB, DAVE)}[actor.user]
        act = who.confirmed(act)
    return signing_keys.revoke_key(owner, actor, kid, act, signers.HERE)


@pytest.mark.parametrize("key", [ALICE.key, KEY], ids=["another key", "itself"])
def test_an_owner_revokes_a_key_with_any_of_their_keys(key: TestKey) -> None:
    act = ALICE.act("revoke-key", key=key, kid=KEY.kid, compromisedSince=AT, reason="Lost.")
    confirmed = ALICE.confirmed(act)
    body = revoke(confirmed, SECOND)
    assert body == KeyRevoked(
        KEY.kid,
        ALICE.user,
        key.kid,
        act,
        compromised_since=AT,
        assertion=confirmed.assertion,
        sign_count=ALICE.passkey.sign_count,
    )
    after = fold(SECOND, body)
    with refused(RefusedError, "key_revoked"):
        after.active_key(KEY.kid, now_ms=NOW_MS)
    assert after.active_key(ALICE.key.kid, now_ms=NOW_MS).revoked is False


def test_a_key_ends_itself_without_a_passkey() -> None:
    act = ALICE.act("revoke-key", key=KEY, kid=KEY.kid)
    body = revoke(ConfirmedAct(act), SECOND)
    assert (body.assertion, body.sign_count) == (None, None)


def test_a_key_ends_no_other_key_without_a_passkey() -> None:
    with refused(RefusedError, "assertion_required"):
        revoke(ConfirmedAct(ALICE.act("revoke-key", kid=KEY.kid)), SECOND)


def test_a_key_does_not_say_without_a_passkey_since_when_it_was_compromised() -> None:
    act = ALICE.act("revoke-key", key=KEY, kid=KEY.kid, compromisedSince=AT)
    with refused(RefusedError, "assertion_required"):
        revoke(ConfirmedAct(act), SECOND)


def test_a_confirmation_of_another_revocation_revokes_nothing() -> None:
    other = ALICE.act("revoke-key", kid=ALICE.key.kid)
    act = ConfirmedAct(ALICE.act("revoke-key", kid=KEY.kid), ALICE.confirm(other))
    with refused(RefusedError, "passkey_assertion_refused"):
        revoke(act, SECOND)


def test_an_administrator_confirms_with_their_own_passkey() -> None:
    act = DAVE.act("revoke-key", kid=KEY.kid)
    with refused(RefusedError, "passkey_unknown"):
        revoke(ConfirmedAct(act, ALICE.confirm(act)), DAVE.person)


def test_an_administrator_revokes_anybodys_key() -> None:
    act = DAVE.act("revoke-key", kid=KEY.kid)
    assert (revoke(act, DAVE.person).by, revoke(act, DAVE.person).compromised_since) == (
        DAVE.user,
        None,
    )


def test_nobody_else_revokes_a_key() -> None:
    with refused(ForbiddenError, "administrator_only"):
        revoke(BOB.act("revoke-key", kid=KEY.kid), BOB.person)


def test_an_unknown_key_is_not_revoked() -> None:
    with refused(NotFoundError, "key_unknown"):
        revoke(ALICE.act("revoke-key", kid="x"), SECOND, "x")


def test_a_key_is_revoked_once() -> None:
    act = ALICE.act("revoke-key", kid=KEY.kid)
    with refused(ConflictError, "key_revoked"):
        revoke(act, SECOND, owner=fold(SECOND, revoke(act, SECOND)))


def test_a_revoked_key_revokes_no_other() -> None:
    state = fold(SECOND, revoke(ALICE.act("revoke-key", kid=KEY.kid), SECOND))
    act = ALICE.act("revoke-key", key=KEY, kid=ALICE.key.kid)
    with refused(RefusedError, "key_revoked"):
        revoke(act, state, ALICE.key.kid, state)


def test_an_act_for_another_key_revokes_none() -> None:
    with refused(RefusedError, "act_mismatch"):
        revoke(ALICE.act("revoke-key", kid=ALICE.key.kid), SECOND)


@pytest.mark.parametrize("since", ["2026-11-21T03:04:05.679Z", "2027-01-01", ""])
def test_a_key_is_not_compromised_in_the_future(since: str) -> None:
    with refused(MalformedError, "time_invalid"):
        revoke(ALICE.act("revoke-key", kid=KEY.kid, compromisedSince=since), SECOND)
