"""Write JOSE headers, and refuse before signing what a verifier would refuse afterwards.

The checks are the verifier's own: the entry is read back with an empty signature.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from ledger.encoding import MAX_DEPTH, b64u_encode, parse_json
from ledger.errors import MalformedError
from ledger.jose.entry import read_entries
from ledger.jose.private import Signer
from ledger.jose.rules import Limits, Rules
from ledger.jose.serialization import ABSENT, Envelope, RawEntry

LIMITS = Limits()
# The JSON around the members of one entry, and around all entries.
_ENTRY_BYTES = len('{"protected":"","header":,"signature":""},')
_ENVELOPE_BYTES = len('{"payload":"","signatures":[]}')


class SignerHeaders(msgspec.Struct, frozen=True, eq=False):
    """A signer with its encoded protected header and its unprotected one."""

    signer: Signer
    protected: str
    header: dict[str, Any]


def write_headers(
    signer: Signer,
    protected: Mapping[str, Any],
    header: Mapping[str, Any],
    *,
    b64: bool,
    typ: str | None,
) -> SignerHeaders:
    """Return the headers of an entry: alg and kid come first, then the given members.

    A kid that is None is left out. Raises MalformedError: `jws_invalid` for what a header cannot
    have, else the code with which a verifier would refuse the entry.
    """
    given = dict(protected)
    if "alg" in given:
        raise _invalid("alg must not be set: it comes from the key")
    if "b64" in header or "crit" in header:
        raise _invalid("crit and b64 must be in the protected header")
    given.pop("b64", None)
    members = {"alg": signer.alg, "kid": _kid_of(signer)} | given
    if members["kid"] is None:
        del members["kid"]
    if typ is not None:
        members.setdefault("typ", typ)
    for name in ("typ", "cty"):
        if not isinstance(members.get(name, ""), str):
            raise _invalid(f"{name} must be a string")
    if not b64:
        crit = members.get("crit", [])
        members["crit"] = list(dict.fromkeys([*crit, "b64"])) if isinstance(crit, list) else crit
        members["b64"] = False
    written = SignerHeaders(signer, b64u_encode(encode_json(members)), dict(header))
    if header:
        encode_json(header)
    _read_back(written, members.get("crit"))
    return written


def _kid_of(signer: Signer) -> str | None:
    """Return the key's own kid, or the thumbprint of a public key; a secret's is never shown."""
    if signer.kid is not None or signer.public.kty == "oct":
        return signer.kid
    return signer.public.thumbprint


def _read_back(written: SignerHeaders, crit: object) -> None:
    """Raise MalformedError if a verifier would refuse this entry with every signature.

    The names in crit count as understood: the signer chose them.
    """
    names = [name for name in crit if isinstance(name, str)] if isinstance(crit, list) else []
    rules = Rules(crit_understood=frozenset(names))
    entry = RawEntry("", written.protected, written.header or ABSENT)
    ((read,), _) = read_entries(Envelope("", [entry]), rules)
    if read.error is not None:
        raise MalformedError(read.error.code, read.error.detail)


def refuse_large(envelope: Envelope) -> Envelope:
    """Return the envelope; raise MalformedError `jws_limit_exceeded` if its JSON is too long."""
    size = _ENVELOPE_BYTES + len(envelope.payload or "") + sum(_sizes(envelope.entries))
    if size > LIMITS.envelope_bytes:
        raise MalformedError("jws_limit_exceeded", "the JWS has too many bytes")
    return envelope


def _sizes(entries: Iterable[RawEntry]) -> Iterable[int]:
    for entry in entries:
        header = 0 if entry.header is ABSENT else len(json.dumps(entry.header))
        texts = (text for text in (entry.protected, entry.signature) if isinstance(text, str))
        yield _ENTRY_BYTES + header + sum(map(len, texts))


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
        raise _invalid("the value is not an object of JSON values") from error
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


def _invalid(detail: str) -> MalformedError:
    return MalformedError("jws_invalid", detail)
