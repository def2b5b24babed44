"""The security record: the form of its lines, what is recorded, and that it stays bounded."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from ledger.http.exchange import Exchange, request_id
from ledger.http.security_record import (
    MAX_MEMBERS_LINES,
    MAX_QUEUED,
    MAX_STRANGERS_LINES,
    SecurityRecord,
)

MEMBERS = [
    "time",
    "event",
    "outcome",
    "code",
    "status",
    "request_id",
    "client",
    "person",
    "route",
    "count",
]


class Written:
    """A record that is written when it stops, and its lines."""

    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []
        self.fails = False
        self.record = SecurityRecord(self._take)

    def _take(self, lines: Sequence[bytes]) -> None:
        if self.fails:
            raise OSError(28, "No space left on device")
        assert all(line.endswith(b"\n") and line.count(b"\n") == 1 for line in lines)
        self.lines += [json.loads(line) for line in lines]

    def stop(self) -> list[dict[str, Any]]:
        self.record.stop()
        return self.lines


@pytest.fixture
def written() -> Written:
    return Written()


def exchange(route: str, status: int, **more: Any) -> Exchange:
    method, path = route.split()
    found = Exchange("id", "192.0.2.1", method, path, status=status)
    for name, value in more.items():
        setattr(found, name, value)
    return found


def test_a_line_has_the_same_members_in_the_same_order(written: Written) -> None:
    written.record.answered(exchange("POST /api/authenticate", 200, person="p"))
    (line,) = written.stop()
    assert [*line] == MEMBERS
    assert line | {"time": ""} == {
        "time": "",
        "event": "sign_in",
        "outcome": "success",
        "code": "ok",
        "status": 200,
        "request_id": "id",
        "client": "192.0.2.1",
        "person": "p",
        "route": "POST /api/authenticate",
        "count": 1,
    }
    assert line["time"][10] + line["time"][-1] == "TZ"


def test_a_write_names_its_position_and_an_export_its_statement(written: Written) -> None:
    export = "GET /api/statements/{statement_id}/evidence"
    written.record.answered(exchange("POST /api/changes", 201, position=7))
    written.record.answered(exchange(export, 200, statement="s", mode="full"))
    written.record.answered(exchange(export, 404, statement="what a client wrote", mode="full"))
    first, second, third = written.stop()
    assert [*first] == [*MEMBERS, "position"]
    assert first["position"] == 7
    assert [*second] == [*MEMBERS, "statement", "mode"]
    assert (second["statement"], second["mode"]) == ("s", "full")
    assert [*third] == MEMBERS


@pytest.mark.parametrize(
    ("route", "status", "code", "event"),
    [
        ("GET /api/statements", 401, "sign_in_required", "request"),
        ("POST /api/statements/{statement_id}/sign", 403, "not_eligible", "request"),
        ("POST /api/statements/create", 413, "request_too_large", "request"),
        ("POST /api/statements/{statement_id}/sign", 422, "signature_invalid", "request"),
        ("POST /api/authenticate/options", 429, "rate_limited", "sign_in_begin"),
        ("GET /api/users", 503, "server_busy", "request"),
        ("POST /api/authenticate", 400, "request_invalid", "sign_in"),
        ("POST /api/jwt-keys/{kid}/revoke", 404, "key_unknown", "key_revoke"),
    ],
)
def test_a_refusal_that_concerns_security_is_recorded(
    written: Written, route: str, status: int, code: str, event: str
) -> None:
    written.record.answered(exchange(route, status, code=code))
    (line,) = written.stop()
    assert (line["event"], line["outcome"], line["code"]) == (event, "failure", code)


@pytest.mark.parametrize(
    ("route", "status", "code"),
    [
        ("GET /api/statements", 200, "ok"),
        ("POST /api/statements/{statement_id}/sign", 201, "ok"),
        ("POST /api/authenticate/options", 200, "ok"),
        ("GET /api/statements/{statement_id}", 404, "statement_unknown"),
        ("GET /api/statements", 400, "request_invalid"),
        ("GET /api/statements", 503, "not_yet"),
    ],
)
def test_everything_else_is_not(written: Written, route: str, status: int, code: str) -> None:
    written.record.answered(exchange(route, status, code=code))
    assert written.stop() == []


def test_a_stranger_who_signs_out_has_done_nothing(written: Written) -> None:
    """Each had a line of its own, outside the bound of what strangers cause."""
    for _ in range(100):
        written.record.answered(exchange("POST /api/logout", 204))
    written.record.answered(exchange("POST /api/logout", 204, person="p"))
    assert [(each["event"], each["person"]) for each in written.stop()] == [("sign_out", "p")]


def test_refusals_alike_in_one_second_are_one_line(written: Written) -> None:
    for number in range(1_000):
        written.record.refused_connection(429, "192.0.2.1", f"id-{number}")
    written.record.refused_connection(429, "192.0.2.2", "other")
    first, second = written.stop()
    assert (first["client"], first["request_id"], first["count"]) == ("192.0.2.1", "id-0", 1_000)
    assert (first["event"], first["code"]) == ("connection", "too_many_connections")
    assert (second["client"], second["count"]) == ("192.0.2.2", 1)


def test_many_strangers_cost_a_few_lines_a_second_and_hide_no_member(written: Written) -> None:
    for number in range(5_000):
        written.record.refused_connection(408, f"198.51.100.{number}", "id")
    written.record.answered(exchange("GET /api/users", 403, person="p"))
    lines = written.stop()
    assert len(lines) == MAX_STRANGERS_LINES + 2
    suppressed = lines[-1]
    assert (suppressed["event"], suppressed["count"]) == ("suppressed", 5_000 - MAX_STRANGERS_LINES)
    assert [line["person"] for line in lines if line["person"]] == ["p"]


def test_members_refusals_are_bounded_too(written: Written) -> None:
    for number in range(MAX_MEMBERS_LINES + 5):
        written.record.answered(exchange("GET /api/users", 403, person=f"{number}"))
    lines = written.stop()
    assert (len(lines), lines[-1]["count"]) == (MAX_MEMBERS_LINES + 1, 5)


def test_what_finds_the_queue_full_is_counted_and_said(written: Written) -> None:
    for _ in range(MAX_QUEUED + 3):
        written.record.answered(exchange("POST /api/logout", 204, person="p"))
    assert (written.record.queued, written.record.dropped) == (MAX_QUEUED, 3)
    lines = written.stop()
    assert len(lines) == MAX_QUEUED + 1
    assert (lines[-1]["event"], lines[-1]["count"]) == ("dropped", 3)
    assert written.record.written == MAX_QUEUED + 1


def test_a_record_that_cannot_be_written_keeps_its_lines_and_says_so_at_the_end(
    written: Written, caplog: pytest.LogCaptureFixture
) -> None:
    written.record.answered(exchange("POST /api/logout", 204, person="p"))
    written.fails = True
    assert written.stop() == []
    assert "1 lines of the security record are lost" in caplog.text
    written.fails = False
    assert len(written.stop()) == 1


def test_only_a_known_proxy_gives_a_request_its_id() -> None:
    assert request_id([b"from-proxy.1"], by_proxy=True) == "from-proxy.1"
    for given in ([b"from-client"], []):
        found = request_id(given, by_proxy=False)
        assert len(found) == 32
        assert int(found, 16) >= 0


@pytest.mark.parametrize("given", [[b""], [b"a b"], [b"x" * 65], [b"a", b"b"], [b"\xff"]])
def test_an_id_that_is_not_one_is_not_taken(given: list[bytes]) -> None:
    assert len(request_id(given, by_proxy=True)) == 32
    assert request_id(given, by_proxy=True) != request_id(given, by_proxy=True)
