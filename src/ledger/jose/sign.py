"""Sign one payload with one or many keys (RFC 7515 section 5.1), append signatures, merge JWSs.

All signers are checked before the first one signs: either all sign, or none.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, TypedDict, Unpack

import msgspec

from ledger.encoding import MAX_DEPTH, b64u_encode, parse_json
from ledger.errors import MalformedError, RefusedError
from ledger.jose.claims import Hints, with_claims
from ledger.jose.entry import read_entries, signed_payload
from ledger.jose.header import STANDARD, refuse_overlap
from ledger.jose.keyset import KeyInput, Lookup
from ledger.jose.private import Signer, import_private
from ledger.jose.rules import DEFAULT, Limits, Options, Rules
from ledger.jose.serialization import (
    ABSENT,
    Envelope,
    JwsInput,
    RawEntry,
    parse,
    to_compact,
    to_object,
)
from ledger.jose.verify import verify_multi_all

_LIMITS = Limits()


class Sign(msgspec.Struct, frozen=True, eq=False):
    """One signer: a private key (of any accepted type) and the members of its two headers.

    `protected` must not have `alg`: the key determines it. `kid` defaults to the key's.
    """

    key: Any
    protected: Mapping[str, Any] = {}
    header: Mapping[str, Any] = {}
    alg: str | None = None


class SignOptions(TypedDict, total=False):
    """The keyword arguments of `sign` and `sign_multi`."""

    claims: Hints
    detached: bool


class _Part(msgspec.Struct, frozen=True, eq=False):
    signer: Signer
    protected: str
    header: dict[str, Any]


# Bytes are signed unchanged, a string as UTF-8, an object as JSON.
Payload = bytes | str | Mapping[str, Any]


def sign_multi(
    payload: Payload, signers: Sequence[Sign | Any], **options: Unpack[SignOptions]
) -> dict[str, Any]:
    """Return the General JWS of a payload; a signer is a `Sign`, or a private key alone.

    All signers have the same b64. The first signer that sets it decides, the others inherit it, and
    `crit` is added (RFC 7797 section 6). For an object payload, signers without `typ` get JWT.

    Raises MalformedError: `jws_invalid` (no signers, a header that cannot be encoded),
    `jws_signer_alg_inference`, `jws_alg_not_allowed`, `jwk_invalid`, `jws_b64_inconsistent`,
    `jws_header_params_not_disjoint`, `jwt_claim_invalid`, `jws_invalid_serialization` (a payload
    that cannot be transmitted unencoded).
    """
    _refuse_unknown(options)
    parts_of = [given if isinstance(given, Sign) else Sign(given) for given in signers]
    if not parts_of:
        raise MalformedError("jws_invalid", "no signers")
    b64 = _common_b64(parts_of)
    raw = _payload_bytes(payload, options.get("claims"), b64)
    typ = "JWT" if isinstance(payload, Mapping) else None
    parts = [_prepare(part, b64=b64, typ=typ) for part in parts_of]
    detached = options.get("detached", False)
    text = _transmitted(raw, b64, detached=detached)
    signing = b64u_encode(raw).encode() if b64 else raw
    entries = tuple(_sign(part, signing) for part in parts)
    return to_object(Envelope(None if detached else text, entries))


def sign(payload: Payload, signer: Sign | Any, **options: Unpack[SignOptions]) -> str:
    """Return the compact JWS of a payload; errors as `sign_multi`.

    Raises MalformedError `jws_invalid_serialization` if there is no compact form: an unprotected
    header, an unencoded payload with a full stop.
    """
    return to_compact(sign_multi(payload, [signer], **options))


def append_signature(
    jws: JwsInput, signer: Sign | Any, *, detached_payload: bytes | None = None
) -> dict[str, Any]:
    """Return the General JWS with one more signature over the payload as transmitted.

    Existing entries stay unchanged and are not verified. Raises MalformedError as `parse` and
    `sign_multi` do; `jws_b64_inconsistent` if the signer or the entries disagree on b64;
    `jws_limit_exceeded` if the JWS already has as many entries as a verifier accepts.
    """
    part = signer if isinstance(signer, Sign) else Sign(signer)
    envelope = parse(jws)
    b64 = _envelope_b64(envelope)
    if _common_b64([part], default=b64) != b64:
        raise _inconsistent("the signer's b64 differs from that of the JWS")
    if len(envelope.entries) >= _LIMITS.entries:
        raise MalformedError("jws_limit_exceeded", f"it already has {_LIMITS.entries} signatures")
    rules = Rules(detached_payload=detached_payload)
    _, transmitted = signed_payload(envelope, encoded=b64, rules=rules)
    entry = _sign(_prepare(part, b64=b64, typ=None), transmitted)
    return to_object(Envelope(envelope.payload, (*envelope.entries, entry)))


def merge(
    first: JwsInput,
    second: JwsInput,
    *,
    keys: KeyInput | Lookup | None = None,
    **options: Unpack[Options],
) -> dict[str, Any]:
    """Return the General JWS with the entries of both, which must have the same payload.

    Identical entries are kept once. With `keys`, only one verified entry per signer is kept: one
    key can make different signatures, so only verification shows who signed. Raises
    MalformedError as `parse` does, `jws_b64_inconsistent`, `jws_limit_exceeded`; RefusedError
    `jws_payload_mismatch`.
    """
    one, other = parse(first), parse(second)
    if one.payload != other.payload:
        raise RefusedError("jws_payload_mismatch", "the two JWSs have different payloads")
    if _envelope_b64(one) != _envelope_b64(other):
        raise _inconsistent("the two JWSs disagree on b64")
    entries, known = list(one.entries), [_members(entry) for entry in one.entries]
    entries += [entry for entry in other.entries if _members(entry) not in known]
    if len(entries) > _LIMITS.entries:
        raise MalformedError(
            "jws_limit_exceeded", f"together they have over {_LIMITS.entries} signatures"
        )
    merged = to_object(Envelope(one.payload, tuple(entries)))
    if keys is None:
        return merged
    seen: set[str] = set()
    kept: list[RawEntry] = []
    for entry, outcome in zip(
        entries, verify_multi_all(merged, keys, **options).outcomes, strict=True
    ):
        if outcome.thumbprint is None or outcome.thumbprint not in seen:
            kept.append(entry)
        if outcome.thumbprint is not None:
            seen.add(outcome.thumbprint)
    return to_object(Envelope(one.payload, tuple(kept)))


def _members(entry: RawEntry) -> tuple[Any, ...]:
    return entry.signature, entry.protected, entry.header


def _refuse_unknown(options: Mapping[str, Any]) -> None:
    unknown = set(options) - set(SignOptions.__annotations__)
    if unknown:
        raise TypeError(f"no such option: {', '.join(sorted(unknown))}")


def _common_b64(parts: Sequence[Sign], *, default: bool = True) -> bool:
    said = [part.protected["b64"] for part in parts if "b64" in part.protected]
    if any(not isinstance(b64, bool) for b64 in said):
        raise MalformedError("jws_invalid", "b64 must be true or false")
    if len(set(said)) > 1:
        raise _inconsistent("the signers disagree on b64")
    return said[0] if said else default


def _envelope_b64(envelope: Envelope) -> bool:
    entries, encoded = read_entries(envelope, DEFAULT)
    if any(
        entry.error is not None and entry.error.code == "jws_b64_inconsistent" for entry in entries
    ):
        raise _inconsistent("the entries disagree on b64")
    return encoded is not False


def _payload_bytes(payload: object, hints: Hints | None, b64: bool) -> bytes:
    if hints is not None:
        if not b64:
            raise MalformedError("jwt_claim_invalid", "a JWT cannot have b64 false")
        payload = with_claims(payload, hints)
    if isinstance(payload, bytes):
        return payload
    try:
        if isinstance(payload, str):
            return payload.encode()
        if isinstance(payload, Mapping):
            return encode_json(payload)
    except UnicodeEncodeError as error:
        raise MalformedError("jws_invalid", "the payload has a lone surrogate") from error
    raise MalformedError("jws_invalid", "a payload must be bytes, a string or an object")


def encode_json(value: Mapping[str, Any]) -> bytes:
    """Return compact JSON, members in their order; raise MalformedError `jws_invalid`.

    Rejects everything that a strict parser rejects: NaN, lone surrogates, names that are not
    strings, numbers that an IEEE 754 double changes.
    """
    try:
        _refuse_odd_names(value, MAX_DEPTH)
        text = json.dumps(dict(value), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        raw = text.encode()
        parse_json(raw)
    except (TypeError, ValueError, MalformedError) as error:
        raise MalformedError("jws_invalid", "the value is not an object of JSON values") from error
    return raw


def _refuse_odd_names(value: object, levels: int) -> None:
    if not isinstance(value, Mapping | list | tuple):
        return
    if levels == 0:
        raise ValueError("nested too deeply")
    if isinstance(value, Mapping) and not all(isinstance(name, str) for name in value):
        raise TypeError("a member's name is not a string")
    for member in value.values() if isinstance(value, Mapping) else value:
        _refuse_odd_names(member, levels - 1)


def _transmitted(raw: bytes, b64: bool, *, detached: bool) -> str:
    if b64:
        return b64u_encode(raw)
    try:
        return "" if detached else raw.decode()
    except UnicodeDecodeError as error:
        raise MalformedError(
            "jws_invalid_serialization", "an unencoded payload in JSON must be UTF-8 text"
        ) from error


def _prepare(part: Sign, *, b64: bool, typ: str | None) -> _Part:
    """Return a signer with its encoded protected header; alg and kid come first."""
    given, signer = dict(part.protected), import_private(part.key, alg=part.alg)
    if "alg" in given:
        raise MalformedError("jws_invalid", "alg must not be set: it comes from the key")
    if "b64" in part.header or "crit" in part.header:
        raise MalformedError("jws_invalid", "crit and b64 must be in the protected header")
    given.pop("b64", None)
    protected = {"alg": signer.alg} | ({} if signer.kid is None else {"kid": signer.kid}) | given
    if typ is not None:
        protected.setdefault("typ", typ)
    if not b64:
        protected["crit"] = [*protected.get("crit", ()), "b64"]
        protected["crit"] = list(dict.fromkeys(protected["crit"]))
        protected["b64"] = False
    _check_crit(protected)
    header = dict(part.header)
    refuse_overlap(protected, header)
    if header:
        encode_json(header)
    return _Part(signer, b64u_encode(encode_json(protected)), header)


def _check_crit(protected: Mapping[str, Any]) -> None:
    """Reject a crit that a verifier would have to reject (RFC 7515 section 4.1.11)."""
    if "crit" not in protected:
        return
    names = protected["crit"]
    if not isinstance(names, list) or not names or not all(isinstance(n, str) for n in names):
        raise MalformedError("jws_invalid", "crit must be a non-empty list of names")
    if (
        len(set(names)) != len(names)
        or not STANDARD.isdisjoint(names)
        or set(names) - set(protected)
    ):
        raise MalformedError("jws_invalid", "crit must name unique members that exist")


def _sign(part: _Part, signing: bytes) -> RawEntry:
    signature = part.signer.sign(part.protected.encode() + b"." + signing)
    return RawEntry(b64u_encode(signature), part.protected, part.header or ABSENT)


def _inconsistent(detail: str) -> MalformedError:
    return MalformedError("jws_b64_inconsistent", detail)
