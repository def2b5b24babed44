"""JWT claims (RFC 7519): a signer adds them, a verifier checks them. All times are in seconds."""

import math
import re
from collections.abc import Collection, Mapping
from typing import Any, TypeGuard

import msgspec

from ledger.errors import MalformedError, RefusedError

_UNITS = {
    "": 1,
    "s": 1,
    "second": 1,
    "seconds": 1,
    "m": 60,
    "minute": 60,
    "minutes": 60,
    "h": 3600,
    "hour": 3600,
    "hours": 3600,
    "D": 86_400,
    "day": 86_400,
    "days": 86_400,
    "W": 604_800,
    "week": 604_800,
    "weeks": 604_800,
    "M": 2_592_000,
    "month": 2_592_000,
    "months": 2_592_000,
    "Y": 31_536_000,
    "year": 31_536_000,
    "years": 31_536_000,
}
_DURATION = re.compile("([0-9]{1,12})([A-Za-z]*)")
MAX_NUMERIC_DATE = 2**53
_TIMES = ("exp", "nbf", "iat")


def duration_s(given: object, *, zero: bool = False) -> int:
    """Return the seconds of an integer or a text like `90s`, `1h`, `2D`, `1M` (30 days), `1Y`.

    Raises MalformedError `jwt_claim_invalid` for anything else, and for 0 unless `zero`.
    """
    seconds = -1
    if isinstance(given, int) and not isinstance(given, bool):
        seconds = given
    elif isinstance(given, str) and (match := _DURATION.fullmatch(given)):
        seconds = int(match[1]) * _UNITS.get(match[2], -1)
    if seconds < 0 or seconds > MAX_NUMERIC_DATE or (seconds == 0 and not zero):
        raise MalformedError(
            "jwt_claim_invalid", "a duration must be a positive integer and a unit"
        )
    return seconds


class Hints(msgspec.Struct, frozen=True, kw_only=True):
    """The time claims that a signer adds to a payload without them; `now` is in seconds.

    `expires_in` and `not_before_in` count from the payload's `iat`, if it has one.
    """

    now: int
    expires_in: int | str | None = None
    expires_at: int | None = None
    not_before_in: int | str | None = None
    not_before_at: int | None = None
    jti: str | None = None


def with_claims(payload: object, hints: Hints) -> dict[str, Any]:
    """Return a copy of the payload with iat, and with exp, nbf and jti as the hints say.

    Raises MalformedError `jwt_claim_invalid` if the payload is not an object, if a relative and an
    absolute time are both given, if a time is not an integer, or if no verifier would ever accept
    the claims.
    """
    pairs = ((hints.expires_in, hints.expires_at), (hints.not_before_in, hints.not_before_at))
    if any(relative is not None and absolute is not None for relative, absolute in pairs):
        raise MalformedError("jwt_claim_invalid", "a time must be either relative or absolute")
    if not isinstance(payload, Mapping):
        raise MalformedError("jwt_claim_invalid", "a payload with claims must be a JSON object")
    issued = {"iat": _to_seconds(payload.get("iat", hints.now))}
    claims = issued | dict(payload)
    wanted = {
        "exp": (hints.expires_at, hints.expires_in, False),
        "nbf": (hints.not_before_at, hints.not_before_in, True),
    }
    for name, (absolute, relative, zero) in wanted.items():
        if absolute is not None:
            claims.setdefault(name, _to_seconds(absolute))
        elif relative is not None:
            claims.setdefault(name, claims["iat"] + duration_s(relative, zero=zero))
    if hints.jti is not None:
        claims.setdefault("jti", _named(hints.jti))
    _refuse_unverifiable(claims)
    return claims


def _refuse_unverifiable(claims: Mapping[str, Any]) -> None:
    """Refuse claims of the wrong type, and a JWT that is valid at no time."""
    for name in _TIMES:
        if name in claims and not _is_numeric_date(claims[name]):
            raise MalformedError("jwt_claim_invalid", f"{name} is not a number of seconds")
    if claims.get("nbf", -math.inf) >= claims.get("exp", math.inf):
        raise MalformedError("jwt_claim_invalid", "the JWT would expire before it is valid")
    for name in ("iss", "sub", "jti"):
        if not isinstance(claims.get(name, ""), str):
            raise MalformedError("jwt_claim_invalid", f"{name} is not a string")
    audience = claims.get("aud", "")
    listed = audience if isinstance(audience, list | tuple) else [audience]
    if not all(isinstance(name, str) for name in listed):
        raise MalformedError("jwt_claim_invalid", "aud is not a string or a list of strings")


def _to_seconds(time_s: object) -> int:
    if not isinstance(time_s, int) or isinstance(time_s, bool) or abs(time_s) > MAX_NUMERIC_DATE:
        raise MalformedError("jwt_claim_invalid", "a time must be an integer of seconds")
    return time_s


def _named(name: object) -> str:
    if not isinstance(name, str) or not name:
        raise MalformedError("jwt_claim_invalid", "a jti must be a string")
    return name


def _is_list(given: object) -> TypeGuard[Collection[object]]:
    return isinstance(given, list | tuple | set | frozenset)


def _refuse_empty(expected: Collection[object]) -> None:
    """Refuse what is no string (TypeError), and what would check nothing (ValueError)."""
    if not all(isinstance(member, str) for member in expected):
        raise TypeError("an expected claim must be a string or a list of strings")
    if not expected or "" in expected:
        raise ValueError("an expected claim must not be empty")


class Claims(msgspec.Struct, frozen=True, kw_only=True):
    """What a verifier requires of the claims, in addition to valid exp and nbf.

    `issuer`, `audience`: one of these values. `max_age`: the maximum time since iat. `tolerance_s`:
    the allowed clock difference. `required`: claims that must exist. Without `audience`, a payload
    with `aud` is refused: it is meant for somebody else (RFC 7519 section 4.1.3). Raises TypeError
    for a wrong type; ValueError for an empty value, because it would check nothing.
    """

    issuer: str | Collection[str] | None = None
    audience: str | Collection[str] | None = None
    subject: str | None = None
    required: Collection[str] = ()
    max_age: int | str | None = None
    tolerance_s: int = 0

    def __post_init__(self) -> None:
        """Reject values that would check nothing, or something else than they seem to."""
        for given in (self.issuer, self.audience):
            if given is not None:
                _refuse_empty(given if _is_list(given) else [given])
        if self.subject is not None:
            _refuse_empty([self.subject])
        if not _is_list(self.required):
            raise TypeError("required must be a list of names")
        if self.required:
            _refuse_empty(self.required)
        if type(self.tolerance_s) is not int:
            raise TypeError("a tolerance must be an integer of seconds")
        if not 0 <= self.tolerance_s <= 86_400:
            raise ValueError("a tolerance must be 0 to 86,400 seconds")
        if self.max_age is not None:
            duration_s(self.max_age)


TIMES_ONLY = Claims()


def check_claims(payload: object, claims: Claims, *, now: float) -> dict[str, Any]:
    """Return a decoded payload whose claims hold.

    Raises RefusedError for the first that applies, in this order: `jwt_claim_missing`,
    `jwt_claim_invalid`, `jwt_nbf`, `jwt_expired`.
    """
    if not isinstance(payload, dict):
        raise RefusedError("jwt_claim_invalid", "the payload is not a JSON object")
    implied = {"iss": claims.issuer, "aud": claims.audience, "sub": claims.subject}
    needed = [*claims.required, *(name for name, value in implied.items() if value is not None)]
    if claims.max_age is not None:
        needed.append("iat")
    missing = [name for name in needed if name not in payload]
    if missing:
        raise RefusedError("jwt_claim_missing", f"the payload has no {missing[0]}")
    for name in _TIMES:
        if name in payload and not _is_numeric_date(payload[name]):
            raise RefusedError("jwt_claim_invalid", f"{name} is not a number of seconds")
    if "aud" in payload and claims.audience is None:
        raise RefusedError("jwt_claim_invalid", "the payload has aud, and no audience is expected")
    for name, expected in implied.items():
        if expected is not None and not _overlap(name, payload[name], expected):
            raise RefusedError("jwt_claim_invalid", f"{name} is not the expected value")
    _check_times(payload, claims, now)
    return payload


def _check_times(payload: Mapping[str, Any], claims: Claims, now: float) -> None:
    if payload.get("nbf", now) > now + claims.tolerance_s:
        raise RefusedError("jwt_nbf", "the payload is not valid yet")
    if "exp" in payload and payload["exp"] <= now - claims.tolerance_s:
        raise RefusedError("jwt_expired", "the payload is no longer valid")
    if claims.max_age is not None:
        age = now - payload["iat"]
        if age < -claims.tolerance_s:
            raise RefusedError("jwt_claim_invalid", "iat is in the future")
        if age > duration_s(claims.max_age) + claims.tolerance_s:
            raise RefusedError("jwt_expired", "the payload is older than accepted")


def _is_numeric_date(value: object) -> bool:
    """A NumericDate is a JSON number (RFC 7519 section 2). A Python bool is an int: reject it."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _overlap(name: str, actual: object, expected: str | Collection[str]) -> bool:
    """Only aud may be a list (RFC 7519 section 4.1.3). Strings must be equal."""
    if actual == expected and isinstance(actual, str):
        return True
    listed = actual if name == "aud" and isinstance(actual, list) else [actual]
    wanted = {expected} if isinstance(expected, str) else set(expected)
    return any(isinstance(member, str) and member in wanted for member in listed)
