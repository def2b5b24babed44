"""Signing: a signature counts for exactly the bytes, the statement and the person it names."""

import json
from functools import partial
from typing import Any
from uuid import uuid4

import httpx
import pytest

from ledger.encoding import b64u_decode, b64u_encode
from ledger.jose import SigningKey
from tests.integration.conftest import Join, Refuses
from tests.support.actor import Actor, Drafted, now_ms, policy_of
from tests.support.check import head, wait_for
from tests.support.server import Server

HOUR_MS = 3_600_000


@pytest.fixture(scope="module")
def drafted(alice: Actor, bob: Actor) -> Drafted:
    """A statement that nobody manages to approve wrongly; it stays pending without decisions."""
    return alice.draft(policy=policy_of(2, alice, bob))


@pytest.fixture(scope="module")
def another(alice: Actor, bob: Actor) -> Drafted:
    return alice.draft(policy=policy_of(2, alice, bob), title="Another")


def seconds(ms: int = 0) -> int:
    return (now_ms() + ms) // 1000


def test_both_forms_count_and_approve_together(alice: Actor, bob: Actor, server: Server) -> None:
    one = alice.draft(policy=policy_of(2, alice, bob))
    first = alice.approve(one)
    assert first.status_code == 201
    assert first.json() == {
        "position": head(server),
        "leafIndex": head(server) - 1,
        "statementId": one.id,
        "status": "pending",
        "approvals": 1,
    }
    individual = bob.individual(one.document, iat=seconds(), jti=str(uuid4()), ledger=bob.ledger)
    assert bob.post_sign(one.id, individual).json()["status"] == "approved"
    wait_for(server, head(server))
    shown = bob.client.get(f"/api/statements/{one.id}").json()
    assert [(each["form"], each["person"]["name"]) for each in shown["decisions"]] == [
        ("shared", "Alice"),
        ("individual", "Bob"),
    ]
    assert shown["decisions"][1]["jws"] == individual


def test_signing_needs_no_session(alice: Actor, bob: Actor, stranger: httpx.Client) -> None:
    one = alice.draft(policy=policy_of(1, bob))
    answer = stranger.post(
        f"/api/statements/{one.id}/sign", json={"jwt": bob.approval(one.document)}
    )
    assert answer.json()["status"] == "approved"


def test_the_signature_of_another_statement_is_refused(
    bob: Actor, drafted: Drafted, another: Drafted, refuses: Refuses
) -> None:
    shared = bob.approval(another.document)
    refuses(lambda: bob.post_sign(drafted.id, shared), 422, "payload_mismatch")
    individual = bob.individual(another.document)
    refuses(lambda: bob.post_sign(drafted.id, individual), 422, "payload_statement_mismatch")


@pytest.mark.parametrize("payload", ["{}", "", "null", "[]", '"content"', "not JSON", "{"])
def test_a_payload_that_says_nothing_is_refused(
    payload: str, bob: Actor, drafted: Drafted, refuses: Refuses
) -> None:
    jwt = bob.sign(payload.encode(), typ="JWT", iat=seconds())
    refuses(lambda: bob.post_sign(drafted.id, jwt), 422, "payload_mismatch")


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({"statementId": str(uuid4())}, "payload_statement_mismatch"),
        ({"content": '{"amount":1}'}, "payload_content_mismatch"),
        ({"content": ""}, "payload_content_mismatch"),
        ({"signer": str(uuid4())}, "payload_signer_mismatch"),
        ({"signer": ""}, "payload_signer_mismatch"),
        ({"ledger": "example.com/other"}, "payload_ledger_mismatch"),
        ({"timestamp": 0}, "payload_timestamp_stale"),
        ({"timestamp": now_ms() - HOUR_MS}, "payload_timestamp_stale"),
        ({"timestamp": now_ms() + HOUR_MS}, "payload_timestamp_stale"),
        ({"timestamp": "now"}, "payload_mismatch"),
        ({"timestamp": 1.5}, "payload_mismatch"),
        ({"iat": 0}, "iat_stale"),
        ({"jti": ""}, "payload_mismatch"),
        ({"jti": "x" * 129}, "payload_mismatch"),
        ({"aud": "anybody"}, "payload_mismatch"),
        ({"exp": 1}, "payload_mismatch"),
    ],
)
def test_an_individual_payload_that_says_something_else_is_refused(
    members: dict[str, Any], code: str, bob: Actor, drafted: Drafted, refuses: Refuses
) -> None:
    jwt = bob.individual(drafted.document, **members)
    refuses(lambda: bob.post_sign(drafted.id, jwt), 422, code)


@pytest.mark.parametrize("missing", ["statementId", "content", "signer", "timestamp"])
def test_an_individual_payload_that_leaves_something_out_is_refused(
    missing: str, bob: Actor, drafted: Drafted, refuses: Refuses
) -> None:
    payload = json.loads(b64u_decode(bob.individual(drafted.document).split(".")[1]))
    del payload[missing]
    jwt = bob.sign(json.dumps(payload).encode(), typ="JWT")
    refuses(lambda: bob.post_sign(drafted.id, jwt), 422, "payload_mismatch")


def test_a_payload_that_names_a_member_twice_is_refused(
    bob: Actor, drafted: Drafted, refuses: Refuses
) -> None:
    payload = b64u_decode(bob.individual(drafted.document).split(".")[1])
    twice = payload[:-1] + b', "signer": "somebody else"}'
    jwt = bob.sign(twice, typ="JWT")
    refuses(lambda: bob.post_sign(drafted.id, jwt), 422, "payload_mismatch")


def test_alice_does_not_sign_for_bob(
    alice: Actor, bob: Actor, drafted: Drafted, refuses: Refuses
) -> None:
    jwt = alice.individual(drafted.document, signer=bob.user)
    refuses(lambda: alice.post_sign(drafted.id, jwt), 422, "payload_signer_mismatch")
    # Nor by naming his key: the signature is not his.
    header, payload, signature = alice.approval(drafted.document).split(".")
    named = json.loads(b64u_decode(header)) | {"kid": bob.key.kid}
    forged = f"{b64u_encode(json.dumps(named).encode())}.{payload}.{signature}"
    refuses(lambda: alice.post_sign(drafted.id, forged), 422, "jws_signature_invalid")


def test_a_strangers_key_is_refused(bob: Actor, drafted: Drafted, refuses: Refuses) -> None:
    jwt = bob.sign(drafted.document.encode(), key=SigningKey.generate(), typ="JWT", iat=seconds())
    refuses(lambda: bob.post_sign(drafted.id, jwt), 422, "key_unknown")


def test_somebody_whom_the_policy_does_not_name_is_refused(
    carol: Actor, drafted: Drafted, refuses: Refuses
) -> None:
    refuses(lambda: carol.approve(drafted), 403, "not_a_signer")
    refuses(lambda: carol.reject(drafted), 403, "not_a_signer")


def test_one_person_with_two_accounts_does_not_count_twice_where_people_are_named(
    alice: Actor, bob: Actor, join: Join, refuses: Refuses
) -> None:
    one = alice.draft(policy=policy_of(2, alice, bob))
    assert bob.approve(one).status_code == 201
    second_account = join("Bob")
    refuses(lambda: second_account.approve(one), 403, "not_a_signer")


@pytest.mark.parametrize(
    ("header", "status", "code"),
    [
        ({"alg": "none"}, 422, "jws_alg_mismatch"),
        ({"alg": "HS256"}, 422, "jws_alg_mismatch"),
        ({"typ": "act+jwt"}, 422, "jws_typ_mismatch"),
        ({"typ": "jwt"}, 422, "jws_typ_mismatch"),
        ({"iat": 0}, 422, "iat_stale"),
        ({"iat": seconds(HOUR_MS)}, 422, "iat_stale"),
        ({"without": "iat"}, 422, "iat_stale"),
        ({"without": "kid"}, 400, "jws_header_invalid"),
        ({"without": "typ"}, 422, "jws_typ_mismatch"),
        ({"crit": ["b64"], "b64": False}, 400, "jws_header_invalid"),
        ({"jwk": {"kty": "OKP"}}, 400, "jws_header_invalid"),
        ({"jku": "https://evil.example"}, 400, "jws_header_invalid"),
        ({"iat": "now"}, 400, "jws_header_invalid"),
    ],
)
def test_a_header_with_anything_else_is_refused_though_it_is_signed(
    header: dict[str, Any],
    status: int,
    code: str,
    bob: Actor,
    drafted: Drafted,
    refuses: Refuses,
) -> None:
    jwt = bob.sign(drafted.document.encode(), **({"iat": seconds()} | header))
    refuses(lambda: bob.post_sign(drafted.id, jwt), status, code)


@pytest.mark.parametrize(
    "jwt", ["", "a", "a.b", "..", "a.b.c.d", "{}", "é.é.é", "=.=.=", "YQ.YQ.YQ==", "a" * 5000]
)
def test_what_is_not_a_compact_jws_is_refused(
    jwt: str, bob: Actor, drafted: Drafted, server: Server
) -> None:
    before = head(server)
    answer = bob.post_sign(drafted.id, jwt)
    assert answer.status_code == 400
    assert answer.json()["code"] in {"jws_malformed", "jws_header_invalid", "base64url_invalid"}
    assert head(server) == before


def test_one_changed_bit_anywhere_is_refused(
    bob: Actor, drafted: Drafted, refuses: Refuses
) -> None:
    header, payload, signature = bob.approval(drafted.document).split(".")
    raw = bytearray(b64u_decode(signature))
    raw[40] ^= 1
    forged = f"{header}.{payload}.{b64u_encode(bytes(raw))}"
    refuses(lambda: bob.post_sign(drafted.id, forged), 422, "jws_signature_invalid")
    changed = drafted.document.replace("1000000", "9000000")
    assert changed != drafted.document
    forged = f"{header}.{b64u_encode(changed.encode())}.{signature}"
    refuses(lambda: bob.post_sign(drafted.id, forged), 422, "jws_signature_invalid")


def test_other_spellings_of_the_same_document_are_not_the_document(
    bob: Actor, drafted: Drafted, refuses: Refuses
) -> None:
    document = json.loads(drafted.document)
    for other in (
        drafted.document + " ",
        json.dumps(document, indent=1),
        json.dumps(dict(reversed(document.items()))),
        drafted.document.replace("Series A", "Series B"),
    ):
        jwt = bob.approval(other)
        refuses(partial(bob.post_sign, drafted.id, jwt), 422, "payload_mismatch")


def test_an_act_is_no_approval_and_an_approval_no_act(
    bob: Actor, drafted: Drafted, refuses: Refuses
) -> None:
    act = bob.act("draft", statementId=drafted.id, sha256=drafted.sha256)
    refuses(lambda: bob.post_sign(drafted.id, act), 422, "jws_typ_mismatch")
    jwt = bob.approval(drafted.document)
    for route in ("reject", "retract", "withdraw"):
        path = f"/api/statements/{drafted.id}/{route}"
        refuses(partial(bob.client.post, path, json={"act": jwt}), 422, "jws_typ_mismatch")


def test_the_statement_that_withstood_all_this_is_pending_and_undecided(
    alice: Actor, drafted: Drafted
) -> None:
    shown = alice.client.get(f"/api/statements/{drafted.id}").json()
    assert (shown["status"], shown["decisions"]) == ("pending", [])


def test_an_unknown_statement_is_not_signed(bob: Actor, drafted: Drafted, refuses: Refuses) -> None:
    jwt = bob.approval(drafted.document)
    refuses(lambda: bob.post_sign(str(uuid4()), jwt), 404, "statement_unknown")
    refuses(lambda: bob.post_sign("1", jwt), 400, "id_invalid")
    refuses(lambda: bob.post_sign(drafted.id.upper(), jwt), 400, "id_invalid")
    # A person's id is not a statement's.
    refuses(lambda: bob.post_sign(bob.user, jwt), 404, "statement_unknown")
