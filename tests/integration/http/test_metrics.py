"""What a monitoring system reads: parsed by the parser of Prometheus's own library."""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from ledger.errors import UnavailableError
from ledger.http.recorded_routes import CEREMONIES
from ledger.server import build
from ledger.settings import read_settings
from ledger.store.log import Log
from tests.integration.conftest import Join
from tests.support.actor import Actor, policy_of
from tests.support.server import Server

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def scrape(server: Server) -> Samples:
    with server.client() as client:
        answer = client.get("/metrics")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def value(samples: Samples, name: str, **labels: str) -> float:
    return samples.get((name, frozenset(labels.items())), 0.0)


class Growth:
    """How much each metric grew in a block."""

    before: Samples
    after: Samples

    def of(self, name: str, **labels: str) -> float:
        return value(self.after, name, **labels) - value(self.before, name, **labels)


@contextmanager
def growth(server: Server) -> Iterator[Growth]:
    found = Growth()
    found.before = scrape(server)
    yield found
    found.after = scrape(server)


def test_requests_events_commits_and_ceremonies_are_counted(
    fresh_server: Server,
) -> None:
    with growth(fresh_server) as grown, fresh_server.client() as client:
        alice = Actor(client, "Alice", fresh_server.origin).register("creator")
        drafted = alice.draft(policy=policy_of(1, alice))
        assert alice.approve(drafted).status_code == 201
        assert alice.sign_in().status_code == 200
        begun = alice.begin_sign_in()
        assert alice.post_assertion(begun, type="webauthn.create").status_code == 422
        assert client.get("/api/statements/nothing").status_code == 404
        assert client.get("/nothing/at/all").status_code == 404
    requests = "ledger_requests_total"
    sign = "/api/statements/{statement_id}/sign"
    show = "/api/statements/{statement_id}"
    assert grown.of(requests, method="POST", route=sign, status="201") == 1
    assert grown.of(requests, method="GET", route=show, status="404") == 1
    assert grown.of(requests, method="GET", route="unrouted", status="404") == 1
    assert grown.of("ledger_events_total", type="user-registered.v1") == 1
    assert grown.of("ledger_events_total", type="statement-signed.v1") == 1
    assert grown.of("ledger_commit_duration_seconds_count") == 3
    assert grown.of("ledger_fsync_duration_seconds_count") == 3
    synced_s = grown.of("ledger_fsync_duration_seconds_sum")
    assert 0 < synced_s <= grown.of("ledger_commit_duration_seconds_sum")
    ceremonies = "ledger_ceremonies_total"
    assert grown.of(ceremonies, ceremony="registration", outcome="completed") == 1
    assert grown.of(ceremonies, ceremony="sign_in", outcome="completed") == 1
    assert grown.of(ceremonies, ceremony="sign_in", outcome="refused") == 1
    assert grown.of("ledger_refusals_total", code="passkey_assertion_refused") == 1
    assert grown.of("ledger_refusals_total", code="statement_unknown") == 1
    assert grown.of("ledger_request_duration_seconds_count", lane="writes") >= 2
    assert value(grown.after, "ledger_log_positions") == 8


@pytest.mark.sqlite("the size of the write-ahead log, a file")
def test_what_the_server_holds_is_measured(fresh_server: Server) -> None:
    with (
        growth(fresh_server) as grown,
        socket.create_connection(("127.0.0.1", fresh_server.port), 5) as idle,
    ):
        idle.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")
        assert b"400" in idle.recv(1_000)
        held = scrape(fresh_server)
    assert value(held, "ledger_connections") == 2
    assert grown.of("ledger_connection_refusals_total", code="http_malformed") == 1
    assert value(held, "ledger_bodies_bytes") == 0
    assert value(held, "ledger_lane_at_work", lane="health") == 1
    assert value(held, "ledger_lane_waiting", lane="writes") == 0
    assert value(held, "ledger_wal_bytes", file="log") > 0
    assert value(held, "ledger_commit_queue") == 0
    assert value(held, "process_resident_memory_bytes") > 10_000_000


def test_a_live_stream_is_counted_while_it_is_open(server: Server, join: Join) -> None:
    dora = join("Dora")
    before = value(scrape(server), "ledger_streams")
    with dora.client.stream("GET", "/api/stream") as stream:
        parts = iter(stream.iter_bytes())  # the stream ends with it
        next(parts)
        assert value(scrape(server), "ledger_streams") == before + 1


def test_no_label_is_a_path_a_person_or_an_address(server: Server, alice: Actor) -> None:
    drafted = alice.draft()
    alice.client.get(f"/api/statements/{drafted.id}")
    alice.client.get(f"/nothing/{drafted.id}")
    for method in ("PROPFIND", "MKCOL"):
        alice.client.request(method, f"/nothing/{drafted.id}")
    labels = {pair for _, each in scrape(server) for pair in each}
    text = repr(labels)
    assert drafted.id not in text
    assert alice.user not in text
    assert "127.0.0.1" not in text
    known = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
    assert {found for name, found in labels if name == "method"} <= known | {"other"}


@pytest.mark.parametrize(("networks", "status"), [("", 404), ("192.0.2.0/24", 404), ("::1", 404)])
def test_for_anybody_outside_the_networks_there_are_no_metrics(
    start_server: Callable[..., Server], networks: str, status: int
) -> None:
    server = start_server(LEDGER_METRICS=networks)
    with httpx.Client(base_url=f"http://127.0.0.1:{server.port}") as client:
        answer, other = client.get("/metrics"), client.get("/no-such-address")
    assert answer.status_code == status
    assert answer.content == other.content


def test_a_client_of_a_proxy_is_not_the_proxy(start_server: Callable[..., Server]) -> None:
    server = start_server(LEDGER_PROXIES="127.0.0.0/8, ::1", LEDGER_METRICS="198.51.100.0/24")
    with server.client() as client:
        for address, status in (("198.51.100.7", 200), ("203.0.113.7", 404)):
            answer = client.get("/metrics", headers={"X-Forwarded-For": address})
            assert answer.status_code == status


@pytest.mark.parametrize(
    ("proxies", "told"),
    [
        ("127.0.0.0/8, ::1", None),
        ("127.0.0.0/8, ::1", "not an address"),
        ("127.0.0.0/8, ::1", "127.0.0.1"),
        ("127.0.0.1, ::1", "127.0.0.2"),
        ("", "127.0.0.1"),
    ],
)
def test_a_proxy_that_names_no_client_makes_nobody_local(
    start_server: Callable[..., Server], proxies: str, told: str | None
) -> None:
    server = start_server(LEDGER_PROXIES=proxies)
    headers = {} if told is None else {"X-Forwarded-For": told}
    with httpx.Client(base_url=f"http://127.0.0.1:{server.port}", headers=headers) as client:
        answer, other = client.get("/metrics"), client.get("/no-such-address")
        assert client.get("/livez").status_code == 200
    assert answer.status_code == 404
    assert answer.content == other.content


def test_every_request_that_ends_a_ceremony_is_counted(fresh_server: Server) -> None:
    with fresh_server.client() as client:
        description = client.get("/schema/openapi.json").json()
    schemas = description["components"]["schemas"]
    ends = {
        f"POST {path}"
        for path, methods in description["paths"].items()
        for body in [methods.get("post", {}).get("requestBody")]
        if body is not None
        for name in [body["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]]
        if "ceremony" in schemas[name]["properties"]
    }
    assert ends - CEREMONIES.keys() == set()


@pytest.mark.parametrize("failure", ["refused", "hangs"])
def test_the_other_numbers_are_told_while_the_log_cannot_be_read(
    failure: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    over = threading.Event()

    def head(_: object) -> int:
        if failure == "hangs":
            over.wait(20)
        raise UnavailableError("storage_failed", "no answer")

    async def told() -> str:
        served = build(read_settings({"LEDGER_DATA": str(tmp_path / "data")}))
        transport = httpx.ASGITransport(served.front, client=("127.0.0.1", 1))
        async with (
            httpx.AsyncClient(transport=transport, base_url="http://localhost:8000") as client,
            served.application.lifespan(),
        ):
            monkeypatch.setattr(Log, "head", head)
            answer = await client.get("/metrics")
            over.set()
            monkeypatch.undo()
        assert answer.status_code == 200
        return answer.text

    text = asyncio.run(told())
    assert "ledger_log_readable 0.0" in text
    assert "ledger_follower_lag_positions" not in text
    assert "ledger_commit_queue 0.0" in text
    assert 'ledger_worker_failing{worker="follower"}' in text
