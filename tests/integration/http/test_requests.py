"""Requests: strict JSON of a bounded size, from our own pages or from programs."""

import http.client
import json
import time
from functools import partial
from typing import Any

import httpx
import pytest

from tests.integration.conftest import Join, Refuses
from tests.support.actor import Actor, policy_of
from tests.support.check import head
from tests.support.server import Server

MEBIBYTE = 1024 * 1024
JSON = {"Content-Type": "application/json"}
CREDENTIALS = "/api/credentials"
CREATE = "/api/statements/create"

# --- JSON ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "json_invalid"),
        (b"{", "json_invalid"),
        (b"not JSON", "json_invalid"),
        (b"null", "request_invalid"),
        (b"[]", "request_invalid"),
        (b"5", "request_invalid"),
        (b'"text"', "request_invalid"),
        (b"{}", "request_invalid"),
        (b'{"name":"Dora"}{"name":"Dora"}', "json_invalid"),
        (b"\xef\xbb\xbf" + b'{"name":"Dora","role":"investor"}', "json_invalid"),
        ('{"name":"Dora","role":"investor"}'.encode("utf-16"), "json_invalid"),
        (b'{"name":"D\xf6ra","role":"investor"}', "json_invalid"),
        (b'{"name":"\\ud800","role":"investor"}', "json_invalid"),
        (b'{"name":"\xed\xa0\x80","role":"investor"}', "json_invalid"),
        (b'{"name":NaN,"role":"investor"}', "json_invalid"),
        (b'{"name":-Infinity,"role":"investor"}', "json_invalid"),
        (b'{"name":1e400,"role":"investor"}', "request_invalid"),
        (b'{"name":' + b"9" * 2000 + b',"role":"investor"}', "request_invalid"),
        (b'{"name":"Dora","role":"investor",}', "json_invalid"),
        (b"{'name':'Dora','role':'investor'}", "json_invalid"),
        (b'{"name":"Dora","role":"investor","name":"Eve"}', "json_duplicate_member"),
        (b'{"name":"Dora","role":"investor","n\\u0061me":"Eve"}', "json_duplicate_member"),
        (b'{"name":{"a":1,"a":1},"role":"investor"}', "request_invalid"),
        (b'{"name":"Dora","role":null,"role":null}', "json_duplicate_member"),
        (b'{"name" :"Dora","role":"investor","name" :"Eve"}', "json_duplicate_member"),
        (b'{"name":"Dora","role":"investor","admin":true}', "request_invalid"),
        (b'{"name":"Dora","role":"investor","__proto__":{}}', "request_invalid"),
        (b'{"name":5,"role":"investor"}', "request_invalid"),
        (b'{"name":null,"role":"investor"}', "request_invalid"),
        (b'{"name":["Dora"],"role":"investor"}', "request_invalid"),
        (b'{"a":{"b":' + b"[" * 65 + b"]" * 65 + b"}}", "request_invalid"),
        (b'{"name":' + b"[" * 30_000 + b"]" * 30_000 + b"}", "request_invalid"),
        (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, "request_invalid"),
        (b"[" * 60_000, "request_invalid"),
    ],
)
def test_a_body_that_is_not_strict_json_of_the_right_shape_is_refused(
    body: bytes, code: str, stranger: httpx.Client, refuses: Refuses
) -> None:
    refuses(lambda: stranger.post(CREDENTIALS, content=body, headers=JSON), 400, code)


def test_a_duplicate_member_deep_in_a_registration_is_refused(join: Join, refuses: Refuses) -> None:
    dora = join("Dora", role=None)
    body = json.dumps(dora.completion(dora.begin("investor")))
    twice = body.replace('"crv": "Ed25519"', '"crv": "Ed25519", "crv": "Ed25519"')
    assert twice != body
    refuses(
        lambda: dora.client.post("/api/register/complete", content=twice, headers=JSON),
        400,
        "json_duplicate_member",
    )


def test_a_body_may_be_spaced_and_escaped_as_json_allows(stranger: httpx.Client) -> None:
    body = b'\n{ "role"\t: "investor",\r\n"n\\u0061me" : "D\\u00f6ra \\ud83d\\ude00" }\n'
    answer = stranger.post(CREDENTIALS, content=body, headers=JSON)
    assert answer.json()["publicKey"]["user"]["name"] == "Döra 😀"


# --- content types and sizes ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonp",
        "application/json-patch+json",
        "text/plain; application/json",
        "",
    ],
)
def test_a_body_that_is_not_declared_as_json_is_refused(
    content_type: str, stranger: httpx.Client, refuses: Refuses
) -> None:
    body = json.dumps({"name": "Dora", "role": "investor"})
    headers = {"Content-Type": content_type}
    refuses(lambda: stranger.post(CREDENTIALS, content=body, headers=headers), 415, "json_required")


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "Application/JSON"])
def test_a_parameter_or_case_of_the_content_type_does_no_harm(
    content_type: str, stranger: httpx.Client
) -> None:
    body = json.dumps({"name": "Dora", "role": "investor"})
    headers = {"Content-Type": content_type}
    assert stranger.post(CREDENTIALS, content=body, headers=headers).status_code == 200


def announced(server: Server, path: str, length: int) -> http.client.HTTPResponse:
    """Announce a body of this length, send none of it, and return the answer."""
    connection = http.client.HTTPConnection("localhost", server.port, timeout=10)
    try:
        connection.putrequest("POST", path)
        connection.putheader("Content-Type", "application/json")
        connection.putheader("Content-Length", str(length))
        connection.endheaders()
        answer = connection.getresponse()
        answer.read()
        return answer
    finally:
        connection.close()


@pytest.mark.parametrize("path", [CREDENTIALS, CREATE, "/api/register/complete"])
def test_twenty_mebibytes_are_refused_before_they_are_read(path: str, server: Server) -> None:
    before = head(server)
    began = time.monotonic()
    answer = announced(server, path, 20 * MEBIBYTE)
    assert (answer.status, answer.headers["content-type"]) == (413, "application/problem+json")
    assert time.monotonic() - began < 5
    assert head(server) == before


def test_a_body_without_a_length_is_refused_once_it_is_too_long(server: Server) -> None:
    connection = http.client.HTTPConnection("localhost", server.port, timeout=10)
    chunk = b"x" * 65_536
    connection.putrequest("POST", CREDENTIALS)
    connection.putheader("Content-Type", "application/json")
    connection.putheader("Transfer-Encoding", "chunked")
    connection.endheaders()
    for _ in range(2):
        connection.send(b"%x\r\n%s\r\n" % (len(chunk), chunk))
    connection.send(b"0\r\n\r\n")
    answer = connection.getresponse()
    assert (answer.status, json.loads(answer.read())["code"]) == (413, "request_too_large")
    connection.close()


def test_a_small_requests_limit_is_64_kibibytes(stranger: httpx.Client, refuses: Refuses) -> None:
    body = json.dumps({"name": "x" * 65_536, "role": "investor"})
    refuses(
        lambda: stranger.post(CREDENTIALS, content=body, headers=JSON), 413, "request_too_large"
    )


def document_of(alice: Actor, size: int) -> str:
    """Return a document of exactly this many bytes, made of what JSON has to escape."""
    document = alice.document(policy=policy_of(1, alice), content='{"a":""}')
    missing = size - len(document)
    return document.replace(
        r"\"a\":\"\"", rf"\"a\":\"{'é' * (missing // 2)}{'x' * (missing % 2)}\""
    )


def test_a_document_of_one_mebibyte_is_accepted_and_one_more_byte_is_not(
    alice: Actor, refuses: Refuses
) -> None:
    largest, larger = document_of(alice, MEBIBYTE), document_of(alice, MEBIBYTE + 1)
    assert len(largest.encode()) == MEBIBYTE
    refuses(lambda: alice.draft_of(larger), 413, "document_too_large")
    answer = alice.draft_of(largest)
    assert answer.status_code == 201
    jwt = alice.approval(largest)
    assert alice.post_sign(answer.json()["statementId"], jwt).status_code == 201


@pytest.mark.parametrize(
    "content",
    [
        '{"a":[' + "0.5," * 1_000 + "0.5]}",
        '{"a":[' + "1," * 20_001 + "1]}",
        '{"a":[' + "1.5e300," * 100_000 + "1]}",
    ],
    ids=["floats", "values", "bomb"],
)
def test_a_document_whose_content_costs_too_much_to_read_is_refused(
    content: str, alice: Actor, refuses: Refuses
) -> None:
    document = alice.document(content=content)
    refuses(lambda: alice.draft_of(document), 400, "json_too_complex")


def test_content_at_its_limits_is_accepted_and_approved(alice: Actor) -> None:
    numbers = "0.5," * 1_000 + "1," * 18_990
    drafted = alice.draft(
        policy=policy_of(1, alice), content='{"a":[' + numbers + '1],"text":"' + "," * 90_000 + '"}'
    )
    assert alice.approve(drafted).json()["status"] == "approved"


# --- other sites ---------------------------------------------------------------------------------

POSTS: list[tuple[str, dict[str, Any]]] = [
    (CREDENTIALS, {"name": "Dora", "role": "investor"}),
    ("/api/authenticate/options", {}),
    ("/api/logout", {}),
    ("/api/jwt-keys/options", {}),
    (CREATE, {"document": "{}", "act": ""}),
]


@pytest.mark.parametrize(("path", "body"), POSTS)
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost"},
        {"Origin": "http://localhost:8000.evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_what_another_sites_page_sends_is_refused(
    headers: dict[str, str],
    path: str,
    body: dict[str, Any],
    bob: Actor,
    refuses: Refuses,
) -> None:
    refuses(lambda: bob.client.post(path, json=body, headers=headers), 403, "cross_origin")
    assert bob.client.get("/api/session").status_code == 200


def test_what_our_own_page_sends_is_accepted(server: Server, stranger: httpx.Client) -> None:
    headers = {"Origin": server.origin, "Sec-Fetch-Site": "same-origin"}
    answer = stranger.post("/api/authenticate/options", json={}, headers=headers)
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "evil.example:443"},
        {"X-Forwarded-Host": "evil.example"},
        {"X-Forwarded-Proto": "https"},
        {"X-Forwarded-For": "203.0.113.7"},
        {"X-Forwarded-Prefix": "/evil"},
        {"Forwarded": "host=evil.example;proto=https"},
        {"X-Original-URL": "/api/session"},
        {"X-HTTP-Method-Override": "DELETE"},
    ],
)
def test_no_header_moves_the_relying_party_the_origin_or_the_cookie(
    headers: dict[str, str], server: Server, join: Join
) -> None:
    dora = join("Dora", role=None)
    dora.client.headers.update(headers)
    begun = dora.begin("investor")
    assert begun["publicKey"]["rp"]["id"] == "localhost"
    elsewhere = dora.completion(begun)
    answer = dora.client.post("/api/register/complete", json=elsewhere)
    assert answer.status_code == 201
    assert "Secure" not in answer.headers["set-cookie"]
    assert "Domain" not in answer.headers["set-cookie"]
    page = dora.client.get("/signin", follow_redirects=False)
    assert page.headers["location"].startswith("/")
    assert "strict-transport-security" not in page.headers
    # And an origin that agrees with a lying Host is still another site's.
    lying = {"Host": "evil.example", "Origin": "http://evil.example"}
    assert dora.client.post("/api/logout", json={}, headers=lying).status_code == 403


@pytest.mark.parametrize("name", ["at", "minPosition", "limit"])
@pytest.mark.parametrize("value", ["-1", "x", "", "1.5", "99999999999999999999", "٣"])
def test_a_query_parameter_that_is_no_number_is_refused(
    name: str, value: str, bob: Actor, refuses: Refuses
) -> None:
    refuses(
        partial(bob.client.get, "/api/statements", params={name: value}), 400, "request_invalid"
    )
