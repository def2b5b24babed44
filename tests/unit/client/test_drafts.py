"""The document that a program drafts, before anything is sent."""

import json
from typing import Any

import pytest

from ledger.client.drafts import AskedStatement, document_of
from ledger.encoding import sha256_hex
from ledger.errors import LedgerError, MalformedError
from tests.support.type_definitions import definition

USER = "2c3a4b5e-0000-4000-8000-000000000001"
POLICY = {"threshold": 1, "of": ["role:investor"]}


def drafted(**members: Any) -> dict[str, Any]:
    asked = AskedStatement(**({"title": "Pay", "content": '{"amount":"1"}'} | members))
    said: dict[str, Any] = json.loads(document_of(asked, creator=USER, ledger="ledger.example"))
    return said


def test_a_policy_and_the_content_stand_as_given() -> None:
    usable = {"by": ["role:investor"], "times": 2}
    said = drafted(policy=POLICY, usable=usable, readers=["role:legal"])
    assert (said["content"], said["policy"]) == ('{"amount":"1"}', POLICY)
    assert (said["usable"], said["readers"], said["creator"]) == (usable, ["role:legal"], USER)
    assert "type" not in said
    assert "supersedes" not in said


def test_a_type_gives_policy_digest_and_uses_and_only_the_end_is_ones_own() -> None:
    text = definition(policy=POLICY, usable={"by": ["role:creator"], "times": 1})
    said = drafted(definition=text, usable={"until": "2030-01-01T00:00:00.000Z"})
    assert said["policy"] == POLICY
    assert said["type"]["sha256"] == sha256_hex(text.encode())
    until = "2030-01-01T00:00:00.000Z"
    assert said["usable"] == {"by": ["role:creator"], "times": 1, "until": until}


def test_a_new_version_copies_the_policy_of_the_old_one() -> None:
    asked = AskedStatement(title="Pay", content="{}", policy=POLICY)
    old = document_of(asked, creator=USER, ledger="ledger.example")
    said = drafted(policy=POLICY, replaces=old)
    assert said["supersedes"]["sha256"] == sha256_hex(old)
    assert said["supersedes"]["policy"] == POLICY
    assert said["supersedes"]["statement"] != said["statementId"]


def test_neither_or_both_of_policy_and_type_are_refused() -> None:
    for members in ({}, {"policy": POLICY, "definition": definition(policy=POLICY)}):
        with pytest.raises(MalformedError, match="policy_missing"):
            drafted(**members)


@pytest.mark.parametrize(
    "members",
    [
        {"content": "[]"},
        {"content": "{"},
        {"content": '{"a":1,"a":2}'},
        {"title": ""},
        {"title": "a\u202eb"},
        {"policy": {"threshold": 1}},
        {"usable": {"by": []}},
        {"readers": ["nobody"]},
        {"definition": "{}", "policy": None},
    ],
)
def test_what_the_ledger_would_refuse_is_refused_before_anything_is_sent(
    members: dict[str, Any],
) -> None:
    with pytest.raises(LedgerError):
        drafted(**({"policy": POLICY} | members))
