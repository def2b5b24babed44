"""Authenticator data (WebAuthn L3 section 6.1) and the attestation object around it (6.5).

Rejects flags that contradict the bytes or each other, and bytes that the flags do not announce.
User presence and user verification are always required.
"""

from typing import NoReturn

import msgspec

from ledger.errors import MalformedError
from ledger.webauthn_grammar import cbor
from ledger.webauthn_grammar.cose import CoseKey, parse_cose_key, require_signature

MAX_CREDENTIAL_ID_BYTES = 1_023
MAX_FORMAT_CHARS = 32
PRESENT, VERIFIED, ELIGIBLE, BACKED_UP, ATTESTED, EXTENDED = 0x01, 0x04, 0x08, 0x10, 0x40, 0x80
_HEAD_BYTES = 37
_AAGUID_BYTES = 16
_MEMBERS = {"fmt", "attStmt", "authData"}


class AttestedCredential(msgspec.Struct, frozen=True):
    """The new credential in a registration; `raw_key` is the COSE key's own bytes."""

    aaguid: bytes
    credential_id: bytes
    raw_key: bytes
    key: CoseKey


class AuthenticatorData(msgspec.Struct, frozen=True):
    """The fixed part of authenticator data: hash of the relying party id, flags, sign count."""

    rp_id_hash: bytes
    flags: int
    sign_count: int


class Attestation(msgspec.Struct, frozen=True):
    """An attestation object with parsed authenticator data; its statement is not verified."""

    format: str
    data: AuthenticatorData
    credential: AttestedCredential


def parse_attestation_object(raw: bytes) -> Attestation:
    """Return a registration's attestation object.

    Raises MalformedError `attestation_malformed`, or as the parsers of its parts do.
    """
    members = cbor.parse(raw)
    if not isinstance(members, dict) or members.keys() != _MEMBERS:
        _refuse_attestation("not a map of fmt, attStmt and authData")
    form, statement, data = (members[name] for name in ("fmt", "attStmt", "authData"))
    if not isinstance(form, str) or not 0 < len(form) <= MAX_FORMAT_CHARS or not form.isascii():
        _refuse_attestation("fmt is not 1 to 32 ASCII characters")
    if not isinstance(statement, dict) or (form == "none" and statement):
        _refuse_attestation("attStmt is not a map, or not empty although fmt is none")
    if not isinstance(data, bytes):
        _refuse_attestation("authData is not a byte string")
    head, credential = parse_registration_data(data)
    if form == "packed":
        _require_packed(statement, credential.key)
    return Attestation(form, head, credential)


def parse_registration_data(raw: bytes) -> tuple[AuthenticatorData, AttestedCredential]:
    """Return a registration's authenticator data and its new credential.

    Raises MalformedError `authenticator_data_malformed`, `cbor_malformed`, `cose_key_malformed`.
    """
    data = _parse_head(raw)
    if not data.flags & ATTESTED:
        _refuse("the new credential is missing")
    credential, end = _parse_credential(raw)
    _require_end(raw, end, data.flags)
    return data, credential


def parse_assertion_data(raw: bytes) -> AuthenticatorData:
    """Return an assertion's authenticator data; it must not contain a new credential.

    Raises MalformedError `authenticator_data_malformed`, `cbor_malformed`.
    """
    data = _parse_head(raw)
    if data.flags & ATTESTED:
        _refuse("an assertion contains a new credential")
    _require_end(raw, _HEAD_BYTES, data.flags)
    return data


def require_credential_id(credential_id: bytes) -> None:
    """Raise MalformedError `authenticator_data_malformed` unless it is 1 to 1,023 bytes."""
    if not 0 < len(credential_id) <= MAX_CREDENTIAL_ID_BYTES:
        _refuse("a credential id must have 1 to 1,023 bytes")


def _require_packed(statement: dict[int | str, cbor.Cbor], key: CoseKey) -> None:
    """Reject a packed statement (L3 section 8.2) that is neither x5c nor self attestation.

    Raises MalformedError `attestation_malformed`, `signature_malformed`.
    """
    if "x5c" in statement:
        if not isinstance(statement["x5c"], list) or not statement["x5c"]:
            _refuse_attestation("x5c is not a list of certificates")
        return
    alg, signature = statement.get("alg"), statement.get("sig")
    if type(alg) is not int or alg != key.algorithm:
        _refuse_attestation("alg does not match the new key")
    if not isinstance(signature, bytes):
        _refuse_attestation("sig is not a byte string")
    require_signature(signature, key)


def _parse_head(raw: bytes) -> AuthenticatorData:
    if len(raw) > cbor.MAX_BYTES:
        _refuse("over 65,536 bytes")
    if len(raw) < _HEAD_BYTES:
        _refuse("cut off")
    # Bits 1 and 5 are reserved and ignored: a later version may define them, as with bits 3 and 4.
    flags = raw[32]
    if not flags & PRESENT:
        _refuse("user presence is missing")
    if not flags & VERIFIED:
        _refuse("user verification is missing")
    if flags & BACKED_UP and not flags & ELIGIBLE:
        _refuse("the credential is backed up but not eligible for backup")
    return AuthenticatorData(raw[:32], flags, int.from_bytes(raw[33:_HEAD_BYTES], "big"))


def _parse_credential(raw: bytes) -> tuple[AttestedCredential, int]:
    length_at = _HEAD_BYTES + _AAGUID_BYTES
    id_at = length_at + 2
    if len(raw) < id_at:
        _refuse("cut off")
    key_at = id_at + int.from_bytes(raw[length_at:id_at], "big")
    if len(raw) < key_at:
        _refuse("cut off")
    credential_id = raw[id_at:key_at]
    require_credential_id(credential_id)
    _, end = cbor.parse_prefix(raw, key_at)
    raw_key = raw[key_at:end]
    key = parse_cose_key(raw_key)
    return AttestedCredential(raw[_HEAD_BYTES:length_at], credential_id, raw_key, key), end


def _require_end(raw: bytes, end: int, flags: int) -> None:
    """Reject bytes after `end`, except one map of extensions if the flags announce it."""
    if flags & EXTENDED:
        extensions, end = cbor.parse_prefix(raw, end)
        if not isinstance(extensions, dict):
            _refuse("extensions are not a map")
    if end != len(raw):
        _refuse("bytes after its end")


def _refuse(reason: str) -> NoReturn:
    raise MalformedError("authenticator_data_malformed", f"authenticator data: {reason}")


def _refuse_attestation(reason: str) -> NoReturn:
    raise MalformedError("attestation_malformed", f"attestation object: {reason}")
