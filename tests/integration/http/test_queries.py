"""Query parameters: known ones, once each, and errors that name them as the request does."""

import json
from functools import partial
from typing import Any

import httpx
import pytest

from tests.integration.conftest import Refuses
from tests.support.actor import Actor

EVERYWHERE = [
    "/api/statements",
    "/api/session",
    "/api/jwt-keys/x",
    "/healthz",
    "/.well-known/jwks.json",
    "/log/checkpoint",
    "/log/entries/0",
    "/log/consistency",
    "/schema/openapi.json",
    "/favicon.ico",
    "/verify",
    "/",
    "/signin",
    "/statements",
    "/audit",
]


@pytest.mark.parametrize("path", EVERYWHERE)
@pytest.mark.parametrize("query", ["sttus=pending", "AT=1", "x", "=1", "&", "%78=1"])
def test_a_query_parameter_that_an_address_does_not_take_is_refused(
    path: str, query: str, bob: Actor, refuses: Refuses
) -> None:
    refuses(partial(bob.client.get, f"{path}?{query}"), 400, "query_unknown")


@pytest.mark.parametrize(
    "address",
    [
        "/api/statements?status=pending&status=approved",
        "/api/statements?at=1&limit=2&at=1",
        "/api/timeline?type=&%74ype=",
        "/log/consistency?from=1&from=2",
        "/log/entries/0/proof?size=1&size=1",
        "/statements?q=a&q=b",
        "/signin?next=/inbox&next=/audit",
    ],
)
def test_a_query_parameter_that_is_repeated_is_refused(
    address: str, bob: Actor, refuses: Refuses
) -> None:
    refuses(partial(bob.client.get, address), 400, "query_repeated")


def test_a_body_does_not_excuse_a_query(bob: Actor, refuses: Refuses) -> None:
    refuses(lambda: bob.client.post("/api/logout?all=1", json={}), 400, "query_unknown")


def test_a_browser_sees_the_refusal_as_a_page(bob: Actor) -> None:
    answer = bob.client.get("/inbox?page=2", headers={"Accept": "text/html"})
    assert answer.status_code == 400
    assert answer.headers["vary"] == "Accept, Accept-Language, Cookie"
    assert answer.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize(
    ("address", "detail"),
    [
        ("/api/statements?minPosition=x", "minPosition: "),
        ("/api/statements?limit=0", "limit: "),
        (f"/api/timeline?type={'x' * 65}", "type: "),
        ("/log/consistency", "from: missing"),
        ("/log/consistency?to=1", "from: missing"),
        ("/log/consistency?from=-1", "from: "),
    ],
)
def test_an_error_names_a_parameter_as_the_request_does(
    address: str, detail: str, bob: Actor
) -> None:
    answer = bob.client.get(address)
    assert (answer.status_code, answer.json()["code"]) == (400, "request_invalid")
    assert answer.json()["detail"].startswith(detail)
    assert "_" not in answer.json()["detail"]


LOOSE = [
    "1e1",
    "10.0",
    "%2B5",
    "+5",
    "5%20",
    "%D9%A5",
    "1_0",
    "05",
    "-0",
    "null",
    "NULL",
    "0x5",
    "",
]


def _numbers(document: dict[str, Any]) -> set[tuple[str, str]]:
    """Return every whole number that the described routes take in an address or a header."""
    return {
        (each["in"], each["name"])
        for path in document["paths"].values()
        for operation in path.values()
        for each in operation.get("parameters", [])
        if "integer" in json.dumps(each["schema"])
    }


def test_every_number_is_known_to_the_test_of_loose_ones(bob: Actor) -> None:
    found = _numbers(bob.client.get("/schema/openapi.json").json())
    names = ("after", "from", "limit", "minPosition", "size", "to")
    assert found == {("query", name) for name in names}  # none in a path or a header


@pytest.mark.parametrize(
    "address",
    [
        "/api/statements?limit=",
        "/api/statements?minPosition=",
        "/api/statements?at=",
        "/api/trail?after=",
        "/api/questions/events?after=",
        "/log/checkpoints?after=",
        "/log/consistency?from=",
        "/log/consistency?from=0&to=",
        "/log/entries/0/proof?size=",
        "/audit/questions?after=",
        "/erasures?after=",
    ],
)
def test_a_whole_number_is_written_in_plain_digits(
    address: str, bob: Actor, refuses: Refuses
) -> None:
    for loose in LOOSE:
        refuses(partial(bob.client.get, address + loose), 400, "request_invalid")


@pytest.mark.parametrize(
    "address", ["/api/statements?status=", "/api/statements?in=", "/api/trail?format="]
)
def test_null_does_not_stand_for_a_parameter_that_is_left_out(
    address: str, bob: Actor, refuses: Refuses
) -> None:
    for value in ("null", "NULL", "nu%6Cl"):
        refuses(partial(bob.client.get, address + value), 400, "request_invalid")


def test_an_error_shows_little_of_what_was_sent(stranger: httpx.Client) -> None:
    detail = stranger.get(f"/healthz?{'x' * 10_000}").json()["detail"]
    assert detail == f"this address takes no parameter '{'x' * 32}'"
