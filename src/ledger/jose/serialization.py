"""Parse and convert the three serializations of a JWS (RFC 7515 section 7); verify nothing.

Unknown members are ignored, at both levels (section 7.2.1). Input that two parsers could read
differently is rejected: duplicate members, both JSON forms in one object, non-canonical base64url.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from ledger.encoding import b64u_decode, parse_json, refuse_complex
from ledger.errors import LedgerError, MalformedError
from ledger.jose.rules import RFC, Limits, Profile

# Bytes or a string of any serialization, or the object of a JSON serialization.
JwsInput = bytes | str | Mapping[str, Any]

ABSENT = msgspec.UNSET
# The first characters that a JSON text can have here, and "" of an empty text.
_BEFORE_JSON = frozenset(["", "{", " ", "\t", "\r", "\n"])
_FORM_MEMBERS = frozenset({"protected", "header", "signature"})


class RawEntry(msgspec.Struct, frozen=True, gc=False):
    """One entry as received: a member may have any type; a missing one is `ABSENT`."""

    signature: Any = ABSENT
    protected: Any = ABSENT
    header: Any = ABSENT


class Envelope(msgspec.Struct, frozen=True, gc=False):
    """The payload as transmitted (None if detached) and the entries over it."""

    payload: str | None
    entries: Sequence[RawEntry]


class _PlainEntry(RawEntry, frozen=True, gc=False, forbid_unknown_fields=True):
    signature: str
    protected: str | msgspec.UnsetType = ABSENT
    header: msgspec.UnsetType = ABSENT


class _Plain(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    payload: str
    signatures: list[_PlainEntry]


_plain = msgspec.json.Decoder(_Plain)


def parse(jws: JwsInput, profile: Profile = RFC, limits: Limits | None = None) -> Envelope:
    """Return the envelope of a JWS in any serialization.

    Raises MalformedError: `jws_invalid_serialization`, `jws_limit_exceeded`.
    """
    limits = profile.limits if limits is None else limits
    if not isinstance(jws, str | bytes | bytearray):
        if isinstance(jws, Mapping):
            return _from_object(jws, profile, limits)
        raise _invalid("a JWS must be bytes, a string or an object")
    if len(jws) > limits.envelope_bytes:
        raise _limit("the JWS has too many bytes")
    if isinstance(jws, str) and jws[:1] not in _BEFORE_JSON and jws.isascii():
        return _parse_compact(jws)
    try:
        raw = jws.encode() if isinstance(jws, str) else bytes(jws)
    except UnicodeEncodeError as error:
        raise _invalid("the text has a lone surrogate") from error
    if len(raw) > limits.envelope_bytes:
        raise _limit("the JWS has too many bytes")
    if not raw.lstrip(b" \t\r\n").startswith(b"{"):
        return _parse_compact(raw.decode() if raw.isascii() else "")
    return _parse_plain(raw, limits) or _parse_any(raw, profile, limits)


def _parse_plain(raw: bytes, limits: Limits) -> Envelope | None:
    """Return a General JWS that has only payload, protected and signature; None for any other.

    msgspec silently keeps the last of duplicate members. Every member, duplicate or not, has its
    own colon, and base64url text has none: so counting colons finds duplicates. An entry takes a
    brace: so counting braces bounds the entries before they are built.
    """
    if raw.count(b"{") > 1 + limits.entries:
        return None
    try:
        plain = _plain.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    entries = plain.signatures
    colons = 2 + 2 * len(entries)
    for entry in entries:
        if entry.protected is ABSENT:
            colons -= 1
    if raw.count(b":") != colons or not entries:
        return None
    return Envelope(plain.payload, entries)


def _parse_any(raw: bytes, profile: Profile, limits: Limits) -> Envelope:
    try:
        refuse_complex(raw.decode())
        value = parse_json(raw, exact_numbers=False)
    except UnicodeDecodeError as error:
        raise _invalid("not strict JSON: not UTF-8") from error
    except LedgerError as error:
        if error.code == "json_too_complex":
            raise _limit(f"the JWS has {error.detail}") from error
        raise _invalid(f"not strict JSON: {error.detail}") from error
    return _from_object(value, profile, limits)


def _parse_compact(text: str) -> Envelope:
    parts = text.split(".", 3)
    if len(parts) != 3 or not text.isprintable():
        raise _invalid("neither a JSON object nor three parts joined by dots")
    protected, payload, signature = parts
    return Envelope(payload, (RawEntry(signature, protected),))


def _from_object(jws: Mapping[str, Any], profile: Profile, limits: Limits) -> Envelope:
    payload = jws.get("payload", ABSENT)
    if payload is not ABSENT and not isinstance(payload, str):
        raise _invalid("payload is not a string")
    if "signatures" in jws:
        if not _FORM_MEMBERS.isdisjoint(jws):
            raise _invalid("it mixes both JSON serializations")
        listed = jws["signatures"]
        if not isinstance(listed, list | tuple) or not listed:
            raise _invalid("signatures is not a list of at least one entry")
        known = {"payload", "signatures"}
    elif "signature" in jws:
        listed = [{name: jws[name] for name in _FORM_MEMBERS if name in jws}]
        known = {"payload", *_FORM_MEMBERS}
    else:
        raise _invalid("it has neither signatures nor signature")
    _refuse_many(len(listed), limits)
    if not profile.unknown_members and not known.issuperset(jws):
        raise _invalid("the profile does not allow this member")
    entries = tuple(_raw_entry(entry, profile) for entry in listed)
    _refuse_long(payload, entries, limits)
    return Envelope(payload if isinstance(payload, str) else None, entries)


def _raw_entry(entry: object, profile: Profile) -> RawEntry:
    """Keep a malformed entry: it fails alone, without failing the others."""
    if not isinstance(entry, Mapping):
        return RawEntry()
    if not profile.unknown_members and not _FORM_MEMBERS.issuperset(entry):
        return RawEntry()
    return RawEntry(*(entry.get(name, ABSENT) for name in ("signature", "protected", "header")))


def _refuse_many(entries: int, limits: Limits) -> None:
    if entries > limits.entries:
        raise _limit(f"over {limits.entries} signatures")


def _refuse_long(payload: object, entries: Sequence[RawEntry], limits: Limits) -> None:
    texts = [payload]
    for entry in entries:
        texts += (entry.protected, entry.signature)
    if sum(len(text) for text in texts if isinstance(text, str)) > limits.envelope_bytes:
        raise _limit("the JWS has too many bytes")


def to_object(envelope: Envelope) -> dict[str, Any]:
    """Return the General serialization of an envelope; known members stay as received."""
    payload = {} if envelope.payload is None else {"payload": envelope.payload}
    return payload | {"signatures": [entry_object(entry) for entry in envelope.entries]}


def entry_object(entry: RawEntry) -> dict[str, Any]:
    """Return the present members of an entry."""
    members = {"protected": entry.protected, "header": entry.header, "signature": entry.signature}
    return {name: member for name, member in members.items() if member is not ABSENT}


def flatten(jws: JwsInput) -> dict[str, Any]:
    """Return the Flattened serialization of a JWS that has exactly one signature.

    Raises MalformedError `jws_invalid_serialization` for any other number.
    """
    forms = split(jws)
    if len(forms) != 1:
        raise _invalid("only a JWS with one signature can be flattened")
    return forms[0]


def split(jws: JwsInput) -> list[dict[str, Any]]:
    """Return one Flattened JWS per signature, in their order; errors as `parse`."""
    envelope = parse(jws)
    payload = {} if envelope.payload is None else {"payload": envelope.payload}
    return [payload | entry_object(entry) for entry in envelope.entries]


def to_general(jws: JwsInput) -> dict[str, Any]:
    """Return the General serialization of a JWS in any form; errors as `parse`."""
    return to_object(parse(jws))


def to_compact(jws: JwsInput) -> str:
    """Return the compact serialization of a JWS with one signature and no unprotected header.

    Raises MalformedError `jws_invalid_serialization` if it has no compact form.
    """
    envelope = parse(jws)
    entry = envelope.entries[0]
    parts = (entry.protected, "" if envelope.payload is None else envelope.payload, entry.signature)
    if len(envelope.entries) != 1 or entry.header is not ABSENT:
        raise _invalid("compact form allows one signature and no unprotected header")
    if not all(isinstance(part, str) and _fits_between_dots(part) for part in parts):
        raise _invalid("a member is not printable ASCII without a full stop")
    return ".".join(parts)


def _fits_between_dots(text: str) -> bool:
    """Tell whether a part has the characters of an unencoded payload (RFC 7797 section 5.2)."""
    return text.isascii() and text.isprintable() and "." not in text


def decode_payload(text: str) -> bytes:
    """Decode a base64url payload; raise MalformedError `jws_invalid_serialization`."""
    try:
        return b64u_decode(text)
    except MalformedError as error:
        raise _invalid("the payload is not canonical base64url") from error


def _invalid(detail: str) -> MalformedError:
    return MalformedError("jws_invalid_serialization", detail)


def _limit(detail: str) -> MalformedError:
    return MalformedError("jws_limit_exceeded", detail)
