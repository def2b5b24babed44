"""Drafting: the document is the bytes its creator signed, and says the truth about itself."""

import hashlib
import json
from functools import partial
from typing import Any
from uuid import uuid4

import httpx
import pytest

from ledger import clock
from tests.integration.conftest import Join, Refuses
from tests.support.actor import Actor, now_ms, policy_of
from tests.support.check import head, wait_for
from tests.support.keys import ed25519_key
from tests.support.server import Server

CREATE = "/api/statements/create"
HOUR_MS = 3_600_000


def test_a_draft_is_answered_with_its_place_and_its_digest(alice: Actor, server: Server) -> None:
    drafted = alice.draft(policy=policy_of(1, alice))
    assert drafted.answer == {
        "position": head(server),
        "leafIndex": head(server) - 1,
        "statementId": json.loads(drafted.document)["statementId"],
        "sha256": hashlib.sha256(drafted.document.encode()).hexdigest(),
        "status": "pending",
        "warnings": [],
    }


SUPERSEDED: dict[str, Any] = {
    "statement": str(uuid4()),
    "sha256": "0" * 64,
    "policy": {"threshold": 1, "of": ["role:creator"]},
}


@pytest.mark.parametrize(
    "title",
    ["Série A – é€ 漢字 😀", 'Quoted "title" \\ back', "<script>alert(1)</script>", "a" * 200],
)
def test_the_documents_bytes_come_back_exactly(title: str, alice: Actor, server: Server) -> None:
    content = '{ "b":1.0,\n"a":"é€😀\\u00e9" }'
    text = json.dumps(json.loads(alice.document(title=title, content=content)), ensure_ascii=True)
    spaced = text.replace('": ', '"  :\t')
    assert alice.draft_of(spaced).status_code == 201
    wait_for(server, head(server))
    statement_id = json.loads(text)["statementId"]
    answer = alice.client.get(f"/api/statements/{statement_id}/document")
    assert answer.content == spaced.encode()
    assert answer.headers["content-type"] == "application/json"
    shown = alice.client.get(f"/api/statements/{statement_id}").json()
    assert (shown["document"], shown["title"], shown["content"]) == (spaced, title, content)
    assert shown["sha256"] == hashlib.sha256(spaced.encode()).hexdigest()


def test_only_a_creator_drafts(bob: Actor, refuses: Refuses) -> None:
    refuses(bob.draft_of, 403, "creator_only")


def test_a_document_names_its_signer_as_creator(alice: Actor, bob: Actor, refuses: Refuses) -> None:
    document = alice.document(creator=bob.user)
    refuses(lambda: alice.draft_of(document), 422, "document_creator_mismatch")


@pytest.mark.parametrize(
    ("members", "status", "code"),
    [
        ({"ledger": "example.com/other"}, 422, "ledger_mismatch"),
        ({"createdAt": clock.to_text(now_ms() - HOUR_MS)}, 422, "document_time_stale"),
        ({"createdAt": clock.to_text(now_ms() + HOUR_MS)}, 422, "document_time_stale"),
        ({"createdAt": "2026-11-21"}, 400, "time_invalid"),
        ({"createdAt": 0}, 400, "document_malformed"),
        ({"content": "not JSON"}, 400, "json_invalid"),
        ({"content": "5"}, 400, "content_not_object"),
        ({"content": "[]"}, 400, "content_not_object"),
        ({"content": {"amount": 1}}, 400, "document_malformed"),
        ({"content": '{"amount":1,"amount":2}'}, 400, "json_duplicate_member"),
        ({"content": '{"a":{"b":[{"c":1,"c":1}]}}'}, 400, "json_duplicate_member"),
        ({"content": '{"amount":NaN}'}, 400, "json_invalid"),
        ({"content": '{"amount":Infinity}'}, 400, "json_invalid"),
        ({"content": '{"amount":0.1000000000000000055}'}, 400, "json_number_inexact"),
        ({"content": '{"amount":9007199254740993}'}, 400, "json_number_inexact"),
        ({"content": '{"amount":1e400}'}, 400, "json_number_inexact"),
        ({"content": '{"name":"\\ud800"}'}, 400, "json_invalid"),
        ({"content": '{"a":' + "[" * 64 + "]" * 64 + "}"}, 400, "json_invalid"),
        ({"title": ""}, 400, "document_malformed"),
        ({"title": " "}, 400, "document_malformed"),
        ({"title": "a" * 201}, 400, "document_malformed"),
        ({"title": None}, 400, "document_malformed"),
        ({"statementId": "stmt-123"}, 400, "id_invalid"),
        ({"supersedes": str(uuid4())}, 400, "document_malformed"),
        ({"supersedes": SUPERSEDED | {"statement": "stmt-123"}}, 400, "id_invalid"),
        ({"supersedes": SUPERSEDED}, 404, "statement_unknown"),
        ({"signatures": []}, 400, "document_malformed"),
    ],
)
def test_a_document_that_is_not_right_is_refused(
    members: dict[str, Any], status: int, code: str, alice: Actor, refuses: Refuses
) -> None:
    document = alice.document(**members)
    refuses(lambda: alice.draft_of(document), status, code)


@pytest.mark.parametrize("member", ["content", "createdAt", "creator", "ledger", "policy", "title"])
def test_a_document_that_leaves_something_out_is_refused(
    member: str, alice: Actor, refuses: Refuses
) -> None:
    document = json.loads(alice.document())
    del document[member]
    refuses(lambda: alice.draft_of(json.dumps(document)), 400, "document_malformed")


def test_a_document_that_names_a_member_twice_is_refused(alice: Actor, refuses: Refuses) -> None:
    document = alice.document()
    twice = document[:-1] + ', "title": "Another"}'
    refuses(lambda: alice.draft_of(twice), 400, "json_duplicate_member")
    inside = document.replace('"threshold": 2', '"threshold": 2, "threshold": 1')
    assert inside != document
    refuses(lambda: alice.draft_of(inside), 400, "json_duplicate_member")


A, B = (f"user:{uuid4()}" for _ in range(2))
MANY = [f"user:{uuid4()}" for n in range(4097)]
DEEP: dict[str, Any] = {"threshold": 1, "of": ["role:creator"]}
for _ in range(9):
    DEEP = {"threshold": 1, "of": [DEEP]}


@pytest.mark.parametrize(
    ("policy", "code"),
    [
        ({"threshold": 0, "of": ["role:creator"]}, "policy_invalid"),
        ({"threshold": -1, "of": ["role:creator"]}, "policy_invalid"),
        ({"threshold": 257, "of": ["role:creator"]}, "policy_too_complex"),
        ({"threshold": 1, "of": ["user:a"]}, "policy_invalid"),
        ({"threshold": 1, "of": []}, "policy_invalid"),
        ({"threshold": 1, "of": ["role:auditor"]}, "policy_invalid"),
        ({"threshold": 1, "of": ["role:king"]}, "policy_invalid"),
        ({"threshold": 1, "of": ["everybody"]}, "policy_invalid"),
        ({"threshold": 1, "of": ["user:"]}, "policy_invalid"),
        ({"threshold": 1, "of": [A, A]}, "policy_invalid"),
        ({"threshold": 1, "of": MANY}, "policy_too_complex"),
        (DEEP, "policy_too_complex"),
        ({"threshold": 3, "of": [A, B]}, "policy_impossible"),
        (
            {"threshold": 1, "of": [{"threshold": 2, "of": [A]}]},
            "policy_impossible",
        ),
        ({"threshold": "2", "of": ["role:creator"]}, "document_malformed"),
        ({"threshold": 1.5, "of": ["role:creator"]}, "document_malformed"),
        ({"threshold": 1}, "policy_invalid"),
        ({"threshold": 1, "of": ["role:creator"], "quorum": 1}, "document_malformed"),
        ({"threshold": 1, "of": ["role:creator"], "assurance": "none"}, "document_malformed"),
        ({"threshold": 1, "of": ["role:creator"], "expiresAt": "soon"}, "time_invalid"),
        (None, "document_malformed"),
    ],
)
def test_a_policy_that_cannot_be_is_refused(
    policy: Any, code: str, alice: Actor, refuses: Refuses
) -> None:
    document = alice.document(policy=policy)
    refuses(lambda: alice.draft_of(document), 400, code)


def test_a_policy_that_is_over_already_is_refused(alice: Actor, refuses: Refuses) -> None:
    document = alice.document(policy=policy_of(1, alice, expiresAt="2020-01-01T00:00:00.000Z"))
    refuses(lambda: alice.draft_of(document), 409, "statement_expired")


def test_a_policy_that_todays_people_cannot_meet_is_a_warning(alice: Actor) -> None:
    policy = {"threshold": 2, "of": [f"user:{alice.user}", f"user:{uuid4()}"]}
    answer = alice.draft_of(alice.document(policy=policy))
    assert (answer.status_code, answer.json()["warnings"]) == (201, ["policy_not_yet_satisfiable"])


def test_a_statement_id_is_taken_once(alice: Actor, refuses: Refuses) -> None:
    drafted = alice.draft(policy=policy_of(1, alice))
    other = alice.document(statementId=drafted.id, title="Another")
    refuses(lambda: alice.draft_of(other), 409, "statement_known")
    person = alice.document(statementId=alice.user)
    refuses(lambda: alice.draft_of(person), 409, "statement_known")


def test_the_act_is_over_these_very_bytes(alice: Actor, refuses: Refuses) -> None:
    document = alice.document()
    statement_id = json.loads(document)["statementId"]
    sha256 = hashlib.sha256(document.encode()).hexdigest()
    for about in (
        {"statementId": statement_id, "sha256": "00" * 32},
        {"statementId": statement_id, "sha256": sha256.upper()},
        {"statementId": str(uuid4()), "sha256": sha256},
        {"statementId": statement_id},
        {"statementId": statement_id, "sha256": sha256, "title": "Series A"},
        {"statementId": statement_id, "sha256": sha256, "act": "withdraw"},
    ):
        body = {"document": document, "act": alice.act("draft", **about)}
        refuses(partial(alice.client.post, CREATE, json=body), 422, "act_mismatch")
    with_space = {"document": document + " ", "act": alice.draft_body(document)["act"]}
    refuses(lambda: alice.client.post(CREATE, json=with_space), 422, "act_mismatch")


@pytest.mark.parametrize("path", [CREATE, "/api/changes"])
def test_a_document_is_read_once_its_signature_is_verified(
    path: str, alice: Actor, refuses: Refuses
) -> None:
    """To parse a document costs a hundred verifications, so nobody without a key asks for it."""
    document, about = "no document", {"statementId": str(uuid4())}
    about["sha256"] = hashlib.sha256(document.encode()).hexdigest()
    signed, other = (alice.act("draft", **about, iat=now_ms() // 1000 - n) for n in (0, 1))
    forged = f"{signed.rpartition('.')[0]}.{other.rpartition('.')[2]}"
    payload = {"act": "draft", "iat": now_ms() // 1000, "ledger": alice.ledger} | about
    unknown = ed25519_key(9_999).jws(json.dumps(payload).encode(), typ="act+jwt")
    mismatched = alice.act("draft", **(about | {"sha256": "0" * 64}))
    for act, status, code in (
        (forged, 422, "jws_signature_invalid"),
        (unknown, 422, "key_unknown"),
        (mismatched, 422, "act_mismatch"),
        (signed, 400, "json_invalid"),
    ):
        body = {"document": document, "act": act} | ({} if path == CREATE else {"jwt": signed})
        refuses(partial(alice.client.post, path, json=body), status, code)


def test_a_draft_sent_again_after_its_key_ended_is_answered_as_before(join: Join) -> None:
    eve = join("Eve", "creator")
    body = eve.draft_body(eve.document(policy=policy_of(1, eve)))
    first = eve.client.post(CREATE, json=body)
    assert eve.revoke_key(eve.key.kid).status_code == 201
    again = eve.client.post(CREATE, json=body)
    assert (again.status_code, again.json()) == (201, first.json())


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({"iat": now_ms() // 1000 - 3600}, "iat_stale"),
        ({"iat": now_ms() // 1000 + 3600}, "iat_stale"),
        ({"ledger": "example.com/other"}, "ledger_mismatch"),
    ],
)
def test_an_act_of_another_time_or_ledger_is_refused(
    members: dict[str, Any], code: str, alice: Actor, refuses: Refuses
) -> None:
    document = alice.document()
    about = {
        "statementId": json.loads(document)["statementId"],
        "sha256": hashlib.sha256(document.encode()).hexdigest(),
    }
    body = {"document": document, "act": alice.act("draft", **(about | members))}
    refuses(lambda: alice.client.post(CREATE, json=body), 422, code)


def test_nobody_drafts_with_anothers_session(
    alice: Actor, bob: Actor, stranger: httpx.Client, refuses: Refuses
) -> None:
    # Alice's session, Bob's key: the signature is the authority.
    body = bob.draft_body(bob.document())
    refuses(lambda: alice.client.post(CREATE, json=body), 403, "creator_only")
    # No session, Alice's key.
    body = alice.draft_body(alice.document(policy=policy_of(1, alice)))
    assert stranger.post(CREATE, json=body).status_code == 201


@pytest.mark.parametrize("member", ["creatorId", "userId", "role", "title"])
def test_an_identity_in_the_body_is_refused(
    member: str, alice: Actor, bob: Actor, refuses: Refuses
) -> None:
    body = alice.draft_body(alice.document()) | {member: bob.user}
    refuses(lambda: alice.client.post(CREATE, json=body), 400, "request_invalid")
