"""Quotas and streams of a running server: a client that exceeds one is told when to retry."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import httpx
import pytest

from ledger.http.reads import HEARTBEAT_S
from tests.integration.conftest import Join, Refuses, refuses_at
from tests.support.actor import Actor, now_ms, policy_of
from tests.support.authenticator import Passkey
from tests.support.keys import ed25519_key
from tests.support.server import Server

AT_A_TIME = 8
BEGIN = "/api/authenticate/options"


def test_beginnings_are_limited_per_address(
    start_server: Callable[..., Server], join: Join
) -> None:
    server = start_server(LEDGER_RATE_LIMIT="1")
    client = join("Dora", role=None, at=server).client
    began_s = time.monotonic()
    assert client.post(BEGIN, json={}).status_code == 200
    refuses_at(server, lambda: client.post(BEGIN, json={}), 429, "rate_limited")
    # One a minute: the next is granted 60 s after the first, and the jitter is up to 5 s.
    waits = {int(client.post(BEGIN, json={}).headers["retry-after"]) for _ in range(20)}
    assert 60 - (time.monotonic() - began_s) <= min(waits) < max(waits) <= 65
    # Other kinds of requests have quotas of their own.
    assert client.get("/healthz").status_code == 200
    wish = {"ceremony": "", "assertion": {}}
    assert client.post("/api/authenticate", json=wish).status_code == 400


def test_what_a_client_writes_into_x_forwarded_for_changes_nothing(
    start_server: Callable[..., Server], join: Join
) -> None:
    server = start_server(LEDGER_RATE_LIMIT="1")
    client = join("Dora", role=None, at=server).client

    def begin(number: int) -> httpx.Response:
        headers = {"X-Forwarded-For": f"203.0.113.{number}"}
        return client.post(BEGIN, json={}, headers=headers)

    assert [begin(number).status_code for number in range(2)] == [200, 429]


def test_a_known_proxy_tells_which_address_is_limited(
    start_server: Callable[..., Server], join: Join
) -> None:
    server = start_server(LEDGER_RATE_LIMIT="1", LEDGER_PROXIES="127.0.0.0/8, ::1")
    client = join("Dora", role=None, at=server).client

    def begin(address: str) -> int:
        headers = {"X-Forwarded-For": address}
        return client.post(BEGIN, json={}, headers=headers).status_code

    assert [begin("203.0.113.1"), begin("203.0.113.1"), begin("203.0.113.2")] == [200, 429, 200]
    # One customer has an IPv6 /64 to choose from.
    assert [begin("2001:db8::1"), begin("2001:db8::2"), begin("2001:db8:0:1::1")] == [200, 429, 200]


def until_limited(send: Callable[[], httpx.Response], most: int = 2_000) -> list[int]:
    """Send several at a time until an answer is 429; return the statuses of the others.

    One at a time, a busy machine could be slower than the quota fills.
    """
    statuses: list[int] = []
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        while len(statuses) < most:
            answers = [*pool.map(lambda _: send(), range(AT_A_TIME))]
            limited = [each for each in answers if each.status_code == 429]
            statuses += [each.status_code for each in answers if each.status_code != 429]
            for answer in limited:
                assert answer.json()["code"] == "rate_limited"
                assert int(answer.headers["retry-after"]) >= 1
            if limited:
                return statuses
    raise AssertionError(f"nothing limits this: {most} requests were answered")


def test_one_member_cannot_fill_the_inboxes_of_others_with_drafts(
    start_server: Callable[..., Server], join: Join
) -> None:
    server = start_server(LEDGER_RATE_LIMIT="120")
    alice, bob = join("Alice", "creator", at=server), join("Bob", "creator", at=server)
    policy = policy_of(1, bob)
    with server.client() as machine:
        for client in (alice.client, machine):
            alice.client = client
            begun_s = time.monotonic()
            drafted = until_limited(lambda: alice.draft_of(alice.document(policy=policy)))
            most = 60 + 2 * (time.monotonic() - begun_s) + 1
            assert set(drafted) == {201}
            assert 60 <= len(drafted) <= most
    assert bob.draft_of(bob.document(policy=policy)).status_code == 201


def test_refused_signatures_are_limited_and_a_session_is_not_affected(
    start_server: Callable[..., Server], join: Join
) -> None:
    server = start_server(LEDGER_RATE_LIMIT="30")
    alice, bob = join("Alice", "creator", at=server), join("Bob", at=server)
    drafted = alice.draft(policy=policy_of(2, alice, bob))
    forger, raw = ed25519_key(9_999), drafted.document.encode()
    forged = forger.jws(raw, iat=now_ms() // 1000, kid=bob.key.kid)
    path = f"/api/statements/{drafted.id}/sign"
    with server.client() as stranger:
        begun_s = time.monotonic()
        refused = until_limited(lambda: stranger.post(path, json={"jwt": forged}))
        assert set(refused) == {422}
        # A refusal is counted with its answer, when others are already under way.
        assert 60 <= len(refused) <= 60 + AT_A_TIME + time.monotonic() - begun_s
    assert bob.approve(drafted).status_code == 201


def test_searching_is_limited_per_member(start_server: Callable[..., Server], join: Join) -> None:
    server = start_server(LEDGER_RATE_LIMIT="120")
    bob, carol = join("Bob", at=server), join("Carol", at=server)
    found = until_limited(lambda: bob.client.get("/api/statements?q=terms"))
    assert set(found) == {200}
    assert len(found) >= 120
    assert bob.client.get("/api/statements").status_code == 200
    assert carol.client.get("/api/statements?q=terms").status_code == 200


def test_one_address_cannot_read_the_public_log_without_end(
    start_server: Callable[..., Server], join: Join
) -> None:
    server = start_server(LEDGER_RATE_LIMIT="6")
    dora = join("Dora", at=server)
    with server.client() as stranger:
        begun_s = time.monotonic()
        found = until_limited(lambda: stranger.get("/log/consistency?from=0&to=0"))
        assert set(found) == {200}
        assert 100 <= len(found) <= 101 + 2 * (time.monotonic() - begun_s)
        assert stranger.get("/log/tile/0/000.p/1").status_code == 429
        assert stranger.get("/signin").status_code == 200
    assert dora.client.get("/log/tile/0/000.p/1").status_code == 200


def test_a_member_has_sixteen_event_streams(server: Server, join: Join, refuses: Refuses) -> None:
    dora = join("Dora")
    with ExitStack() as stack:
        for _ in range(16):
            client = stack.enter_context(server.client())
            client.cookies.update(dora.client.cookies)
            answer = stack.enter_context(client.stream("GET", "/api/stream"))
            assert answer.status_code == 200
        refuses(lambda: dora.client.get("/api/stream"), 429, "too_many_streams")
        assert int(dora.client.get("/api/stream").headers["retry-after"]) >= 1
        other = join("Carol")
        with other.client.stream("GET", "/api/stream") as answer:
            assert answer.status_code == 200


def lines_of(actor: Actor, stack: ExitStack, server: Server) -> Iterator[str]:
    client = stack.enter_context(server.client())
    client.cookies.update(actor.client.cookies)
    answer = stack.enter_context(client.stream("GET", "/api/stream"))
    assert answer.status_code == 200
    lines = answer.iter_lines()
    assert next(lines) == ": live"
    return lines


def ends_soon(lines: Iterator[str]) -> None:
    """Expect the end of a stream, before its next heartbeat."""
    begun_s = time.monotonic()
    for line in lines:
        assert line != ": still here"
    assert time.monotonic() - begun_s < HEARTBEAT_S


@pytest.mark.parametrize("ends", ["signing out", "removing the passkey"])
def test_a_stream_ends_with_its_session(ends: str, server: Server, join: Join) -> None:
    dora = join("Dora")
    with ExitStack() as stack:
        lines = lines_of(dora, stack, server)
        if ends == "signing out":
            assert dora.client.post("/api/logout", json={}).status_code == 204
        else:
            assert dora.add_passkey(Passkey(origin=server.origin)).status_code == 201
            assert dora.remove_passkey(dora.passkey.id).status_code == 201
        ends_soon(lines)


def test_a_session_of_one_server_ends_its_streams_at_another(
    start_server: Callable[..., Server], join: Join
) -> None:
    first = start_server(LEDGER_SERVERS="several")
    second = Server(first.data, LEDGER_SERVERS="several", LEDGER_ORIGIN=first.origin)
    second.start()
    try:
        dora = join("Dora", at=first)
        with ExitStack() as stack:
            lines = lines_of(dora, stack, second)
            assert dora.client.post("/api/logout", json={}).status_code == 204
            ends_soon(lines)
    finally:
        second.stop()
