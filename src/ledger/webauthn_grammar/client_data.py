"""Client data: what the browser says of a ceremony (WebAuthn L3 section 5.8.1).

Refuses a ceremony of another kind, challenge or origin, and every ceremony inside a frame of
another site. Members that are not named here are ignored, as the standard asks of a reader.
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
    """Raise MalformedError `client_data_malformed` unless this is that ceremony's client data."""
    members = _parse(raw)
    if members.get("type") != expected_type:
        _refuse("of another ceremony")
    challenge = b64u_encode(expected_challenge)
    if members.get("challenge") != challenge:
        _refuse("over another challenge")
    if f'"{challenge}"'.encode() not in raw:  # base64url never needs an escape
        _refuse("the challenge in another spelling")
    if members.get("origin") != expected_origin:
        _refuse("on another origin")
    if members.get("crossOrigin", False) is not False or "topOrigin" in members:
        _refuse("inside another site's frame")
    if "tokenBinding" in members:  # of WebAuthn L2, gone from L3
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
