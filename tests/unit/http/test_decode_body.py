"""Bodies of requests, decoded straight into their types, small and large."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from ledger.errors import MalformedError
from ledger.http.passkey_responses import MAX_EXTENSIONS_CHARS, Assertion, Registration
from ledger.http.requests import (
    DraftStatement,
    SignStatement,
    decode_body,
    decode_large_body,
)
from tests.support.refusals import refused

Decode = Callable[[bytes, Any], Any]
LONG = json.dumps('"\\n,:[{}]\u20ac' * 60_000).encode()
ASSERTION = b"""{"id":"x","rawId":"x","type":"public-key","response":
{"clientDataJSON":"","authenticatorData":"","signature":"","signature":""}}"""


@pytest.mark.parametrize("decode", [decode_body, decode_large_body])
@pytest.mark.parametrize(
    "raw",
    [
        b'{"document":"{}","act":"a.b.c"}',
        b' {\n"act" : "a.b.c" ,\t"document" : "{}" }\r\n',
        b'{"\\u0061ct":"a.b.c","document":"\\u007b}"}',
    ],
)
def test_a_body_is_read_however_json_spells_it(raw: bytes, decode: Decode) -> None:
    assert decode(raw, DraftStatement) == DraftStatement("{}", "a.b.c")


def test_a_large_body_is_read_with_all_that_its_strings_hold() -> None:
    spaced = b'{\n    "document": ' + LONG + b',\n    "act": "a.b.c"\n}'
    assert decode_large_body(spaced, DraftStatement).document == json.loads(LONG)


@pytest.mark.parametrize("decode", [decode_body, decode_large_body])
@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b'{"document":"{}","act":"a","act":"a"}', "json_duplicate_member"),
        (b'{"document":"{}","act":"a","a\\u0063t":"b"}', "json_duplicate_member"),
        (b'{"document":"{}","act":"a","act" :"b"}', "json_duplicate_member"),
        (b'{"document":"{}"}', "request_invalid"),
        (b'{"document":"{}","act":5}', "request_invalid"),
        (b'{"document":"{}","act":"a","more":1}', "request_invalid"),
        (b'{"document":"{}","act":NaN}', "json_invalid"),
        (b'{"document":"{}","act":"\\ud800"}', "json_invalid"),
        (b'{"document":"{}","act":"\xff"}', "json_invalid"),
        (b'\xef\xbb\xbf{"document":"{}","act":"a"}', "json_invalid"),
        (b'{"document":"{}","act":"a"', "json_invalid"),
        (b"[1]", "request_invalid"),
    ],
)
def test_a_body_that_is_not_strictly_its_type_is_refused(
    raw: bytes, code: str, decode: Decode
) -> None:
    with refused(MalformedError, code):
        decode(raw, DraftStatement)


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b'{"document":' + LONG + b',"act":"a","act":"b"}', "json_duplicate_member"),
        (b'{"document":"{}","document":' + LONG + b',"act":"a"}', "json_duplicate_member"),
        (b'{"document":' + LONG + b',"document":' + LONG + b',"act":"a"}', "json_too_complex"),
        (b'{"document":' + LONG + b',"act":"a"}' + b" " * 66_000, "json_too_complex"),
        (b'{"document":"{}",' + b'"act":"",' * 400_000 + b'"act":""}', "json_too_complex"),
        (b'{"document":"{}",' + b'"x":"",' * 500_000 + b'"act":""}', "request_invalid"),
        (b"[" + b"1.5e300," * 500_000 + b"1]", "request_invalid"),
        (b'{"document":[' + b"1.5e300," * 500_000 + b"1]}", "request_invalid"),
        (b'{"document":' + b"9" * 4_000_000, "request_invalid"),
        (b"[" * 4_000_000, "request_invalid"),
    ],
    ids=range(10),
)
def test_a_large_body_that_is_costly_or_repeats_itself_is_refused_cheaply(
    raw: bytes, code: str
) -> None:
    began = time.process_time()
    with refused(MalformedError, code):
        decode_large_body(raw, DraftStatement)
    assert time.process_time() - began < 0.25


def test_a_repeated_member_inside_a_large_body_is_found() -> None:
    raw = b'{"jwt":"' + b"x" * 70_000 + b'","assertion":' + ASSERTION + b"}"
    with refused(MalformedError, "json_duplicate_member"):
        decode_large_body(raw, SignStatement)
    once = raw.replace(b'"signature":"","signature"', b'"signature"')
    assert decode_large_body(once, SignStatement).assertion.id == "x"


@pytest.mark.parametrize("kind", [Assertion, Registration])
def test_extension_results_are_dropped_unread_and_bounded(kind: Any) -> None:
    """2,400 such numbers took 27 ms, and 18,000 empty objects took 9."""
    response = {"clientDataJSON": "", "authenticatorData": ""}
    response |= {"signature": ""} if kind is Assertion else {"attestationObject": ""}
    given = {"id": "x", "rawId": "x", "type": "public-key", "response": response}

    def with_results(results: str) -> bytes:
        whole = json.dumps(given | {"clientExtensionResults": {"x": "results"}})
        return whole.replace('"results"', results).encode()

    found = decode_body(with_results("[1.7976931348623157e308, {}]"), kind)
    assert bytes(found.client_extension_results["x"]) == b"[1.7976931348623157e308, {}]"
    most = MAX_EXTENSIONS_CHARS - len("x")
    assert decode_body(with_results(f'"{"a" * (most - 2)}"'), kind)
    for results in (f'"{"a" * (most - 1)}"', f"[{'{},' * 18_000}1]"):
        with refused(MalformedError, "request_invalid"):
            decode_body(with_results(results), kind)
