"""Keys that are out of force sign nothing more, and a refusal names the key that it is about."""

from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec
import pytest

from ledger.domain import compromise, drafting, held_passkeys, signing_keys, standing
from ledger.domain.confirmed_act import ConfirmedAct
from ledger.domain.person import Person
from ledger.errors import ConflictError, LedgerError, NotFoundError, RefusedError
from tests.support.authenticator import Passkey
from tests.support.keys import ed25519_key
from tests.support.refusals import refused
from tests.support.scene import ALICE, BOB, DAVE, Scene
from tests.support.signers import CHARTER, LEDGER, NONCE, NOW_MS, PARTY, Signer

ENDS_NOW = "2026-11-21T03:04:05.678Z"
ENDS_IN_A_MILLISECOND = "2026-11-21T03:04:05.679Z"
HERE: dict[str, Any] = {"ledger": LEDGER, "now_ms": NOW_MS}
OTHER = ed25519_key(50)
RAW = ALICE.document()
TWO_PASSKEYS = {**ALICE.person.passkeys, **BOB.person.passkeys}


def until(who: Signer, ends: str) -> Person:
    """Return the person whose only key expires at this time."""
    keys = {
        kid: msgspec.structs.replace(key, expires_at=ends) for kid, key in who.person.keys.items()
    }
    return msgspec.structs.replace(who.person, keys=keys)


def revoke(ends: str) -> object:
    act = ALICE.act("revoke-key", kid=ALICE.key.kid)
    asked = ConfirmedAct(act, None, LEDGER, PARTY, NOW_MS)
    return signing_keys.revoke_key(until(ALICE, ends), ALICE.key.kid, asked)


def declare(ends: str) -> object:
    act = ALICE.act("declare-compromise", kid=ALICE.key.kid, since=ENDS_NOW)
    asked = ConfirmedAct(act, ALICE.confirm(act), LEDGER, PARTY, NOW_MS)
    return compromise.declare(until(ALICE, ends), asked)


def suspend(ends: str) -> object:
    act = DAVE.act("suspend", user=BOB.user, reason="Left the company.")
    asked = ConfirmedAct(act, DAVE.confirm(act), LEDGER, PARTY, NOW_MS)
    return standing.suspend(BOB.person, until(DAVE, ends), asked, CHARTER)


def add_passkey(ends: str) -> object:
    passkey = Passkey()
    added = held_passkeys.first_passkey(
        ALICE.new_passkey(passkey), nonce=NONCE, ledger=LEDGER, party=PARTY
    )
    addition = ALICE.addition(passkey)
    return held_passkeys.add_passkey(until(ALICE, ends), added, *addition)


def remove_passkey(ends: str) -> object:
    name = ALICE.passkey.id
    act = ALICE.confirmed(ALICE.act("remove-passkey", credentialId=name))
    person = msgspec.structs.replace(until(ALICE, ends), passkeys=TWO_PASSKEYS)
    return held_passkeys.remove_passkey(person, name, act)


def draft(ends: str) -> object:
    return drafting.draft(
        RAW, ALICE.draft_act(RAW), until(ALICE, ends), charter=CHARTER, now_ms=NOW_MS
    )


def sign(ends: str) -> object:
    return Scene().sign(BOB, person=until(BOB, ends))


def reject(ends: str) -> object:
    return Scene().reject(BOB, person=until(BOB, ends))


def retract(ends: str) -> object:
    scene = Scene()
    scene.sign(BOB)
    return scene.retract(BOB, person=until(BOB, ends))


def _usable() -> Scene:
    usable = {"by": [f"user:{BOB.user}"], "times": 1}
    scene = Scene({"threshold": 1, "of": [f"user:{ALICE.user}"]}, usable=usable)
    scene.sign(ALICE)
    return scene


def use(ends: str) -> object:
    return _usable().use(BOB, person=until(BOB, ends))


def report(ends: str) -> object:
    scene = _usable()
    scene.use(BOB)
    return scene.report(BOB, person=until(BOB, ends))


def withdraw(ends: str) -> object:
    return Scene().withdraw(ALICE, person=until(ALICE, ends))


EVERYTHING = [
    revoke,
    declare,
    suspend,
    add_passkey,
    remove_passkey,
    draft,
    sign,
    reject,
    retract,
    withdraw,
    use,
    report,
]


@pytest.mark.parametrize("deed", EVERYTHING)
def test_an_expired_key_signs_nothing(deed: Callable[[str], object]) -> None:
    with refused(RefusedError, "key_expired"):
        deed(ENDS_NOW)


@pytest.mark.parametrize("deed", EVERYTHING)
def test_a_key_signs_until_it_expires(deed: Callable[[str], object]) -> None:
    assert deed(ENDS_IN_A_MILLISECOND) is not None


# --- what a refusal names ------------------------------------------------------------------------


def named(kind: type[LedgerError], deed: Callable[[], object]) -> dict[str, Any]:
    """Return the evidence of the refusal."""
    with pytest.raises(kind) as caught:
        deed()
    return caught.value.evidence


def test_the_refusal_of_a_key_names_its_kid() -> None:
    kid = ALICE.key.kid
    revoked = ALICE.person_with(ALICE.key, revoked=(kid,))
    for someone in (BOB.person, revoked, until(ALICE, ENDS_NOW)):
        asked = partial(someone.active_key, kid, now_ms=NOW_MS)
        assert named(RefusedError, asked) == {"kid": kid}


def test_the_refusal_to_attest_or_revoke_a_key_names_its_kid() -> None:
    kid = ALICE.key.kid
    attest = partial(signing_keys.attest_key, nonce=NONCE, party=PARTY, **HERE)
    known = partial(attest, ALICE.person, ALICE.submission(ALICE.key))
    assert named(ConflictError, known) == {"kid": kid}
    act = BOB.act("revoke-key", kid=kid)
    asked = ConfirmedAct(act, None, LEDGER, PARTY, NOW_MS)
    unknown = partial(signing_keys.revoke_key, BOB.person, kid, asked)
    assert named(NotFoundError, unknown) == {"kid": kid}
    act = ALICE.act("revoke-key", key=OTHER, kid=kid)
    both = ALICE.person_with(ALICE.key, OTHER, revoked=(kid,))
    twice = partial(signing_keys.revoke_key, both, kid, asked._replace(text=act))
    assert named(ConflictError, twice) == {"kid": kid}
