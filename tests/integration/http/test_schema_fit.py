"""A value is of the described form exactly if the server takes it, at both edges of each form."""

import re
from typing import Any

import pytest

from tests.support.actor import Actor
from tests.support.described import fetch
from tests.support.server import Server

# A form of a time, a number, a cursor or an id is refused with 400 or 404, a value of it is not.
AT = [
    *("0", "1", "00", "1" * 15, "1" * 16, "-1", "+1", "1.0", " 1", "1\n"),
    *("2026-01-01T00:00Z", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00.5Z"),
    *("2026-01-01T00:00:00.123456Z", "2026-01-01T00:00:00.1234567Z", "2026-01-01T00:00:00.Z"),
    *("2026-01-01T00:00:00+01:00", "2026-01-01T00:00:00-23:59", "2026-01-01T00:00:00+24:00"),
    *("2026-01-01T00:00:00+01:60", "2026-01-01T00:00:00", "2026-01-01T00Z", "2026-01-01T0000Z"),
    *("2026-01-01T000000Z", "2026-13-01T00:00Z", "2026-00-01T00:00Z", "2026-01-32T00:00Z"),
    *("2026-01-01T24:00Z", "2026-01-01T00:60Z", "2026-01-01T00:00:60Z", "0000-01-01T00:00Z"),
    *("2026-01-01 00:00Z", "20260101T000000Z", "2026-W01-1T00:00Z", "2026-01-01T00:00:00z"),
]
CURSORS = ["", "=", "a b", "a+b", "\u00e9"]
SIZES = ["0", "01", "-1", "1" * 16, "1" * 17, "x", "9" * 19]
UUIDS = ["x", "0" * 32, "00000000-0000-4000-8000-00000000000A", "{}"]
IDS = ["A", "AA", "AB", "AAA", "AAB", "AAAA", "AAAAA", "AA==", "A A", "AAA+"]


@pytest.fixture(scope="module")
def described(shared_server: Server) -> dict[str, Any]:
    return fetch(shared_server.origin)


def form_of(described: dict[str, Any], path: str, name: str) -> re.Pattern[str]:
    parameters = described["paths"][path]["get"]["parameters"]
    (schema,) = [each["schema"] for each in parameters if each["name"] == name]
    return re.compile(schema["pattern"].replace("$", r"\Z"))


@pytest.mark.parametrize("text", AT)
def test_a_time_or_position_has_the_described_form_exactly_if_it_is_taken(
    text: str, bob: Actor, described: dict[str, Any]
) -> None:
    answer = bob.client.get("/api/users", params={"at": text})
    is_later = answer.status_code == 400 and answer.json()["code"] == "position_future"
    is_taken = answer.status_code == 200 or is_later
    assert is_taken == bool(form_of(described, "/api/users", "at").search(text)), answer.text


@pytest.mark.parametrize("text", CURSORS)
def test_what_can_be_no_cursor_is_not_described_as_one(
    text: str, bob: Actor, described: dict[str, Any]
) -> None:
    answer = bob.client.get("/api/users", params={"cursor": text})
    assert answer.status_code == 400
    assert not form_of(described, "/api/users", "cursor").search(text)


@pytest.mark.parametrize("text", SIZES)
def test_a_size_has_the_described_form_exactly_if_it_is_looked_for(
    text: str, bob: Actor, described: dict[str, Any]
) -> None:
    answer = bob.client.get(f"/log/checkpoints/{text}")
    is_taken = answer.status_code in (200, 404)
    assert is_taken == bool(form_of(described, "/log/checkpoints/{size}", "size").search(text))


@pytest.mark.parametrize("text", UUIDS)
def test_what_is_no_id_of_a_statement_is_not_described_as_one(
    text: str, bob: Actor, described: dict[str, Any]
) -> None:
    assert bob.client.get(f"/api/statements/{text}").status_code == 404
    path = "/api/statements/{statement_id}"
    assert not form_of(described, path, "statement_id").search(text)
    assert not form_of(described, "/api/trail", "statement").search(text)


@pytest.mark.parametrize("text", IDS)
def test_base64url_has_the_described_form_exactly_if_it_is_decoded(
    text: str, bob: Actor, described: dict[str, Any]
) -> None:
    assertion = bob.passkey.get(bytes(32))
    assertion["response"] |= {"signature": text}
    begun = bob.begin_sign_in()
    body = {"ceremony": begun["ceremony"], "assertion": assertion}
    answer = bob.client.post("/api/authenticate", json=body)
    schema = described["components"]["schemas"]["AssertionResponse"]["properties"]["signature"]
    is_described = bool(re.search(schema["pattern"].replace("$", r"\Z"), text))
    # A signature that is decoded does not verify, or its challenge does not.
    assert (answer.status_code == 422) == is_described, answer.text
    assert answer.status_code in (400, 422)
