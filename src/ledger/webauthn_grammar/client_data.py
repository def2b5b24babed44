"""Client data: the browser's description of a ceremony (WebAuthn L3 section 5.8.1).

Rejects another type, challenge or origin, and every ceremony inside a cross-origin frame. Unknown
members are ignored, as the standard requires.
"""

from typing import Any, Literal, NoReturn

from ledger.encoding import b64u_encode, parse_json
from ledger.errors import MalformedError

MAX_BYTES = 4_096
CeremonyType = Literal["webauthn.create", "webauthn.get"]
_TOKEN_BINDINGS = ("present", "supported")


def require_client_data(
    raw: bytes, *, expected_type: CeremonyType, expected_challenge: bytes, expected_origin: str
) -> None:
    """Raise MalformedError `client_data_malformed` unless the client data match the ceremony."""
    members = _parse(raw)
    if members.get("type") != expected_type:
        _refuse("its type is of another ceremony")
    challenge = b64u_encode(expected_challenge)
    if members.get("challenge") != challenge:
        _refuse("the challenge is another one")
    if f'"{challenge}"'.encode() not in raw:  # base64url never needs an escape
        _refuse("the challenge is escaped")
    if members.get("origin") != expected_origin:
        _refuse("the origin is another one")
    if members.get("crossOrigin", False) is not False or "topOrigin" in members:
        _refuse("the ceremony ran in a cross-origin frame")
    if "tokenBinding" in members:  # defined by WebAuthn L2, removed in L3
        binding = members["tokenBinding"]
        if not isinstance(binding, dict) or binding.get("status") not in _TOKEN_BINDINGS:
            _refuse("an unknown token binding")


def _parse(raw: bytes) -> dict[str, Any]:
    if len(raw) > MAX_BYTES:
        _refuse("over 4,096 bytes")
    try:
        value = parse_json(raw)
    except MalformedError as error:
        raise MalformedError("client_data_malformed", "client data: not I-JSON") from error
    if not isinstance(value, dict):
        _refuse("not a JSON object")
    return value


def _refuse(reason: str) -> NoReturn:
    raise MalformedError("client_data_malformed", f"client data: {reason}")
