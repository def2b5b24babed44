"""Assurance `passkey`: each decision carries a fresh assertion over its own signature."""

from typing import Any

import msgspec
import pytest

from ledger.errors import MalformedError, RefusedError
from tests.support.authenticator import Passkey
from tests.support.refusals import refused
from tests.support.scene import ALICE, BOB, CAROL, Scene
from tests.support.signers import NOW_MS, TWO_OF_TWO

PASSKEY = TWO_OF_TWO | {"assurance": "passkey"}


def test_an_approval_with_its_assertion_is_recorded_with_its_count() -> None:
    scene = Scene(PASSKEY)
    jws = BOB.shared(scene.raw)
    assertion = BOB.confirm(jws)
    event = scene.sign(BOB, jws, assertion=assertion)
    assert (event.assertion, event.sign_count) == (assertion, BOB.passkey.sign_count)
    assert event.status == "pending"


def test_a_rejection_with_its_assertion_is_recorded_with_its_count() -> None:
    scene = Scene(PASSKEY)
    act = scene.rejection(BOB)
    assertion = BOB.confirm(act)
    event = scene.reject(BOB, act, assertion=assertion)
    assert (event.assertion, event.sign_count) == (assertion, BOB.passkey.sign_count)


def test_a_withdrawal_needs_no_assertion() -> None:
    scene = Scene(PASSKEY)
    scene.withdraw(ALICE)
    assert scene.status == "withdrawn"


def test_a_decision_without_an_assertion_is_refused() -> None:
    scene = Scene(PASSKEY)
    with refused(RefusedError, "assertion_required"):
        scene.sign(BOB)
    with refused(RefusedError, "assertion_required"):
        scene.reject(BOB)


def test_an_assertion_that_no_policy_asks_for_is_refused() -> None:
    scene = Scene()
    jws, act = BOB.shared(scene.raw), scene.rejection(BOB)
    with refused(MalformedError, "assertion_unexpected"):
        scene.sign(BOB, jws, assertion=BOB.confirm(jws))
    with refused(MalformedError, "assertion_unexpected"):
        scene.reject(BOB, act, assertion=BOB.confirm(act))


def test_an_assertion_over_another_signature_is_refused() -> None:
    scene = Scene(PASSKEY)
    other = BOB.individual(scene.raw)
    with refused(RefusedError, "passkey_assertion_refused"):
        scene.sign(BOB, assertion=BOB.confirm(other))
    with refused(RefusedError, "passkey_assertion_refused"):
        scene.reject(BOB, assertion=BOB.confirm(other))


def test_an_assertion_over_an_approval_confirms_no_rejection() -> None:
    scene = Scene(PASSKEY)
    assertion = BOB.confirm(BOB.shared(scene.raw))
    with refused(RefusedError, "passkey_assertion_refused"):
        scene.reject(BOB, assertion=assertion)


def test_an_assertion_over_another_document_is_refused() -> None:
    scene = Scene(PASSKEY)
    other = Scene(PASSKEY, title="Series B")
    assertion = BOB.confirm(BOB.shared(other.raw))
    with refused(RefusedError, "passkey_assertion_refused"):
        scene.sign(BOB, BOB.shared(scene.raw), assertion=assertion)


def test_an_assertion_is_not_replayed_for_another_signature() -> None:
    scene = Scene(PASSKEY)
    jws = BOB.shared(scene.raw)
    assertion = BOB.confirm(jws)
    with refused(RefusedError, "passkey_assertion_refused"):
        scene.sign(BOB, BOB.shared(scene.raw, iat=NOW_MS // 1000 + 1), assertion=assertion)


def test_somebody_elses_passkey_confirms_nothing() -> None:
    scene = Scene(PASSKEY)
    jws = BOB.shared(scene.raw)
    with refused(RefusedError, "passkey_unknown"):
        scene.sign(BOB, jws, assertion=CAROL.confirm(jws))


def test_a_removed_passkey_confirms_nothing() -> None:
    scene = Scene(PASSKEY)
    jws = BOB.shared(scene.raw)
    gone = msgspec.structs.replace(BOB.known_passkey, removed=True)
    person = msgspec.structs.replace(BOB.person, passkeys={BOB.passkey.id: gone})
    with refused(RefusedError, "passkey_removed"):
        scene.sign(BOB, jws, assertion=BOB.confirm(jws), person=person)


@pytest.mark.parametrize(
    "overrides",
    [{"origin": "https://evil.example"}, {"crossOrigin": True}, {"type": "webauthn.create"}],
    ids=str,
)
def test_an_assertion_made_elsewhere_confirms_nothing(overrides: dict[str, Any]) -> None:
    scene = Scene(PASSKEY)
    jws = BOB.shared(scene.raw)
    with refused(RefusedError, "passkey_assertion_refused"):
        scene.sign(BOB, jws, assertion=BOB.confirm(jws, **overrides))


def test_an_assertion_by_a_forged_passkey_confirms_nothing() -> None:
    scene = Scene(PASSKEY)
    jws = BOB.shared(scene.raw)
    mallory = msgspec.structs.replace(BOB.confirm(jws))
    forged = Passkey(credential_id=BOB.passkey.credential_id)
    signature = forged.get(b"anything")["response"]["signature"]
    with refused(RefusedError, "passkey_assertion_refused"):
        scene.sign(BOB, jws, assertion=msgspec.structs.replace(mallory, signature=signature))


def test_a_bad_signature_is_refused_before_the_assertion_is_looked_at() -> None:
    scene = Scene(PASSKEY)
    with refused(RefusedError, "payload_mismatch"):
        scene.sign(BOB, BOB.key.jws(b"{}"))
