"""JOSE headers: decode strictly, require disjoint members, check critical members."""

from collections.abc import Mapping, Set
from typing import Annotated, Any

import msgspec

from ledger.encoding import b64u_decode, parse_json
from ledger.errors import MalformedError, RefusedError
from ledger.jose.rules import Limits

# The standard members of RFC 7515. They must not be listed in crit (section 4.1.11).
STANDARD = frozenset(
    ["alg", "jku", "jwk", "kid", "x5u", "x5c", "x5t", "x5t#S256", "typ", "cty", "crit"]
)
# The integers that all JSON parsers read alike (RFC 7493 section 2.2).
_Small = Annotated[int, msgspec.Meta(ge=-(2**53), le=2**53)]
_flat: msgspec.json.Decoder[dict[str, Any]] = msgspec.json.Decoder(dict[str, str | bool | _Small])


def decode_protected(text: str, limits: Limits) -> dict[str, Any]:
    """Return the members of a protected header from its base64url text.

    Raises MalformedError: `jws_invalid`, `jws_limit_exceeded`.
    """
    if len(text) > limits.header_bytes * 4 // 3 + 1:
        raise MalformedError("jws_limit_exceeded", "a protected header is too long")
    try:
        raw = b64u_decode(text)
        return _decode_flat(raw) or decode_object(raw, limits)
    except MalformedError as error:
        if error.code == "jws_limit_exceeded":
            raise
        raise MalformedError("jws_invalid", f"protected header: {error.detail}") from error


def decode_object(raw: bytes, limits: Limits) -> dict[str, Any]:
    """Return a JSON object; raise MalformedError `json_…`, `jws_invalid`, `jws_limit_exceeded`."""
    value = parse_json(raw)
    if not isinstance(value, dict):
        raise MalformedError("jws_invalid", "a header must be a JSON object")
    refuse_deep(value, limits.header_depth)
    return value


def _decode_flat(raw: bytes) -> dict[str, Any] | None:
    """Return an object of strings, booleans and small integers; None if it needs `parse_json`.

    msgspec silently keeps the last of duplicate members. Every member, duplicate or not, has its
    own colon. So if there are no more colons than distinct names, all names are unique.
    """
    try:
        value = _flat.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    return value if raw.count(b":") == len(value) else None


def refuse_deep(value: object, levels: int) -> None:
    """Raise MalformedError `jws_limit_exceeded` for more than `levels` of lists and objects."""
    if not isinstance(value, dict | list):
        return
    if levels == 0:
        raise MalformedError("jws_limit_exceeded", "a header is nested too deeply")
    for member in value.values() if isinstance(value, dict) else value:
        refuse_deep(member, levels - 1)


def copied(members: Mapping[str, Any]) -> dict[str, Any]:
    """Return a header that shares nothing with the given one, which is not nested too deeply."""
    return {name: _copied(member) for name, member in members.items()}


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return copied(value)
    return [_copied(member) for member in value] if isinstance(value, list) else value


def refuse_overlap(protected: dict[str, Any], header: dict[str, Any]) -> None:
    """Raise MalformedError `jws_header_params_not_disjoint` (RFC 7515 section 7.2.1)."""
    if not protected.keys().isdisjoint(header):
        raise MalformedError(
            "jws_header_params_not_disjoint", "a name is in both the protected and the other header"
        )


def check_crit(protected: dict[str, Any], header: dict[str, Any], understood: Set[str]) -> None:
    """Check crit and b64 (RFC 7515 section 4.1.11, RFC 7797 section 6).

    Raises RefusedError `jws_crit_invalid` if crit is not a non-empty list of unique names; if a
    name is standard, absent or not understood; if crit or b64 is outside the protected header; if
    b64 is not a boolean, or is false and not critical.
    """
    if "crit" in header or "b64" in header:
        raise _crit("crit and b64 must be in the protected header")
    names = protected.get("crit", ())
    if "crit" in protected:
        if not isinstance(names, list) or not names:
            raise _crit("crit must be a non-empty list")
        if not all(isinstance(name, str) for name in names) or len(set(names)) != len(names):
            raise _crit("crit must list unique names")
        for name in names:
            if name in STANDARD or name not in protected:
                raise _crit("crit names a standard or an absent member")
            if name != "b64" and name not in understood:
                raise _crit("crit names a member that is not supported")
    b64 = protected.get("b64", True)
    if not isinstance(b64, bool):
        raise _crit("b64 must be true or false")
    if not b64 and "b64" not in names:
        raise _crit("b64 false must be listed in crit")


def _crit(detail: str) -> RefusedError:
    return RefusedError("jws_crit_invalid", detail)
