"""Documents: the exact bytes that people sign."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.domain.document import parse_document, parse_uuid
from ledger.errors import LedgerError, MalformedError, TooLargeError
from tests.support.examples import FEW
from tests.support.refusals import refused
from tests.support.scene import ALICE
from tests.support.signers import CONTENT, LEDGER
from tests.support.versions import copied

RAW = ALICE.document()


def test_a_document_says_who_when_where_what_and_who_has_to_approve() -> None:
    document = parse_document(RAW)
    assert document.creator == "00000000-0000-0000-0000-000000000001"
    assert document.created_at == "2026-11-21T03:04:05.678Z"
    assert document.ledger == LEDGER
    assert document.content == '{"amount":1000000,"currency":"USD"}'
    assert document.title == "Series A"
    assert document.statement_id == "7d3c2a52-1f6a-4a52-8b39-0d5c53a4f001"
    assert (document.policy.threshold, document.policy.of) == (2, ("role:creator", "role:investor"))
    assert document.supersedes is None


def test_a_document_may_supersede_another() -> None:
    earlier = copied(RAW)
    named = parse_document(ALICE.document(supersedes=earlier)).supersedes
    assert named is not None
    assert (named.statement, named.sha256) == (earlier["statement"], earlier["sha256"])
    assert named.policy == parse_document(RAW).policy


def test_a_document_has_at_most_one_mebibyte() -> None:
    padding = 1024 * 1024 - len(RAW)
    parse_document(RAW + b" " * padding)
    with refused(TooLargeError, "document_too_large"):
        parse_document(RAW + b" " * (padding + 1))


@pytest.mark.parametrize("title", ["A", "A" * 200, "é" * 200, " A "])
def test_a_title_has_1_to_200_characters(title: str) -> None:
    assert parse_document(ALICE.document(title=title)).title == title


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({"title": ""}, "document_malformed"),
        ({"title": " \t"}, "document_malformed"),
        ({"title": "A" * 201}, "document_malformed"),
        ({"title": None}, "document_malformed"),
        ({"title": 7}, "document_malformed"),
        ({"more": 1}, "document_malformed"),
        ({"Title": "Series A"}, "document_malformed"),
        ({"creator": None}, "document_malformed"),
        ({"ledger": 1}, "document_malformed"),
        ({"supersedes": 7}, "document_malformed"),
        ({"content": {"amount": 1}}, "document_malformed"),
        ({"content": None}, "document_malformed"),
        ({"content": "[]"}, "content_not_object"),
        ({"content": "null"}, "content_not_object"),
        ({"content": '"text"'}, "content_not_object"),
        ({"content": "7"}, "content_not_object"),
        ({"content": ""}, "json_invalid"),
        ({"content": "{"}, "json_invalid"),
        ({"content": '{"a":NaN}'}, "json_invalid"),
        ({"content": '{"a":"\\ud800"}'}, "json_invalid"),
        ({"content": '{"a":' * 65 + "1" + "}" * 65}, "json_invalid"),
        ({"content": '{"a":1,"a":2}'}, "json_duplicate_member"),
        ({"content": '{"a":9007199254740993}'}, "json_number_inexact"),
        ({"statementId": ""}, "id_invalid"),
        ({"statementId": "7D3C2A52-1F6A-4A52-8B39-0D5C53A4F001"}, "id_invalid"),
        ({"statementId": "7d3c2a521f6a4a528b390d5c53a4f001"}, "id_invalid"),
        ({"supersedes": ""}, "document_malformed"),
        ({"supersedes": copied(RAW) | {"statement": "the last one"}}, "id_invalid"),
        ({"createdAt": "2026-11-21"}, "time_invalid"),
        ({"createdAt": ""}, "time_invalid"),
        ({"createdAt": 1795230245678}, "document_malformed"),
    ],
    ids=str,
)
def test_a_document_with_a_wrong_member_is_refused(members: dict[str, Any], code: str) -> None:
    with refused(MalformedError, code):
        parse_document(ALICE.document(**members))


@pytest.mark.parametrize(
    ("policy", "code"),
    [
        (None, "document_malformed"),
        ({}, "policy_invalid"),
        ({"threshold": 1}, "policy_invalid"),
        (
            {"steps": [{"threshold": 1, "of": ["role:creator"]}] * 2, "of": None},
            "document_malformed",
        ),
        ({"threshold": "1", "of": ["role:creator"]}, "document_malformed"),
        ({"threshold": 1.0, "of": ["role:creator"]}, "document_malformed"),
        ({"threshold": 1, "of": "role:creator"}, "document_malformed"),
        ({"threshold": 1, "of": [7]}, "document_malformed"),
        ({"threshold": 1, "of": ["role:creator"], "more": 1}, "document_malformed"),
        ({"threshold": 1, "of": ["role:creator"], "assurance": "none"}, "document_malformed"),
        ({"threshold": 1, "of": ["role:creator"], "creatorMaySign": 0}, "document_malformed"),
        ({"threshold": 1, "of": ["role:creator"], "expiresAt": "soon"}, "time_invalid"),
        ({"threshold": 0, "of": ["role:creator"]}, "policy_invalid"),
        ({"threshold": 257, "of": ["role:creator"]}, "policy_too_complex"),
    ],
    ids=str,
)
def test_a_document_with_a_wrong_policy_is_refused(policy: Any, code: str) -> None:
    with refused(MalformedError, code):
        parse_document(ALICE.document(policy=policy))


@pytest.mark.parametrize("name", json.loads(RAW))
def test_a_document_without_a_member_is_refused(name: str) -> None:
    members = {key: value for key, value in json.loads(RAW).items() if key != name}
    with refused(MalformedError, "document_malformed"):
        parse_document(json.dumps(members).encode())


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "json_invalid"),
        (RAW[:-1], "json_invalid"),
        (RAW + RAW, "json_invalid"),
        (b"\xef\xbb\xbf" + RAW, "json_invalid"),
        (RAW.decode().encode("utf-16"), "json_invalid"),
        (RAW.replace(b"Series A", b"Series \xff"), "json_invalid"),
        (RAW.replace(b"Series A", b"Series \\ud800"), "json_invalid"),
        (b"[" + RAW + b"]", "document_malformed"),
        (b"null", "document_malformed"),
        (RAW[:-1] + b',"title":"Series B"}', "json_duplicate_member"),
        (RAW[:-1] + b',"\\u0074itle":"Series B"}', "json_duplicate_member"),
        (RAW.replace(b'"threshold": 2', b'"threshold": 1,"threshold": 2'), "json_duplicate_member"),
        (RAW.replace(b'"threshold": 2', b'"threshold": 9007199254740993'), "json_number_inexact"),
    ],
    ids=range(13),
)
def test_what_is_no_strict_json_document_is_refused(raw: bytes, code: str) -> None:
    with refused(MalformedError, code):
        parse_document(raw)


@pytest.mark.parametrize("end", range(0, len(RAW), 9))
def test_a_truncated_document_is_refused(end: int) -> None:
    with refused(MalformedError, "json_invalid"):
        parse_document(RAW[:end])


@FEW
@given(st.binary(max_size=50))
def test_garbage_is_no_document(raw: bytes) -> None:
    with pytest.raises(LedgerError):
        parse_document(raw)


@FEW
@given(st.integers(0, 8 * len(RAW) - 1))
def test_one_changed_bit_is_another_document_or_none(bit: int) -> None:
    bad = bytearray(RAW)
    bad[bit // 8] ^= 1 << bit % 8
    try:
        document = parse_document(bytes(bad))
    except LedgerError:
        return
    assert document != parse_document(RAW)


def test_content_is_kept_exactly_as_drafted() -> None:
    content = '{ "b": 1.10, "a": "\\u00e9\\n", "e": 1E2 }'
    assert parse_document(ALICE.document(content=content)).content == content
    assert parse_document(ALICE.document()).content == CONTENT


@pytest.mark.parametrize(
    "text",
    [
        "",
        "7d3c2a521f6a4a528b390d5c53a4f001",
        "{7d3c2a52-1f6a-4a52-8b39-0d5c53a4f001}",
        "urn:uuid:7d3c2a52-1f6a-4a52-8b39-0d5c53a4f001",
        "7D3C2A52-1F6A-4A52-8B39-0D5C53A4F001",
        "7d3c2a52-1f6a-4a52-8b39-0d5c53a4f00",
        "7d3c2a52-1f6a-4a52-8b39-0d5c53a4f001 ",
        "\u0667d3c2a5-1f6a-4a52-8b39-0d5c53a4f001",
        "zd3c2a52-1f6a-4a52-8b39-0d5c53a4f001",
    ],
)
def test_an_id_has_one_spelling(text: str) -> None:
    with refused(MalformedError, "id_invalid"):
        parse_uuid(text)
