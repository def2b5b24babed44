"""The parsers of `ledger.webauthn_grammar`, by the names used in the shared vectors."""

from typing import Any

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

VECTORS = vector("webauthn/grammar")


def plain(value: cbor.Cbor) -> Any:
    """Return a value in the form the vectors use."""
    if isinstance(value, bytes):
        return {"hex": value.hex()}
    if isinstance(value, list):
        return [plain(each) for each in value]
    if isinstance(value, dict):
        return {"map": [[key, plain(each)] for key, each in value.items()]}
    return value


def _seen(data: AuthenticatorData, new: AttestedCredential) -> dict[str, Any]:
    return {
        "signCount": data.sign_count,
        "credentialId": new.credential_id.hex(),
        "aaguid": new.aaguid.hex(),
        "key": new.raw_key.hex(),
    }


def read(reader: str, raw: bytes, key: str | None = None) -> dict[str, Any]:
    """Return a parser's result for an accepted input, in the vectors' form.

    A signature is parsed for this COSE key, in hex. Raises as the parser does.
    """
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
        return _seen(*parse_registration_data(raw))
    if reader == "assertionData":
        return {"signCount": parse_assertion_data(raw).sign_count}
    if reader == "attestationObject":
        found = parse_attestation_object(raw)
        return {"format": found.format} | _seen(found.data, found.credential)
    if reader == "coseKey":
        return {"algorithm": parse_cose_key(raw).algorithm}
    assert key is not None
    require_signature(raw, parse_cose_key(bytes.fromhex(key)))
    return {"key": key}
