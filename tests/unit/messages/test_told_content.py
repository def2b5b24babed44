"""What messages tell of a statement: what its type says, bounded, and nothing without it."""

import json
from typing import Any

import msgspec
import pytest

from ledger.domain.document import Document
from ledger.domain.statement_types import parse_definition
from ledger.messages.letters import LetterItem, LetterWriter, letter
from ledger.messages.outline import NOTHING, Outline, ToldContent, ToldValue, webhook_body
from ledger.messages.told_content import MOST_VALUE_BYTES, told_of
from ledger.pages.texts import texts_in
from ledger.store.ports.messages import Mailbox, Message
from tests.support.type_definitions import definition

BOX = Mailbox("p" * 36, "bob@example.com", 1, "", b"", 0, 0, 0, bytes(16))
SENDER = LetterWriter("https://ledger.example", "Ledger", "ledger@example.com")
FREE: dict[str, Any] = {"properties": {"a": {"title": "Sum"}, "b": True}}


def told(content: str, messages: Any, schema: Any = FREE) -> ToldContent:
    more = {} if messages is None else {"messages": messages}
    known = parse_definition(definition(schema=schema, **more)).definition
    about = {"createdAt": "", "creator": "", "ledger": "", "statementId": "", "title": "Terms"}
    policy = {"threshold": 1, "of": ["role:investor"]}
    document = msgspec.convert({"content": content, "policy": policy} | about, Document)
    return told_of(known, document)


def test_nothing_is_told_unless_a_type_says_so() -> None:
    assert told('{"a":"1"}', None) == NOTHING
    assert told('{"a":"1"}', {"title": True}) == ToldContent("Terms")
    assert told('{"a":"1"}', {"members": ["a"]}).title == ""


def test_members_are_told_as_they_were_drafted_in_the_order_of_the_type() -> None:
    found = told('{"a" : 1.10 ,"b":"x"}', {"members": ["b", "a"]})
    assert found == ToldContent("", (ToldValue("b", "b", b'"x"'), ToldValue("a", "Sum", b"1.10")))
    assert found.shown() == [("b", "x"), ("Sum", "1.10")]


@pytest.mark.parametrize(
    "content",
    [
        "{}",
        "[]",
        '"a"',
        '{"a":{"b":1}}',
        '{"a":[1]}',
        json.dumps({"a": "x" * MOST_VALUE_BYTES}),
    ],
)
def test_what_is_missing_long_a_list_or_an_object_is_not_told(content: str) -> None:
    assert told(content, {"members": ["a"]}) == NOTHING


@pytest.mark.parametrize("value", ["true", "null", "-0", "1e400", '""'])
def test_other_values_are_told(value: str) -> None:
    found = told(f'{{"a":{value}}}', {"members": ["a"]})
    assert found.values[0].value == value.encode()
    assert found.shown() == [("Sum", value.strip('"'))]


def test_a_webhook_tells_the_same_bytes() -> None:
    content = told('{"a":1.10}', {"title": True, "members": ["a"]})
    made = webhook_body("l", Outline("statement.drafted", "t", "s", 1, b"", content=content))
    assert made.endswith(b'"statement":"s","title":"Terms","content":{"a":1.10}}}')
    plain = webhook_body("l", Outline("statement.drafted", "t", "s", 1, b""))
    assert b"title" not in plain
    assert b"content" not in plain


def test_people_read_values_that_show_nothing_as_something_else() -> None:
    found = told('{"a":"x\\ny\\u202ez","b":"' + "w" * 300 + '"}', {"members": ["a", "b"]})
    ((_, first), (_, second)) = found.shown()
    assert first == "x\N{REPLACEMENT CHARACTER}y\N{REPLACEMENT CHARACTER}z"
    assert (len(second), second[-1]) == (200, "…")


def test_a_letter_tells_content_as_text_and_never_in_its_subject() -> None:
    shown = (("<i>Sum</i>", "5 & up"),)
    item = LetterItem("decided", "2026-11-29T06:00:00.000Z", "id", title="<b>", content=shown)
    message = Message("msg", "mail", "p", "s", item.kind, 1, msgspec.json.encode(item), 0, 0)
    made = letter(SENDER, BOX, [message], texts_in, now_ms=0)
    plain, rich = (made.get_body((kind,)) for kind in ("plain", "html"))
    assert plain is not None
    assert rich is not None
    assert "“<b>”\n<i>Sum</i>: 5 & up\n" in plain.get_content()
    assert "“&lt;b&gt;”<br>&lt;i&gt;Sum&lt;/i&gt;: 5 &amp; up<br>" in rich.get_content()
    assert "<b>" not in str(made["Subject"])
