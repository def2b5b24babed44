"""Strict base64url, base64, I-JSON and canonical JSON: every room decodes these forms here.

Rejects what lenient parsers repair: padding, junk characters, non-zero spare bits, duplicate
members, lone surrogates, NaN, numbers that an IEEE 754 double changes, and deep nesting.
CBOR, DER, tiles and notes have parsers of their own in `webauthn_grammar`, `timestamp`, `tlog`.
"""

import binascii
import hashlib
import json
import math
import re
import sys
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, NoReturn, TypeVar

import msgspec

from ledger.errors import MalformedError

T = TypeVar("T")

MAX_DEPTH = 64
# What one JSON text may cost: a comma, a colon or a bracket is a value to build, and a number with
# a fraction or an exponent takes fifty times as long to compare with its double as an integer.
MAX_MARKS = 20_000
MAX_FLOATS = 1_000
# The integers that every JSON parser reads alike (RFC 7493 section 2.2).
MAX_SAFE_INTEGER = 2**53 - 1
SafeInteger = Annotated[int, msgspec.Meta(ge=-MAX_SAFE_INTEGER, le=MAX_SAFE_INTEGER)]
_ROUND, _NO_BRACKETS = bytes.maketrans(b"[]{}", b"()()"), bytes({*range(256)} - {*b"[]{}"})
SHA256_HEX = re.compile(r"[0-9a-f]{64}", re.ASCII)
_MAX_DOUBLE = int(sys.float_info.max)
# Maps the characters that are special in standard base64 or JSON to one that is never valid.
_TO_STANDARD = bytes.maketrans(b'-_+/="\\', b"+/!!!!!")


def b64u_encode(raw: bytes) -> str:
    """Return base64url without padding (RFC 7515 section 2)."""
    return binascii.b2a_base64(raw, newline=False).rstrip(b"=").translate(_TO_URL).decode()


_TO_URL = bytes.maketrans(b"+/", b"-_")


# By length modulo 4: the valid last characters and the closing padding.
# Spare bits must be zero, or two texts would decode to the same bytes. A quote follows, because
# msgspec decodes the base64 in a JSON string strictly, in half the standard library's time.
_ENDINGS = (("", b'"'), ("!", b'"'), ("AQgw", b'=="'), ("AEIMQUYcgkosw048", b'="'))
_base64 = msgspec.json.Decoder(bytes)
_BLOCK = 65_536  # longer texts are decoded in blocks, whose copies fit into a processor's cache


def b64u_decode(text: str) -> bytes:
    """Return the bytes of canonical, unpadded base64url.

    Raises MalformedError `base64url_invalid` for any other text, another encoding of them too.
    """
    if len(text) > _BLOCK:
        starts = range(0, len(text), _BLOCK)
        return b"".join([b64u_decode(text[at : at + _BLOCK]) for at in starts])
    try:
        standard = text.encode("ascii").translate(_TO_STANDARD)
        last, padding = _ENDINGS[len(standard) & 3]
        if last and text[-1] not in last:
            raise MalformedError("base64url_invalid", "not canonical base64url without padding")
        return _base64.decode(b'"' + standard + padding)
    except (UnicodeEncodeError, msgspec.MsgspecError) as error:
        raise MalformedError("base64url_invalid", "not base64url without padding") from error


def b64_encode(raw: bytes) -> str:
    """Return base64 with padding (RFC 4648 section 4), as notes and tree hashes use it."""
    return binascii.b2a_base64(raw, newline=False).decode()


def b64_decode(text: str) -> bytes:
    """Return the bytes of canonical base64 with padding; raise MalformedError `base64_invalid`."""
    try:
        raw = binascii.a2b_base64(text.encode("ascii"), strict_mode=True)
    except (UnicodeEncodeError, binascii.Error) as error:
        raise MalformedError("base64_invalid", "not base64 with padding") from error
    if b64_encode(raw) != text:  # non-zero spare bits, or too much padding
        raise MalformedError("base64_invalid", "not canonical base64 with padding")
    return raw


def sha256_hex(raw: bytes) -> str:
    """Return SHA-256 as 64 lower-case hex characters."""
    return hashlib.sha256(raw).hexdigest()


def jcs(value: Any) -> bytes:
    """Return the RFC 8785 form of a value of strings, integers, booleans, null, lists and objects.

    Raises TypeError for floats and for member names outside ASCII. The ledger hashes neither, and
    implementations differ in their canonical forms.
    """
    _refuse_uncanonical(value)
    return json.dumps(
        value, ensure_ascii=False, allow_nan=False, separators=(",", ":"), sort_keys=True
    ).encode()


def _refuse_uncanonical(value: Any) -> None:
    if isinstance(value, dict):
        for name, member in value.items():
            if not (isinstance(name, str) and name.isascii()):
                raise TypeError("member names of hashed JSON must be ASCII strings")
            _refuse_uncanonical(member)
    elif isinstance(value, list | tuple):  # JSON has a list for both
        for member in value:
            _refuse_uncanonical(member)
    elif isinstance(value, float):
        raise TypeError("hashed JSON must not contain floats")


def decode(raw: bytes, type_: type[T]) -> T:
    """Return `raw` as a value of the msgspec type; reject duplicate members.

    The type itself rejects unknown members (forbid_unknown_fields). Raises MalformedError
    `json_invalid` or `json_duplicate_member`.
    """
    try:
        value: T = _decoder(type_).decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedError("json_invalid", _explain(error)) from error
    # msgspec silently keeps the last of duplicate members. Without a backslash every quote
    # delimits a string, so `":` occurs once per member. If a flat struct has exactly as many
    # members, all of them are unique.
    members = raw.count(b'":')
    if b"\\" in raw or raw.count(b":") != members or members != _present(value):
        parse_json(raw, exact_numbers=False)
    return value


def _present(value: Any) -> int:
    """Return the number of members present, the tag included; -1 if it cannot be counted."""
    type_ = type(value)
    always, optional = _shapes.get(type_) or _shapes.setdefault(type_, _shape(type_))
    return always + sum([getattr(value, name) is not default for name, default in optional])


def _shape(type_: type[Any]) -> tuple[int, tuple[tuple[str, Any], ...]]:
    """Return the number of required members, tag included, and the optional ones."""
    if not issubclass(type_, msgspec.Struct):
        return -1, ()
    defaults = type_.__struct_defaults__
    required = len(type_.__struct_fields__) - len(defaults)
    optional = zip(type_.__struct_fields__[required:], defaults, strict=True)
    return required + (type_.__struct_config__.tag is not None), tuple(optional)


_shapes: dict[Any, tuple[int, tuple[tuple[str, Any], ...]]] = {}
_decoders: dict[Any, msgspec.json.Decoder[Any]] = {}


def _decoder(type_: Any) -> msgspec.json.Decoder[Any]:
    if type_ not in _decoders:  # one per type in this code base: bounded
        _decoders[type_] = msgspec.json.Decoder(type_, strict=True)
    return _decoders[type_]


def _explain(error: Exception) -> str:
    """Return msgspec's message; it names paths and types of the request, never values."""
    if isinstance(error, msgspec.ValidationError | msgspec.DecodeError):
        return str(error)
    return "not UTF-8 JSON"


def parse_json(raw: bytes, *, exact_numbers: bool = True) -> Any:
    """Return I-JSON (RFC 7493) as Python values.

    With `exact_numbers` the text is foreign and its cost is bounded before it is parsed.
    Raises MalformedError: `json_invalid` (not UTF-8 JSON, NaN, lone surrogate, deeper than 64),
    `json_duplicate_member`; with `exact_numbers` also `json_number_inexact` (a double would change
    it) and `json_too_complex` (over 20,000 commas, colons or brackets, or 1,000 floats).
    """
    try:
        text = raw.decode("utf-8")
        if text.startswith("\ufeff"):
            raise MalformedError("json_invalid", "not UTF-8 JSON")
        parse: Callable[[str], Any] = _parse
        if exact_numbers:
            parse = _parse_exact if len(text) < MAX_FLOATS else _bounded_parser(text)
        if text.count("{") + text.count("[") > MAX_DEPTH:
            _refuse_depth(text)
        value = parse(text)
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise MalformedError("json_invalid", "not UTF-8 JSON") from error
    if "\\u" in text:
        _refuse_surrogates(value)
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(members := dict(pairs)) != len(pairs):
        raise MalformedError("json_duplicate_member", "an object names a member twice")
    return members


def _refuse_constant(name: str) -> NoReturn:
    raise MalformedError("json_invalid", f"{name} is not JSON")


def _int(digits: str) -> int:
    if len(digits) > 1000:  # far beyond any double; also keeps int() linear
        raise MalformedError("json_number_inexact", "a number has over 1,000 digits")
    return int(digits)


def _exact_int(digits: str) -> int:
    value = _int(digits)
    if abs(value) > 2**53 and (abs(value) > _MAX_DOUBLE or int(float(value)) != value):
        raise MalformedError("json_number_inexact", "an integer does not survive an IEEE double")
    return value


def _exact_float(digits: str) -> float:
    value = float(digits)
    short = len(digits) <= 1000 and math.isfinite(value)
    try:
        exact = short and Decimal(repr(value)) == Decimal(digits)
    except InvalidOperation:  # an exponent that even Decimal cannot hold
        exact = False
    if not exact:
        raise MalformedError("json_number_inexact", "a number does not survive an IEEE double")
    return value


_parse_exact = json.JSONDecoder(
    object_pairs_hook=_unique,
    parse_constant=_refuse_constant,
    parse_float=_exact_float,
    parse_int=_exact_int,
).decode
_parse = json.JSONDecoder(
    object_pairs_hook=_unique,
    parse_constant=_refuse_constant,
    parse_float=float,
    parse_int=_int,
).decode


def _bounded_parser(text: str) -> Callable[[str], Any]:
    """Return a parser that counts the floats; raise MalformedError `json_too_complex` for marks."""
    refuse_complex(text)
    floats = iter(range(MAX_FLOATS))

    def parse_float(digits: str) -> float:
        if next(floats, None) is None:
            raise _too_complex()
        return _exact_float(digits)

    return json.JSONDecoder(
        object_pairs_hook=_unique,
        parse_constant=_refuse_constant,
        parse_float=parse_float,
        parse_int=_exact_int,
    ).decode


def _too_complex() -> MalformedError:
    limits = f"{MAX_MARKS:,} commas, colons or brackets, or {MAX_FLOATS:,} fractions or exponents"
    return MalformedError("json_too_complex", f"over {limits}")


def refuse_complex(text: str) -> None:
    """Raise MalformedError `json_too_complex` for too many commas, colons or brackets."""
    if _has_many_marks(text) and _has_many_marks(_without_strings(text)):
        raise _too_complex()


def _has_many_marks(text: str) -> bool:
    return max(text.count(","), text.count(":"), text.count("[") + text.count("{")) > MAX_MARKS


def _refuse_surrogates(value: Any) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise MalformedError("json_invalid", "a string has a lone surrogate") from error


def _refuse_depth(text: str) -> None:
    """Refuse a text before it is parsed: how deep a parser can go is not for its stack to say."""
    brackets = _without_strings(text).encode().translate(_ROUND, _NO_BRACKETS)
    for _ in range(MAX_DEPTH):  # each takes the innermost level away
        brackets = brackets.replace(b"()", b"")
    if b"()" in brackets or brackets.count(b"(") > MAX_DEPTH:
        raise MalformedError("json_invalid", f"nested deeper than {MAX_DEPTH}")


def _without_strings(text: str) -> str:
    """Return a text without what is between quotes: marks and brackets in strings are text."""
    unescaped = text.replace("\\\\", "").replace('\\"', "")
    if unescaped.count('"') > 8 * MAX_MARKS:  # more than these marks could separate
        raise _too_complex()
    return "".join(unescaped.split('"')[::2])
