"""What a change asks for, in one line."""

import json
from typing import Any

import msgspec

from ledger.domain.changes.items import Item, parse_items
from ledger.domain.document import Document
from ledger.pages.change_words import summary
from tests.support.type_definitions import define, definition


def parsed(*items: dict[str, Any]) -> tuple[Item, ...]:
    about = {"createdAt": "", "creator": "", "ledger": "", "statementId": "", "title": ""}
    policy = {"threshold": 1, "of": ["role:administrator"]}
    content = json.dumps({"items": items})
    return parse_items(msgspec.convert({"content": content, "policy": policy} | about, Document))


def test_a_sentence_that_goes_on_has_no_full_stop_in_it() -> None:
    one, two = define(definition()), {"define-role": {"role": "board"}}
    told = (
        "Define the type terms, version 1, “Terms”, which creators draft. "
        "Approved once 1 investor has signed"
    )
    assert summary(parsed(one), {}) == f"{told}."
    assert summary(parsed(one, two), {}) == f"{told}, and 1 more item"
