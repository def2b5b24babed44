"""Approvals are answered in front of the framework, word for word as the framework answers them."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from ledger.http.sign_route import TEMPLATE
from tests.integration.conftest import Join
from tests.support.actor import Actor, Drafted, now_ms, policy_of
from tests.support.record import line_of
from tests.support.server import Server

UNKNOWN = "8c6a3f0e-0000-4000-8000-5f2d1c3b4a59"
# The front answers the first spelling; the second one means the same, and goes to the framework.
FRONT, FRAMEWORK = "application/json", "application/json; charset=utf-8"


def told(answer: httpx.Response, statement: str) -> tuple[Any, ...]:
    """Return an answer without what names this request, this event and this statement.

    Only the front has `Vary`: it answers browsers with a page.
    """
    of_request = ("x-request-id", "date", "content-length", "vary")
    headers = sorted(each for each in answer.headers.items() if each[0] not in of_request)
    body = answer.json()
    places = body.pop("position", None), body.pop("leafIndex", None)
    assert body.pop("statementId", statement) == statement
    assert int(answer.headers["content-length"]) == len(answer.content)
    return answer.status_code, headers, [*body.items()], [type(each) for each in places]


def post(client: httpx.Client, statement: str, raw: bytes, kind: str) -> httpx.Response:
    path = f"/api/statements/{statement}/sign"
    return client.post(path, content=raw, headers={"content-type": kind})


def body(actor: Actor, document: str, **more: Any) -> bytes:
    return json.dumps({"jwt": actor.approval(document)} | more).encode()


def assertion(raw_id: str) -> dict[str, Any]:
    response = {"clientDataJSON": "e30", "authenticatorData": "AA", "signature": "AA"}
    return {"id": "AA", "rawId": raw_id, "type": "public-key", "response": response}


def forged(actor: Actor, document: str) -> str:
    signed, _, signature = actor.approval(document).rpartition(".")
    return f"{signed}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}"


Make = Callable[[Actor, str], bytes]
REQUESTS: dict[str, Make] = {
    "an approval": body,
    "with a null assertion": lambda bob, d: body(bob, d, assertion=None),
    "an assertion that nobody asked for": lambda bob, d: body(bob, d, assertion=assertion("AA")),
    "an assertion of two ids": lambda bob, d: body(bob, d, assertion=assertion("AQ")),
    "an unknown member": lambda bob, d: body(bob, d, extra=1),
    "a member twice": lambda bob, d: body(bob, d)[:-1] + b"," + body(bob, d)[1:],
    "an escape in a member's name": lambda bob, d: body(bob, d).replace(b'"jwt"', b'"\\u006awt"'),
    "no member": lambda *_: b"{}",
    "a number": lambda *_: b'{"jwt":1}',
    "null": lambda *_: b"null",
    "no JSON": lambda *_: b"{",
    "no UTF-8": lambda *_: b'{"jwt":"\xff"}',
    "nothing": lambda *_: b"",
    "more than a small body": lambda bob, d: body(bob, d) + b" " * 70_000,
    "no JWS": lambda *_: b'{"jwt":"a.b"}',
    "an unknown key": lambda bob, d: body(Actor(bob.client, "Nobody"), d),
    "a signature with a changed bit": lambda bob, d: json.dumps({"jwt": forged(bob, d)}).encode(),
    "another type": lambda bob, d: json.dumps({"jwt": bob.approval(d, typ="act+jwt")}).encode(),
    "an old approval": lambda bob, d: json.dumps({"jwt": bob.approval(d, iat=1)}).encode(),
    "another document": lambda bob, d: body(bob, d + " "),
    "an empty payload": lambda bob, _: json.dumps(
        {"jwt": bob.sign(b"", typ="JWT", iat=now_ms() // 1000)}
    ).encode(),
}


@pytest.mark.parametrize("name", REQUESTS)
@pytest.mark.parametrize("session", [True, False])
def test_the_front_and_the_framework_answer_a_body_alike(
    alice: Actor, bob: Actor, stranger: httpx.Client, name: str, session: bool
) -> None:
    answers = []
    for kind in (FRONT, FRAMEWORK):
        drafted = alice.draft(policy=policy_of(1, bob))
        raw = REQUESTS[name](bob, drafted.document)
        answer = post(bob.client if session else stranger, drafted.id, raw, kind)
        answers.append(told(answer, drafted.id))
    assert answers[0] == answers[1]
    assert answers[0][0] in (201, 400, 401, 422)


@pytest.mark.parametrize(
    "statement",
    [UNKNOWN, "-" * 36, UNKNOWN.upper(), "x", "%2D" * 36, "a/b", "../create", ""],
)
def test_the_front_and_the_framework_answer_an_address_alike(bob: Actor, statement: str) -> None:
    raw = json.dumps({"jwt": bob.sign(b"{}", typ="JWT", iat=now_ms() // 1000)}).encode()
    one, other = (
        told(post(bob.client, statement, raw, kind), statement) for kind in (FRONT, FRAMEWORK)
    )
    assert one == other
    assert 400 <= one[0] < 500


@pytest.mark.parametrize(
    ("headers", "query", "status"),
    [
        ({"origin": "https://elsewhere.example"}, "", 403),
        ({"sec-fetch-site": "cross-site"}, "", 403),
        ({"content-type": "text/plain"}, "", 415),
        ({"content-encoding": "gzip"}, "", 415),
        ({"host": "a b"}, "", 400),
        ({}, "?at=1", 400),
        ({"accept": "text/html"}, "", 201),
        ({"sec-fetch-site": "same-origin", "origin": "ours"}, "", 201),
    ],
)
def test_what_the_framework_refuses_by_its_head_is_refused(
    alice: Actor, bob: Actor, server: Server, headers: dict[str, str], query: str, status: int
) -> None:
    drafted = alice.draft(policy=policy_of(1, bob))
    given = {"content-type": FRONT} | headers
    if "origin" in given:
        given["origin"] = given["origin"].replace("ours", server.origin)
    answer = bob.client.post(
        f"/api/statements/{drafted.id}/sign{query}",
        content=body(bob, drafted.document),
        headers=given,
    )
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].split("/")[0] == "application"


def test_a_repeated_approval_has_the_same_answer_from_both(alice: Actor, bob: Actor) -> None:
    drafted = alice.draft(policy=policy_of(1, bob))
    raw = body(bob, drafted.document)
    answers = [post(bob.client, drafted.id, raw, kind) for kind in (FRONT, FRAMEWORK, FRONT)]
    assert len({each.content for each in answers}) == 1
    assert {each.status_code for each in answers} == {201}


def test_a_decided_statement_and_a_person_of_no_policy_are_refused_by_both(
    alice: Actor, bob: Actor, join: Join
) -> None:
    carol = join("Carol")
    drafted = alice.draft(policy=policy_of(1, bob))
    withdrawn = alice.draft(policy=policy_of(1, bob))
    assert alice.withdraw(withdrawn).status_code == 201
    cases: list[tuple[Actor, Drafted, str]] = [
        (carol, drafted, "not_a_signer"),
        (bob, withdrawn, "statement_withdrawn"),
    ]
    for actor, one, code in cases:
        raw = body(actor, one.document)
        front, framework = (post(actor.client, one.id, raw, kind) for kind in (FRONT, FRAMEWORK))
        assert told(front, one.id) == told(framework, one.id)
        assert front.json()["code"] == code


def test_both_count_and_are_recorded_under_the_same_route(
    alice: Actor, join: Join, server: Server
) -> None:
    bob = join("Ben")  # the record counts equal refusals of one person and second in one line
    drafted = alice.draft(policy=policy_of(1, bob))
    counted = f'ledger_requests_total{{method="POST",route="{TEMPLATE}",status="422"}} '
    raw = json.dumps({"jwt": forged(bob, drafted.document)}).encode()
    counts, lines = [], []
    for kind in (FRONT, FRAMEWORK):
        answer = post(bob.client, drafted.id, raw, kind)
        text = bob.client.get("/metrics").text
        counts.append(float(text.partition(counted)[2].partition("\n")[0]))
        lines.append(line_of(server, answer.headers["x-request-id"]))  # written a second later
    assert counts[1] == counts[0] + 1
    for line in lines:
        assert (line["person"], line["route"]) == (bob.user, f"POST {TEMPLATE}")
    varying = ("time", "request_id")
    one, other = ({name: each[name] for name in each if name not in varying} for each in lines)
    assert one == other
