"""Passkeys: the grammar refuses before the library is called, and its details are kept."""

import hashlib
from typing import Any

import cbor2
import msgspec
import pytest
import webauthn

from ledger.domain.passkey import (
    AssertionEvidence,
    RegistrationEvidence,
    VerifiedPasskey,
    verify_assertion,
    verify_registration,
)
from ledger.encoding import b64u_decode, b64u_encode
from ledger.errors import RefusedError
from tests.support.authenticator import Passkey
from tests.support.each import check_each
from tests.support.grammar import VECTORS
from tests.support.refusals import refused
from tests.support.signers import PARTY, assertion, registration
from tests.vectors.webauthn.cases import joined
from tests.vectors.webauthn.keys import ec2

CHALLENGE = hashlib.sha256(b"challenge").digest()
PASSKEY = Passkey()
GOOD = assertion(PASSKEY.get(CHALLENGE))
OTHER_KEY = b64u_encode(ec2())


def register(evidence: RegistrationEvidence) -> VerifiedPasskey:
    return verify_registration(evidence, PASSKEY.id, challenge=CHALLENGE, party=PARTY)


def check(evidence: AssertionEvidence = GOOD, public_key: str = OTHER_KEY) -> int:
    return verify_assertion(evidence, challenge=CHALLENGE, public_key=public_key, party=PARTY)


def attestation(key: bytes, flags: int = 0x45, more: bytes = b"") -> RegistrationEvidence:
    """Return a registration of this COSE key, under attestation format `none`."""
    response = PASSKEY.create(CHALLENGE)["response"]
    whole = cbor2.loads(b64u_decode(response["attestationObject"]))
    old = whole["authData"]
    whole["authData"] = old[:32] + bytes([flags]) + old[33:55] + PASSKEY.credential_id + key + more
    return RegistrationEvidence(response["clientDataJSON"], b64u_encode(cbor2.dumps(whole)))


def test_a_weak_or_malformed_key_is_refused_in_every_attestation_format() -> None:
    def check(case: dict[str, Any]) -> None:
        with refused(RefusedError, "passkey_registration_refused"):
            register(attestation(joined(case)))

    check_each([case for case in VECTORS["coseKey"] if case["detail"] is not None], check)


@pytest.mark.parametrize(
    "case",
    [case for case in VECTORS["coseKey"] if case["detail"] is None],
    ids=lambda case: case["name"],
)
def test_a_sound_key_of_each_kind_is_registered(case: Any) -> None:
    raw = joined(case)
    verified = register(attestation(raw))
    assert verified.public_key == b64u_encode(raw)
    assert verified.algorithm == case["algorithm"]


# --- the library is called after the grammar, or not at all ---------------------------------------

BOMBS = [
    case
    for case in VECTORS["cbor"]
    if case["detail"] is not None and "after the item" not in case["detail"]
]


@pytest.fixture
def no_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every call of the WebAuthn library fail in a way that no refusal hides."""

    def fail(**_: Any) -> None:
        raise KeyboardInterrupt("the library was called")

    monkeypatch.setattr(webauthn, "verify_registration_response", fail)
    monkeypatch.setattr(webauthn, "verify_authentication_response", fail)


@pytest.mark.usefixtures("no_library")
def test_a_bomb_in_an_assertions_extensions_never_reaches_the_library() -> None:
    data = bytearray(b64u_decode(GOOD.authenticator_data))
    data[32] |= 0x80

    def refuses(case: dict[str, Any]) -> None:
        whole = b64u_encode(bytes(data) + joined(case))
        with refused(RefusedError, "passkey_assertion_refused"):
            check(msgspec.structs.replace(GOOD, authenticator_data=whole))

    check_each(BOMBS, refuses)


@pytest.mark.usefixtures("no_library")
def test_a_bomb_in_a_registrations_extensions_never_reaches_the_library() -> None:
    def refuses(case: dict[str, Any]) -> None:
        bomb = attestation(ec2(), flags=0xC5, more=joined(case))
        with refused(RefusedError, "passkey_registration_refused"):
            register(bomb)

    check_each(BOMBS, refuses)


@pytest.mark.usefixtures("no_library")
def test_the_library_is_called_for_what_the_grammar_accepts() -> None:
    with pytest.raises(KeyboardInterrupt, match="the library was called"):
        check()
    with pytest.raises(KeyboardInterrupt, match="the library was called"):
        register(registration(PASSKEY.create(CHALLENGE)))


@pytest.mark.usefixtures("no_library")
def test_a_signature_out_of_form_never_reaches_the_library() -> None:
    def refuses(case: dict[str, Any]) -> None:
        changed = msgspec.structs.replace(GOOD, signature=b64u_encode(joined(case)))
        with refused(RefusedError, "passkey_assertion_refused"):
            check(changed, public_key=b64u_encode(bytes.fromhex(case["key"])))

    check_each([case for case in VECTORS["signature"] if case["detail"] is not None], refuses)


def test_the_grammars_detail_says_what_is_wrong() -> None:
    with pytest.raises(RefusedError, match="client data: the origin is another one"):
        check(assertion(PASSKEY.get(CHALLENGE, origin="https://evil.example")))
