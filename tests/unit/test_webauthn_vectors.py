"""The grammar of WebAuthn's bytes, held to the vectors that JavaScript is held to as well."""

from typing import Any

import pytest

from ledger.encoding import b64u_encode
from ledger.errors import MalformedError
from ledger.jose import parse_key
from ledger.jose.algorithms import InvalidSignature
from ledger.webauthn_grammar import cbor
from ledger.webauthn_grammar.authenticator_data import (
    AttestedCredential,
    AuthenticatorData,
    parse_assertion_data,
    parse_attestation_object,
    parse_registration_data,
)
from ledger.webauthn_grammar.client_data import require_client_data
from ledger.webauthn_grammar.cose import parse_cose_key, require_signature
from tests.support.vectors import vector
from tests.vectors.webauthn import make
from tests.vectors.webauthn.cases import joined

VECTORS = vector("webauthn/grammar")
READERS = [name for name in VECTORS if name not in ("expected", "everyPrefix", "ed25519")]
CASES = [(reader, case) for reader in READERS for case in VECTORS[reader]]


def plain(value: cbor.Cbor) -> Any:
    """Return a value as the vectors have it."""
    if isinstance(value, bytes):
        return {"hex": value.hex()}
    if isinstance(value, list):
        return [plain(each) for each in value]
    if isinstance(value, dict):
        return {"map": [[key, plain(each)] for key, each in value.items()]}
    return value


def seen(data: AuthenticatorData, new: AttestedCredential) -> dict[str, Any]:
    return {
        "signCount": data.sign_count,
        "credentialId": new.credential_id.hex(),
        "aaguid": new.aaguid.hex(),
        "key": new.raw_key.hex(),
    }


def read(reader: str, raw: bytes, case: dict[str, Any]) -> dict[str, Any]:
    """Return what a reader says of an accepted input, in the names of the vectors."""
    if reader == "cbor":
        return {"value": plain(cbor.parse(raw))}
    if reader == "clientData":
        expected = VECTORS["expected"]
        require_client_data(
            raw,
            expected_type=expected["type"],
            expected_challenge=bytes.fromhex(expected["challenge"]),
            expected_origin=expected["origin"],
        )
        return {}
    if reader == "registrationData":
        return seen(*parse_registration_data(raw))
    if reader == "assertionData":
        return {"signCount": parse_assertion_data(raw).sign_count}
    if reader == "attestationObject":
        found = parse_attestation_object(raw)
        return {"format": found.format} | seen(found.data, found.credential)
    if reader == "coseKey":
        return {"algorithm": parse_cose_key(raw).algorithm}
    require_signature(raw, parse_cose_key(bytes.fromhex(case["key"])))
    return {"key": case["key"]}


def test_the_vectors_are_what_their_tables_say() -> None:
    assert (make.FILE).read_text("utf-8") == make.text()


@pytest.mark.parametrize(("reader", "case"), CASES, ids=lambda each: str(each)[:60])
def test_a_vector_is_read_or_refused_for_its_reason(reader: str, case: dict[str, Any]) -> None:
    raw = joined(case)
    if case["detail"] is None:
        assert read(reader, raw, case).items() <= case.items()
        return
    with pytest.raises(MalformedError) as caught:
        read(reader, raw, case)
    assert (caught.value.code, caught.value.detail) == (case["code"], case["detail"])


@pytest.mark.parametrize("whole", VECTORS["everyPrefix"], ids=lambda each: each["reader"])
def test_every_truncation_is_refused(whole: dict[str, Any]) -> None:
    raw = bytes.fromhex(whole["hex"])
    read(whole["reader"], raw, whole)
    for length in range(len(raw)):
        with pytest.raises(MalformedError):
            read(whole["reader"], raw[:length], whole)


@pytest.mark.parametrize("case", VECTORS["ed25519"], ids=lambda case: case["name"])
def test_an_ed25519_signature_has_one_verdict_in_every_reader(case: dict[str, Any]) -> None:
    key, message, signature = (bytes.fromhex(case[n]) for n in ("key", "message", "signature"))
    outcome = "verified"
    try:
        jwk = parse_key({"kty": "OKP", "crv": "Ed25519", "x": b64u_encode(key)})
        jwk.verifiers["EdDSA"](signature, message)
    except MalformedError as error:
        assert error.code == "jwk_invalid"
        outcome = "key refused"
    except InvalidSignature:
        outcome = "refused"
    assert outcome == case["outcome"]
