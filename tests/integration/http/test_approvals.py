"""Several approvals in one request: each is decided, counted and answered as if it came alone."""

import json
import re
from typing import Any

import httpx
import pytest

from ledger.http.approvals import MOST
from tests.integration.conftest import Join
from tests.support.actor import Actor, Drafted, now_ms, policy_of
from tests.support.check import head
from tests.support.record import line_of
from tests.support.server import Server

SECURE = {"assurance": "passkey"}


def post(actor: Actor, *jwts: Any) -> httpx.Response:
    return actor.client.post("/api/approvals", json={"approvals": jwts})


def results(actor: Actor, *jwts: str) -> list[dict[str, Any]]:
    answer = post(actor, *jwts)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["results"]
    return found


def told(result: dict[str, Any]) -> tuple[int, str]:
    """Return a result's status, and its statement's status or its refusal's code."""
    receipt = result.get("receipt")
    return result["status"], receipt["status"] if receipt else result["problem"]["code"]


def drafts(alice: Actor, bob: Actor, count: int, **more: Any) -> list[Drafted]:
    return [alice.draft(policy=policy_of(1, bob, **more)) for _ in range(count)]


def forged(jws: str) -> str:
    signed, _, signature = jws.rpartition(".")
    return f"{signed}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}"


def test_each_approval_has_the_receipt_that_it_would_have_alone(alice: Actor, bob: Actor) -> None:
    drafted = drafts(alice, bob, 3)
    jwts = [bob.approval(each.document) for each in drafted]
    found = results(bob, *jwts)
    assert [told(each) for each in found] == [(201, "approved")] * 3
    assert [each["receipt"]["statementId"] for each in found] == [each.id for each in drafted]
    for each, jws, result in zip(drafted, jwts, found, strict=True):
        again = bob.post_sign(each.id, jws)
        assert (again.status_code, again.json()) == (201, result["receipt"])
    assert results(bob, *jwts) == found


def test_one_that_is_refused_stops_no_other(alice: Actor, bob: Actor, carol: Actor) -> None:
    first, withdrawn, secure, other, last = (
        *drafts(alice, bob, 2),
        *drafts(alice, bob, 1, **SECURE),
        *drafts(alice, carol, 1),
        *drafts(alice, bob, 1),
    )
    alice.withdraw(withdrawn)
    jwts = [bob.approval(each.document) for each in (first, withdrawn, secure, other, last)]
    found = results(bob, *jwts, forged(jwts[0]), bob.act("withdraw", statementId=first.id))
    assert [told(each) for each in found] == [
        (201, "approved"),
        (409, "statement_withdrawn"),
        (422, "assertion_required"),
        (403, "not_a_signer"),
        (201, "approved"),
        (422, "jws_signature_invalid"),
        (422, "jws_typ_mismatch"),
    ]
    for each, result in zip((withdrawn, secure, other), found[1:4], strict=True):
        alone = bob.post_sign(each.id, bob.approval(each.document))
        assert (alone.status_code, alone.json()) == (result["status"], result["problem"])


def test_a_doubled_approval_is_recorded_once(alice: Actor, bob: Actor, server: Server) -> None:
    (drafted,) = drafts(alice, bob, 1)
    jws, before = bob.approval(drafted.document), head(server)
    first, second = results(bob, jws, jws)
    assert first == second
    assert first["status"] == 201
    assert head(server) == before + 1
    other = bob.approval(drafted.document, iat=now_ms() // 1000 + 5)
    assert told(*results(bob, other)) == (409, "already_approved")


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (b"", "payload_mismatch"),
        (b"x", "payload_mismatch"),
        (b"[" * 100_000, "payload_mismatch"),
        (b'{"statementId":7}', "payload_mismatch"),
        (b'{"statementId":"7"}', "id_invalid"),
        (b'{"statementId":"8c6a3f0e-0000-4000-8000-5f2d1c3b4a59"}', "statement_unknown"),
    ],
)
def test_garbage_has_a_result_too(bob: Actor, payload: bytes, code: str) -> None:
    (result,) = results(bob, bob.sign(payload, typ="JWT", iat=now_ms() // 1000))
    assert result["problem"]["code"] == code


@pytest.mark.parametrize("text", ["", ".", "a.b", "a.b.c.d", "é", "e30.e30.AA", "\x00"])
def test_what_is_no_jws_has_a_result_too(bob: Actor, text: str) -> None:
    (result,) = results(bob, text)
    assert result["status"] in (400, 422)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"approvals": []},
        {"approvals": ["a.b.c"] * (MOST + 1)},
        {"approvals": "a.b.c"},
        {"approvals": [7]},
        {"approvals": [None]},
        {"approvals": ["a.b.c"], "extra": 1},
        [],
    ],
)
def test_a_body_of_another_shape_is_refused_as_a_whole(bob: Actor, body: object) -> None:
    answer = bob.client.post("/api/approvals", json=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "request_invalid")


def test_large_documents_fit_as_long_as_all_are_within_the_bound(alice: Actor, bob: Actor) -> None:
    content = json.dumps({"text": "x" * 200_000})
    large = [alice.draft(policy=policy_of(1, bob), content=content) for _ in range(3)]
    found = results(bob, *(bob.approval(each.document) for each in large))
    assert [told(each) for each in found] == [(201, "approved")] * 3
    answer = post(bob, *(["x" * 1_000_000] * 5))
    assert (answer.status_code, answer.json()["code"]) == (413, "request_too_large")


def test_only_members_send_several(stranger: httpx.Client, alice: Actor, bob: Actor) -> None:
    (drafted,) = drafts(alice, bob, 1)
    body = {"approvals": [bob.approval(drafted.document)]}
    answer = stranger.post("/api/approvals", json=body)
    assert (answer.status_code, answer.json()["code"]) == (401, "sign_in_required")


def test_a_hidden_statement_is_unknown_here_too_and_the_refusal_is_recorded(
    alice: Actor, bob: Actor, join: Join, server: Server
) -> None:
    dora = join("Dora")
    hidden = alice.draft(policy=policy_of(1, bob), readers=[])
    answer = post(dora, forged(dora.approval(hidden.document)), dora.approval(hidden.document))
    assert [told(each) for each in answer.json()["results"]] == [
        (422, "jws_signature_invalid"),
        (404, "statement_unknown"),
    ]
    line = line_of(server, answer.headers["x-request-id"])
    assert (line["code"], line["status"], line["route"]) == (
        "jws_signature_invalid",
        422,
        "POST /api/approvals",
    )


def test_the_page_shows_those_that_were_chosen_and_nothing_that_is_hidden(
    alice: Actor, bob: Actor
) -> None:
    first, second = (alice.draft(policy=policy_of(1, bob), title=each) for each in ("One", "Two"))
    hidden = alice.draft(policy=policy_of(1, alice), readers=[], title="Hidden")
    chosen = ",".join((second.id, hidden.id, "nonsense", second.id))
    page = bob.client.get(f"/approvals?only={chosen}")
    assert page.status_code == 200
    assert re.findall(r'data-statement="([^"]+)"', page.text) == [second.id]
    assert "Hidden" not in page.text
    everything = bob.client.get("/approvals").text
    assert {first.id, second.id} <= {*re.findall(r'data-statement="([^"]+)"', everything)}
    assert bob.client.get(f"/approvals?only={'x' * 1000}").status_code == 400
