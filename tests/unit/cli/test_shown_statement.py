"""A terminal shows what the page shows, from the bytes, and nothing in them hides."""

import json
from typing import Any

import msgspec
import pytest

from ledger.cli.shown_statement import lines_of
from ledger.client.answers import ShownStatement
from ledger.encoding import sha256_hex
from ledger.errors import MalformedError, RefusedError

ALICE = "2c3a4b5e-0000-4000-8000-000000000001"
BOB = "2c3a4b5e-0000-4000-8000-000000000002"
AT = "2026-11-21T03:04:05.000Z"


def document(**members: Any) -> bytes:
    said = {
        "content": '{"amount":1.10}',
        "createdAt": AT,
        "creator": ALICE,
        "ledger": "ledger.example",
        "policy": {"threshold": 1, "of": [f"user:{BOB}"], "assurance": "passkey"},
        "statementId": "2c3a4b5e-0000-4000-8000-000000000009",
        "title": "Pay",
    }
    return json.dumps(said | members).encode()


def statement(raw: bytes, **members: Any) -> ShownStatement:
    member = {"member": f"user:{BOB}", "name": "Bob"}
    said = {
        "id": "2c3a4b5e-0000-4000-8000-000000000009",
        "title": "another title than the one that is signed",
        "creator": {"id": ALICE, "name": "Alice"},
        "createdAt": AT,
        "status": "pending",
        "approvals": 0,
        "needed": 1,
        "sha256": sha256_hex(raw),
        "expiresAt": "2026-12-21T03:04:05.000Z",
        "decisions": [],
        "progress": {"missing": 1, "members": [member]},
        "readBy": "participants",
    }
    return msgspec.convert(said | members, ShownStatement)


def shown(raw: bytes, **members: Any) -> str:
    return "\n".join(lines_of(statement(raw, **members), raw))


DECISION = {
    "position": 7,
    "at": AT,
    "decision": "approval",
    "person": {"id": BOB, "name": "Bob"},
    "roles": ["investor"],
    "kid": "kid-of-Bob",
    "keyStatus": "revoked",
    "form": "individual",
    "inQuestion": True,
    "retracted": True,
    "admittedBy": "operator",
}


def test_what_is_shown_is_what_is_signed() -> None:
    says = shown(document())
    assert "Title:    Pay\n" in says
    assert '  "amount": 1.10\n' in says
    assert "Approved once “Bob” has signed. Every decision asks for a passkey." in says
    assert "pending, 0 of 1, until 21 Dec 2026, 03:04 UTC" in says
    assert "its creator, the people whom its policy names, and auditors" in says
    assert "LOOK AT" not in says


def test_hazards_are_named_and_nothing_controls_the_terminal() -> None:
    content = json.dumps({"to": "\u0410lice\u202e\x1b[2J", "a": {"": []}}, ensure_ascii=False)
    says = shown(document(content=content))
    assert not {"\u202e", "\x1b"} & set(says)
    assert "LOOK AT:  /to: it has letters or digits of another script" in says
    assert "it has characters that nobody sees" in says
    assert "LOOK AT:  /a/: its name is empty" in says


def test_a_decision_says_why_not_to_rely_on_it() -> None:
    raw = document()
    reason = {"reason": "one\nline\x1b"}
    marked = shown(raw, status="approved", inQuestion=1, decisions=[DECISION | reason])
    assert "IN QUESTION" in marked
    for mark in ("declared compromised", "taken back", "revoked", "policy was not", "operator"):
        assert mark in marked
    assert "\x1b" not in marked
    assert "one⟨U+2028⟩line" in marked


def test_uses_and_their_ends_are_shown() -> None:
    usable = {"by": [f"user:{BOB}", "role:investor"], "times": 2, "until": AT}
    use = {"at": AT, "person": {"id": BOB, "name": "Bob"}, "number": 1, "generation": 1}
    rest = {"reference": "order 7", "outcome": None, "freed": False}
    raw = document(usable=usable)
    says = shown(raw, usable=usable, uses=[use | rest], usesLeft=1)
    assert "by “Bob” and everybody with the role investor, 2 times in all, until 21 Nov" in says
    assert "by “Bob” for order 7: no outcome reported" in says
    assert "left are void" in shown(raw, usable=usable, precedesLoss=True)


@pytest.mark.parametrize("outlook", ["all_rejected", "below_floor", "unmeetable"])
def test_a_pending_one_that_nobody_can_approve_says_so(outlook: str) -> None:
    raw = document()
    assert shown(raw, outlook=outlook, progress={"missing": None}) != shown(raw)


def test_versions_changes_and_types_are_named() -> None:
    raw = document(
        type={"name": "payment", "version": 2, "sha256": "0" * 64},
        supersedes={
            "statement": "2c3a4b5e-0000-4000-8000-000000000008",
            "sha256": "0" * 64,
            "policy": {"threshold": 1, "of": ["role:investor"]},
        },
    )
    replaced = {"threshold": 1, "of": ["role:investor"]}
    says = shown(raw, replaced=replaced, readers=["role:legal"], supersededBy="another")
    assert "payment, version 2" in says
    assert "Replaces: 2c3a4b5e-0000-4000-8000-000000000008" in says
    assert "Replaced: by another" in says
    assert "And that of what it replaces. Approved once 1 investor has signed." in says
    assert "everybody with the role legal, and auditors" in says
    change = shown(document(type={"name": "ledger/change", "version": 1}, content='{"items":[]}'))
    assert "a change of this ledger's people, rules or types" in change


@pytest.mark.parametrize("junk", [b"", b"{}", b"[" * 70_000, b"\xff", document(content="[]")])
def test_bytes_that_are_no_document_are_refused(junk: bytes) -> None:
    with pytest.raises(MalformedError):
        shown(junk)


def test_another_digest_than_the_listed_one_is_refused() -> None:
    with pytest.raises(RefusedError, match="document_differs"):
        shown(document(), sha256="0" * 64)
