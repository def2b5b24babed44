"""I-JSON (RFC 7493): what every document has to be."""

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.encoding import parse_json
from ledger.errors import MalformedError
from tests.support.examples import FEW
from tests.support.refusals import refused


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b"0", 0),
        (b"-0", 0),
        (b"-0.0", 0.0),
        (b"0.1", 0.1),
        (b"1.10", 1.1),
        (b"1E2", 100.0),
        (b"1e-2", 0.01),
        (b"1.7976931348623157e308", 1.7976931348623157e308),
        (b"5e-324", 5e-324),
        (b"1.00000000000000000000000", 1.0),
        (b"9007199254740991", 9007199254740991),
        (b"9007199254740992", 9007199254740992),
        (b"-9007199254740994", -9007199254740994),
        (b"100000000000000000000", 100000000000000000000),
    ],
)
def test_a_number_that_a_double_keeps_is_read(raw: bytes, value: float) -> None:
    assert parse_json(raw) == value


@pytest.mark.parametrize(
    "raw",
    [
        b"9007199254740993",
        b"-9007199254740993",
        b"12345678901234567890.10",
        b"0.1000000000000000055511151231257827",
        b"0.10000000000000001",
        b"1e400",
        b"-1e400",
        b"1e-400",
        b"1e99999999999999999999",
        b"1e-99999999999999999999",
        b"0e99999999999999999999",
        b"9" + b"0" * 308,
        b"-9" + b"0" * 308,
        b"1" + b"0" * 309,
        b"1" * 1001,
        b"0." + b"1" * 1000,
        b'{"amount":[9007199254740993]}',
    ],
    ids=lambda raw: str(raw[:25]),
)
def test_a_number_that_a_double_changes_is_refused(raw: bytes) -> None:
    with refused(MalformedError, "json_number_inexact"):
        parse_json(raw)


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b' {"a" : [ true , false , null ] } ', {"a": [True, False, None]}),
        (b'{"":0}', {"": 0}),
        (b'"\\ud83d\\ude00"', "😀"),
        (b'"\\ud800 is written with \\\\u"'.replace(b"\\ud800", b"A"), "A is written with \\u"),
        (b'"\\\\ud800"', "\\ud800"),
        ('"\u2028é"'.encode(), "\u2028é"),
        (b'{"a":1,"A":2}', {"a": 1, "A": 2}),
        ('{"é":1,"e\u0301":2}'.encode(), {"é": 1, "e\u0301": 2}),
        (b'{"__proto__":1}', {"__proto__": 1}),
    ],
)
def test_i_json_is_read_as_it_is(raw: bytes, value: Any) -> None:
    assert parse_json(raw) == value


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b" ",
        b"NaN",
        b"Infinity",
        b"-Infinity",
        b'{"a":NaN}',
        b"undefined",
        b"'a'",
        b"01",
        b"+1",
        b".5",
        b"1.",
        b"0x10",
        b"1_000",
        "\u0661".encode(),
        b"[1,]",
        b'{"a":1,}',
        b'{"a"}',
        b"{a:1}",
        b"// note\n1",
        b"1 2",
        b'"\t"',
        b'"\x00"',
        b'"\\x41"',
        b'"\\ud800"',
        b'"\\udc00\\ud800"',
        b'{"\\ud800":1}',
        b'["\\udfff x"]',
        b'"\xff"',
        b'"\xed\xa0\x80"',
        b'"\xc0\x80"',
        b"\xef\xbb\xbf1",
        '"a"'.encode("utf-16-le"),
        '"a"'.encode("utf-32-be"),
    ],
    ids=lambda raw: str(raw[:25]),
)
def test_what_lenient_parsers_repair_is_refused(raw: bytes) -> None:
    with refused(MalformedError, "json_invalid"):
        parse_json(raw)


@pytest.mark.parametrize(
    "raw",
    [
        b'{"a":1,"a":1}',
        b'{"a":1,"\\u0061":2}',
        b'{"":1,"":1}',
        b'[{"b":{"c":1,"c":1}}]',
        '{"é":1,"\\u00e9":1}'.encode(),
    ],
)
def test_an_object_that_names_a_member_twice_is_refused(raw: bytes) -> None:
    with refused(MalformedError, "json_duplicate_member"):
        parse_json(raw)


@pytest.mark.parametrize(
    "raw",
    [
        b"[" * 64 + b"]" * 64,
        b"[" * 64 + b"1" + b"]" * 64,
        b"[[]," + b"[" * 63 + b"1" + b"]" * 64,
        b'{"a":' * 64 + b"1" + b"}" * 64,
        b"[" + b"[]," * 1000 + b"[]]",
        b'"' + b"[" * 1000 + b'"',
    ],
    ids=range(6),
)
def test_sixty_four_levels_may_nest(raw: bytes) -> None:
    parse_json(raw)


@pytest.mark.parametrize(
    "raw",
    [
        b"[" * 65 + b"]" * 65,
        b'{"a":' * 65 + b"{}" + b"}" * 65,
        b"[[]," + b"[" * 64 + b"]" * 65,
        b"[" * 15_000 + b"]" * 15_000,
        b'{"a":' * 15_000,
    ],
    ids=range(5),
)
def test_deeper_nesting_is_refused(raw: bytes) -> None:
    with refused(MalformedError, "json_invalid"):
        parse_json(raw)


@pytest.mark.parametrize(
    "raw",
    [
        b"[" + b"1," * 20_001 + b"1]",
        b"{" + b",".join(b'"%d":1' % n for n in range(20_001)) + b"}",
        b"[" + b"[]," * 20_000 + b"[]]",
        b"[" * 500_000,
        b'{"a":' * 200_000,
        b"[" + b"0.5," * 1_000 + b"0.5]",
        b"[" + b"1e1," * 1_000 + b"0.5]",
        b"[" + b"1.5e300," * 500_000 + b"1]",
        b'["' + b"x" * 30_000 + b'\\\\",' + b"1," * 20_001 + b"1]",
    ],
    ids=range(9),
)
def test_what_costs_more_to_read_than_a_document_needs_is_refused_at_once(raw: bytes) -> None:
    began = time.process_time()
    with refused(MalformedError, "json_too_complex"):
        parse_json(raw)
    assert time.process_time() - began < 0.5


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b"[" + b"1," * 20_000 + b"1]", [1] * 20_001),
        (b"[" + b"0.5," * 999 + b"0.5]", [0.5] * 1_000),
        (b'"' + b",:[{" * 30_000 + b'"', ",:[{" * 30_000),
        (b'"' + b'\\",' * 30_000 + b'"', '",' * 30_000),
        (b'["' + b'\\\\",",' * 2 + b"," * 30_000 + b'"]', ["\\", ",\\", "," * 30_001]),
    ],
    ids=range(5),
)
def test_marks_inside_strings_are_text_and_count_for_nothing(raw: bytes, value: Any) -> None:
    assert parse_json(raw) == value


def test_a_reader_without_exact_numbers_counts_nothing() -> None:
    assert len(parse_json(b"[" + b"0.5," * 30_000 + b"1]", exact_numbers=False)) == 30_001


@FEW
@given(st.binary(max_size=24))
def test_garbage_is_a_value_or_malformed_and_nothing_else(raw: bytes) -> None:
    try:
        parse_json(raw)
    except MalformedError:
        return
    raw.decode("utf-8")


@FEW
@given(st.integers(0, 8 * 53 - 1))
def test_one_changed_bit_is_another_value_or_malformed(bit: int) -> None:
    good = b'{"amount":1000000,"closing":"2026-12-21","ok":[true]}'
    bad = bytearray(good)
    bad[bit // 8] ^= 1 << bit % 8
    try:
        value = parse_json(bytes(bad))
    except MalformedError:
        return
    assert value != {"amount": 1000000, "closing": "2026-12-21", "ok": [True]}
