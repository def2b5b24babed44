"""What a verifier accepts: profiles, limits and the options of one call.

docs/reference/jws.md lists both profiles' rules for every case that the RFCs leave open.
"""

import math
from collections.abc import Sequence
from typing import Any, Literal, TypedDict

import msgspec

from ledger.encoding import SafeInteger
from ledger.jose.algorithms import ALL_ALGORITHMS, PUBLIC_KEY_ALGORITHMS
from ledger.jose.claims import Claims


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """The most that a verifier accepts, and the most that a signer writes.

    Each entry may try `tries` candidate keys. An entry with more candidates also uses up
    `spare_tries`, which all entries of the envelope share: so an entry that anybody added cannot
    take from the others the keys that their `kid` names.
    """

    envelope_bytes: int = 16 * 2**20
    entries: int = 1024
    header_bytes: int = 16 * 2**10
    header_depth: int = 8
    tries: int = 8
    spare_tries: int = 4096

    def __post_init__(self) -> None:
        """Raise TypeError or ValueError for a limit that would limit nothing."""
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool):
                raise TypeError(f"{name} must be an integer")
            if value < (name != "spare_tries"):
                raise ValueError(f"{name} must be positive")


class LedgerHeader(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The members of a protected header that the ledger itself signs and accepts."""

    alg: str = ""
    typ: str = ""
    kid: str = ""
    iat: SafeInteger | None = None


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """A set of rules for the cases that the RFCs leave to the application.

    `header`: the type of a protected header; None allows every member. `ed448`: whether EdDSA can
    be of that curve too.
    """

    name: str
    algorithms: frozenset[str]
    unprotected: bool
    unknown_members: bool
    kid_is_thumbprint: bool
    exact_typ: bool
    ed448: bool
    header: type[msgspec.Struct] | None
    limits: Limits


RFC = Profile(
    name="rfc",
    algorithms=PUBLIC_KEY_ALGORITHMS,
    unprotected=True,
    unknown_members=True,
    kid_is_thumbprint=False,
    exact_typ=False,
    ed448=True,
    header=None,
    limits=Limits(),
)
LEDGER = Profile(
    name="ledger",
    algorithms=frozenset({"EdDSA", "Ed25519", "ES256", "ML-DSA-65"}),
    unprotected=False,
    unknown_members=False,
    kid_is_thumbprint=True,
    exact_typ=True,
    ed448=False,
    header=LedgerHeader,
    limits=Limits(
        envelope_bytes=4 * 2**20,
        entries=256,
        header_bytes=768,
        header_depth=1,
        tries=2,
        spare_tries=0,
    ),
)
PROFILES = {profile.name: profile for profile in (RFC, LEDGER)}


class OtherOptions(TypedDict, total=False):
    """The keyword arguments of every verifying function that may be left out."""

    algorithms: Sequence[str]
    typ: str
    crit_understood: Sequence[str]
    detached_payload: bytes
    strict_signer_match: bool
    claims: Claims
    profile: Literal["rfc", "ledger"]
    limits: Limits


class Options(OtherOptions):
    """The keyword arguments of every verifying function.

    `now` must be given: the time in seconds at which the claims of a JWT must hold, or None for a
    payload that is not a JWT, whose claims are then not checked.
    """

    now: float | None


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """The complete and checked options of one call."""

    profile: Profile = RFC
    algorithms: frozenset[str] = RFC.algorithms
    limits: Limits = RFC.limits
    typ: str | None = None
    crit_understood: frozenset[str] = frozenset()
    detached_payload: bytes | None = None
    strict_signer_match: bool = False
    now: float | None = None
    claims: Claims | None = None


DEFAULT = Rules()
_NO_CLAIMS: Options = {"now": None}


def read_options(options: Options) -> Rules:
    """Return the rules of a call.

    Raises TypeError for an unknown option, a wrong type or no `now`; ValueError for an invalid
    value. An empty value is invalid: it never disables a check.
    """
    if options == _NO_CLAIMS:
        return DEFAULT
    given: dict[str, Any] = dict(options)
    if "now" not in given:
        raise TypeError("now is needed: the time in seconds, or None to check no claims")
    name = given.pop("profile", "rfc")
    if name not in PROFILES:
        raise ValueError(f"a profile must be one of {', '.join(PROFILES)}")
    profile = PROFILES[name]
    allowed, understood = profile.algorithms, DEFAULT.crit_understood
    if "algorithms" in given:
        allowed = _names(given.pop("algorithms"), "algorithms")
        if not allowed or not allowed <= ALL_ALGORITHMS:
            raise ValueError(f"algorithms must be among {', '.join(sorted(ALL_ALGORITHMS))}")
    if "crit_understood" in given:
        understood = _names(given.pop("crit_understood"), "crit_understood")
    if (claims := given.get("claims")) is not None:
        if not isinstance(claims, Claims):
            raise TypeError("claims must be a Claims")
        if given.get("now") is None:
            raise ValueError("checking claims needs now, in seconds: this function reads no clock")
    if given.get("typ") == "":
        raise ValueError("an empty typ would check nothing")
    _refuse_wrong_types(given)
    limits = given.pop("limits", profile.limits)
    return Rules(
        profile=profile, algorithms=allowed, limits=limits, crit_understood=understood, **given
    )


_TYPES: dict[str, Any] = {
    "typ": str,
    "detached_payload": bytes,
    "strict_signer_match": bool,
    "now": int | float,
    "limits": Limits,
}


def _refuse_wrong_types(given: dict[str, Any]) -> None:
    for name, kind in _TYPES.items():
        value = given.get(name)
        if value is None:
            given.pop(name, None)
        elif not isinstance(value, kind) or (name == "now" and isinstance(value, bool)):
            raise TypeError(f"{name} has the wrong type")
    if "now" in given and not math.isfinite(given["now"]):
        raise ValueError("now must be a finite number of seconds")


def _names(given: object, option: str) -> frozenset[str]:
    if isinstance(given, str) or not isinstance(given, list | tuple | set | frozenset):
        raise TypeError(f"{option} is a list of names")
    if not all(isinstance(name, str) for name in given):
        raise TypeError(f"{option} is a list of names")
    return frozenset(given)
