"""base64url, canonical JSON and the strict decoding of structs."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.encoding import (
    b64_decode,
    b64_encode,
    b64u_decode,
    b64u_encode,
    decode,
    jcs,
    sha256_hex,
)
from ledger.errors import MalformedError
from tests.support.examples import FEW
from tests.support.refusals import refused


class Flat(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Two members, one of them optional."""

    a: int
    b: str | None = None


class Deep(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A member that is itself an object."""

    inner: Flat
    list: tuple[Flat, ...] = ()


# --- base64url -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"", ""),
        (b"f", "Zg"),
        (b"fo", "Zm8"),
        (b"foo", "Zm9v"),
        (b"foob", "Zm9vYg"),
        (b"fooba", "Zm9vYmE"),
        (b"foobar", "Zm9vYmFy"),
        (b"\xfb\xff\xbf", "-_-_"),
        (bytes([3, 236, 255, 224, 193]), "A-z_4ME"),
    ],
    ids=str,
)
def test_base64url_is_that_of_rfc_4648_and_rfc_7515_without_padding(raw: bytes, text: str) -> None:
    assert b64u_encode(raw) == text
    assert b64u_decode(text) == raw


@pytest.mark.parametrize("extra", range(-3, 4))
def test_a_long_text_is_decoded_as_a_short_one(extra: int) -> None:
    """Long texts are decoded in blocks of 65,536 characters."""
    raw = bytes(range(256)) * (3 * 65_536 // 4 // 256 * 2) + bytes(3)
    raw = raw[: len(raw) - 3 + extra]
    text = b64u_encode(raw)
    assert len(text) > 65_536
    assert b64u_decode(text) == raw
    for place in (0, 65_535, 65_536, 65_537, 131_071, len(text) - 1):
        for wrong in ("=", "+", "/", "\n", '"', "é", "\\"):
            with refused(MalformedError, "base64url_invalid"):
                b64u_decode(text[:place] + wrong + text[place + 1 :])
    for ending in ("=", "==", "A=", "\0"):
        with refused(MalformedError, "base64url_invalid"):
            b64u_decode(text + ending)
    spare = {2: "AB", 3: "AAB"}
    for length, ending in ((65_537, "A"), (65_536, spare[2]), (131_072, spare[3])):
        with refused(MalformedError, "base64url_invalid"):
            b64u_decode("A" * length + ("" if length % 4 else ending))


@pytest.mark.parametrize(
    "text",
    [
        *"A AAAAA Zg== Zg= Zm8= = Z+8v Zm/v Zh Zm9 Zm9vY2F Z.8v é \uff21".split(),
        *["Zm 9v", "Zm9v\n", "\nZm9v", "Zm9v\0", "Zm9\x00v", " ", "Zm9v Zm9v", "\ud800"],
    ],
)
def test_any_other_spelling_of_bytes_is_refused(text: str) -> None:
    with refused(MalformedError, "base64url_invalid"):
        b64u_decode(text)


@FEW
@given(st.binary(max_size=40))
def test_what_was_encoded_decodes_to_itself(raw: bytes) -> None:
    assert b64u_decode(b64u_encode(raw)) == raw


@FEW
@given(st.text(alphabet="AQgwZ_-=+/ \n", max_size=9))
def test_no_two_texts_decode_to_the_same_bytes(text: str) -> None:
    try:
        raw = b64u_decode(text)
    except MalformedError:
        return
    assert b64u_encode(raw) == text


# --- base64 with padding -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "text"),
    [(b"", ""), (b"f", "Zg=="), (b"fo", "Zm8="), (b"foo", "Zm9v"), (b"\xfb\xff\xbf", "+/+/")],
    ids=str,
)
def test_base64_of_notes_is_that_of_rfc_4648_with_padding(raw: bytes, text: str) -> None:
    assert b64_encode(raw) == text
    assert b64_decode(text) == raw


@pytest.mark.parametrize(
    "text",
    [
        *"A Zg Zg= Zg=== Zm8 Zm8== = ==== -_-_ Zh== Zm9= Zm9v= Z.8v é \uff21".split(),
        *["Zm 9v", "Zm9v\n", "\nZm9v", "Zm9v\0", " ", "Zg==Zg==", "\ud800"],
    ],
)
def test_base64_has_one_spelling(text: str) -> None:
    with refused(MalformedError, "base64_invalid"):
        b64_decode(text)


# --- hashes and canonical JSON -------------------------------------------------------------------


def test_a_digest_is_64_lower_case_hex_characters() -> None:
    assert sha256_hex(b"abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_canonical_json_sorts_members_and_has_no_space() -> None:
    assert jcs({"b": (1, True, None), "a": {"d": "", "c": -7}}) == (
        b'{"a":{"c":-7,"d":""},"b":[1,true,null]}'
    )


def test_canonical_json_sorts_upper_case_before_lower_case() -> None:
    assert jcs({"a": 1, "B": 2, "_": 3, "1": 4}) == b'{"1":4,"B":2,"_":3,"a":1}'


def test_canonical_json_escapes_only_what_rfc_8785_escapes() -> None:
    assert jcs('\b\t\n\f\r\x00\x1f"\\/\x7fé\u2028😀') == (
        '"\\b\\t\\n\\f\\r\\u0000\\u001f\\"\\\\/\x7fé\u2028😀"'.encode()
    )


@pytest.mark.parametrize("value", [1.0, {"a": [0.5]}, (1, (2.5,)), float("nan")], ids=str)
def test_hashed_json_has_no_floats(value: Any) -> None:
    with pytest.raises(TypeError):
        jcs(value)


@pytest.mark.parametrize("value", [{"é": 1}, {1: "a"}, [{"a": {"ß": 1}}], ({"é": 1},)], ids=str)
def test_hashed_json_has_ascii_member_names_only(value: Any) -> None:
    with pytest.raises(TypeError):
        jcs(value)


@pytest.mark.parametrize("value", [b"bytes", {"a": {1, 2}}], ids=str)
def test_hashed_json_is_json(value: Any) -> None:
    with pytest.raises(TypeError):
        jcs(value)


# --- strict structs ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b'{"a":1}', Flat(1)),
        (b' { "a" : 1 , "b" : "x" } ', Flat(1, "x")),
        (b'{"b":null,"a":-3}', Flat(-3)),
        (b'{"a":1,"b":":"}', Flat(1, ":")),
        (b'{"a":1,"b":"\\":"}', Flat(1, '":')),
        (b'{"a":1,"b":",\\"a\\":1"}', Flat(1, ',"a":1')),
        (b'{"\\u0061":1,"b":"\\u00e9"}', Flat(1, "é")),
        ('{"a":1,"b":"é😀"}'.encode(), Flat(1, "é😀")),
        (b'{"a":1,"b":"\\ud83d\\ude00"}', Flat(1, "😀")),
    ],
)
def test_strict_json_of_the_type_is_its_value(raw: bytes, value: Flat) -> None:
    assert decode(raw, Flat) == value


@pytest.mark.parametrize(
    "raw",
    [
        b'{"a":1,"a":1}',
        b'{"a":1,"a":2}',
        b'{"a":1,"b":null,"b":null}',
        b'{"a":1,"b":"x","b":null}',
        b'{"a":1,"\\u0061":1}',
        b'{"a":1,"b":":","\\u0062":":"}',
        b'{"a" :1,"a":1}',
        b'{"a":1,"b":":","a":1}',
        b'{"a":1,"b":"\\":","b":"\\":"}',
    ],
)
def test_a_member_named_twice_is_refused_however_it_is_spelled(raw: bytes) -> None:
    with refused(MalformedError, "json_duplicate_member"):
        decode(raw, Flat)


@pytest.mark.parametrize(
    "raw",
    [
        b'{"inner":{"a":1,"a":1}}',
        b'{"inner":{"a":1},"list":[{"a":2},{"a":3,"a":3}]}',
        b'{"inner":{"a":1},"inner":{"a":1}}',
        b'{"inner":{"a":1,"b":"x","b":"x"}}',
    ],
)
def test_a_member_named_twice_is_refused_at_any_depth(raw: bytes) -> None:
    with refused(MalformedError, "json_duplicate_member"):
        decode(raw, Deep)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x00",
        b"null",
        b"[]",
        b'"a"',
        b"{}",
        b'{"a":1}{"a":1}',
        b'{"a":1}x',
        b'{"a":1,}',
        b'{"a":"1"}',
        b'{"a":1.0}',
        b'{"a":1e0}',
        b'{"a":true}',
        b'{"a":null}',
        b'{"a":NaN}',
        b'{"a":01}',
        b'{"a":+1}',
        b'{"a":1,"b":2}',
        b'{"a":1,"c":2}',
        b'{"A":1}',
        b'{"a":1,"b":"\xff"}',
        b'{"a":1,"b":"\xed\xa0\x80"}',
        b'{"a":1,"b":"\\ud800"}',
        b'{"a":1,"b":"\\udc00x"}',
        b'{"a":1,"b":"\x00"}',
        b"{'a':1}",
        b'\xef\xbb\xbf{"a":1}',
        '{"a":1}'.encode("utf-16"),
        b'{"a":' + b"1" * 5000 + b"}",
        b'{"b":' + b"[" * 100_000,
    ],
    ids=lambda raw: str(raw[:30]),
)
def test_anything_but_strict_json_of_the_type_is_refused(raw: bytes) -> None:
    with refused(MalformedError, "json_invalid"):
        decode(raw, Flat)


@FEW
@given(st.binary(max_size=30))
def test_garbage_is_refused_as_malformed(raw: bytes) -> None:
    with pytest.raises(MalformedError):
        decode(raw, Flat)


@pytest.mark.parametrize("end", range(len('{"a":12,"b":"cd"}')))
def test_truncated_json_is_refused(end: int) -> None:
    with refused(MalformedError, "json_invalid"):
        decode(b'{"a":12,"b":"cd"}'[:end], Flat)


@FEW
@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from(['""', '":"', "null", "1"]))))
def test_the_fast_search_for_duplicates_agrees_with_the_slow_one(
    pairs: list[tuple[str, str]],
) -> None:
    raw = "{" + ",".join(f'"{name}":{value}' for name, value in pairs) + "}"
    unique = len({name for name, _ in pairs}) == len(pairs)
    try:
        decode(raw.encode(), Flat)
    except MalformedError:
        return
    assert unique
    assert json.loads(raw)["a"] == 1
