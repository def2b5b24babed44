"""How a case of the grammar's vectors is written down."""

from dataclasses import dataclass, field
from typing import Any

# Bytes, or (bytes, times) one after the other.
Input = bytes | list[tuple[bytes, int]]

CBOR, CLIENT, DATA, OBJECT, KEY, SIGNATURE = (
    "CBOR: {}",
    "client data: {}",
    "authenticator data: {}",
    "attestation object: {}",
    "COSE key: {}",
    "signature: {}",
)
CODES = {
    "CBOR": "cbor_malformed",
    "client data": "client_data_malformed",
    "authenticator data": "authenticator_data_malformed",
    "attestation object": "attestation_malformed",
    "COSE key": "cose_key_malformed",
    "signature": "signature_malformed",
}


@dataclass(frozen=True)
class Case:
    """An input, and the detail of its refusal; None if it is accepted."""

    name: str
    input: Input
    detail: str | None = None
    more: dict[str, Any] = field(default_factory=dict)


def described(case: Case) -> dict[str, Any]:
    """Return a case as the file has it."""
    refused = {} if case.detail is None else {"code": CODES[case.detail.split(":")[0]]}
    return {"name": case.name} | _input(case.input) | case.more | {"detail": case.detail} | refused


def _input(given: Input) -> dict[str, Any]:
    if isinstance(given, list):
        return {"runs": [[part.hex(), times] for part, times in given]}
    if given[:2] == b'{"':
        try:
            return {"text": given.decode()}
        except UnicodeDecodeError:
            return {"hex": given.hex()}
    return {"hex": given.hex()}


def joined(given: dict[str, Any]) -> bytes:
    """Return the bytes of an input as the file has it."""
    if "text" in given:
        return str(given["text"]).encode()
    if "runs" in given:
        return b"".join(bytes.fromhex(part) * times for part, times in given["runs"])
    return bytes.fromhex(given["hex"])
