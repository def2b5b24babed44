"""WebAuthn ceremonies: what a passkey has to show."""

import hashlib
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.domain.passkey import (
    AssertionEvidence,
    Descriptor,
    RegistrationEvidence,
    VerifiedPasskey,
    creation_options,
    request_options,
    sign_count,
    verify_assertion,
    verify_registration,
)
from ledger.encoding import b64u_decode, b64u_encode
from ledger.errors import LedgerError, MalformedError, RefusedError
from tests.support.authenticator import Passkey
from tests.support.examples import FEW
from tests.support.refusals import refused
from tests.support.signers import PARTY, assertion, registration

CHALLENGE = hashlib.sha256(b"challenge").digest()
OTHER = hashlib.sha256(b"other").digest()
PASSKEY = Passkey()


def register(passkey: Passkey = PASSKEY, **overrides: Any) -> VerifiedPasskey:
    evidence = registration(passkey.create(CHALLENGE, **overrides))
    return verify_registration(evidence, passkey.id, challenge=CHALLENGE, party=PARTY)


PUBLIC_KEY = register().public_key
GOOD = assertion(PASSKEY.get(CHALLENGE))
GOOD_COUNT = PASSKEY.sign_count


def check(evidence: AssertionEvidence = GOOD, **changes: Any) -> int:
    expected: dict[str, Any] = {
        "challenge": CHALLENGE,
        "public_key": PUBLIC_KEY,
        "party": PARTY,
    }
    return verify_assertion(evidence, **(expected | changes))


# --- registration --------------------------------------------------------------------------------


def test_a_registration_gives_the_passkey_that_it_shows() -> None:
    passkey = Passkey(credential_id=b"credential")
    verified = register(passkey)
    assert verified.credential_id == "Y3JlZGVudGlhbA"
    assert verified.algorithm == -7
    assert verified.sign_count == 1
    assert verified.aaguid == "00000000-0000-0000-0000-000000000000"
    assert verified.backed_up is False


@pytest.mark.parametrize(
    "overrides",
    [
        {"type": "webauthn.get"},
        {"type": "payment.get"},
        {"origin": "https://evil.example"},
        {"origin": "http://localhost:8001"},
        {"origin": "https://localhost:8000"},
        {"crossOrigin": True},
    ],
    ids=str,
)
def test_a_registration_of_another_ceremony_is_refused(overrides: dict[str, Any]) -> None:
    with refused(RefusedError, "passkey_registration_refused"):
        register(**overrides)


@pytest.mark.parametrize(
    "passkey", [Passkey(rp_id="evil.example"), Passkey(user_verified=False)], ids=["rp", "uv"]
)
def test_a_registration_for_another_party_or_without_verification_is_refused(
    passkey: Passkey,
) -> None:
    with refused(RefusedError, "passkey_registration_refused"):
        register(passkey)


def test_a_registration_under_another_credential_id_is_refused() -> None:
    evidence = registration(PASSKEY.create(CHALLENGE))
    with refused(RefusedError, "passkey_registration_refused"):
        verify_registration(evidence, Passkey().id, challenge=CHALLENGE, party=PARTY)


@FEW
@given(st.binary(max_size=60), st.binary(max_size=60))
def test_garbage_is_no_registration(client_data: bytes, attestation: bytes) -> None:
    evidence = RegistrationEvidence(b64u_encode(client_data), b64u_encode(attestation))
    with refused(RefusedError, "passkey_registration_refused"):
        verify_registration(evidence, PASSKEY.id, challenge=CHALLENGE, party=PARTY)


@pytest.mark.parametrize("name", ["client_data_json", "attestation_object"])
def test_a_truncated_registration_is_refused(name: str) -> None:
    evidence = registration(PASSKEY.create(CHALLENGE))
    cut = b64u_encode(b64u_decode(getattr(evidence, name))[:-7])
    changed = msgspec.structs.replace(evidence, **{name: cut})
    with refused(RefusedError, "passkey_registration_refused"):
        verify_registration(changed, PASSKEY.id, challenge=CHALLENGE, party=PARTY)


# --- assertions ----------------------------------------------------------------------------------


def test_an_assertion_gives_the_passkeys_new_count() -> None:
    assert check() == GOOD_COUNT
    assert sign_count(GOOD) == GOOD_COUNT


@pytest.mark.parametrize(
    "overrides",
    [
        {"type": "webauthn.create"},
        {"origin": "https://evil.example"},
        {"crossOrigin": True},
    ],
    ids=str,
)
def test_an_assertion_of_another_ceremony_is_refused(overrides: dict[str, Any]) -> None:
    with refused(RefusedError, "passkey_assertion_refused"):
        check(assertion(PASSKEY.get(CHALLENGE, **overrides)))


def test_an_assertion_over_another_challenge_is_refused() -> None:
    with refused(RefusedError, "passkey_assertion_refused"):
        check(challenge=OTHER)


def test_an_assertion_by_another_passkey_is_refused() -> None:
    with refused(RefusedError, "passkey_assertion_refused"):
        check(assertion(Passkey(credential_id=PASSKEY.credential_id).get(CHALLENGE)))


@pytest.mark.parametrize("field", [{"rp_id": "evil.example"}, {"user_verified": False}], ids=str)
def test_an_assertion_for_another_party_or_without_verification_is_refused(
    field: dict[str, Any],
) -> None:
    passkey = Passkey(credential_id=PASSKEY.credential_id, private=PASSKEY.private, **field)
    with refused(RefusedError, "passkey_assertion_refused"):
        check(assertion(passkey.get(CHALLENGE)))


def test_an_assertion_is_taken_with_the_count_that_it_has() -> None:
    assert check() == GOOD_COUNT
    assert check() == GOOD_COUNT


def test_a_passkey_that_never_counts_is_taken() -> None:
    passkey = Passkey(counts=False)
    public_key = register(passkey).public_key
    evidence = assertion(passkey.get(CHALLENGE))
    assert check(evidence, public_key=public_key) == 0


@pytest.mark.parametrize("name", ["client_data_json", "authenticator_data", "signature"])
@pytest.mark.parametrize("bit", [0, 9, 100, 250, -3])
def test_one_changed_bit_of_an_assertion_is_refused(name: str, bit: int) -> None:
    raw = bytearray(b64u_decode(getattr(GOOD, name)))
    raw[bit // 8] ^= 1 << bit % 8
    with refused(RefusedError, "passkey_assertion_refused"):
        check(msgspec.structs.replace(GOOD, **{name: b64u_encode(bytes(raw))}))


@pytest.mark.parametrize(
    "name", ["credential_id", "client_data_json", "authenticator_data", "signature"]
)
def test_an_assertion_in_another_spelling_of_base64url_is_refused(name: str) -> None:
    changed = msgspec.structs.replace(GOOD, **{name: getattr(GOOD, name) + "="})
    with refused(MalformedError, "base64url_invalid"):
        check(changed)


@FEW
@given(st.binary(max_size=60), st.binary(max_size=60), st.binary(max_size=60))
def test_garbage_is_no_assertion(client_data: bytes, data: bytes, signature: bytes) -> None:
    parts = (b64u_encode(part) for part in (client_data, data, signature))
    with pytest.raises(LedgerError):
        check(AssertionEvidence(PASSKEY.id, *parts))


@pytest.mark.parametrize("length", [0, 1_024])
def test_an_assertion_by_a_credential_id_out_of_bounds_is_refused(length: int) -> None:
    with refused(RefusedError, "passkey_assertion_refused"):
        check(msgspec.structs.replace(GOOD, credential_id=b64u_encode(bytes(length))))


@pytest.mark.parametrize("length", [0, 1, 36])
def test_authenticator_data_too_short_for_a_count_is_refused(length: int) -> None:
    short = msgspec.structs.replace(GOOD, authenticator_data=b64u_encode(bytes(length)))
    with refused(RefusedError, "passkey_assertion_refused"):
        sign_count(short)


# --- options -------------------------------------------------------------------------------------


HELD = Descriptor("aWQ", ("usb", "nfc"))


def test_creation_asks_for_a_verified_discoverable_passkey() -> None:
    assert creation_options(
        party=PARTY, party_name="L", user=b"u", user_name="U", exclude=(HELD,)
    ) == {
        "rp": {"id": "localhost", "name": "L"},
        "user": {"id": "dQ", "name": "U", "displayName": "U"},
        "pubKeyCredParams": [{"type": "public-key", "alg": alg} for alg in (-8, -7, -257)],
        "timeout": 300_000,
        "excludeCredentials": [{"type": "public-key", "id": "aWQ", "transports": ("usb", "nfc")}],
        "authenticatorSelection": {
            "residentKey": "required",
            "requireResidentKey": True,
            "userVerification": "required",
        },
        "attestation": "none",
        "extensions": {"credProps": True},
    }


def test_a_request_asks_for_verification_and_says_how_each_passkey_is_reached() -> None:
    phone = Descriptor("cGg", ("internal", "hybrid"))
    asked = {
        "rpId": "localhost",
        "timeout": 300_000,
        "userVerification": "required",
        "allowCredentials": [
            {"type": "public-key", "id": "cGg", "transports": ("internal", "hybrid")},
            {"type": "public-key", "id": "aWQ", "transports": ("usb", "nfc")},
        ],
        "hints": ["client-device", "hybrid", "security-key"],
    }
    assert request_options(party=PARTY, allow=(phone, HELD)) == asked


def test_a_way_to_an_authenticator_that_nobody_knows_is_no_hint() -> None:
    asked = request_options(
        party=PARTY, allow=(Descriptor("aWQ", ("telepathy",)), Descriptor("eA"))
    )
    assert asked["hints"] == []
    assert [each["transports"] for each in asked["allowCredentials"]] == [("telepathy",), ()]
